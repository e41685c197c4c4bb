namespace LzuCore.Vision.Geometry;

/// <summary>A box in a camera's frame (x right, y down, z forward) that stands upright: seven numbers and a velocity along the ground.</summary>
/// <param name="X">The middle (not the bottom): metres to the right.</param>
/// <param name="Y">Metres down.</param>
/// <param name="Z">Metres forward.</param>
/// <param name="Length">Metres along the heading.</param>
/// <param name="Height">Metres along y.</param>
/// <param name="Width">Metres across the heading.</param>
/// <param name="Yaw">Radians about y: the box's length lies along <c>(cos yaw, 0, -sin yaw)</c>. Not wrapped.</param>
/// <param name="VelocityX">Metres a second to the right; NaN when not known.</param>
/// <param name="VelocityZ">Metres a second forward.</param>
/// <remarks>mmdetection3d's camera boxes hold the same with the bottom's middle: Y + Height / 2.</remarks>
public readonly record struct CameraBox3d(double X, double Y, double Z, double Length, double Height, double Width, double Yaw, double VelocityX, double VelocityZ)
{
    // An upright box's own axes (forward, left, up) in a camera's, at yaw 0.
    private static readonly Rotation3d Upright = Rotation3d.About(new(1, 0, 0), Math.PI / 2);

    /// <summary>The middle.</summary>
    public Point3d Center => new(X, Y, Z);

    /// <summary>Whether place, size and yaw are finite; a velocity need not be known.</summary>
    public bool IsFinite => Center.IsFinite && double.IsFinite(Length) && double.IsFinite(Height) && double.IsFinite(Width) && double.IsFinite(Yaw);

    /// <summary>Seen from above: in the plane of x and z, turned by -yaw.</summary>
    public RotatedBox FromAbove => new(X, Z, Length, Width, -Yaw);

    /// <summary>The eight corners in the camera's frame, in the order of <see cref="OrientedBox3d.Corners"/>.</summary>
    public Point3d[] Corners() => ToOriented().Corners();

    /// <summary>The same box with a quaternion, still in the camera's frame: <c>rot_x(π/2) · rot_z(-yaw)</c>.</summary>
    /// <exception cref="Memory.ArgumentValueException">The yaw is not finite.</exception>
    public OrientedBox3d ToOriented() => new(Center, Width, Length, Height, Upright * Rotation3d.About(new(0, 0, 1), -Yaw));

    /// <summary>Takes the numbers that a camera box has from a box and a velocity in the camera's frame, as nuScenes' tools do: the yaw is the negative
    /// <see cref="Rotation3d.YawOfYawPitchRoll"/>, and what little a box leans to the camera's plane is dropped.</summary>
    public static CameraBox3d From(OrientedBox3d box, Point3d velocity) => new(
        box.Center.X, box.Center.Y, box.Center.Z, box.Length, box.Height, box.Width, -box.Rotation.YawOfYawPitchRoll, velocity.X, velocity.Z);

    /// <summary>The same box in a mirrored image: X, the velocity's x and the yaw change sides.</summary>
    /// <remarks>The camera is mirrored by <see cref="Camera.Flipped"/>.</remarks>
    public CameraBox3d Flipped() => this with { X = -X, VelocityX = -VelocityX, Yaw = Math.PI - Yaw };
}
