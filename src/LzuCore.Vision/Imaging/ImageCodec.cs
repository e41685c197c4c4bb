using System.Buffers;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using LzuCore.Memory;
using SkiaSharp;

namespace LzuCore.Vision.Imaging;

/// <summary>Picture files: JPEG, PNG and WebP in, PNG and JPEG out.</summary>
/// <remarks>A file can be anything: what is not a whole picture is refused with one line. Transparency is dropped, as OpenCV and PIL's RGB mode do;
/// embedded colour profiles are not applied; the EXIF orientation is.</remarks>
public static class ImageCodec
{
    private const long MaxFileBytes = 1L << 30;
    private const int StripBytes = 1 << 18;

    // Deflate keeps at most 1032 bytes in one, each of 8 pixels; JPEG spends at least a bit on a block of 64, less only in odd samplings. A claim of more is no picture.
    private const long MostPixelsAByte = 8 * 1032;

    /// <summary>Reads a picture.</summary>
    /// <exception cref="FileFormatException">The file is missing, empty, a directory, unreadable, not a picture, cut off, or damaged.</exception>
    /// <exception cref="ArgumentValueException">It has more than 268 megapixels; it was not decoded.</exception>
    public static Image Load(string path) => Load(path, null);

    /// <summary>Reads a picture for a place of a size: where a JPEG is at least twice as large on both sides, it is decoded at 1/2, 1/4 or 1/8, which averages and takes
    /// a third of the time. The result is never smaller than the place unless the picture is.</summary>
    /// <param name="path">The file.</param>
    /// <param name="atLeast">The size that will be needed; null for all pixels.</param>
    /// <exception cref="FileFormatException">The file is missing, empty, a directory, unreadable, not a picture, cut off, or damaged.</exception>
    /// <exception cref="ArgumentValueException">It has more than 268 megapixels; it was not decoded.</exception>
    public static unsafe Image Load(string path, Size2? atLeast)
    {
        var bytes = ReadAll(path);
        fixed (byte* p = bytes)
        {
            using var data = SKData.Create((nint)p, bytes.Length);
            return Decode(data, path, atLeast);
        }
    }

    /// <summary>Reads a picture from the bytes of a file.</summary>
    /// <param name="bytes">The file's content.</param>
    /// <param name="name">What to call it in messages.</param>
    /// <exception cref="FileFormatException">The bytes are not a whole picture.</exception>
    /// <exception cref="ArgumentValueException">It has more than 268 megapixels; it was not decoded.</exception>
    public static Image Decode(ReadOnlySpan<byte> bytes, string name)
    {
        using var data = SKData.CreateCopy(bytes);
        return Decode(data, name, null);
    }

