using LzuCore.Vision.Geometry;
using LzuCore.Vision.Imaging;

namespace LzuCore.Vision.Data.Augment;

/// <summary>Exchanges left and right: x becomes W - x for boxes and centres, the label map is mirrored.</summary>
/// <param name="Probability">How often.</param>
public sealed record RandomFlip(double Probability = 0.5) : IAugment<DetectionSample>, IAugment<SegmentationSample>
{
    /// <inheritdoc/>
    public DetectionSample Apply(DetectionSample sample, Draws draws)
    {
        if (!draws.Coin(Probability)) return sample;
        Box Mirror(Box box) => new(sample.Image.Width - box.X2, box.Y1, sample.Image.Width - box.X1, box.Y2);
        return sample with { Image = sample.Image.Flip(), Boxes = [.. sample.Boxes.Select(Mirror)], Ignored = [.. sample.Ignored.Select(Mirror)] };
    }

    /// <inheritdoc/>
    public SegmentationSample Apply(SegmentationSample sample, Draws draws) =>
        draws.Coin(Probability) ? sample with { Image = sample.Image.Flip(), Labels = sample.Labels.Flip() } : sample;
}
