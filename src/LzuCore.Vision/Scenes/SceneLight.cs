namespace LzuCore.Vision.Scenes;

/// <summary>Weather, and the camera's treatment of it, of one scene.</summary>
internal sealed class SceneLight
{
    /// <summary>Draws a scene's light.</summary>
    public SceneLight(SceneDice dice)
    {
        HazeMetres = dice.Between(90, 400);
        var grey = dice.Between(150, 220);
        Haze = new((float)(0.97 * grey), (float)grey, (float)(1.04 * grey));
        Overcast = dice.Chance(0.3) ? dice.Between(0.6, 1) : dice.Between(0, 0.25);
        var (sin, cos) = PortableMath.SinCos(dice.Between(0, 2 * Math.PI));
        var high = dice.Between(0.45, 1.3);
        Sun = new Spot(sin, high, cos).Unit();
        Zenith = new Tint((float)dice.Between(52, 92), (float)dice.Between(104, 140), (float)dice.Between(168, 212)).To(Haze * 0.9, Overcast);
        Cloud = Haze.To(Tint.Grey(255), 0.65);
        Cloudiness = dice.Between(0.35, 1);
        Cover = dice.Between(-0.35, 0.35) + 0.4 * Overcast;
        (CloudX, CloudZ) = (dice.Between(0, 200), dice.Between(0, 200));
        (Gamma, Gain, NoiseDeviation) = (dice.Between(0.8, 1.25), dice.Between(0.75, 1.15), dice.Between(2, 7));
    }

    /// <summary>Depth at which a thing keeps 1/e of its colour.</summary>
    public double HazeMetres { get; }

    public Tint Haze { get; }

    /// <summary>0: sharp shadows; 1: none.</summary>
    public double Overcast { get; }

    /// <summary>Toward the sun, in the world.</summary>
    public Spot Sun { get; }

    public Tint Zenith { get; }

    public Tint Cloud { get; }

    public double Cloudiness { get; }

    public double Cover { get; }

    public double CloudX { get; }

    public double CloudZ { get; }

    public double Gamma { get; }

    public double Gain { get; }

    public double NoiseDeviation { get; }

    /// <summary>What is left of a colour at a depth.</summary>
    public double Clear(double depth) => PortableMath.Exp(-Math.Max(0, depth) / HazeMetres);

    /// <summary>Brightness of a plane: what the sky gives it, and what the sun adds.</summary>
    public double On(Spot normal)
    {
        var sky = 0.62 + 0.12 * normal.Up + 0.2 * Overcast;
        return sky + (1 - Overcast) * 0.52 * Math.Max(0, normal.Dot(Sun));
    }
}
