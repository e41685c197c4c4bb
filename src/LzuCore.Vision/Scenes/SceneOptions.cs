using LzuCore.Memory;

namespace LzuCore.Vision.Scenes;

/// <summary>What scenes are like. Everything else is drawn from a seed.</summary>
public sealed record SceneOptions
{
    /// <summary>The least height and width.</summary>
    public const int LeastSide = 32;

    /// <summary>The greatest height and width.</summary>
    public const int MostSide = 4096;

    /// <summary>Height and width of the pictures. The focal length is 15/16 of the width, so another width sees the same street in more or fewer pixels.</summary>
    public Size2 Size { get; init; } = new(320, 512);

    /// <summary>Standard deviation of the camera's pitch in degrees: 0.8 moves the horizon by 1.3 % of the width. In sequences the pitch swings that much.</summary>
    public double PitchDegrees { get; init; } = 0.8;

    /// <summary>Standard deviation of k, where the road's middle runs along <c>x = k z²</c> (metres): twice k is its curvature in 1/m.</summary>
    public double Curvature { get; init; } = 0.0012;

    /// <summary>The fewest objects that a scene tries to place in its first 90 metres.</summary>
    public int LeastObjects { get; init; } = 12;

    /// <summary>The most objects that it tries to place. Those that would stand in others are left out.</summary>
    public int MostObjects { get; init; } = 24;

    /// <summary>Noise, gamma and gain of a camera; without them a picture is as it was drawn.</summary>
    public bool Photometry { get; init; } = true;

    /// <summary>Refuses what cannot be drawn.</summary>
    /// <exception cref="ArgumentValueException">A side is below 32 or above 4096, a spread is negative, not finite or too large, or the numbers of objects are not in order.</exception>
    internal void Check()
    {
        Memory.Check.That(Size is { Height: >= LeastSide and <= MostSide, Width: >= LeastSide and <= MostSide }, $"scenes: sides must be {LeastSide} to {MostSide} pixels, got {Size}.");
        Memory.Check.That(PitchDegrees is >= 0 and <= 10, $"scenes: the pitch's standard deviation must be 0 to 10 degrees, got {PitchDegrees}.");
        Memory.Check.That(Curvature is >= 0 and <= 0.01, $"scenes: the curvature's standard deviation must be 0 to 0.01, got {Curvature}.");
        Memory.Check.That(LeastObjects >= 0 && MostObjects >= LeastObjects && MostObjects <= 60, $"scenes: objects must be 0 to 60, fewest before most, got {LeastObjects} to {MostObjects}.");
    }
}