    /// <summary>Writes a picture as PNG or JPEG, by the name's ending; beside the target first, then renamed, so that no half file is left.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="path">Ends in .png, .jpg or .jpeg.</param>
    /// <param name="jpegQuality">1 to 100.</param>
    /// <exception cref="ArgumentValueException">Another ending, or a quality out of range.</exception>
    /// <exception cref="LzuException">The file cannot be written.</exception>
    public static void Save(Image image, string path, int jpegQuality = 92)
    {
        var bytes = Encode(image, path, jpegQuality);
        var beside = $"{path}.{Guid.NewGuid():N}.partial";
        try
        {
            File.WriteAllBytes(beside, bytes);
            File.Move(beside, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            if (File.Exists(beside)) File.Delete(beside);
            throw new LzuException($"save {path}: cannot write it ({FirstLine(e)}). Check the folder and its rights.", e);
        }
    }

    /// <summary>The bytes that <see cref="Save"/> would write under a name.</summary>
    /// <exception cref="ArgumentValueException">The name's ending is not .png, .jpg or .jpeg, or the quality is out of range.</exception>
    public static unsafe byte[] Encode(Image image, string name, int jpegQuality = 92)
    {
        Check.That(jpegQuality is >= 1 and <= 100, $"save {name}: JPEG quality must be 1 to 100, got {jpegQuality}.");
        var ending = Path.GetExtension(name).ToLowerInvariant();
        Check.That(ending is ".png" or ".jpg" or ".jpeg", $"save {name}: the name must end in .png, .jpg or .jpeg, got '{ending}'.");
        using var bitmap = ToBitmap(image);
        using var pixmap = bitmap.PeekPixels();
        using var data = ending == ".png" ? pixmap.Encode(SKPngEncoderOptions.Default) : pixmap.Encode(new SKJpegEncoderOptions(jpegQuality));
        return data?.ToArray() ?? throw new LzuException($"save {name}: a picture of {image.Size} cannot be encoded as {ending}. JPEG ends at 65535 pixels a side; use .png.");
    }

    // Skia knows no 24-bit pixels, so pictures pass through 32-bit ones on their way in, out, and onto a canvas.
    internal static unsafe SKBitmap ToBitmap(Image image)
    {
        var bitmap = new SKBitmap(new SKImageInfo(image.Width, image.Height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        var to = (byte*)bitmap.GetPixels();
        for (var y = 0; y < image.Height; y++, to += bitmap.RowBytes)
        {
            var from = image.Row(y);
            for (var x = 0; x < image.Width; x++)
            {
                to[4 * x] = from[3 * x];
                to[4 * x + 1] = from[3 * x + 1];
                to[4 * x + 2] = from[3 * x + 2];
                to[4 * x + 3] = 255;
            }
        }
        return bitmap;
    }

    internal static Image FromBitmap(SKBitmap bitmap) => FromBitmap(bitmap, SKEncodedOrigin.TopLeft);

    private static Image Decode(SKData data, string name, Size2? atLeast)
    {
        using var codec = SKCodec.Create(data)
            ?? throw new FileFormatException($"load {name}: it is not a JPEG, PNG or WebP picture, or its first part is damaged.");
        Image.CheckSize($"load {name}", new Size2(codec.Info.Height, codec.Info.Width));
        if (codec.EncodedFormat is SKEncodedImageFormat.Png or SKEncodedImageFormat.Jpeg && (long)codec.Info.Height * codec.Info.Width > MostPixelsAByte * data.Size)
            throw new FileFormatException($"load {name}: {data.Size} bytes cannot hold the {codec.Info.Height}x{codec.Info.Width} pixels that the picture claims. It is cut off or damaged; copy the file again.");
        var (height, width) = Reduced(codec, atLeast);
        var info = new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul, null);
        if (codec.EncodedOrigin is SKEncodedOrigin.TopLeft or SKEncodedOrigin.Default && codec.StartScanlineDecode(info) == SKCodecResult.Success && codec.ScanlineOrder == SKCodecScanlineOrder.TopDown)
            return DecodeStrips(codec, info, name);
        using var bitmap = new SKBitmap();
        if (!bitmap.TryAllocPixels(info)) throw new LzuException($"load {name}: no memory for {info.Height}x{info.Width} pixels.");
        var result = codec.GetPixels(info, bitmap.GetPixels());
        return result switch
        {
            SKCodecResult.Success => FromBitmap(bitmap, codec.EncodedOrigin),
            SKCodecResult.IncompleteInput => throw new FileFormatException($"load {name}: the picture is cut off. Copy the file again."),
            _ => throw new FileFormatException($"load {name}: the picture is damaged ({result})."),
        };
    }

    // A strip of 32-bit pixels at a time stays in the cache on its way to 24 bits.
    private static unsafe Image DecodeStrips(SKCodec codec, SKImageInfo info, string name)
    {
        var image = Image.Unwritten(new Size2(info.Height, info.Width));
        var rowBytes = 4 * info.Width;
        var rows = Math.Clamp(StripBytes / rowBytes, 1, info.Height);
        var strip = ArrayPool<byte>.Shared.Rent(rows * rowBytes);
        fixed (byte* p = strip)
            for (var y = 0; y < info.Height; y += rows)
            {
                var wanted = Math.Min(rows, info.Height - y);
                if (codec.GetScanlines((nint)p, wanted, rowBytes) < wanted) throw new FileFormatException($"load {name}: the picture is cut off or damaged. Copy the file again.");
                for (var k = 0; k < wanted; k++) WithoutFourth(p + k * rowBytes, image.Row(y + k));
            }
        ArrayPool<byte>.Shared.Return(strip);
        return image;
    }

    // Where a JPEG may be decoded at 1/2, 1/4 or 1/8: libjpeg rounds the sides up. Skia answers with the nearest size that the codec can do; other codecs keep all pixels.
    private static Size2 Reduced(SKCodec codec, Size2? atLeast)
    {
        var full = new Size2(codec.Info.Height, codec.Info.Width);
        if (atLeast is not { } least || codec.EncodedFormat != SKEncodedImageFormat.Jpeg || codec.EncodedOrigin is not (SKEncodedOrigin.TopLeft or SKEncodedOrigin.Default)) return full;
        for (var part = 8; part >= 2; part /= 2)
        {
            var size = codec.GetScaledDimensions(1f / part);
            if (size.Height >= least.Height && size.Width >= least.Width && size.Width <= (full.Width + part - 1) / part) return new Size2(size.Height, size.Width);
        }
        return full;
    }

    private static unsafe void WithoutFourth(byte* from, Span<byte> row)
    {
        fixed (byte* to = row)
        {
            int x = 0, width = row.Length / 3;
            if (Ssse3.IsSupported)
                for (var dense = Vector128.Create((byte)0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 0x80, 0x80, 0x80, 0x80); 3 * x + 16 <= row.Length; x += 4)
                    Ssse3.Shuffle(Vector128.Load(from + 4 * x), dense).Store(to + 3 * x);
            for (; x < width; x++) (to[3 * x], to[3 * x + 1], to[3 * x + 2]) = (from[4 * x], from[4 * x + 1], from[4 * x + 2]);
        }
    }

    private static unsafe Image FromBitmap(SKBitmap bitmap, SKEncodedOrigin origin)
    {
        int height = bitmap.Height, width = bitmap.Width;
        var turned = origin is SKEncodedOrigin.LeftTop or SKEncodedOrigin.RightTop or SKEncodedOrigin.RightBottom or SKEncodedOrigin.LeftBottom;
        var image = new Image(turned ? new Size2(width, height) : new Size2(height, width));
        var pixels = (byte*)bitmap.GetPixels();
        for (var y = 0; y < image.Height; y++)
        {
            var to = image.Row(y);
            if (origin is SKEncodedOrigin.TopLeft)
            {
                WithoutFourth(pixels + (long)y * bitmap.RowBytes, to);
                continue;
            }
            for (var x = 0; x < image.Width; x++)
            {
                // The stored pixel that is seen at (y, x). Named after the corner where the stored row 0 and column 0 are seen.
                var (row, column) = origin switch
                {
                    SKEncodedOrigin.TopRight => (y, width - 1 - x),
                    SKEncodedOrigin.BottomRight => (height - 1 - y, width - 1 - x),
                    SKEncodedOrigin.BottomLeft => (height - 1 - y, x),
                    SKEncodedOrigin.LeftTop => (x, y),
                    SKEncodedOrigin.RightTop => (height - 1 - x, y),
                    SKEncodedOrigin.RightBottom => (height - 1 - x, width - 1 - y),
                    SKEncodedOrigin.LeftBottom => (x, width - 1 - y),
                    _ => (y, x),
                };
                var from = pixels + (long)row * bitmap.RowBytes + 4L * column;
                (to[3 * x], to[3 * x + 1], to[3 * x + 2]) = (from[0], from[1], from[2]);
            }
        }
        return image;
    }

    internal static byte[] ReadAll(string path)
    {
        if (Directory.Exists(path)) throw new FileFormatException($"load {path}: it is a directory. Name a picture file.");
        try
        {
            var length = new FileInfo(path).Length;
            if (length == 0) throw new FileFormatException($"load {path}: the file is empty.");
            if (length > MaxFileBytes) throw new FileFormatException($"load {path}: the file has {length >> 20} MiB, more than a picture may have (1024 MiB).");
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new FileFormatException($"load {path}: there is no such file.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new FileFormatException($"load {path}: cannot read it ({FirstLine(e)}).", e);
        }
    }

    private static string FirstLine(Exception e) => e.Message.Split('\n')[0].TrimEnd('.', '\r');
}
