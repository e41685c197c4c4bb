using LzuCore.Memory;

namespace LzuCore.Vision.Imaging;

/// <summary>Pictures in another size, for looking at. Networks' inputs are resampled as tensors (<c>F.Interpolate</c>, <c>F.GridSample</c>).</summary>
public static class Resize
{
    private const int RowsAChunk = 16;

    /// <summary>A picture in another size: a triangle filter as wide as the coarser of the two pixel grids, so shrinking averages and enlarging interpolates.</summary>
    /// <remarks>Pixel centres at half numbers, weights renormalised at the edges: PIL's BILINEAR.</remarks>
    /// <exception cref="ArgumentValueException">A side is below 1, or there are more than 268 megapixels.</exception>
    public static Image To(this Image image, Size2 size)
    {
        var result = new Image(size);
        if (size == image.Size)
        {
            image.Pixels.CopyTo(result.Pixels);
            return result;
        }
        var across = Taps(image.Width, size.Width);
        var down = Taps(image.Height, size.Height);
        ParallelRows.For(size.Height, RowsAChunk, (begin, end) =>
        {
            var sums = new float[3 * image.Width];
            for (var y = begin; y < end; y++)
            {
                Array.Clear(sums);
                var (top, weights) = down[y];
                for (var k = 0; k < weights.Length; k++)
                {
                    var from = image.Row(top + k);
                    for (var i = 0; i < sums.Length; i++) sums[i] += weights[k] * from[i];
                }
                var to = result.Row(y);
                for (var x = 0; x < size.Width; x++)
                {
                    var (left, w) = across[x];
                    float r = 0, g = 0, b = 0;
                    for (var k = 0; k < w.Length; k++)
                    {
                        var at = 3 * (left + k);
                        r += w[k] * sums[at];
                        g += w[k] * sums[at + 1];
                        b += w[k] * sums[at + 2];
                    }
                    to[3 * x] = (byte)(r + 0.5f);
                    to[3 * x + 1] = (byte)(g + 0.5f);
                    to[3 * x + 2] = (byte)(b + 0.5f);
                }
            }
        });
        return result;
    }

    /// <summary>The size with a picture's proportions that fits a box.</summary>
    public static Size2 Fit(Size2 size, Size2 box)
    {
        var scale = Math.Min((double)box.Height / size.Height, (double)box.Width / size.Width);
        return new Size2(Math.Max(1, (int)Math.Round(size.Height * scale)), Math.Max(1, (int)Math.Round(size.Width * scale)));
    }

    // For every output pixel: the first input pixel that counts, and the weights from there on.
    private static (int Start, float[] Weights)[] Taps(int from, int to)
    {
        var scale = (double)from / to;
        var reach = Math.Max(1, scale);
        var taps = new (int, float[])[to];
        for (var i = 0; i < to; i++)
        {
            var center = (i + 0.5) * scale;
            var start = Math.Max(0, (int)Math.Floor(center - reach));
            var end = Math.Min(from, (int)Math.Ceiling(center + reach));
            var weights = Enumerable.Range(start, end - start).Select(j => Math.Max(0, 1 - Math.Abs(j + 0.5 - center) / reach)).ToArray();
            var sum = weights.Sum();
            taps[i] = (start, [.. weights.Select(w => (float)(w / sum))]);
        }
        return taps;
    }
}
