using SkiaSharp;

namespace LzuCore.Cli.Scenes;

/// <summary>A pinhole on the roof of a car, looking along the street. World: X to the right, Y up from the road, Z ahead, in metres; picture: pixels.</summary>
/// <param name="Width">Picture width.</param>
/// <param name="Height">Picture height.</param>
internal sealed record StreetCamera(int Width, int Height)
{
    /// <summary>Height above the road.</summary>
    public double Eye { get; init; } = 2.3;

    /// <summary>Focal length in pixels.</summary>
    public double Focal => 0.72 * Width;

    /// <summary>Row of the horizon.</summary>
    public double Horizon => 0.45 * Height;

    /// <summary>Pixels per metre at a depth.</summary>
    public double Scale(double z) => Focal / Math.Max(z, 0.5);

    /// <summary>Where a point in front of the camera appears.</summary>
    public SKPoint Project(double x, double y, double z) =>
        new((float)(Width * 0.5 + x * Scale(z)), (float)(Horizon + (Eye - y) * Scale(z)));

    /// <inheritdoc cref="Project(double, double, double)"/>
    public SKPoint Project(Point3 p) => Project(p.X, p.Y, p.Z);

    /// <summary>A polygon of world points as a path.</summary>
    public SKPath Polygon(params ReadOnlySpan<Point3> points)
    {
        using var path = new SKPathBuilder();
        path.MoveTo(Project(points[0]));
        for (var i = 1; i < points.Length; i++) path.LineTo(Project(points[i]));
        path.Close();
        return path.Detach();
    }
}

/// <summary>A point of the world, in metres.</summary>
internal readonly record struct Point3(double X, double Y, double Z)
{
    /// <summary>The point a share of the way to another.</summary>
    public Point3 To(Point3 other, double share) => new(X + (other.X - X) * share, Y + (other.Y - Y) * share, Z + (other.Z - Z) * share);

    /// <summary>Component by component.</summary>
    public static Point3 operator -(Point3 a, Point3 b) => new(a.X - b.X, a.Y - b.Y, a.Z - b.Z);

    /// <summary>The normal of the plane through two directions.</summary>
    public Point3 Cross(Point3 b) => new(Y * b.Z - Z * b.Y, Z * b.X - X * b.Z, X * b.Y - Y * b.X);

    /// <summary>Inner product.</summary>
    public double Dot(Point3 b) => X * b.X + Y * b.Y + Z * b.Z;

    /// <summary>The same direction with length 1.</summary>
    public Point3 Unit()
    {
        var length = Math.Sqrt(Dot(this));
        return length > 0 ? new Point3(X / length, Y / length, Z / length) : this;
    }
}
