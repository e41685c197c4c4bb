using LzuCore.Memory;
using LzuCore.Vision.Data.Augment;
using LzuCore.Vision.Geometry;

namespace LzuCore.Vision.Experiments;

/// <summary>What stands for the frame before when an adaptive zoom is trained on pictures that have none: their own boxes, moved a little.</summary>
/// <remarks>The centre of each box moves by up to 50 pixels of a picture 1920 wide, each way alike. Thavamani et al. 2021 say so; their code's normal numbers pull everything to the upper left.
/// Cascaded (Thavamani et al. 2023): in the last third of the training the boxes are those that the detector itself finds, its misses and inventions included.</remarks>
/// <param name="Picture">The pictures' size.</param>
public sealed record PreviousFrame(Size2 Picture)
{
    private const double PixelsAt1920 = 50;

    /// <summary>Whether the detector's own boxes take the truth's place towards the end.</summary>
    public bool Cascades { get; init; } = true;

    /// <summary>Seed of the jitter.</summary>
    public ulong Seed { get; init; }

    /// <summary>Boxes moved.</summary>
    /// <param name="boxes">In the picture's pixels.</param>
    /// <param name="epoch">Which time the picture is seen.</param>
    /// <param name="index">Which picture.</param>
    public Box[] Jitter(IReadOnlyList<Box> boxes, int epoch, int index)
    {
        var draws = Draws.Of(Seed ^ 0x6A6974746572, epoch, index);
        var most = PixelsAt1920 * Picture.Width / 1920;
        return [.. boxes.Select(b => b.Shift((float)draws.Between(-most, most), (float)draws.Between(-most, most)))];
    }
}
