namespace LzuCore.Vision.Geometry;

/// <summary>A box in space, as nuScenes writes one: its own first axis is forward, the second left, the third up.</summary>
/// <param name="Center">The middle, in metres.</param>
/// <param name="Width">Size along its second axis, in metres.</param>
/// <param name="Length">Size along its first axis.</param>
/// <param name="Height">Size along its third axis.</param>
/// <param name="Rotation">From its own axes to those of the frame that it is in.</param>
public readonly record struct OrientedBox3d(Point3d Center, double Width, double Length, double Height, Rotation3d Rotation)
{
    /// <summary>The eight corners: four in front, then four behind; each upper left, upper right, lower right, lower left, as seen by the box.</summary>
    /// <remarks>The order of the nuScenes devkit's <c>Box.corners</c>.</remarks>
    public Point3d[] Corners()
    {
        double l = Length / 2, w = Width / 2, h = Height / 2;
        Point3d[] own = [new(l, w, h), new(l, -w, h), new(l, -w, -h), new(l, w, -h), new(-l, w, h), new(-l, -w, h), new(-l, -w, -h), new(-l, w, -h)];
        for (var i = 0; i < own.Length; i++) own[i] = Rotation.Rotate(own[i]) + Center;
        return own;
    }

    /// <summary>Whether a point lies inside; the surface counts.</summary>
    public bool Contains(Point3d point)
    {
        var own = Rotation.Inverse().Rotate(point - Center);
        return Math.Abs(own.X) <= Length / 2 && Math.Abs(own.Y) <= Width / 2 && Math.Abs(own.Z) <= Height / 2;
    }
}
