using LzuCore.Vision.Geometry;
using LzuCore.Vision.Imaging;

namespace LzuCore.Vision.Data.Augment;

/// <summary>Exchanges left and right: x becomes W - x for boxes, centres and the camera's axis; the label map is mirrored; in space X, the velocity's x and the yaw change sides.</summary>
/// <param name="Probability">How often.</param>
public sealed record RandomFlip(double Probability = 0.5) : IAugment<DetectionSample>, IAugment<SegmentationSample>, IAugment<Detection3dSample>
{
    /// <inheritdoc/>
    public DetectionSample Apply(DetectionSample sample, Draws draws)
    {
        if (!draws.Coin(Probability)) return sample;
        var width = sample.Image.Width;
        return sample with { Image = sample.Image.Flip(), Boxes = [.. sample.Boxes.Select(b => Mirror(b, width))], Ignored = [.. sample.Ignored.Select(b => Mirror(b, width))] };
    }

    /// <inheritdoc/>
    public SegmentationSample Apply(SegmentationSample sample, Draws draws) =>
        draws.Coin(Probability) ? sample with { Image = sample.Image.Flip(), Labels = sample.Labels.Flip() } : sample;

    /// <inheritdoc/>
    public Detection3dSample Apply(Detection3dSample sample, Draws draws)
    {
        if (!draws.Coin(Probability)) return sample;
        var width = sample.Image.Width;
        return sample with
        {
            Image = sample.Image.Flip(),
            Camera = sample.Camera.Flipped(width),
            Boxes3d = [.. sample.Boxes3d.Select(b => b.Flipped())],
            Boxes = [.. sample.Boxes.Select(b => Mirror(b, width))],
            Centers = [.. sample.Centers.Select(c => c with { X = width - c.X })],
            Ignored = [.. sample.Ignored.Select(b => Mirror(b, width))],
        };
    }

    private static Box Mirror(Box box, int width) => new(width - box.X2, box.Y1, width - box.X1, box.Y2);
}
