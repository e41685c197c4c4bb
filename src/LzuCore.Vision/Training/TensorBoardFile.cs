using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using Google.Protobuf;

namespace LzuCore.Vision.Training;

/// <summary>An event file that TensorBoard reads: records of length, checksum of the length, an Event message, checksum of the message; a new file each run.</summary>
/// <remarks>A run that was resumed begins with a session's start, which tells TensorBoard to forget what other files say of later steps.
/// Source: tensorflow's record_writer.cc and event.proto, summary.proto; field numbers by hand, as there are ten.</remarks>
internal sealed class TensorBoardFile : IDisposable
{
    private const string Version = "brain.Event:2";
    private const int SessionStart = 1;
    private readonly FileStream _stream;

    /// <summary>Begins a file.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="after">Steps made before.</param>
    public TensorBoardFile(string folder, int after)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"events.out.tfevents.{DateTimeOffset.UtcNow.ToUnixTimeSeconds()}.{Environment.ProcessId}.{Guid.NewGuid():n}");
        _stream = new FileStream(Path.Combine(folder, name), FileMode.CreateNew, FileAccess.Write, FileShare.Read);
        Write(Event(0, o =>
        {
            o.WriteTag(3, WireFormat.WireType.LengthDelimited);
            o.WriteString(Version);
        }));
        if (after > 0) Write(Event(after + 1, o => Nested(o, 7, session =>
        {
            session.WriteTag(1, WireFormat.WireType.Varint);
            session.WriteEnum(SessionStart);
        })));
    }

    /// <summary>Adds numbers of a step.</summary>
    public void Add(int step, IReadOnlyList<(string Tag, double Value)> values)
    {
        Write(Event(step, o => Nested(o, 5, summary =>
        {
            foreach (var (tag, value) in values)
                Nested(summary, 1, one =>
                {
                    one.WriteTag(1, WireFormat.WireType.LengthDelimited);
                    one.WriteString(tag);
                    one.WriteTag(2, WireFormat.WireType.Fixed32);
                    one.WriteFloat((float)value);
                });
        })));
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _stream.Dispose();

    private static byte[] Event(int step, Action<CodedOutputStream> what) => Message(o =>
    {
        o.WriteTag(1, WireFormat.WireType.Fixed64);
        o.WriteDouble(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0);
        o.WriteTag(2, WireFormat.WireType.Varint);
        o.WriteInt64(step);
        what(o);
    });

    private static void Nested(CodedOutputStream output, int field, Action<CodedOutputStream> what)
    {
        output.WriteTag(field, WireFormat.WireType.LengthDelimited);
        output.WriteBytes(ByteString.CopyFrom(Message(what)));
    }

    private static byte[] Message(Action<CodedOutputStream> what)
    {
        using var bytes = new MemoryStream();
        using (var output = new CodedOutputStream(bytes, leaveOpen: true)) what(output);
        return bytes.ToArray();
    }

    private void Write(byte[] record)
    {
        var framed = new byte[16 + record.Length];
        BinaryPrimitives.WriteInt64LittleEndian(framed, record.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(framed.AsSpan(8), Masked(framed.AsSpan(0, 8)));
        record.CopyTo(framed.AsSpan(12));
        BinaryPrimitives.WriteUInt32LittleEndian(framed.AsSpan(12 + record.Length), Masked(record));
        _stream.Write(framed);
        _stream.Flush();
    }

    // CRC-32C, turned and shifted, so that a checksum of data that holds checksums is still one.
    internal static uint Masked(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var b in bytes) crc = BitOperations.Crc32C(crc, b);
        return BitOperations.RotateRight(~crc, 15) + 0xa282ead8;
    }
}
