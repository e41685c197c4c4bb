using LzuCore.Vision.Geometry;

namespace LzuCore.Vision.Scenes;

/// <summary>An object of a street: of one of the five classes, upright, somewhere.</summary>
internal sealed record SceneThing
{
    public required int Class { get; init; }

    /// <summary>Ground below its middle, and its heading.</summary>
    public required Stance Stance { get; init; }

    public required double Length { get; init; }

    public required double Height { get; init; }

    public required double Width { get; init; }

    /// <summary>Metres between ground and lower end.</summary>
    public double Lift { get; init; }

    /// <summary>Which build, from 0.</summary>
    public int Build { get; init; }

    /// <summary>Paints of its parts.</summary>
    public required Tint First { get; init; }

    public required Tint Second { get; init; }

    public required Tint Third { get; init; }

    /// <summary>Where in its step it is, -1 to 1.</summary>
    public double Step { get; init; }

    /// <summary>Metres a second in the world.</summary>
    public double VelocityX { get; init; }

    public double VelocityZ { get; init; }

    /// <summary>Its number through a sequence.</summary>
    public int Track { get; init; }

    public bool Stands => VelocityX == 0 && VelocityZ == 0;

    /// <summary>The box in a camera's frame. What little it leans there, by the camera's pitch, is dropped.</summary>
    public CameraBox3d BoxIn(SceneView view)
    {
        var center = view.ToCamera(Stance.Place + new Spot(0, Lift + Height / 2, 0));
        double x = Stance.Dx * view.AheadZ - Stance.Dz * view.AheadX, z = Stance.Dx * view.AheadX + Stance.Dz * view.AheadZ;
        double vx = VelocityX * view.AheadZ - VelocityZ * view.AheadX, vz = VelocityX * view.AheadX + VelocityZ * view.AheadZ;
        return new(center.X, center.Y, center.Z, Length, Height, Width, PortableMath.Atan2(-z, x), vx, vz);
    }
}
