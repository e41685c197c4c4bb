using System.IO.Compression;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Nn.Serialization;

/// <summary>Several arrays per file, as numpy's <c>.npz</c>: a zip archive, stored or deflated, of <c>.npy</c> members and whatever else.</summary>
public static class Npz
{
    /// <summary>Opens an archive and checks its directory; arrays are read when asked for.</summary>
    /// <exception cref="FileFormatException">The file is missing, or is not a sound zip archive.</exception>
    public static NpzArchive Open(string path)
    {
        var file = ByteSource.Open(path);
        return ByteSource.Guard(file, () => new NpzArchive(file, ZipDirectory.Read(file)));
    }

    /// <summary>Writes tensors by name, in the order given, replacing the file in one step.</summary>
    /// <param name="path">The file.</param>
    /// <param name="arrays">Names (without <c>.npy</c>) and values.</param>
    /// <param name="compress">Deflate the members; smaller and slower.</param>
    /// <exception cref="ArgumentValueException">A name is empty, repeated, or not a relative path.</exception>
    /// <exception cref="DTypeException">numpy has no such dtype (bfloat16).</exception>
    /// <exception cref="LzuException">The file cannot be written.</exception>
    public static void Write(string path, IEnumerable<KeyValuePair<string, Tensor>> arrays, bool compress = false) =>
        Write(path, arrays.Select(a => new Entry(a.Key, NpyHeader.Write(FileDType.Of(a.Value.DType), a.Value.Shape), stream => TensorWriter.Write(a.Value, stream))), compress);

    /// <summary>Copies tensors from an open file, piece by piece, replacing the file in one step. bfloat16, which numpy lacks, is widened to float32 exactly;
    /// the empty name becomes numpy's own <c>arr_0</c>.</summary>
    /// <inheritdoc cref="Write(string, IEnumerable{KeyValuePair{string, Tensor}}, bool)"/>
    public static void Copy(string path, IEnumerable<CheckpointTensor> arrays, bool compress = false) =>
        Write(path, arrays.Select(a => a.DType == DType.BFloat16
            ? new Entry(Named(a.Name), NpyHeader.Write(FileDType.Float32, a.Shape), stream => Widen(a, stream))
            : new Entry(Named(a.Name), NpyHeader.Write(a.Type, a.Shape), a.CopyTo)), compress);

    private sealed record Entry(string Name, byte[] Header, Action<Stream> Write);

    private static string Named(string name) => name.Length > 0 ? name : "arr_0";

    private static void Widen(CheckpointTensor tensor, Stream stream)
    {
        using var scope = new TensorScope();
        TensorWriter.Write(tensor.ToTensor().To(DType.Float32), stream);
    }

    private static void Write(string path, IEnumerable<Entry> entries, bool compress)
    {
        var all = entries.ToList();
        var seen = new HashSet<string>();
        foreach (var (name, _, _) in all)
        {
            Check.That(name.Length > 0 && name[0] != '/' && !name.Contains('\\') && !name.Contains('\0') && !name.Split('/').Contains(".."),
                $"npz: a name must be a plain relative path, got {ByteSource.Show(name)}. Rename the array.");
            Check.That(seen.Add(name), $"npz: the name {ByteSource.Show(name)} is given twice. Rename one array.");
        }
        AtomicFile.Write(path, stream =>
        {
            using var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);
            foreach (var (name, header, write) in all)
            {
                var entry = zip.CreateEntry(name + ".npy", compress ? CompressionLevel.Optimal : CompressionLevel.NoCompression);
                entry.LastWriteTime = new DateTimeOffset(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);   // the same content gives the same file
                using var member = entry.Open();
                member.Write(header);
                write(member);
            }
        });
    }
}

/// <summary>An open <c>.npz</c> file. The handle closes with <see cref="Dispose"/>, or later by itself.</summary>
public sealed class NpzArchive : IDisposable
{
    private readonly ByteSource.FileSource _file;
    private readonly ZipDirectory _zip;

    internal NpzArchive(ByteSource.FileSource file, ZipDirectory zip)
    {
        (_file, _zip) = (file, zip);
        Entries = [.. zip.Entries.Select(e => e.Name)];
        Names = [.. Entries.Where(e => e.EndsWith(".npy", StringComparison.Ordinal)).Select(e => e[..^4])];
    }

    /// <summary>The arrays, without <c>.npy</c>, in the archive's order.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Every member by its full name, in the archive's order.</summary>
    public IReadOnlyList<string> Entries { get; }

    /// <summary>Whether there is an array of that name.</summary>
    public bool Contains(string name) => _zip.Find(name + ".npy") is not null;

    /// <summary>Reads an array.</summary>
    /// <exception cref="FileFormatException">There is none of that name, or it is not a sound array.</exception>
    public Tensor Read(string name) => Tensor(name).ToTensor();

    /// <summary>An array's name, dtype and shape, without its values.</summary>
    /// <exception cref="FileFormatException">There is none of that name, or its header is not sound.</exception>
    public CheckpointTensor Tensor(string name) => NpyHeader.Read(_zip.Open(Find(name + ".npy")), name);

    /// <summary>Reads a member whole, such as <c>cases.json</c>.</summary>
    /// <exception cref="FileFormatException">There is none of that name, or its bytes are damaged.</exception>
    public byte[] ReadBytes(string entry)
    {
        var member = _zip.Open(Find(entry));
        return member.ReadArray(0, member.Length);
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _file.Close();

    private ZipEntry Find(string entry) => _zip.Find(entry)
        ?? throw _file.Bad($"has no member {ByteSource.Show(entry)}. It holds {string.Join(", ", Entries.Take(8))}{(Entries.Count > 8 ? $" and {Entries.Count - 8} more" : "")}");
}
