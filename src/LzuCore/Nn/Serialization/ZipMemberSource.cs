using System.IO.Compression;

namespace LzuCore.Nn.Serialization;

// The bytes of one zip member. Stored ones are read in place; packed ones are unpacked in passing, from front to back, so that memory stays
// small whatever the directory claims (a read behind the current place starts again). The checksum is summed up as reads move forward and
// compared when they reach the end; Verify reads what is left.
internal sealed class ZipMemberSource(ByteSource packed, ZipEntry entry) : ByteSource(packed.Name, entry.Size)
{
    private const int ChunkSize = 1 << 17;
    private readonly Lock _gate = new();
    private DeflateStream? _stream;
    private long _place, _summed;
    private uint _crc;
    private bool _checked;

    protected override void ReadCore(long offset, Span<byte> into)
    {
        lock (_gate)
        {
            if (!_checked && offset > _summed) Verify();
            Fetch(offset, into);
            if (!_checked && offset + into.Length > _summed) Sum(into[(int)(_summed - offset)..]);
        }
    }

    public override void RefuseIfChanged() => packed.RefuseIfChanged();

    // Reads what was not read yet, so that the checksum is known to hold.
    public override void Verify()
    {
        lock (_gate) VerifyRest();
    }

    private void VerifyRest()
    {
        if (_checked) return;
        var chunk = new byte[(int)Math.Min(ChunkSize, Length - _summed)];
        while (_summed < Length)
        {
            var part = chunk.AsSpan(0, (int)Math.Min(chunk.Length, Length - _summed));
            Fetch(_summed, part);
            Sum(part);
        }
    }

    private void Sum(ReadOnlySpan<byte> next)
    {
        _crc = Crc32.Append(_crc, next);
        _summed += next.Length;
        if (_summed < Length) return;
        if (_crc != entry.Crc) throw Bad($"its bytes do not match their checksum ({_crc:x8}, expected {entry.Crc:x8}). The file is damaged; fetch it again");
        if (_stream?.ReadByte() >= 0) throw Bad($"unpacks to more than the {Length} bytes it claims. The file is refused");
        _checked = true;
    }

    private void Fetch(long offset, Span<byte> into)
    {
        switch (entry.Method)
        {
            case ZipEntry.Stored:
                packed.Read(offset, into);
                break;
            case ZipEntry.Deflated:
                Unpack(offset, into);
                break;
            default:
                throw Bad($"is packed with zip method {entry.Method}. Pack it with 'store' or 'deflate'");
        }
    }

    private void Unpack(long offset, Span<byte> into)
    {
        try
        {
            if (_stream is null || offset < _place)
            {
                _stream = new DeflateStream(new PackedStream(packed), CompressionMode.Decompress);
                _place = 0;
            }
            if (_place < offset)
            {
                var skipped = new byte[(int)Math.Min(ChunkSize, offset - _place)];
                while (_place < offset) Take(skipped.AsSpan(0, (int)Math.Min(skipped.Length, offset - _place)));
            }
            Take(into);
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            throw Bad($"cannot be unpacked ({OneLine(e)}). The file is damaged; fetch it again", e);
        }
    }

    private void Take(Span<byte> into)
    {
        var read = _stream!.ReadAtLeast(into, into.Length, throwOnEndOfStream: false);
        if (read < into.Length) throw Bad($"unpacks to fewer than the {Length} bytes it claims. The file is damaged; fetch it again");
        _place += read;
    }

    // What DeflateStream reads from.
    private sealed class PackedStream(ByteSource source) : Stream
    {
        private long _at;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => source.Length;

        public override long Position { get => _at; set => throw new NotSupportedException(); }

        public override int Read(Span<byte> buffer)
        {
            var count = (int)Math.Min(buffer.Length, source.Length - _at);
            source.Read(_at, buffer[..count]);
            _at += count;
            return count;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Flush() { }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
