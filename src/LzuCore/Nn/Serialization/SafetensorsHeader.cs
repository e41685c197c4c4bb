using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Unicode;
using LzuCore.Memory;

namespace LzuCore.Nn.Serialization;

// The head of a safetensors file: a length, then one JSON object that says of every tensor its dtype, shape and byte range. Read with one pass of
// Utf8JsonReader, which refuses deep nesting, and without trust: see CheckRanges for what the ranges must satisfy.
internal sealed class SafetensorsHeader
{
    private const long LongestHeader = 100_000_000;
    private const int MostMetadata = 1 << 17;
    private readonly ByteSource _file;
    private readonly HashSet<string> _names = [];
    private readonly List<(long Begin, long End, int Tensor)> _ranges = [];
    private readonly long[] _numbers = new long[64];
    private readonly long _start;

    private SafetensorsHeader(ByteSource file, long start) => (_file, _start) = (file, start);

    public List<CheckpointTensor> Tensors { get; } = [];

    public Dictionary<string, string> Metadata { get; } = [];

    public static bool LooksLikeOne(ReadOnlySpan<byte> start) => start.Length > 8 && start[4] == 0 && start[5] == 0 && start[6] == 0 && start[7] == 0 && start[8] == '{';

    public static SafetensorsHeader Read(ByteSource file)
    {
        if (file.Length < 8) throw file.Bad($"has {file.Length} bytes, too few for a safetensors file. It is empty or cut short; fetch it again");
        Span<byte> head = stackalloc byte[8];
        file.Read(0, head);
        var length = BinaryPrimitives.ReadUInt64LittleEndian(head);
        if (length > LongestHeader || (long)length > file.Length - 8)
            throw file.Bad($"claims a safetensors header of {length} bytes in {file.Length}. The file is no safetensors file, cut short or damaged; fetch it again");
        var json = file.ReadArray(8, (long)length);
        if (json.Length == 0 || json[0] != '{') throw file.Bad("the safetensors header does not begin with '{'. The file is damaged; fetch it again");
        if (!Utf8.IsValid(json)) throw file.Bad("the safetensors header is not UTF-8. The file is damaged; fetch it again");
        var header = new SafetensorsHeader(file, 8 + (long)length);
        try
        {
            header.Parse(json);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw file.Bad($"the safetensors header is not the JSON it must be ({ByteSource.OneLine(e)}). The file is damaged; fetch it again", e);
        }
        header.CheckRanges();
        return header;
    }

    private void Parse(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            if (!_names.Add(name)) throw _file.Bad($"the safetensors header has {ByteSource.Show(name)} twice. Which one counts is undefined; write the file anew");
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject) throw _file.Bad($"the safetensors entry {ByteSource.Show(name)} is not an object. The file is damaged; fetch it again");
            if (name == "__metadata__") ParseMetadata(ref reader);
            else ParseEntry(ref reader, name);
        }
        if (json[(int)reader.BytesConsumed..].ContainsAnyExcept((byte)' ')) throw _file.Bad("the safetensors header has something behind its end. Only spaces may follow; the file is damaged");
    }

    private void ParseMetadata(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            reader.Read();
            if (reader.TokenType != JsonTokenType.String) throw _file.Bad($"the metadata {ByteSource.Show(key)} is not a text. The file is damaged; fetch it again");
            if (Metadata.Count == MostMetadata) throw _file.Bad($"has more than {MostMetadata} metadata entries. The file is refused");
            if (!Metadata.TryAdd(key, reader.GetString()!)) throw _file.Bad($"the metadata has {ByteSource.Show(key)} twice. Write the file anew");
        }
    }

    private void ParseEntry(ref Utf8JsonReader reader, string name)
    {
        FileDType? type = null;
        long[]? sizes = null;
        (long Begin, long End)? range = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var field = reader.GetString()!;
            reader.Read();
            switch (field)
            {
                case "dtype" when type is null:
                    var dtype = reader.TokenType == JsonTokenType.String ? reader.GetString()! : "";
                    type = SafetensorsDTypes.Parse(dtype) ?? throw _file.Bad($"tensor {ByteSource.Show(name)} has dtype {ByteSource.Show(dtype)}, which is not known. The file is damaged, or newer than this reader");
                    break;
                case "shape" when sizes is null: sizes = Numbers(ref reader, name).ToArray(); break;
                case "data_offsets" when range is null: range = Numbers(ref reader, name) is [var from, var to] ? (from, to) : throw Incomplete(name); break;
                default: throw _file.Bad($"tensor {ByteSource.Show(name)} has an unknown or repeated field {ByteSource.Show(field)}. The file is damaged, or newer than this reader");
            }
        }
        if (type is null || sizes is null || range is not var (begin, end)) throw Incomplete(name);
        var (shape, count) = FileDType.CheckShape(sizes, type, what => _file.Bad($"tensor {ByteSource.Show(name)} {what}"));
        if (begin > end || end - begin != count * type.Size)
            throw _file.Bad($"tensor {ByteSource.Show(name)} lies at bytes {begin} to {end}, but {type.Name} {shape} needs {count * type.Size}. The file is damaged; fetch it again");
        _ranges.Add((begin, end, Tensors.Count));
        Tensors.Add(new CheckpointTensor(name, type, Layout.RowMajor(shape), _file, _start + begin));
    }

    // Valid until the next list is read.
    private ReadOnlySpan<long> Numbers(ref Utf8JsonReader reader, string name)
    {
        var count = 0;
        if (reader.TokenType != JsonTokenType.StartArray) throw _file.Bad($"tensor {ByteSource.Show(name)} has a number where a list must be. The file is damaged; fetch it again");
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out var number) || number < 0)
                throw _file.Bad($"tensor {ByteSource.Show(name)} has a size or offset that is not a whole number of 0 or more. The file is damaged; fetch it again");
            if (count == _numbers.Length) throw _file.Bad($"tensor {ByteSource.Show(name)} has more than {_numbers.Length} axes. The file is refused");
            _numbers[count++] = number;
        }
        return _numbers.AsSpan(0, count);
    }

    private FileFormatException Incomplete(string name) => _file.Bad($"tensor {ByteSource.Show(name)} lacks one of dtype, shape and two data_offsets. The file is damaged; fetch it again");

    // In order of their ranges, tensors must follow each other without a gap, from the first byte behind the header to the last of the file.
    private void CheckRanges()
    {
        long place = 0;
        _ranges.Sort();
        foreach (var (begin, end, tensor) in _ranges)
        {
            if (begin != place)
                throw _file.Bad($"tensor {ByteSource.Show(Tensors[tensor].Name)} begins at byte {begin} where {place} is next: {(begin > place ? "a hole" : "an overlap")}. The file is refused; write it anew");
            place = end;
        }
        if (place != _file.Length - _start) throw _file.Bad($"its tensors take {place} bytes, but {_file.Length - _start} follow the header. The file is cut short or has something appended; fetch it again");
    }
}
