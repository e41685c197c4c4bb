using LzuCore.Memory;
using SkiaSharp;

namespace LzuCore.Vision.Imaging;

/// <summary>What a picture file says of itself, read from its first and last bytes without decoding it.</summary>
/// <param name="Size">As it is seen: EXIF's turns are done.</param>
/// <param name="Format"><c>jpeg</c>, <c>png</c>, <c>webp</c> …</param>
/// <param name="HasEnd">Whether the file ends as its format must; a file that was cut off does not.</param>
public sealed record ImageHeader(Size2 Size, string Format, bool HasEnd)
{
    // Cameras and editors append to JPEGs: the end mark may be followed by a little.
    private const int TailBytes = 4096;

    /// <summary>Reads the header of a file.</summary>
    /// <exception cref="FileFormatException">The file is missing, empty, a directory, unreadable, or not a picture.</exception>
    public static ImageHeader Read(string path)
    {
        if (Directory.Exists(path)) throw new FileFormatException($"load {path}: it is a directory. Name a picture file.");
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 14);
            if (file.Length == 0) throw new FileFormatException($"load {path}: the file is empty.");
            var hasEnd = HasEndMark(file);
            file.Position = 0;
            using var stream = new SKManagedStream(file, disposeManagedStream: false);
            using var codec = SKCodec.Create(stream) ?? throw new FileFormatException($"load {path}: it is not a JPEG, PNG or WebP picture, or its first part is damaged.");
            var turned = codec.EncodedOrigin is SKEncodedOrigin.LeftTop or SKEncodedOrigin.RightTop or SKEncodedOrigin.RightBottom or SKEncodedOrigin.LeftBottom;
            var size = turned ? new Size2(codec.Info.Width, codec.Info.Height) : new Size2(codec.Info.Height, codec.Info.Width);
            return new ImageHeader(size, codec.EncodedFormat.ToString().ToLowerInvariant(), hasEnd);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new FileFormatException($"load {path}: there is no such file.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new FileFormatException($"load {path}: cannot read it ({e.Message.Split('\n')[0].TrimEnd('.', '\r')}).", e);
        }
    }

    private static bool HasEndMark(FileStream file)
    {
        Span<byte> head = stackalloc byte[12];
        var read = file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        head = head[..read];
        var tail = new byte[Math.Min(TailBytes, file.Length)];
        file.Position = file.Length - tail.Length;
        file.ReadExactly(tail);
        if (head.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8])) return tail.AsSpan().LastIndexOf((ReadOnlySpan<byte>)[0xFF, 0xD9]) >= 0;
        if (head.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G'])) return tail.AsSpan().LastIndexOf("IEND"u8) >= 0;
        return read < 8 || !head.StartsWith("RIFF"u8) || BitConverter.ToUInt32(head[4..8]) + 8L <= file.Length;
    }
}
