namespace LzuCore.Vision.Geometry;

/// <summary>A point or a direction in space, in double precision: metres, or metres a second. Which axes it is along, its owner says.</summary>
/// <param name="X">Along the first axis.</param>
/// <param name="Y">Along the second.</param>
/// <param name="Z">Along the third.</param>
public readonly record struct Point3d(double X, double Y, double Z)
{
    /// <summary>Whether all three numbers are finite.</summary>
    public bool IsFinite => double.IsFinite(X) && double.IsFinite(Y) && double.IsFinite(Z);

    /// <summary>Sum.</summary>
    public static Point3d operator +(Point3d a, Point3d b) => new(a.X + b.X, a.Y + b.Y, a.Z + b.Z);

    /// <summary>Difference.</summary>
    public static Point3d operator -(Point3d a, Point3d b) => new(a.X - b.X, a.Y - b.Y, a.Z - b.Z);

    /// <summary>The opposite.</summary>
    public static Point3d operator -(Point3d a) => new(-a.X, -a.Y, -a.Z);

    /// <summary>Multiple.</summary>
    public static Point3d operator *(double s, Point3d a) => new(s * a.X, s * a.Y, s * a.Z);

    /// <summary>Scalar product.</summary>
    public double Dot(Point3d other) => X * other.X + Y * other.Y + Z * other.Z;
}
