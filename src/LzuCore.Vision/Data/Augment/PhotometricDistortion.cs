using LzuCore.Memory;
using LzuCore.Vision.Imaging;

namespace LzuCore.Vision.Data.Augment;

/// <summary>Whose arithmetic a distortion follows.</summary>
public enum PhotometricStyle
{
    /// <summary>mmsegmentation: each step works on bytes, clips and cuts to integers; hue in half degrees, whole steps in [-18, 18).</summary>
    Mmseg,

    /// <summary>mmdetection: steps in float without clipping, hue in degrees, and channels may be exchanged at the end. The result is clipped and rounded to bytes here.</summary>
    Mmdet,
}

/// <summary>Changes brightness by up to 32 levels, contrast and saturation by half to one and a half, hue by up to 18, each with probability ½; contrast before or after the colours by coin.</summary>
/// <remarks>Order: brightness, contrast (coin), saturation, hue, contrast (other side of the coin), and for mmdetection an exchange of channels. Source: Liu et al. 2016 (SSD).</remarks>
/// <param name="Style">Whose arithmetic.</param>
public sealed record PhotometricDistortion(PhotometricStyle Style) : IAugment<DetectionSample>, IAugment<SegmentationSample>, IAugment<Detection3dSample>
{
    private const int RowsAChunk = 16;

    /// <inheritdoc/>
    public DetectionSample Apply(DetectionSample sample, Draws draws) => sample with { Image = Distort(sample.Image, draws) };

    /// <inheritdoc/>
    public SegmentationSample Apply(SegmentationSample sample, Draws draws) => sample with { Image = Distort(sample.Image, draws) };

    /// <inheritdoc/>
    public Detection3dSample Apply(Detection3dSample sample, Draws draws) => sample with { Image = Distort(sample.Image, draws) };

    /// <summary>A distorted copy of a picture; the picture itself when every coin says no.</summary>
    public Image Distort(Image image, Draws draws) => Style == PhotometricStyle.Mmseg ? Bytes(image, draws) : Floats(image, draws);

    private static Image Bytes(Image image, Draws draws)
    {
        byte[]? before = null, saturation = null, hue = null, after = null;
        if (draws.Coin()) before = Line(1, draws.Between(-32, 32), null);
        var last = !draws.Coin();
        if (!last && draws.Coin()) before = Line(draws.Between(0.5, 1.5), 0, before);
        if (draws.Coin()) saturation = Line(draws.Between(0.5, 1.5), 0, null);
        if (draws.Coin()) hue = Turn(draws.Below(36) - 18);
        if (last && draws.Coin()) after = Line(draws.Between(0.5, 1.5), 0, null);
        if (before is null && saturation is null && hue is null && after is null) return image;
        var result = Image.Unwritten(image.Size);
        ParallelRows.For(image.Height, RowsAChunk, (begin, end) =>
        {
            for (var y = begin; y < end; y++)
            {
                var from = image.Row(y);
                var to = result.Row(y);
                for (var i = 0; i < from.Length; i += 3)
                {
                    var (r, g, b) = (from[i], from[i + 1], from[i + 2]);
                    if (before is not null) (r, g, b) = (before[r], before[g], before[b]);
                    // Saturation and hue each go to bytes of hue, saturation, value and back, as the original does.
                    if (saturation is not null)
                    {
                        var (h, s, v) = HueBytes.From(r, g, b);
                        (r, g, b) = HueBytes.To(h, saturation[s], v);
                    }
                    if (hue is not null)
                    {
                        var (h, s, v) = HueBytes.From(r, g, b);
                        (r, g, b) = HueBytes.To(hue[h], s, v);
                    }
                    (to[i], to[i + 1], to[i + 2]) = after is null ? (r, g, b) : (after[r], after[g], after[b]);
                }
            }
        });
        return result;
    }

    private static Image Floats(Image image, Draws draws)
    {
        var brightness = draws.Coin() ? (float)draws.Between(-32, 32) : 0;
        var last = !draws.Coin();
        var first = !last && draws.Coin() ? (float)draws.Between(0.5, 1.5) : 1;
        var saturation = draws.Coin() ? (float)draws.Between(0.5, 1.5) : 1;
        var hue = draws.Coin() ? (float)draws.Between(-18, 18) : 0;
        var second = last && draws.Coin() ? (float)draws.Between(0.5, 1.5) : 1;
        int[] order = [0, 1, 2];
        if (draws.Coin())
            for (var i = 2; i > 0; i--)
            {
                var j = draws.Below(i + 1);
                (order[i], order[j]) = (order[j], order[i]);
            }
        var result = Image.Unwritten(image.Size);
        ParallelRows.For(image.Height, RowsAChunk, (begin, end) =>
        {
            Span<float> pixel = stackalloc float[3];
            for (var y = begin; y < end; y++)
            {
                var from = image.Row(y);
                var to = result.Row(y);
                for (var i = 0; i < from.Length; i += 3)
                {
                    for (var c = 0; c < 3; c++) pixel[c] = (from[i + c] + brightness) * first;
                    if (saturation != 1 || hue != 0)
                    {
                        var (h, s, v) = HueFloats.From(pixel[0], pixel[1], pixel[2]);
                        h += hue;
                        (pixel[0], pixel[1], pixel[2]) = HueFloats.To(h > 360 ? h - 360 : h < 0 ? h + 360 : h, s * saturation, v);
                    }
                    for (var c = 0; c < 3; c++) to[i + c] = (byte)Math.Clamp(MathF.Round(pixel[order[c]] * second), 0, 255);
                }
            }
        });
        return result;
    }

    // value * alpha + beta in float32, clipped and cut, after what came before.
    private static byte[] Line(double alpha, double beta, byte[]? before) =>
        [.. Enumerable.Range(0, 256).Select(v => (byte)Math.Clamp((before?[v] ?? v) * (float)alpha + (float)beta, 0, 255))];

    private static byte[] Turn(int steps) => [.. Enumerable.Range(0, 256).Select(h => (byte)((h + steps + 180) % 180))];
}
