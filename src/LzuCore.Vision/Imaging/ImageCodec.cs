using LzuCore.Memory;
using SkiaSharp;

namespace LzuCore.Vision.Imaging;

/// <summary>Picture files: JPEG, PNG and WebP in, PNG and JPEG out.</summary>
/// <remarks>A file can be anything: what is not a whole picture is refused with one line. Transparency is dropped, as OpenCV and PIL's RGB mode do;
/// embedded colour profiles are not applied; the EXIF orientation is.</remarks>
public static class ImageCodec
{
    private const long MaxFileBytes = 1L << 30;

    /// <summary>Reads a picture.</summary>
    /// <exception cref="FileFormatException">The file is missing, empty, a directory, unreadable, not a picture, cut off, or damaged.</exception>
    /// <exception cref="ArgumentValueException">It has more than 268 megapixels; it was not decoded.</exception>
    public static Image Load(string path)
    {
        using var data = SKData.CreateCopy(ReadAll(path));
        return Decode(data, path);
    }

    /// <summary>Reads a picture from the bytes of a file.</summary>
    /// <param name="bytes">The file's content.</param>
    /// <param name="name">What to call it in messages.</param>
    /// <exception cref="FileFormatException">The bytes are not a whole picture.</exception>
    /// <exception cref="ArgumentValueException">It has more than 268 megapixels; it was not decoded.</exception>
    public static Image Decode(ReadOnlySpan<byte> bytes, string name)
    {
        using var data = SKData.CreateCopy(bytes);
        return Decode(data, name);
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

    private static Image Decode(SKData data, string name)
    {
        using var codec = SKCodec.Create(data)
            ?? throw new FileFormatException($"load {name}: it is not a JPEG, PNG or WebP picture, or its first part is damaged.");
        Image.CheckSize($"load {name}", new Size2(codec.Info.Height, codec.Info.Width));
        var info = new SKImageInfo(codec.Info.Width, codec.Info.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul, null);
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

    private static unsafe Image FromBitmap(SKBitmap bitmap, SKEncodedOrigin origin)
    {
        int height = bitmap.Height, width = bitmap.Width;
        var turned = origin is SKEncodedOrigin.LeftTop or SKEncodedOrigin.RightTop or SKEncodedOrigin.RightBottom or SKEncodedOrigin.LeftBottom;
        var image = new Image(turned ? new Size2(width, height) : new Size2(height, width));
        var pixels = (byte*)bitmap.GetPixels();
        for (var y = 0; y < image.Height; y++)
        {
            var to = image.Row(y);
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
