using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;
using LzuCore.Memory;
using LzuCore.Tensors;

namespace LzuCore.Nn.Serialization;

/// <summary>The safetensors format: a JSON header, then values, nothing to execute.</summary>
/// <remarks>
/// <para>Read more strictly than the reference implementation: besides what it refuses, a repeated name, an unknown field, or a header that does not begin
/// with <c>{</c> is refused too.</para>
/// <para>Written in one order, whatever the order given: wide dtypes first, then by name, so that every tensor is aligned and equal content makes equal files.</para>
/// <para>Source: the format document of huggingface/safetensors.</para>
/// </remarks>
public static class Safetensors
{
    /// <summary>Opens a file and checks its header; values are read when asked for.</summary>
    /// <exception cref="FileFormatException">The file is missing or is not a sound safetensors file.</exception>
    public static Checkpoint Read(string path)
    {
        var checkpoint = Checkpoint.Open(path);
        if (checkpoint.Format == "safetensors") return checkpoint;
        checkpoint.Dispose();
        throw new FileFormatException($"{path}: is a {checkpoint.Format} file, not safetensors. Open it with Checkpoint.Open.");
    }

    /// <summary>Writes tensors by name, replacing the file in one step.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tensors">Names and values; a <see cref="StateDict"/> is one.</param>
    /// <param name="metadata">Free text pairs for <c>__metadata__</c>.</param>
    /// <exception cref="ArgumentValueException">A name is given twice, or is <c>__metadata__</c>.</exception>
    /// <exception cref="LzuException">The file cannot be written.</exception>
    public static void Write(string path, IEnumerable<KeyValuePair<string, Tensor>> tensors, IEnumerable<KeyValuePair<string, string>>? metadata = null) =>
        Write(path, tensors.Select(t => new Entry(t.Key, FileDType.Of(t.Value.DType), t.Value.Shape, stream => TensorWriter.Write(t.Value, stream))), metadata);

    /// <summary>Copies tensors from an open file, piece by piece, replacing the file in one step. Memory stays small, and dtypes that no tensor has are kept.</summary>
    /// <inheritdoc cref="Write(string, IEnumerable{KeyValuePair{string, Tensor}}, IEnumerable{KeyValuePair{string, string}}?)"/>
    public static void Copy(string path, IEnumerable<CheckpointTensor> tensors, IEnumerable<KeyValuePair<string, string>>? metadata = null) =>
        Write(path, tensors.Select(t => new Entry(t.Name, t.Type, t.Shape, t.CopyTo)), metadata);

    private sealed record Entry(string Name, FileDType Type, Shape Shape, Action<Stream> Write);

    private static void Write(string path, IEnumerable<Entry> entries, IEnumerable<KeyValuePair<string, string>>? metadata)
    {
        var all = entries.OrderByDescending(e => e.Type.Size).ThenBy(e => e.Type.Name, StringComparer.Ordinal).ThenBy(e => e.Name, StringComparer.Ordinal).ToList();
        var seen = new HashSet<string> { "__metadata__" };
        foreach (var entry in all) Check.That(seen.Add(entry.Name), $"safetensors: the name {ByteSource.Show(entry.Name)} is given twice or reserved. Rename one tensor.");
        var header = Header(all, metadata);
        AtomicFile.Write(path, stream =>
        {
            stream.Write(header);
            foreach (var entry in all) entry.Write(stream);
        });
    }

    // Length, JSON, and spaces up to a multiple of 8.
    private static byte[] Header(List<Entry> entries, IEnumerable<KeyValuePair<string, string>>? metadata)
    {
        var text = new MemoryStream();
        text.Write(stackalloc byte[8]);
        using (var json = new Utf8JsonWriter(text, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            if (metadata is not null)
            {
                json.WriteStartObject("__metadata__");
                foreach (var (key, value) in metadata.OrderBy(m => m.Key, StringComparer.Ordinal)) json.WriteString(key, value);
                json.WriteEndObject();
            }
            long place = 0;
            foreach (var (name, type, shape, _) in entries)
            {
                json.WriteStartObject(name);
                json.WriteString("dtype", SafetensorsDTypes.Word(type) ?? throw new DTypeException($"safetensors: the format has no {type.Name} (tensor {ByteSource.Show(name)}). Convert it where it was written."));
                json.WriteStartArray("shape");
                foreach (var size in shape) json.WriteNumberValue(size);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(place);
                json.WriteNumberValue(place += shape.Count * type.Size);
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        while (text.Length % 8 != 0) text.WriteByte((byte)' ');
        var header = text.ToArray();
        BinaryPrimitives.WriteInt64LittleEndian(header, header.Length - 8);
        return header;
    }
}
