using LzuCore.Memory;

namespace LzuCore.Vision.Geometry;

/// <summary>An axis-parallel box in pixels: left, top, right, bottom, without "+1"; (0, 0) is the outer corner of the first pixel.</summary>
/// <param name="X1">Left.</param>
/// <param name="Y1">Top.</param>
/// <param name="X2">Right.</param>
/// <param name="Y2">Bottom.</param>
public readonly record struct Box(float X1, float Y1, float X2, float Y2)
{
    /// <summary>Right minus left.</summary>
    public float Width => X2 - X1;

    /// <summary>Bottom minus top.</summary>
    public float Height => Y2 - Y1;

    /// <summary>Width times height.</summary>
    public float Area => Width * Height;

    /// <summary>Whether all four numbers are finite.</summary>
    public bool IsFinite => float.IsFinite(X1) && float.IsFinite(Y1) && float.IsFinite(X2) && float.IsFinite(Y2);

    /// <summary>The part inside a picture: every coordinate clamped to [0, width] or [0, height].</summary>
    public Box Clip(Size2 image) => new(
        Math.Clamp(X1, 0, image.Width), Math.Clamp(Y1, 0, image.Height), Math.Clamp(X2, 0, image.Width), Math.Clamp(Y2, 0, image.Height));

    /// <summary>Both axes multiplied.</summary>
    public Box Scale(float x, float y) => new(X1 * x, Y1 * y, X2 * x, Y2 * y);

    /// <summary>The same box moved.</summary>
    public Box Shift(float x, float y) => new(X1 + x, Y1 + y, X2 + x, Y2 + y);

    /// <summary>The area that two boxes share.</summary>
    public float Intersection(Box other)
    {
        var width = Math.Max(0, Math.Min(X2, other.X2) - Math.Max(X1, other.X1));
        var height = Math.Max(0, Math.Min(Y2, other.Y2) - Math.Max(Y1, other.Y1));
        return width * height;
    }
}
