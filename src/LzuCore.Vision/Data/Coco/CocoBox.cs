using LzuCore.Vision.Geometry;

namespace LzuCore.Vision.Data.Coco;

/// <summary>A box as COCO files write it: left, top, width, height in pixels, in the file's double precision.</summary>
/// <param name="X">Left.</param>
/// <param name="Y">Top.</param>
/// <param name="Width">Width.</param>
/// <param name="Height">Height.</param>
public readonly record struct CocoBox(double X, double Y, double Width, double Height)
{
    /// <summary>The same as corners, in float32.</summary>
    public Box ToBox() => new((float)X, (float)Y, (float)(X + Width), (float)(Y + Height));

    /// <summary>The same from corners.</summary>
    public static CocoBox From(Box box) => new(box.X1, box.Y1, (double)box.X2 - box.X1, (double)box.Y2 - box.Y1);

    internal static CocoBox Read(JsonCursor json)
    {
        Span<double> numbers = stackalloc double[4];
        json.Finites(numbers);
        return new CocoBox(numbers[0], numbers[1], numbers[2], numbers[3]);
    }
}
