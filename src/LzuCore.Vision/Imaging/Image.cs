using LzuCore.Memory;

namespace LzuCore.Vision.Imaging;

/// <summary>A picture: uint8, RGB order, H×W×3, rows from the top.</summary>
public sealed class Image
{
    /// <summary>The most pixels a picture may have: 2²⁸, about 268 megapixels.</summary>
    public const long MaxPixels = 1L << 28;

    private byte[] _pixels;

    /// <summary>A black picture.</summary>
    /// <exception cref="ArgumentValueException">A side is below 1, or there are more than <see cref="MaxPixels"/>.</exception>
    public Image(Size2 size)
    {
        CheckSize("image", size);
        Size = size;
        _pixels = new byte[3L * size.Height * size.Width];
    }

    private Image(Size2 size, byte[] pixels) => (Size, _pixels) = (size, pixels);

    /// <summary>Height and width.</summary>
    public Size2 Size { get; }

    /// <summary>Rows.</summary>
    public int Height => Size.Height;

    /// <summary>Columns.</summary>
    public int Width => Size.Width;

    /// <summary>All bytes: row by row, three to a pixel.</summary>
    public Span<byte> Pixels => _pixels;

    /// <summary>The bytes of one row.</summary>
    public Span<byte> Row(int y) => _pixels.AsSpan(3 * Width * y, 3 * Width);

    /// <summary>One pixel.</summary>
    public Rgb this[int y, int x]
    {
        get
        {
            var p = Row(y).Slice(3 * x, 3);
            return new Rgb(p[0], p[1], p[2]);
        }
        set
        {
            var p = Row(y).Slice(3 * x, 3);
            (p[0], p[1], p[2]) = (value.R, value.G, value.B);
        }
    }

    /// <summary>A copy.</summary>
    public Image Clone()
    {
        var copy = new Image(Size);
        Pixels.CopyTo(copy.Pixels);
        return copy;
    }

    // For pictures whose every byte is written at once: neither cleared nor, where one of the size was recycled, fresh from the system, whose page faults can cost
    // as much as decoding.
    internal static Image Unwritten(Size2 size)
    {
        CheckSize("image", size);
        return new Image(size, RecycledPixels.Take(3L * size.Height * size.Width));
    }

    // Gives the pixels to the next picture of the size. Only for whoever knows that nobody else has the picture; a later look at it throws.
    internal void Recycle()
    {
        RecycledPixels.Give(_pixels);
        _pixels = [];
    }

    // Said before anything is allocated or decoded, so a hostile header costs nothing.
    internal static void CheckSize(string what, Size2 size)
    {
        Check.That(size is { Height: >= 1, Width: >= 1 }, $"{what}: sides must be 1 or more, got {size}.");
        Check.That((long)size.Height * size.Width <= MaxPixels,
            $"{what}: must have at most 268 megapixels, got {size} ({(long)size.Height * size.Width / 1_000_000} megapixels). Cut or shrink it first.");
    }
}

/// <summary>A colour.</summary>
/// <param name="R">Red.</param>
/// <param name="G">Green.</param>
/// <param name="B">Blue.</param>
public readonly record struct Rgb(byte R, byte G, byte B)
{
    // Okabe and Ito 2008, "Color universal design": told apart under every common colour blindness; black is left out, it drowns in pictures.
    private static readonly Rgb[] Palette =
    [
        new(230, 159, 0), new(86, 180, 233), new(0, 158, 115), new(240, 228, 66),
        new(213, 94, 0), new(204, 121, 167), new(0, 114, 178), new(153, 153, 153),
    ];

    /// <summary>White.</summary>
    public static Rgb White => new(255, 255, 255);

    /// <summary>Black.</summary>
    public static Rgb Black => new(0, 0, 0);

    /// <summary>The colour of class number <paramref name="index"/>; repeats after eight.</summary>
    public static Rgb OfClass(int index) => Palette[(int)((uint)index % Palette.Length)];

    /// <summary>Black or white, whichever reads better on this colour.</summary>
    public Rgb Ink => 0.299 * R + 0.587 * G + 0.114 * B > 140 ? Black : White;
}
