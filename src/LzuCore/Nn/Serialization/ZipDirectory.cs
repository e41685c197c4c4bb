using System.Buffers.Binary;
using System.Text;

namespace LzuCore.Nn.Serialization;

// One member of a zip archive: where its bytes are, as both its headers agree.
internal sealed record ZipEntry(string Name, int Method, uint Crc, long PackedSize, long Size, long HeaderOffset, long DataOffset)
{
    public const int Stored = 0, Deflated = 8;
}

// The central directory of a zip archive, checked before anything in it is believed: member ranges lie inside the file and overlap nothing,
// names are unique, counts and sizes agree. ZipArchive of the BCL checks none of this, and cannot tell where a stored member's bytes are.
internal sealed class ZipDirectory
{
    // 131,072 members: far above any checkpoint, and what keeps a file of empty members from costing more memory than it has bytes.
    private const int MaxEntries = 1 << 17;
    private const uint EndSignature = 0x06054b50, End64Signature = 0x06064b50, Locator64Signature = 0x07064b50, EntrySignature = 0x02014b50, LocalSignature = 0x04034b50;
    private static readonly UTF8Encoding StrictUtf8 = new(false, true);
    private readonly ByteSource _file;
    private readonly Dictionary<string, ZipEntry> _byName = [];

    private ZipDirectory(ByteSource file) => _file = file;

    public List<ZipEntry> Entries { get; } = [];

    public static bool LooksLikeOne(ReadOnlySpan<byte> start) => start.StartsWith("PK\u0003\u0004"u8) || start.StartsWith("PK\u0005\u0006"u8);

    public ZipEntry? Find(string name) => _byName.GetValueOrDefault(name);

    public static ZipDirectory Read(ByteSource file)
    {
        var (count, offset, size, end) = ReadEnd(file);
        if (offset < 0 || size < 0 || offset > end || size != end - offset)
            throw file.Bad($"the zip directory claims {size} bytes at byte {offset}, but it must end at byte {end}. The file is cut short or damaged; fetch it again");
        if (count > MaxEntries || count * 46 > size)
            throw file.Bad($"the zip directory claims {count} members in {size} bytes. The file is damaged; fetch it again");
        var zip = new ZipDirectory(file);
        zip.ReadEntries(file.ReadArray(offset, size), count);
        zip.RefuseOverlap(offset);
        return zip;
    }

    // The member's bytes as they were before packing. Stored members are a window on the file; packed ones are a stream that grows no further
    // than the size in the directory.
    public ByteSource Open(ZipEntry entry)
    {
        var name = $"{_file.Name}: member {ByteSource.Show(entry.Name)}";
        var packed = _file.Slice(entry.DataOffset, entry.PackedSize, name);
        return new ZipMemberSource(packed, entry);
    }

    // The end record is the last thing in the file, behind an optional comment; a 64-bit one may stand before it.
    private static (long Count, long Offset, long Size, long End) ReadEnd(ByteSource file)
    {
        var tail = file.ReadArray(Math.Max(0, file.Length - 65557), Math.Min(file.Length, 65557));
        var at = tail.Length - 22;
        while (at >= 0 && !(U32(tail, at) == EndSignature && at + 22 + U16(tail, at + 20) == tail.Length)) at--;
        if (at < 0) throw file.Bad("begins like a zip archive but its directory is missing. The file is cut short; fetch it again");
        if (U16(tail, at + 4) != U16(tail, at + 6)) throw file.Bad("is one part of a zip archive in several parts. Join them first");
        var end = file.Length - tail.Length + at;
        long count = U16(tail, at + 10), size = U32(tail, at + 12), offset = U32(tail, at + 16);
        if (U16(tail, at + 8) != count) throw file.Bad($"the zip end record counts {U16(tail, at + 8)} and {count} members. The file is damaged; fetch it again");
        if (at < 20 || U32(tail, at - 20) != Locator64Signature) return (count, offset, size, end);

        var end64 = I64(tail, at - 12);
        if (end64 < 0 || end64 > end - 20 - 56) throw file.Bad($"the 64-bit zip end record is said to be at byte {end64}. The file is damaged; fetch it again");
        var record = file.ReadArray(end64, 56);
        if (U32(record, 0) != End64Signature || end64 + 12 + I64(record, 4) != end - 20) throw file.Bad("the 64-bit zip end record is damaged. Fetch the file again");
        var (count64, size64, offset64) = (I64(record, 32), I64(record, 40), I64(record, 48));
        if (count64 < 0 || (count != 0xFFFF && count != count64) || (size != 0xFFFFFFFF && size != size64) || (offset != 0xFFFFFFFF && offset != offset64))
            throw file.Bad("the two zip end records disagree. The file is damaged; fetch it again");
        return (count64, offset64, size64, end64);
    }

