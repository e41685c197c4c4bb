using LzuCore.Memory;
using LzuCore.Vision.Geometry;

namespace LzuCore.Vision.Scenes;

/// <summary>Where the camera is and how it looks: world (a <see cref="Spot"/>: metres, up from the ground) to camera (x right, y down, z forward) to pixels.</summary>
internal sealed class SceneView
{
    /// <summary>What is nearer is cut away.</summary>
    public const double Near = 0.3;

    private readonly double _sin;
    private readonly double _cos;

    /// <summary>A camera at <paramref name="eye"/>, looking along a level unit direction, its nose lifted by <paramref name="pitch"/> radians.</summary>
    public SceneView(Size2 size, Spot eye, double aheadX, double aheadZ, double pitch)
    {
        (Size, Eye, AheadX, AheadZ) = (size, eye, aheadX, aheadZ);
        (_sin, _cos) = PortableMath.SinCos(pitch);
        Camera = new Camera(size.Width * 15 / 16.0, size.Width * 15 / 16.0, size.Width / 2.0, size.Height / 2.0);
    }

    public Size2 Size { get; }

    public Spot Eye { get; }

    public double AheadX { get; }

    public double AheadZ { get; }

    public Camera Camera { get; }

    public double PitchSin => _sin;

    public double PitchCos => _cos;

    /// <summary>A place in the camera's frame.</summary>
    public Point3d ToCamera(Spot world)
    {
        double ex = world.X - Eye.X, ez = world.Z - Eye.Z, down = Eye.Up - world.Up;
        double x = ex * AheadZ - ez * AheadX, z = ex * AheadX + ez * AheadZ;
        return new(x, down * _cos + z * _sin, z * _cos - down * _sin);
    }

    /// <summary>Metres ahead of the camera, along the ground.</summary>
    public double Ahead(double x, double z) => (x - Eye.X) * AheadX + (z - Eye.Z) * AheadZ;

    /// <summary>The ground seen at a row, through its middle: how far ahead, and the camera's depth there; infinite at the horizon and above it.</summary>
    public (double Ahead, double Depth) GroundAt(double row)
    {
        var y = (row - Camera.Cy) / Camera.Fy;
        var down = y * _cos - _sin;
        if (down < 1e-5) return (double.PositiveInfinity, double.PositiveInfinity);
        var depth = Eye.Up / down;
        return (depth * (y * _sin + _cos), depth);
    }

    /// <summary>The row of the horizon.</summary>
    public double Horizon => Camera.Cy + Camera.Fy * _sin / _cos;
}
