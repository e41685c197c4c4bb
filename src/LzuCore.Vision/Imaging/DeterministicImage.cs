using LzuCore.Memory;

namespace LzuCore.Vision.Imaging;

/// <summary>The test picture that goldens are made with: ramps, a product pattern and noise, the same on every machine.</summary>
/// <remarks>Pixel (y, x), channel c: <c>(3(c+1)x + (5-c)y + ((xy)>>3) + noise) &amp; 255</c>, with five bits of noise from the stream <c>image#SEED</c>.</remarks>
public static class DeterministicImage
{
    /// <summary>The picture of a seed.</summary>
    public static Image Make(int seed, Size2 size)
    {
        var image = new Image(size);
        var stream = RandomSource.FromKey($"image#{seed}");
        for (var y = 0; y < size.Height; y++)
        {
            var row = image.Row(y);
            for (var x = 0; x < size.Width; x++)
                for (var c = 0; c < 3; c++)
                {
                    var noise = (long)(stream.Word((ulong)(((long)y * size.Width + x) * 3 + c)) >> 59);
                    row[3 * x + c] = (byte)((3L * (c + 1) * x + (5L - c) * y + (((long)x * y) >> 3) + noise) & 255);
                }
        }
        return image;
    }
}
