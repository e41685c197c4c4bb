using LzuCore.Memory;

namespace LzuCore.Vision.Scenes;

/// <summary>Drives as a data set: frame f of sequence q is sample <c>q · frames + f</c>. In a frame the camera has moved on, traffic and people with it, and the horizon swings as
/// <see cref="SceneOptions.PitchDegrees"/> says.</summary>
public sealed class SceneSequences : SceneDataset
{
    /// <summary>Sequences 0 to sequences - 1 of a seed.</summary>
    /// <param name="options">What scenes are like.</param>
    /// <param name="seed">Training, validation and test sets have different ones.</param>
    /// <param name="sequences">How many.</param>
    /// <param name="frames">Frames in each.</param>
    /// <param name="framesPerSecond">How fast they follow each other.</param>
    /// <exception cref="ArgumentValueException">A number is below 1, a sequence is longer than an hour, or an option is out of range.</exception>
    public SceneSequences(SceneOptions options, ulong seed, int sequences, int frames, double framesPerSecond = 10)
        : base(options, seed, Total(sequences, frames, framesPerSecond)) => (Sequences, Frames, FramesPerSecond) = (sequences, frames, framesPerSecond);

    /// <summary>How many drives.</summary>
    public int Sequences { get; }

    /// <summary>Frames in each.</summary>
    public int Frames { get; }

    /// <summary>How fast they follow each other.</summary>
    public double FramesPerSecond { get; }

    /// <inheritdoc/>
    public override Scene SceneOf(int index)
    {
        CheckIndex(index);
        return new Scene(Options, Seed, index / Frames, index % Frames / FramesPerSecond);
    }

    /// <inheritdoc/>
    public override string IdOf(int index) => FormattableString.Invariant($"{index / Frames:0000}_{index % Frames:000000}");

    /// <inheritdoc/>
    public override string FileOf(int index) => FormattableString.Invariant($"{index / Frames:0000}/{index % Frames:000000}.png");

    /// <inheritdoc/>
    public override (int Sequence, int Frame) FrameOf(int index) => (index / Frames, index % Frames);

    private static int Total(int sequences, int frames, double framesPerSecond)
    {
        Check.That(sequences >= 1 && frames >= 1 && (long)sequences * frames <= 10_000_000, $"scenes: sequences and frames must be 1 or more, 10 million pictures at most, got {sequences} of {frames}.");
        Check.That(framesPerSecond is >= 0.1 and <= 1000 && frames / framesPerSecond <= 3600, $"scenes: frames a second must be 0.1 to 1000, and a sequence an hour at most, got {frames} at {framesPerSecond}.");
        return sequences * frames;
    }
}
