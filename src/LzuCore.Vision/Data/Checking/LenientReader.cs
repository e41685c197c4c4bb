using System.Globalization;
using System.Text;
using System.Text.Json;
using LzuCore.Memory;

namespace LzuCore.Vision.Data.Checking;

/// <summary>A JSON file whose values may be anything: read once to memory, walked without building a tree. Python's bare NaN and Infinity become texts of the same length.</summary>
internal sealed class LenientReader
{
    private const long MaxBytes = 2_000_000_000;
    private readonly byte[] _text;

    public LenientReader(string path)
    {
        Path = path;
        if (Directory.Exists(path)) throw new FileFormatException($"annotations {path}: it is a directory. Name a file.");
        try
        {
            var length = new FileInfo(path).Length;
            if (length == 0) throw new FileFormatException($"annotations {path}: the file is empty.");
            if (length > MaxBytes) throw new FileFormatException($"annotations {path}: the file has {length >> 20} MiB, more than the {MaxBytes >> 20} MiB that are read.");
            _text = File.ReadAllBytes(path);
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new FileFormatException($"annotations {path}: there is no such file.", fault);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new FileFormatException($"annotations {path}: cannot read it ({fault.Message.Split('\n')[0].TrimEnd('.', '\r')}).", fault);
        }
        QuoteBareWords(_text);
    }

    public string Path { get; }

    public delegate void Use(ref Utf8JsonReader item);

    /// <summary>Shows every item of the top object's array of a name; says whether there is one.</summary>
    /// <exception cref="FileFormatException">The file is not JSON, or its top is no object.</exception>
    public bool ForEach(string array, Use use)
    {
        try
        {
            var reader = new Utf8JsonReader(_text.AsSpan(_text.AsSpan().StartsWith("\uFEFF"u8) ? 3 : 0), new JsonReaderOptions { MaxDepth = 64 });
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) throw new FileFormatException($"annotations {Path}: must be an object with images, annotations and categories.");
            var found = false;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var wanted = reader.ValueTextEquals(array);
                reader.Read();
                if (!wanted || reader.TokenType != JsonTokenType.StartArray)
                {
                    reader.Skip();
                    continue;
                }
                found = true;
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    var item = reader;
                    use(ref item);
                    reader.Skip();
                }
            }
            while (reader.Read()) { }
            return found;
        }
        catch (JsonException fault)
        {
            // The parser quotes the file, however long its words are, and says at the end where it was.
            var said = fault.Message.Length > 160 ? $"{fault.Message[..60]}…{fault.Message[^100..]}" : fault.Message;
            throw new FileFormatException($"annotations {Path}: it is not JSON ({string.Concat(said.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c))}).", fault);
        }
    }

    /// <summary>Shows every property of an object that the reader stands on; of anything else, none.</summary>
    public static void Properties(ref Utf8JsonReader item, PropertyUse use)
    {
        if (item.TokenType != JsonTokenType.StartObject) return;
        while (item.Read() && item.TokenType == JsonTokenType.PropertyName)
        {
            var name = item.ValueSpan;
            item.Read();
            var value = item;
            use(name, ref value);
            item.Skip();
        }
    }

    public delegate void PropertyUse(ReadOnlySpan<byte> name, ref Utf8JsonReader value);

    /// <summary>An id as text: 7 and "7" are different.</summary>
    public static string? Id(ref Utf8JsonReader value) => value.TokenType switch
    {
        JsonTokenType.Number => Encoding.UTF8.GetString(value.ValueSpan),
        JsonTokenType.String => $"\"{value.GetString()}\"",
        _ => null,
    };

    public static double Number(ref Utf8JsonReader value) =>
        value.TokenType == JsonTokenType.Number && double.TryParse(value.ValueSpan, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : double.NaN;

    /// <summary>An array of numbers, flat; what is no number is NaN. Null when it is no array.</summary>
    public static double[]? Numbers(ref Utf8JsonReader value)
    {
        if (value.TokenType != JsonTokenType.StartArray) return null;
        var numbers = new List<double>();
        for (var depth = 1; depth > 0 && value.Read();)
        {
            if (value.TokenType == JsonTokenType.StartArray) depth++;
            else if (value.TokenType == JsonTokenType.EndArray) depth--;
            else if (value.TokenType != JsonTokenType.PropertyName) numbers.Add(Number(ref value));
        }
        return [.. numbers];
    }

    // NaN -> "N", Infinity -> "Infini", -Infinity -> "-Infini": texts of the same length, so nothing moves.
    private static void QuoteBareWords(byte[] text)
    {
        if (text.AsSpan().IndexOf("NaN"u8) < 0 && text.AsSpan().IndexOf("Infinity"u8) < 0) return;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '"')
            {
                for (i++; i < text.Length && text[i] != '"'; i++)
                    if (text[i] == '\\') i++;
                continue;
            }
            var rest = text.AsSpan(i);
            var length = rest.StartsWith("NaN"u8) ? 3 : rest.StartsWith("Infinity"u8) ? 8 : rest.StartsWith("-Infinity"u8) ? 9 : 0;
            if (length == 0) continue;
            if (length > 3) rest[..(length - 2)].CopyTo(rest[1..]);
            else rest[1] = (byte)'N';
            rest[0] = rest[length - 1] = (byte)'"';
            i += length - 1;
        }
    }
}
