using LzuCore.Memory;

namespace LzuCore.Vision.Imaging;

/// <summary>Pictures whose pixels are moved but not changed.</summary>
public static class Rearrange
{
    /// <summary>Left and right exchanged.</summary>
    public static Image Flip(this Image image)
    {
        var result = Image.Unwritten(image.Size);
        for (var y = 0; y < image.Height; y++)
        {
            var from = image.Row(y);
            var to = result.Row(y);
            for (int a = 0, b = to.Length - 3; b >= 0; a += 3, b -= 3) (to[b], to[b + 1], to[b + 2]) = (from[a], from[a + 1], from[a + 2]);
        }
        return result;
    }

    /// <summary>A part; what of it lies outside is left away.</summary>
    /// <exception cref="ArgumentValueException">Nothing of it lies inside.</exception>
    public static Image Crop(this Image image, int top, int left, Size2 size)
    {
        var result = Image.Unwritten(Inside(image.Size, top, left, size));
        for (var y = 0; y < result.Height; y++) image.Row(top + y).Slice(3 * left, 3 * result.Width).CopyTo(result.Row(y));
        return result;
    }

    /// <summary>The same with a grey level added at the bottom and right.</summary>
    /// <exception cref="ArgumentValueException">The size is smaller than the picture's.</exception>
    public static Image Pad(this Image image, Size2 size, byte level = 0)
    {
        Check.That(size.Height >= image.Height && size.Width >= image.Width, $"pad: the size must hold {image.Size}, got {size}.");
        var result = new Image(size);
        if (level != 0) result.Pixels.Fill(level);
        for (var y = 0; y < image.Height; y++) image.Row(y).CopyTo(result.Row(y));
        return result;
    }

    // How much of a part lies inside of a whole.
    internal static Size2 Inside(Size2 whole, int top, int left, Size2 size)
    {
        var inside = new Size2(Math.Min(size.Height, whole.Height - top), Math.Min(size.Width, whole.Width - left));
        Check.That(top >= 0 && left >= 0 && inside is { Height: >= 1, Width: >= 1 }, $"crop: {size} at row {top}, column {left} must begin inside of {whole}.");
        return inside;
    }
}
