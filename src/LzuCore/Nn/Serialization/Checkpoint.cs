using LzuCore.Memory;

namespace LzuCore.Nn.Serialization;

/// <summary>A file of tensors, opened: what it holds is known and checked, values are read when asked for.</summary>
/// <remarks>The kind of file is told from its content, never from its name. The handle closes with <see cref="Dispose"/>, or later by itself.</remarks>
public sealed class Checkpoint : IDisposable
{
    private static readonly string[] WeightTables = ["state_dict/", "model_state_dict/", "model/"];
    private readonly ByteSource.FileSource _file;

    private Checkpoint(ByteSource.FileSource file, string format, IReadOnlyList<CheckpointTensor> tensors, IReadOnlyList<string>? skipped = null, IReadOnlyDictionary<string, string>? metadata = null)
    {
        (_file, Format, Tensors) = (file, format, tensors);
        Skipped = skipped ?? [];
        Metadata = metadata ?? new Dictionary<string, string>();
    }

    /// <summary><c>torch-zip</c>, <c>torch-legacy</c>, <c>pickle</c>, <c>safetensors</c>, <c>npz</c> or <c>npy</c>.</summary>
    public string Format { get; }

    /// <summary>The tensors, in the file's order.</summary>
    public IReadOnlyList<CheckpointTensor> Tensors { get; }

    /// <summary>Python objects other than tensors that a pickle holds, by their place and class. They were not made.</summary>
    public IReadOnlyList<string> Skipped { get; }

    /// <summary>The free text pairs of a safetensors file (<c>__metadata__</c>); empty for other kinds.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Opens a file of any kind that is known here.</summary>
    /// <exception cref="FileFormatException">The file is missing, of an unknown kind, damaged or hostile. Nothing in it was run.</exception>
    public static Checkpoint Open(string path)
    {
        var file = ByteSource.Open(path);
        return ByteSource.Guard(file, () => Read(file));
    }

    /// <summary>The weights without their values: the table <c>state_dict</c> (or <c>model_state_dict</c>, <c>model</c>) where there is one, otherwise everything; by keys without the way to the table,
    /// and without the <c>module.</c> that DataParallel puts before every key.</summary>
    public IReadOnlyList<(string Key, CheckpointTensor Tensor)> Weights
    {
        get
        {
            const string parallel = "module.";
            var table = WeightTables.FirstOrDefault(t => Tensors.Any(x => x.Name.StartsWith(t, StringComparison.Ordinal))) ?? "";
            var weights = Tensors.Where(t => t.Name.StartsWith(table, StringComparison.Ordinal)).Select(t => (Key: t.Name[table.Length..], Tensor: t)).ToList();
            var strip = weights.Count > 0 && weights.All(w => w.Key.StartsWith(parallel, StringComparison.Ordinal)) ? parallel.Length : 0;
            return [.. weights.Select(w => (w.Key[strip..], w.Tensor))];
        }
    }

    /// <summary>Reads the values of <see cref="Weights"/>.</summary>
    /// <exception cref="FileFormatException">Values cannot be read, do not match their checksum, or have a dtype that no tensor has.</exception>
    public StateDict ToStateDict() => new(Weights.Select(w => KeyValuePair.Create(w.Key, w.Tensor.ToTensor())));

    /// <summary>Reads the values of <see cref="Weights"/> for a network that only infers: each is given back once a kernel has packed it, as <see cref="CheckpointTensor.ToTensorInFile"/> says. Do not dispose the checkpoint then.</summary>
    /// <exception cref="FileFormatException">As <see cref="ToStateDict"/>.</exception>
    public StateDict ToStateDictInFile() => new(Weights.Select(w => KeyValuePair.Create(w.Key, w.Tensor.ToTensorInFile())));

    /// <summary>Closes the file. What was read stays, but for what is in the file only; nothing more can be read.</summary>
    public void Dispose() => _file.Dispose();

    private static Checkpoint Read(ByteSource.FileSource file)
    {
        if (file.Length == 0) throw file.Bad("is empty. Fetch it again");
        Span<byte> start = stackalloc byte[16];
        start = start[..(int)Math.Min(16, file.Length)];
        file.Read(0, start);
        if (ZipDirectory.LooksLikeOne(start)) return ReadZip(file);
        if (NpyHeader.LooksLikeOne(start)) return new Checkpoint(file, "npy", [NpyHeader.Read(file, "")]);
        // The name decides only which reader says what is wrong with a file that is none of the known kinds.
        if (SafetensorsHeader.LooksLikeOne(start) || file.Name.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase))
        {
            var header = SafetensorsHeader.Read(file);
            return new Checkpoint(file, "safetensors", header.Tensors, null, header.Metadata);
        }
        if (TorchLegacy.LooksLikeOne(start))
        {
            var (tensors, skipped) = TorchPickle.ReadLegacy(file);
            return new Checkpoint(file, "torch-legacy", tensors, skipped);
        }
        if (start[0] == 0x80)
        {
            var (tensors, skipped) = TorchPickle.ReadBare(file);
            return new Checkpoint(file, "pickle", tensors, skipped);
        }
        throw file.Bad($"begins with bytes {Convert.ToHexStringLower(start[..Math.Min(8, start.Length)])} and is none of torch (.pth), safetensors, npz and npy. Check what wrote it, or fetch it again");
    }

    private static Checkpoint ReadZip(ByteSource.FileSource file)
    {
        var zip = ZipDirectory.Read(file);
        if (TorchZip.Top(zip) is { } top)
        {
            var (tensors, skipped) = TorchPickle.ReadZip(file, zip, top);
            return new Checkpoint(file, "torch-zip", tensors, skipped);
        }
        var arrays = zip.Entries.Where(e => e.Name.EndsWith(".npy", StringComparison.Ordinal)).ToList();
        if (arrays.Count == 0 && zip.Entries.Count > 0) throw file.Bad("is a zip archive with neither data.pkl (torch) nor .npy members (numpy). Check what wrote it");
        return new Checkpoint(file, "npz", [.. arrays.Select(e => NpyHeader.Read(zip.Open(e), e.Name[..^4]))]);
    }
}
