using LzuCore.Memory;
using LzuCore.Vision.Imaging;

namespace LzuCore.Vision.Data.Augment;

/// <summary>Adds black at the bottom and right, and ignored labels, up to a size or to multiples of a number. Boxes stay where they are.</summary>
/// <param name="Multiple">What both sides become multiples of.</param>
/// <param name="Least">The least size, before the multiple; null for the picture's own.</param>
public sealed record PadTo(int Multiple = 1, Size2? Least = null) : IAugment<DetectionSample>, IAugment<SegmentationSample>, IAugment<Detection3dSample>
{
    /// <summary>The size that a picture of a size gets.</summary>
    /// <exception cref="ArgumentValueException">The multiple is below 1.</exception>
    public Size2 SizeFor(Size2 image)
    {
        Check.That(Multiple >= 1, $"pad: the multiple must be 1 or more, got {Multiple}.");
        int Up(int side, int? least) => (Math.Max(side, least ?? 0) + Multiple - 1) / Multiple * Multiple;
        return new Size2(Up(image.Height, Least?.Height), Up(image.Width, Least?.Width));
    }

    /// <inheritdoc/>
    public DetectionSample Apply(DetectionSample sample, Draws draws) => sample with { Image = Padded(sample.Image) };

    /// <inheritdoc/>
    public SegmentationSample Apply(SegmentationSample sample, Draws draws) =>
        sample with { Image = Padded(sample.Image), Labels = sample.Labels.Pad(SizeFor(sample.Image.Size)) };

    /// <inheritdoc/>
    public Detection3dSample Apply(Detection3dSample sample, Draws draws) => sample with { Image = Padded(sample.Image) };

    private Image Padded(Image image) => SizeFor(image.Size) is var size && size == image.Size ? image : image.Pad(size);
}
