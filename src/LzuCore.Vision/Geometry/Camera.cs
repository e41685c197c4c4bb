using LzuCore.Memory;

namespace LzuCore.Vision.Geometry;

/// <summary>A pinhole camera's intrinsics, in pixels: a point (x, y, z) of its frame (x right, y down, z forward) is seen at
/// <c>u = (fx·x + skew·y) / z + cx, v = fy·y / z + cy</c>.</summary>
/// <param name="Fx">Focal length along rows.</param>
/// <param name="Fy">Focal length along columns.</param>
/// <param name="Cx">Where the axis meets the image: column.</param>
/// <param name="Cy">Row.</param>
/// <param name="Skew">How far rows lean; 0 for every camera met.</param>
public readonly record struct Camera(double Fx, double Fy, double Cx, double Cy, double Skew = 0)
{
    /// <summary>The camera of a 3×3 matrix, rows first: [fx, skew, cx; 0, fy, cy; 0, 0, 1].</summary>
    /// <exception cref="ArgumentValueException">There are not nine finite numbers, a focal length is 0, or the zeros and the one are others.</exception>
    public static Camera FromMatrix(ReadOnlySpan<double> k)
    {
        Check.That(k.Length == 9, $"camera: intrinsics must have 9 numbers, got {k.Length}.");
        foreach (var value in k) Check.That(double.IsFinite(value), $"camera: intrinsics must be finite, got {value}.");
        Check.That(k[0] != 0 && k[4] != 0, $"camera: focal lengths must not be 0, got fx {k[0]} and fy {k[4]}.");
        Check.That(k[3] == 0 && k[6] == 0 && k[7] == 0 && k[8] == 1, $"camera: intrinsics must be [fx, skew, cx, 0, fy, cy, 0, 0, 1], got [{string.Join(", ", k.ToArray())}].");
        return new Camera(k[0], k[4], k[2], k[5], k[1]);
    }

    /// <summary>The 3×3 matrix, rows first.</summary>
    public double[] ToMatrix() => [Fx, Skew, Cx, 0, Fy, Cy, 0, 0, 1];

    /// <summary>Where a point is seen, in pixels. Means nothing for points that are not in front (z ≤ 0).</summary>
    public (double U, double V) Project(Point3d point) => ((Fx * point.X + Skew * point.Y + Cx * point.Z) / point.Z, (Fy * point.Y + Cy * point.Z) / point.Z);

    /// <summary>The point seen at a pixel, at a depth along z in metres.</summary>
    public Point3d Unproject(double u, double v, double depth)
    {
        var y = (v - Cy) * depth / Fy;
        return new Point3d(((u - Cx) * depth - Skew * y) / Fx, y, depth);
    }

    /// <summary>The camera of an image resized by factors along x and y.</summary>
    public Camera Scaled(double x, double y) => new(Fx * x, Fy * y, Cx * x, Cy * y, Skew * x);

    /// <summary>The camera of a mirrored image: <c>u → width - u</c>.</summary>
    /// <param name="width">The image's width in pixels.</param>
    public Camera Flipped(double width) => this with { Cx = width - Cx, Skew = -Skew };
}
