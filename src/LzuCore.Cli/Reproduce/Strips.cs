using LzuCore.Vision.Data.Loading;
using LzuCore.Vision.Experiments;
using LzuCore.Vision.Imaging;
using LzuCore.Warping;

namespace LzuCore.Cli.Reproduce;

/// <summary>What two trained networks made of each test picture: how well, and how it looks.</summary>
internal abstract class Strips
{
    /// <summary>What a picture is scored by, in a few words.</summary>
    public abstract string Measure { get; }

    /// <summary>Test pictures.</summary>
    public abstract int Count { get; }

    /// <summary>Where the second network looks, and how that becomes a warp.</summary>
    public abstract (FixedSaliency Saliency, SaliencyToGridOptions Warp) Look { get; }

    /// <summary>How well a network did on a picture: 0 to 1.</summary>
    public abstract double ScoreOf(bool zoomed, int index);

    /// <summary>The truth on a picture.</summary>
    /// <param name="index">Which.</param>
    /// <param name="display">The picture, of any size.</param>
    public abstract Image Truth(int index, Image display);

    /// <summary>What a network found, on a picture.</summary>
    public abstract Image Found(bool zoomed, int index, Image display);

    /// <summary>For a task.</summary>
    /// <param name="laboratory">Where both were trained.</param>
    /// <param name="uniform">The trial without a zoom.</param>
    /// <param name="zoomed">The one with it.</param>
    public static Strips Of(Laboratory laboratory, Trial uniform, Trial zoomed) => uniform.Task switch
    {
        DeskTask.Detection => new DetectionStrips(laboratory, uniform, zoomed),
        DeskTask.Detection3d => new SpaceStrips(laboratory, uniform, zoomed),
        _ => new SegmentationStrips(laboratory, uniform, zoomed),
    };

    /// <summary>2·hits / (there + found): 1 where there is nothing and nothing was found. Each find takes the nearest object that no surer one took.</summary>
    /// <param name="there">Objects.</param>
    /// <param name="found">The surest first.</param>
    /// <param name="distance">Of an object from a find; null where they cannot be the same.</param>
    protected static double F1<TFound>(int there, IReadOnlyCollection<TFound> found, Func<int, TFound, double?> distance)
    {
        var left = Enumerable.Range(0, there).ToHashSet();
        foreach (var one in found)
            if (left.Select(i => (Object: i, Distance: distance(i, one))).Where(p => p.Distance is not null).OrderBy(p => p.Distance).ToList() is [var nearest, ..]) left.Remove(nearest.Object);
        return there + found.Count == 0 ? 1 : 2.0 * (there - left.Count) / (there + found.Count);
    }

    /// <summary>Reads pictures that are drawn and not read.</summary>
    protected static PictureReader Reader { get; } = new();
}
