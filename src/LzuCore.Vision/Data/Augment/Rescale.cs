using LzuCore.Memory;
using LzuCore.Vision.Imaging;

namespace LzuCore.Vision.Data.Augment;

/// <summary>Another size by mmcv's rules: bilinear pictures, nearest labels, boxes multiplied by the true ratio of the sizes and clipped, and the camera with them.</summary>
/// <param name="Within">Sizes to fit into; one is drawn when there are several.</param>
public sealed record Rescale(params IReadOnlyList<Size2> Within) : IAugment<DetectionSample>, IAugment<SegmentationSample>, IAugment<Detection3dSample>
{
    /// <summary>The picture keeps its proportions, and fits the size either way round; else it gets exactly the size.</summary>
    public bool KeepRatio { get; init; } = true;

    /// <summary>The size is multiplied by a number drawn from this range first (mmsegmentation's ratio_range), and cut to integers.</summary>
    public (double Least, double Most) Ratio { get; init; } = (1, 1);

    /// <summary>The largest size of a picture's proportions that fits, by mmcv's rule: <c>s = min(long/long, short/short)</c>, each side <c>int(side · s + 0.5)</c>.</summary>
    public static Size2 Fit(Size2 image, Size2 within)
    {
        var scale = Math.Min((double)Math.Max(within.Height, within.Width) / Math.Max(image.Height, image.Width), (double)Math.Min(within.Height, within.Width) / Math.Min(image.Height, image.Width));
        return new Size2(Math.Max(1, (int)(image.Height * scale + 0.5)), Math.Max(1, (int)(image.Width * scale + 0.5)));
    }

    /// <inheritdoc/>
    public DetectionSample Apply(DetectionSample sample, Draws draws)
    {
        var size = Draw(sample.Image.Size, draws);
        float x = size.Width / (float)sample.Image.Width, y = size.Height / (float)sample.Image.Height;
        return sample with
        {
            Image = sample.Image.ResizeBilinear(size),
            Boxes = [.. sample.Boxes.Select(b => b.Scale(x, y).Clip(size))],
            Ignored = [.. sample.Ignored.Select(b => b.Scale(x, y).Clip(size))],
        };
    }

    /// <inheritdoc/>
    public SegmentationSample Apply(SegmentationSample sample, Draws draws)
    {
        var size = Draw(sample.Image.Size, draws);
        return sample with { Image = sample.Image.ResizeBilinear(size), Labels = sample.Labels.Resize(size) };
    }

    /// <inheritdoc/>
    public Detection3dSample Apply(Detection3dSample sample, Draws draws)
    {
        var size = Draw(sample.Image.Size, draws);
        double x = size.Width / (double)sample.Image.Width, y = size.Height / (double)sample.Image.Height;
        return sample with
        {
            Image = sample.Image.ResizeBilinear(size),
            Camera = sample.Camera.Scaled(x, y),
            Boxes = [.. sample.Boxes.Select(b => b.Scale((float)x, (float)y).Clip(size))],
            Centers = [.. sample.Centers.Select(c => c with { X = c.X * x, Y = c.Y * y })],
            Ignored = [.. sample.Ignored.Select(b => b.Scale((float)x, (float)y).Clip(size))],
        };
    }

    private Size2 Draw(Size2 image, Draws draws)
    {
        Check.That(Within.Count > 0, $"rescale: there must be a size to fit into, got none.");
        var within = Within.Count == 1 ? Within[0] : Within[draws.Below(Within.Count)];
        if (Ratio != (1, 1))
        {
            var ratio = draws.Between(Ratio.Least, Ratio.Most);
            within = new Size2((int)(within.Height * ratio), (int)(within.Width * ratio));
        }
        Image.CheckSize("rescale", within);
        return KeepRatio ? Fit(image, within) : within;
    }
}
