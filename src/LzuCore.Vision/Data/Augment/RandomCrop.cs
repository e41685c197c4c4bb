using LzuCore.Memory;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Imaging;

namespace LzuCore.Vision.Data.Augment;

/// <summary>A part of the picture, anywhere in it; smaller pictures stay as they are on that side.</summary>
/// <remarks>Segmentation: drawn again, at most ten times, while one class covers more than its share of the pixels that count, or is alone (mmsegmentation). Detection: boxes are
/// clipped, those without area left away, and the crop is drawn again, at most ten times, while no object is left; then the sample stays whole.</remarks>
/// <param name="Size">The part's size.</param>
/// <param name="MaxShare">The most that one class may cover; 1 accepts every crop.</param>
public sealed record RandomCrop(Size2 Size, double MaxShare = 0.75) : IAugment<DetectionSample>, IAugment<SegmentationSample>
{
    private const int Tries = 10;

    /// <inheritdoc/>
    public SegmentationSample Apply(SegmentationSample sample, Draws draws)
    {
        var (top, left) = Place(sample.Image.Size, draws);
        for (var i = 0; i < Tries && MaxShare < 1 && !IsMixed(sample.Labels, top, left); i++) (top, left) = Place(sample.Image.Size, draws);
        return sample with { Image = sample.Image.Crop(top, left, Size), Labels = sample.Labels.Crop(top, left, Size) };
    }

    /// <inheritdoc/>
    public DetectionSample Apply(DetectionSample sample, Draws draws)
    {
        for (var i = 0; i <= Tries; i++)
        {
            var (top, left) = Place(sample.Image.Size, draws);
            var size = Rearrange.Inside(sample.Image.Size, top, left, Size);
            Box Cut(Box box) => box.Shift(-left, -top).Clip(size);
            var kept = Enumerable.Range(0, sample.Boxes.Count).Where(k => Cut(sample.Boxes[k]) is { Width: > 0, Height: > 0 }).ToList();
            if (kept.Count == 0 && sample.Boxes.Count > 0) continue;
            return sample with
            {
                Image = sample.Image.Crop(top, left, Size),
                Boxes = [.. kept.Select(k => Cut(sample.Boxes[k]))],
                Labels = [.. kept.Select(k => sample.Labels[k])],
                Ignored = [.. sample.Ignored.Select(Cut).Where(b => b is { Width: > 0, Height: > 0 })],
            };
        }
        return sample;
    }

    private (int Top, int Left) Place(Size2 image, Draws draws)
    {
        Check.That(Size is { Height: >= 1, Width: >= 1 }, $"crop: the size must be 1x1 or more, got {Size}.");
        return (draws.Below(Math.Max(0, image.Height - Size.Height) + 1), draws.Below(Math.Max(0, image.Width - Size.Width) + 1));
    }

    // Several classes, none of which covers its share or more of the pixels that count.
    private bool IsMixed(LabelMap labels, int top, int left)
    {
        Span<long> counts = stackalloc long[256];
        var inside = Rearrange.Inside(labels.Size, top, left, Size);
        for (var y = top; y < top + inside.Height; y++)
            foreach (var label in labels.Row(y).Slice(left, inside.Width)) counts[label]++;
        long total = 0, most = 0;
        var classes = 0;
        for (var label = 0; label < LabelMaps.Ignore; label++)
        {
            total += counts[label];
            most = Math.Max(most, counts[label]);
            if (counts[label] > 0) classes++;
        }
        return classes > 1 && most / (double)total < MaxShare;
    }
}
