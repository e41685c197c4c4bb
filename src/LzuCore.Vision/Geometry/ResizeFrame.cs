using LzuCore.Memory;

namespace LzuCore.Vision.Geometry;

/// <summary>How places of a resized picture belong to those of the original. Boxes are edges: (0, 0) is the outer corner of the first pixel, whose centre is at (0.5, 0.5).</summary>
/// <param name="Original">The picture.</param>
/// <param name="Resized">What it was brought to, padding not counted.</param>
/// <param name="AlignCorners">Whether the centres of first and last pixel stayed where they are (the warps' sampler, at the identity grid); else the outer edges did (averaging).</param>
public readonly record struct ResizeFrame(Size2 Original, Size2 Resized, bool AlignCorners)
{
    /// <summary>A box of the original in the resized picture.</summary>
    public Box ToResized(Box box) => Map(box, Axis(Original.Width, Resized.Width), Axis(Original.Height, Resized.Height));

    /// <summary>A box of the resized picture in the original.</summary>
    public Box ToOriginal(Box box) => Map(box, Axis(Resized.Width, Original.Width), Axis(Resized.Height, Original.Height));

    /// <summary>A point of the original in the resized picture.</summary>
    public (double X, double Y) ToResized(double x, double y) => (At(x, Axis(Original.Width, Resized.Width)), At(y, Axis(Original.Height, Resized.Height)));

    /// <summary>A point of the resized picture in the original.</summary>
    public (double X, double Y) ToOriginal(double x, double y) => (At(x, Axis(Resized.Width, Original.Width)), At(y, Axis(Resized.Height, Original.Height)));

    // An axis' scale, and the coordinate that does not move under it.
    private (double Scale, double Fixed) Axis(int from, int to) => AlignCorners && from > 1 ? ((to - 1.0) / (from - 1), 0.5) : ((double)to / from, 0);

    private static Box Map(Box box, (double, double) x, (double, double) y) => new((float)At(box.X1, x), (float)At(box.Y1, y), (float)At(box.X2, x), (float)At(box.Y2, y));

    private static double At(double value, (double Scale, double Fixed) axis) => (value - axis.Fixed) * axis.Scale + axis.Fixed;
}
