using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace LzuCore.Testing.Checkpoints;

/// <summary>One storage of a torch file.</summary>
/// <param name="Key">Its number.</param>
/// <param name="Class"><c>FloatStorage</c> or <c>LongStorage</c>.</param>
/// <param name="Count">Elements.</param>
public sealed record TorchStorageSpec(string Key, string Class, int Count);

/// <summary>Writes checkpoints from lists of keys and shapes. Files stay small: tensors are views of one shared storage of small numbers (norms' weights and variances of one of ones), as shared
/// weights are in real files, and the largest repeat their first rows with a stride of 0.</summary>
public static class CheckpointFile
{
    // Readers bound what views unfold to by the file's own size; 16 MB of storage are enough for a network of 70 million weights.
    private static readonly TorchStorageSpec Small = new("0", "FloatStorage", 4 << 20), Ones = new("1", "FloatStorage", 4096), Counts = new("2", "LongStorage", 1);

    /// <summary>The tensor of an entry.</summary>
    public static PyTensor Tensor(CheckpointEntry entry)
    {
        if (entry.Key.EndsWith("num_batches_tracked", StringComparison.Ordinal)) return new PyTensor(Counts, [], []);
        var strides = new int[entry.Shape.Length];
        var count = 1;
        for (var axis = strides.Length - 1; axis >= 0; axis--)
        {
            strides[axis] = count;
            count *= entry.Shape[axis];
        }
        if (count > Small.Count) strides[0] = 0;
        return new PyTensor(entry.Key.EndsWith("running_var", StringComparison.Ordinal) || (entry.Shape.Length == 1 && entry.Key.EndsWith(".weight", StringComparison.Ordinal)) ? Ones : Small, entry.Shape, strides);
    }

    /// <summary>The state dict as torch pickles it.</summary>
    public static PyDict StateDict(IEnumerable<CheckpointEntry> entries) => new(true, [.. entries.Select(e => ((object?)e.Key, (object?)Tensor(e)))]);

    /// <summary>What mmcv's runner saves around a state dict: <c>meta</c> with objects of classes of its own, and the optimizer's momenta.</summary>
    public static PyDict Mmcv(IEnumerable<CheckpointEntry> entries)
    {
        var all = entries.ToList();
        var config = new PyObject("mmcv.utils.config", "ConfigDict", [], new PyDict(false, ("type", "RetinaNet"), ("depth", 50)), new PyDict(false, ("_frozen", true)));
        var time = new PyObject("datetime", "datetime", [new PyObject("_codecs", "encode", ["\u0007\u00e5\u0003", "latin1"])]);
        var numpy = new PyObject("numpy.core.multiarray", "scalar", [new PyObject("numpy", "dtype", ["f8", 0, 1]), new PyObject("_codecs", "encode", ["\0\0\0\0\0\0\u00f0?", "latin1"])]);
        return new PyDict(false,
            ("meta", new PyDict(false, ("mmdet_version", "2.14.0"), ("config", "model = dict(type='RetinaNet')\n"), ("CLASSES", new PyList(true, "car", "straße")), ("PALETTE", new PyList(false, new PyList(false, 1, 2, 3))),
                ("epoch", 12), ("iter", 87960), ("lr", 0.01), ("seed", null), ("cfg", config), ("when", time), ("best", numpy), ("hook_msgs", new PyDict(false)))),
            ("state_dict", StateDict(all)),
            ("optimizer", new PyDict(false,
                ("state", new PyDict(false, (0, new PyDict(false, ("momentum_buffer", Tensor(all[0])))), (1, new PyDict(false, ("momentum_buffer", Tensor(all[1])))))),
                ("param_groups", new PyList(false, new PyDict(false, ("lr", 0.01), ("nesterov", false), ("params", new PyList(false, 0, 1))))))));
    }

    /// <summary>Element i of the storage of small numbers: what a tensor's i-th value is, unless it repeats rows.</summary>
    public static float Value(int i) => ((uint)i * 2654435761u >> 16) % 1001 / 50_000f - 0.01f;

    /// <summary>A file of torch 1.6 and later.</summary>
    public static string WriteTorch(string path, object root)
    {
        using var zip = new ZipArchive(File.Create(path), ZipArchiveMode.Create);
        Put("archive/data.pkl", Pickle.Of(root));
        var values = new byte[4 * Small.Count];
        for (var i = 0; i < Small.Count; i++) BinaryPrimitives.WriteSingleLittleEndian(values.AsSpan(4 * i), Value(i));
        Put("archive/data/0", values);
        for (var i = 0; i < Ones.Count; i++) BinaryPrimitives.WriteSingleLittleEndian(values.AsSpan(4 * i), 1);
        Put("archive/data/1", values.AsSpan(0, 4 * Ones.Count));
        Put("archive/data/2", new byte[8]);
        Put("archive/version", "3\n"u8);
        return path;

        void Put(string name, ReadOnlySpan<byte> bytes)
        {
            using var entry = zip.CreateEntry(name, CompressionLevel.NoCompression).Open();
            entry.Write(bytes);
        }
    }

    /// <summary>A safetensors file of zeros, which takes no room on the disk.</summary>
    public static string WriteSafetensors(string path, IEnumerable<CheckpointEntry> entries)
    {
        var header = new StringBuilder("{\"__metadata__\":{\"format\":\"pt\"}");
        long at = 0;
        foreach (var entry in entries)
        {
            var counts = entry.Key.EndsWith("num_batches_tracked", StringComparison.Ordinal);
            var end = at + entry.Shape.Aggregate(counts ? 8L : 4L, (product, size) => product * size);
            header.Append($",\"{entry.Key}\":{{\"dtype\":\"{(counts ? "I64" : "F32")}\",\"shape\":[{string.Join(",", entry.Shape)}],\"data_offsets\":[{at},{end}]}}");
            at = end;
        }
        var text = Encoding.UTF8.GetBytes(header.Append('}').ToString());
        using var file = File.Create(path);
        file.Write(BitConverter.GetBytes((long)text.Length));
        file.Write(text);
        file.SetLength(8 + text.Length + at);
        return path;
    }
}
