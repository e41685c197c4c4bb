namespace LzuCore.Vision.Geometry;

/// <summary>A rigid motion that takes points of one frame to another: <c>p → rotation · p + translation</c>. The pose of a thing takes the thing's own frame to
/// the one that it stands in: a camera's to the car's, the car's to the world's.</summary>
/// <param name="Rotation">Applied first.</param>
/// <param name="Translation">Added then: where the thing's own origin is, in metres.</param>
public readonly record struct Pose(Rotation3d Rotation, Point3d Translation)
{
    /// <summary>A point of the inner frame, in the outer.</summary>
    public Point3d Apply(Point3d p) => Rotation.Rotate(p) + Translation;

    /// <summary>A box of the inner frame, in the outer.</summary>
    public OrientedBox3d Apply(OrientedBox3d box) => box with { Center = Apply(box.Center), Rotation = Rotation * box.Rotation };

    /// <summary>The way back.</summary>
    public Pose Inverse() => new(Rotation.Inverse(), -Rotation.Inverse().Rotate(Translation));

    /// <summary>A pose within this one: <c>(a * b).Apply(p) = a.Apply(b.Apply(p))</c>.</summary>
    public static Pose operator *(Pose a, Pose b) => new(a.Rotation * b.Rotation, a.Apply(b.Translation));
}
