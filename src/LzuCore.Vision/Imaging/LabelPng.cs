using System.Buffers.Binary;
using System.IO.Compression;
using LzuCore.Memory;

namespace LzuCore.Vision.Imaging;

// PNG of one channel, as numbers and not as colours: picture codecs turn a palette into what it looks like, and the indices are lost.
// Source: the PNG specification, third edition; chunks, filters and the zlib stream of sections 5, 9 and 10.
internal static class LabelPng
{
    private const int Grey = 0, Palette = 3;

    // No deflate stream grows by more: a header that claims more pixels than its data can hold is refused before memory is taken.
    private const long MostExpansion = 1032;

    private static readonly uint[] CrcTable = MakeCrcTable();

    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    public static LabelMap Decode(ReadOnlySpan<byte> file, string name)
    {
        if (!file.StartsWith(Signature)) throw Bad(name, "it is not a PNG file");
        (Size2 Size, int Depth)? header = null;
        using var data = new MemoryStream();
        for (var at = Signature.Length; ;)
        {
            if (file.Length - at < 12) throw Bad(name, "the picture is cut off");
            var length = BinaryPrimitives.ReadUInt32BigEndian(file[at..]);
            if (length > file.Length - at - 12) throw Bad(name, "the picture is cut off");
            var kind = file.Slice(at + 4, 4);
            var body = file.Slice(at + 8, (int)length);
            if (Crc(file.Slice(at + 4, (int)length + 4)) != BinaryPrimitives.ReadUInt32BigEndian(file[(at + 8 + (int)length)..])) throw Bad(name, "the picture is damaged: a checksum is wrong");
            at += 12 + (int)length;
            if (header is null && !kind.SequenceEqual("IHDR"u8)) throw Bad(name, "the picture is damaged: it does not begin with its header");
            if (kind.SequenceEqual("IHDR"u8)) header = Header(body, name);
            else if (kind.SequenceEqual("IDAT"u8)) data.Write(body);
            else if (kind.SequenceEqual("IEND"u8)) break;
        }
        return Pixels(header!.Value.Size, header.Value.Depth, data, name);
    }

    public static byte[] Encode(LabelMap map) => Encode(map.Size, 8, map.Labels);

