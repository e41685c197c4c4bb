using System.Text.Json;
using LzuCore.Memory;

namespace LzuCore.Cli.Inputs;

/// <summary>JSON as Python writes it: the bare words NaN, Infinity and -Infinity count as null.</summary>
internal static class LenientJson
{
    private const long MaxBytes = 1L << 30;

    /// <summary>Reads a file.</summary>
    /// <param name="what">Names the use in messages.</param>
    /// <param name="path">The file.</param>
    /// <exception cref="FileFormatException">The file is missing or is not JSON.</exception>
    public static JsonDocument Read(string what, string path)
    {
        try
        {
            return JsonDocument.Parse(WithoutNaN(ReadBytes(what, path)), new JsonDocumentOptions { MaxDepth = 64 });
        }
        catch (JsonException fault)
        {
            throw new FileFormatException($"{what} {path}: it is not JSON ({Shown(fault.Message)}).", fault);
        }
    }

    /// <summary>The bytes of a small file, with one line for whatever keeps them away.</summary>
    /// <exception cref="FileFormatException">The file is missing, a directory, unreadable, empty or above 1 GiB.</exception>
    public static byte[] ReadBytes(string what, string path)
    {
        if (Directory.Exists(path)) throw new FileFormatException($"{what} {path}: it is a directory. Name a file.");
        try
        {
            var length = new FileInfo(path).Length;
            if (length == 0) throw new FileFormatException($"{what} {path}: the file is empty.");
            if (length > MaxBytes) throw new FileFormatException($"{what} {path}: the file has {length >> 20} MiB, more than the 1024 MiB that are read.");
            return File.ReadAllBytes(path);
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new FileFormatException($"{what} {path}: there is no such file.", fault);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new FileFormatException($"{what} {path}: cannot read it ({fault.Message.Split('\n')[0].TrimEnd('.')}).", fault);
        }
    }

    // The parser quotes the file, however long its words are, and says at the end where it was.
    private static string Shown(string message)
    {
        const int Begin = 60, End = 100;
        var text = message.Length > Begin + End ? $"{message[..Begin]}…{message[^End..]}" : message;
        return string.Concat(text.TrimEnd('.').Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c));
    }

    private static byte[] WithoutNaN(byte[] text)
    {
        if (text.AsSpan().IndexOf("NaN"u8) < 0 && text.AsSpan().IndexOf("Infinity"u8) < 0) return text;
        var result = new MemoryStream(text.Length);
        var inString = false;
        for (var i = 0; i < text.Length; i++)
        {
            var rest = text.AsSpan(i);
            if (!inString && (rest.StartsWith("NaN"u8) || rest.StartsWith("Infinity"u8) || rest.StartsWith("-Infinity"u8)))
            {
                result.Write("null"u8);
                i += (rest[0] == 'N' ? 3 : rest[0] == 'I' ? 8 : 9) - 1;
                continue;
            }
            if (text[i] == '"') inString = !inString;
            result.WriteByte(text[i]);
            if (inString && text[i] == '\\' && i + 1 < text.Length) result.WriteByte(text[++i]);
        }
        return result.ToArray();
    }
}
