using System.Buffers.Binary;
using System.Text;
using LzuCore.Memory;

namespace LzuCore.Nn.Serialization;

// The bytes of a pickle, read forward through a small window. Long byte strings are stepped over, not read.
internal sealed class PickleInput(ByteSource source, long start)
{
    private const int WindowSize = 1 << 14;
    private static readonly UTF8Encoding StrictUtf8 = new(false, true);
    private readonly byte[] _window = new byte[WindowSize];
    private long _windowStart = start;
    private int _windowLength, _at;

    public ByteSource Source => source;

    public long Position => _windowStart + _at;

    public long Remaining => source.Length - Position;

    public FileFormatException Bad(string what) => source.Bad($"at byte {Position} of the pickle {what}");

    public byte Byte() => Take(1)[0];

    public int UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(2));

    public int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Take(4));

    public long UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    public double Double() => BinaryPrimitives.ReadDoubleBigEndian(Take(8));

    // A length of 8 bytes; what does not fit the rest of the file is refused here.
    public long Length64()
    {
        var length = BinaryPrimitives.ReadUInt64LittleEndian(Take(8));
        return length <= (ulong)Remaining ? (long)length : throw Bad($"{length} bytes are announced, but {Remaining} are left. The file is cut short or damaged; fetch it again");
    }

    // The next bytes, at most a window full; valid until the next call.
    public ReadOnlySpan<byte> Take(int count)
    {
        if (_windowLength - _at < count)
        {
            if (count > Remaining) throw Bad($"{count} bytes are wanted, but {Remaining} are left. The file is cut short or damaged; fetch it again");
            _windowStart += _at;
            _at = 0;
            _windowLength = (int)Math.Min(WindowSize, source.Length - _windowStart);
            source.Read(_windowStart, _window.AsSpan(0, _windowLength));
        }
        _at += count;
        return _window.AsSpan(_at - count, count);
    }

    // Steps over bytes and says where they are.
    public PickleBytes Skip(long count)
    {
        if (count > Remaining) throw Bad($"{count} bytes are announced, but {Remaining} are left. The file is cut short or damaged; fetch it again");
        var bytes = new PickleBytes(source, Position, count);
        if (count <= _windowLength - _at)
        {
            _at += (int)count;
        }
        else
        {
            _windowStart = Position + count;
            _at = _windowLength = 0;
        }
        return bytes;
    }

    public string Text(long count, PickleBudget budget, bool orLatin1 = false)
    {
        if (count > Remaining) throw Bad($"a text of {count} bytes is announced, but {Remaining} are left. The file is cut short or damaged; fetch it again");
        budget.Spend(40 + 2 * count);
        var bytes = count <= WindowSize ? Take((int)count) : ReadLong(count);
        try
        {
            return StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return orLatin1 ? Encoding.Latin1.GetString(bytes) : throw Bad("a text is not UTF-8. The file is damaged; fetch it again");
        }
    }

    // Up to the end of the line, which protocol 0 uses for everything.
    public string Line(PickleBudget budget)
    {
        var line = new List<byte>();
        for (byte b; (b = Byte()) != '\n'; line.Add(b))
            if (line.Count >= 1 << 16) throw Bad("a line is longer than 65536 bytes. The file is damaged; fetch it again");
        budget.Spend(40 + 2 * line.Count);
        return Encoding.Latin1.GetString([.. line]);
    }

    private byte[] ReadLong(long count)
    {
        var skipped = Skip(count);
        return source.ReadArray(skipped.Offset, count);
    }
}