    private void ReadEntries(byte[] directory, long count)
    {
        var at = 0;
        for (long i = 0; i < count; i++)
        {
            if (at > directory.Length - 46 || U32(directory, at) != EntrySignature)
                throw _file.Bad($"the zip directory ends after {i} of {count} members. The file is damaged; fetch it again");
            int flags = U16(directory, at + 8), nameLength = U16(directory, at + 28), extraLength = U16(directory, at + 30), commentLength = U16(directory, at + 32);
            if (nameLength + extraLength + commentLength > directory.Length - at - 46) throw _file.Bad($"zip member {i} runs past the directory. The file is damaged; fetch it again");
            var name = DecodeName(directory.AsSpan(at + 46, nameLength));
            long packed = U32(directory, at + 20), size = U32(directory, at + 24), header = U32(directory, at + 42);
            ReadExtra64(directory.AsSpan(at + 46 + nameLength, extraLength), name, ref size, ref packed, ref header);
            if ((flags & 1) != 0) throw _file.Bad($"zip member {ByteSource.Show(name)} is encrypted. Unpack it with its password first");
            var method = U16(directory, at + 10);
            if (method == ZipEntry.Stored && packed != size)
                throw _file.Bad($"zip member {ByteSource.Show(name)} is stored, yet has {packed} and {size} bytes. The file is damaged; fetch it again");
            if (method == ZipEntry.Deflated && size / 1040 > packed)   // deflate packs 1032 to 1 at best
                throw _file.Bad($"zip member {ByteSource.Show(name)} claims to unpack {packed} bytes to {size}. The file is refused");
            var entry = Locate(new ZipEntry(name, method, U32(directory, at + 16), packed, size, header, 0));
            if (!_byName.TryAdd(name, entry)) throw _file.Bad($"zip member {ByteSource.Show(name)} occurs twice. Which one counts is undefined; write the file anew");
            Entries.Add(entry);
            at += 46 + nameLength + extraLength + commentLength;
        }
        if (at != directory.Length) throw _file.Bad($"the zip directory holds more than the {count} members it counts. The file is damaged; fetch it again");
    }

    private string DecodeName(ReadOnlySpan<byte> bytes)
    {
        string name;
        try
        {
            name = StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            name = Encoding.Latin1.GetString(bytes);
        }
        if (name.Length == 0 || name[0] == '/' || name.Contains('\0') || name.Contains('\\') || (name.Contains("..") && name.Split('/').Contains("..")))
            throw _file.Bad($"zip member name {ByteSource.Show(name)} is not a plain relative path. The file is refused");
        return name;
    }

    // Extra field 1 holds, in this order, the 64-bit values of those fields that are all ones.
    private void ReadExtra64(ReadOnlySpan<byte> extra, string name, ref long size, ref long packed, ref long header)
    {
        if (size != 0xFFFFFFFF && packed != 0xFFFFFFFF && header != 0xFFFFFFFF) return;
        while (extra.Length >= 4)
        {
            int id = BinaryPrimitives.ReadUInt16LittleEndian(extra), length = BinaryPrimitives.ReadUInt16LittleEndian(extra[2..]);
            if (length > extra.Length - 4) break;
            var field = extra.Slice(4, length);
            extra = extra[(4 + length)..];
            if (id != 1) continue;
            if (Take(ref field, ref size) && Take(ref field, ref packed) && Take(ref field, ref header)) return;
            break;
        }
        throw _file.Bad($"zip member {ByteSource.Show(name)} has no usable 64-bit sizes. The file is damaged; fetch it again");

        static bool Take(ref ReadOnlySpan<byte> field, ref long value)
        {
            if (value != 0xFFFFFFFF) return true;
            if (field.Length < 8) return false;
            value = BinaryPrimitives.ReadInt64LittleEndian(field);
            field = field[8..];
            return value >= 0;
        }
    }

    // The member's own header says only where its bytes start; its sizes may be left to the directory.
    private ZipEntry Locate(ZipEntry entry)
    {
        var shown = ByteSource.Show(entry.Name);
        Span<byte> header = stackalloc byte[30];
        if (entry.HeaderOffset > _file.Length - 30) throw _file.Bad($"zip member {shown} is said to be at byte {entry.HeaderOffset} of {_file.Length}. The file is damaged; fetch it again");
        _file.Read(entry.HeaderOffset, header);
        int nameLength = BinaryPrimitives.ReadUInt16LittleEndian(header[26..]), extraLength = BinaryPrimitives.ReadUInt16LittleEndian(header[28..]);
        if (BinaryPrimitives.ReadUInt32LittleEndian(header) != LocalSignature || BinaryPrimitives.ReadUInt16LittleEndian(header[8..]) != entry.Method)
            throw _file.Bad($"zip member {shown} has no header of its own at byte {entry.HeaderOffset}. The file is damaged; fetch it again");
        var data = entry.HeaderOffset + 30 + nameLength + extraLength;
        if (data > _file.Length || entry.PackedSize > _file.Length - data)
            throw _file.Bad($"zip member {shown} claims {entry.PackedSize} bytes at byte {data} of {_file.Length}. The file is damaged; fetch it again");
        if (DecodeName(_file.ReadArray(entry.HeaderOffset + 30, nameLength)) != entry.Name)
            throw _file.Bad($"zip member {shown} has another name in its own header. The file is damaged; fetch it again");
        return entry with { DataOffset = data };
    }

    private void RefuseOverlap(long directory)
    {
        long free = 0;
        foreach (var entry in Entries.OrderBy(e => e.HeaderOffset))
        {
            if (entry.HeaderOffset < free) throw _file.Bad($"zip member {ByteSource.Show(entry.Name)} overlaps another. The file is refused");
            free = entry.DataOffset + entry.PackedSize;
        }
        if (free > directory) throw _file.Bad("a zip member overlaps the directory. The file is refused");
    }

    private static int U16(byte[] bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(at));

    private static uint U32(byte[] bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at));

    private static long I64(byte[] bytes, int at) => BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(at));
}
