using LzuCore.Memory;

namespace LzuCore.Vision.Geometry;

/// <summary>A rotation of space as a unit quaternion, in double precision, written w, x, y, z as nuScenes does. q and -q are the same rotation.</summary>
/// <param name="W">The real part.</param>
/// <param name="X">First imaginary part.</param>
/// <param name="Y">Second imaginary part.</param>
/// <param name="Z">Third imaginary part.</param>
/// <remarks>The constructor takes the four numbers as they are; files go through <see cref="Normalized"/>.</remarks>
public readonly record struct Rotation3d(double W, double X, double Y, double Z)
{
    /// <summary>No rotation.</summary>
    public static Rotation3d Identity => new(1, 0, 0, 0);

    /// <summary>The quaternion of four numbers, brought to unit length.</summary>
    /// <exception cref="ArgumentValueException">They are all zero, or not finite.</exception>
    public static Rotation3d Normalized(double w, double x, double y, double z)
    {
        var length = Math.Sqrt(w * w + x * x + y * y + z * z);
        Check.That(length > 0 && double.IsFinite(length), $"rotation: a quaternion must be finite and not zero, got [{w}, {x}, {y}, {z}].");
        return new(w / length, x / length, y / length, z / length);
    }

    /// <summary>By an angle in radians about an axis, right-handed.</summary>
    /// <exception cref="ArgumentValueException">The axis has no length, or something is not finite.</exception>
    public static Rotation3d About(Point3d axis, double radians)
    {
        var length = Math.Sqrt(axis.Dot(axis));
        Check.That(length > 0 && double.IsFinite(length) && double.IsFinite(radians), $"rotation: an axis must have a length and the angle be finite, got {axis} and {radians}.");
        var sin = Math.Sin(radians / 2) / length;
        return new(Math.Cos(radians / 2), sin * axis.X, sin * axis.Y, sin * axis.Z);
    }

    /// <summary>The rotation of an orthonormal right-handed matrix [3, 3], rows first.</summary>
    /// <remarks>The largest of the four parts is found first (Shepperd 1978), so that nothing is divided by a small number.</remarks>
    /// <exception cref="ArgumentValueException">There are not nine numbers, or the matrix is no rotation to 1e-6.</exception>
    public static Rotation3d FromMatrix(ReadOnlySpan<double> m)
    {
        Check.That(m.Length == 9, $"rotation: a matrix must have 9 numbers, got {m.Length}.");
        Check.That(IsRotation(m), $"rotation: a matrix must be orthonormal and right-handed to 1e-6, got [{string.Join(", ", m.ToArray())}].");
        double trace = m[0] + m[4] + m[8];
        if (trace >= Math.Max(m[0], Math.Max(m[4], m[8]))) return Normalized(1 + trace, m[7] - m[5], m[2] - m[6], m[3] - m[1]);
        if (m[0] >= m[4] && m[0] >= m[8]) return Normalized(m[7] - m[5], 1 + m[0] - m[4] - m[8], m[1] + m[3], m[2] + m[6]);
        if (m[4] >= m[8]) return Normalized(m[2] - m[6], m[1] + m[3], 1 - m[0] + m[4] - m[8], m[5] + m[7]);
        return Normalized(m[3] - m[1], m[2] + m[6], m[5] + m[7], 1 - m[0] - m[4] + m[8]);
    }

    /// <summary>The matrix [3, 3], rows first, that rotates column vectors.</summary>
    public double[] ToMatrix() =>
    [
        1 - 2 * (Y * Y + Z * Z), 2 * (X * Y - W * Z), 2 * (X * Z + W * Y),
        2 * (X * Y + W * Z), 1 - 2 * (X * X + Z * Z), 2 * (Y * Z - W * X),
        2 * (X * Z - W * Y), 2 * (Y * Z + W * X), 1 - 2 * (X * X + Y * Y),
    ];

    /// <summary>The opposite rotation.</summary>
    public Rotation3d Inverse() => new(W, -X, -Y, -Z);

    /// <summary>Both one after the other: <c>(a * b).Rotate(p) = a.Rotate(b.Rotate(p))</c>.</summary>
    public static Rotation3d operator *(Rotation3d a, Rotation3d b) => new(
        a.W * b.W - a.X * b.X - a.Y * b.Y - a.Z * b.Z,
        a.W * b.X + a.X * b.W + a.Y * b.Z - a.Z * b.Y,
        a.W * b.Y - a.X * b.Z + a.Y * b.W + a.Z * b.X,
        a.W * b.Z + a.X * b.Y - a.Y * b.X + a.Z * b.W);

    /// <summary>A direction, rotated.</summary>
    public Point3d Rotate(Point3d p)
    {
        double tx = 2 * (Y * p.Z - Z * p.Y), ty = 2 * (Z * p.X - X * p.Z), tz = 2 * (X * p.Y - Y * p.X);
        return new(p.X + W * tx + Y * tz - Z * ty, p.Y + W * ty + Z * tx - X * tz, p.Z + W * tz + X * ty - Y * tx);
    }

    /// <summary>Where the first axis points to in the plane of the first two: <c>atan2(R[1,0], R[0,0])</c>, in (-π, π]. The heading of a box in a frame whose
    /// third axis is up; the nuScenes metric's <c>quaternion_yaw</c>.</summary>
    public double Heading => Math.Atan2(2 * (X * Y + W * Z), 1 - 2 * (Y * Y + Z * Z));

    /// <summary>pyquaternion's <c>yaw_pitch_roll[0]</c>: <c>atan2(2(wz - xy), 1 - 2(y² + z²))</c>. It is not <see cref="Heading"/>: the sign of xy differs.
    /// nuScenes' tools read a box's yaw in a camera's frame this way.</summary>
    public double YawOfYawPitchRoll => Math.Atan2(2 * (W * Z - X * Y), 1 - 2 * (Y * Y + Z * Z));

    private static bool IsRotation(ReadOnlySpan<double> m)
    {
        for (var i = 0; i < 3; i++)
            for (var j = 0; j < 3; j++)
                if (!(Math.Abs(m[3 * i] * m[3 * j] + m[3 * i + 1] * m[3 * j + 1] + m[3 * i + 2] * m[3 * j + 2] - (i == j ? 1 : 0)) <= 1e-6)) return false;
        return m[0] * (m[4] * m[8] - m[5] * m[7]) - m[1] * (m[3] * m[8] - m[5] * m[6]) + m[2] * (m[3] * m[7] - m[4] * m[6]) > 0;
    }
}
