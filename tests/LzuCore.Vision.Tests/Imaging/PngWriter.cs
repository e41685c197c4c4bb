using System.Buffers.Binary;
using System.IO.Compression;

namespace LzuCore.Vision.Tests.Imaging;

/// <summary>Writes the PNGs that the library reads and does not write.</summary>
internal static class PngWriter
{
    /// <summary>Palette indices, packed; row y has filter y mod 5.</summary>
    public static byte[] Palette(byte[,] labels, int depth)
    {
        int height = labels.GetLength(0), width = labels.GetLength(1), rowBytes = (width * depth + 7) / 8;
        using var data = new MemoryStream();
        using (var zlib = new ZLibStream(data, CompressionLevel.Fastest, leaveOpen: true))
        {
            var above = new byte[rowBytes];
            for (var y = 0; y < height; y++)
            {
                var row = new byte[rowBytes];
                for (var x = 0; x < width; x++) row[x * depth / 8] |= (byte)(labels[y, x] << (8 - depth - x * depth % 8));
                zlib.WriteByte((byte)(y % 5));
                for (var i = 0; i < rowBytes; i++)
                {
                    int left = i == 0 ? 0 : row[i - 1], up = above[i], corner = i == 0 ? 0 : above[i - 1];
                    var guess = (y % 5) switch { 0 => 0, 1 => left, 2 => up, 3 => (left + up) / 2, _ => new[] { left, up, corner }.MinBy(v => Math.Abs(left + up - corner - v)) };
                    zlib.WriteByte((byte)(row[i] - guess));
                }
                above = row;
            }
        }
        return File(height, width, depth, 3, data.ToArray(), new byte[3 << depth]);
    }

    /// <summary>A grey picture whose header claims a size that its data do not have.</summary>
    public static byte[] Claiming(int height, int width)
    {
        using var data = new MemoryStream();
        using (var zlib = new ZLibStream(data, CompressionLevel.Fastest, leaveOpen: true)) zlib.Write(new byte[100]);
        return File(height, width, 8, 0, data.ToArray(), null);
    }

    private static byte[] File(int height, int width, int depth, byte color, byte[] data, byte[]? palette)
    {
        byte[] header = [0, 0, 0, 0, 0, 0, 0, 0, (byte)depth, color, 0, 0, 0];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        return [0x89, .. "PNG\r\n"u8, 0x1a, 0x0a, .. Chunk("IHDR"u8, header), .. palette is null ? [] : Chunk("PLTE"u8, palette), .. Chunk("IDAT"u8, data[..(data.Length / 2)]), .. Chunk("IDAT"u8, data[(data.Length / 2)..]), .. Chunk("IEND"u8, [])];
    }

    private static byte[] Chunk(ReadOnlySpan<byte> kind, byte[] body)
    {
        byte[] checkedPart = [.. kind, .. body];
        var crc = uint.MaxValue;
        foreach (var b in checkedPart)
        {
            crc ^= b;
            for (var i = 0; i < 8; i++) crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xEDB88320 : crc >> 1;
        }
        byte[] numbers = new byte[8];
        BinaryPrimitives.WriteInt32BigEndian(numbers, body.Length);
        BinaryPrimitives.WriteUInt32BigEndian(numbers.AsSpan(4), ~crc);
        return [.. numbers[..4], .. checkedPart, .. numbers[4..]];
    }
}