    // 16 bits a pixel, as instance maps have.
    public static byte[] Encode(Size2 size, ReadOnlySpan<ushort> values)
    {
        var bytes = new byte[2 * values.Length];
        for (var i = 0; i < values.Length; i++) BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2 * i), values[i]);
        return Encode(size, 16, bytes);
    }

    private static byte[] Encode(Size2 size, byte depth, ReadOnlySpan<byte> pixels)
    {
        var width = size.Width * depth / 8;
        using var data = new MemoryStream();
        using (var zlib = new ZLibStream(data, CompressionLevel.Optimal, leaveOpen: true))
        {
            // Filter 2 keeps the difference to the row above: zero nearly everywhere in a label map.
            var row = new byte[1 + width];
            row[0] = 2;
            for (var y = 0; y < size.Height; y++)
            {
                var at = y * width;
                for (var x = 0; x < width; x++) row[1 + x] = (byte)(pixels[at + x] - (y == 0 ? 0 : pixels[at - width + x]));
                zlib.Write(row);
            }
        }
        using var file = new MemoryStream();
        file.Write(Signature);
        Span<byte> header = [0, 0, 0, 0, 0, 0, 0, 0, depth, Grey, 0, 0, 0];
        BinaryPrimitives.WriteInt32BigEndian(header, size.Width);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], size.Height);
        Chunk(file, "IHDR"u8, header);
        Chunk(file, "IDAT"u8, data.GetBuffer().AsSpan(0, (int)data.Length));
        Chunk(file, "IEND"u8, []);
        return file.ToArray();
    }

    private static (Size2, int) Header(ReadOnlySpan<byte> body, string name)
    {
        if (body.Length != 13) throw Bad(name, "the picture is damaged: its header has a wrong length");
        uint width = BinaryPrimitives.ReadUInt32BigEndian(body), height = BinaryPrimitives.ReadUInt32BigEndian(body[4..]);
        if (width is 0 or > int.MaxValue || height is 0 or > int.MaxValue) throw Bad(name, $"the picture is damaged: it claims {height}x{width} pixels");
        var size = new Size2((int)height, (int)width);
        Image.CheckSize($"load {name}", size);
        var (depth, color, interlaced) = (body[8], body[9], body[12]);
        if (color is not (Grey or Palette)) throw Bad(name, $"a label map must have one channel (grey or palette), but it has {color switch { 2 => "three", 4 => "two", 6 => "four", _ => "an unknown number of" }}");
        if (depth is not (1 or 2 or 4 or 8)) throw Bad(name, $"a label map must have at most 8 bits a pixel, got {depth}");
        if (interlaced != 0) throw Bad(name, "an interlaced PNG is not read as a label map. Save it without interlacing");
        return (size, depth);
    }

    private static LabelMap Pixels(Size2 size, int depth, MemoryStream data, string name)
    {
        var rowBytes = (int)(((long)size.Width * depth + 7) / 8);
        if ((long)size.Height * (rowBytes + 1) > MostExpansion * data.Length + 64) throw Bad(name, $"the picture is cut off: {data.Length} bytes cannot hold {size} pixels");
        var map = new LabelMap(size);
        byte[] above = new byte[rowBytes], row = new byte[rowBytes];
        data.Position = 0;
        using var zlib = new ZLibStream(data, CompressionMode.Decompress);
        try
        {
            for (var y = 0; y < size.Height; y++)
            {
                var filter = zlib.ReadByte();
                if (filter < 0) throw Bad(name, "the picture is cut off");
                zlib.ReadExactly(row);
                Unfilter(filter, row, above, name);
                Unpack(row, depth, map.Row(y));
                (above, row) = (row, above);
            }
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException)
        {
            throw new FileFormatException($"load {name}: the picture is damaged or cut off. Copy the file again.", e);
        }
        return map;
    }

    private static void Unfilter(int filter, Span<byte> row, ReadOnlySpan<byte> above, string name)
    {
        switch (filter)
        {
            case 0: return;
            case 1: for (var i = 1; i < row.Length; i++) row[i] += row[i - 1]; return;
            case 2: for (var i = 0; i < row.Length; i++) row[i] += above[i]; return;
            case 3: for (var i = 0; i < row.Length; i++) row[i] += (byte)(((i == 0 ? 0 : row[i - 1]) + above[i]) / 2); return;
            case 4: for (var i = 0; i < row.Length; i++) row[i] += Paeth(i == 0 ? 0 : row[i - 1], above[i], i == 0 ? 0 : above[i - 1]); return;
            default: throw Bad(name, $"the picture is damaged: there is no filter {filter}");
        }
    }

    private static byte Paeth(int left, int up, int upLeft)
    {
        int p = left + up - upLeft, a = Math.Abs(p - left), b = Math.Abs(p - up), c = Math.Abs(p - upLeft);
        return (byte)(a <= b && a <= c ? left : b <= c ? up : upLeft);
    }

    private static void Unpack(ReadOnlySpan<byte> row, int depth, Span<byte> labels)
    {
        if (depth == 8)
        {
            row.CopyTo(labels);
            return;
        }
        var perByte = 8 / depth;
        for (var x = 0; x < labels.Length; x++) labels[x] = (byte)((row[x / perByte] >> (8 - depth * (x % perByte + 1))) & ((1 << depth) - 1));
    }

    private static void Chunk(MemoryStream file, ReadOnlySpan<byte> kind, ReadOnlySpan<byte> body)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, body.Length);
        file.Write(number);
        var start = (int)file.Length;
        file.Write(kind);
        file.Write(body);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc(file.GetBuffer().AsSpan(start, (int)file.Length - start)));
        file.Write(number);
    }

    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var b in bytes) crc = CrcTable[(byte)(crc ^ b)] ^ (crc >> 8);
        return ~crc;
    }

    private static uint[] MakeCrcTable()
    {
        var table = new uint[256];
        for (var i = 0u; i < 256; i++)
        {
            table[i] = i;
            for (var bit = 0; bit < 8; bit++) table[i] = (table[i] & 1) != 0 ? (table[i] >> 1) ^ 0xEDB88320 : table[i] >> 1;
        }
        return table;
    }

    private static FileFormatException Bad(string name, string what) => new($"load {name}: {what}.");
}
