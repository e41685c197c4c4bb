namespace LzuCore.Nn.Serialization;

/// <summary>Reads what <c>torch.save</c> and <c>pickle.dump</c> write: the zip container (torch 1.6 and later), the legacy container, and plain pickles of tensors.</summary>
/// <remarks>
/// <para>A pickle is a program. The one here is read by a machine that runs nothing: names stay names, only the dozen calls that describe tensors mean
/// anything, other objects are left out and listed in <see cref="Checkpoint.Skipped"/>. Calls that no checkpoint needs are refused.</para>
/// <para>Every range, size and count is checked before memory is taken for it. Reading a hostile file ends in one <see cref="Memory.FileFormatException"/>.</para>
/// </remarks>
public static class TorchPickle
{
    /// <summary>Opens a torch file of any of the three kinds.</summary>
    /// <exception cref="Memory.FileFormatException">The file is missing, is not a sound torch file, or asks for what no checkpoint needs.</exception>
    public static Checkpoint Read(string path)
    {
        var checkpoint = Checkpoint.Open(path);
        if (checkpoint.Format is "torch-zip" or "torch-legacy" or "pickle") return checkpoint;
        checkpoint.Dispose();
        throw new Memory.FileFormatException($"{path}: is a {checkpoint.Format} file, not one of torch. Open it with Checkpoint.Open.");
    }

    internal static (List<CheckpointTensor> Tensors, List<string> Skipped) ReadZip(ByteSource file, ZipDirectory zip, string top)
    {
        var budget = new PickleBudget(file);
        return Flatten(file, TorchZip.Read(file, zip, top, budget), budget);
    }

    internal static (List<CheckpointTensor> Tensors, List<string> Skipped) ReadLegacy(ByteSource file)
    {
        var budget = new PickleBudget(file);
        return Flatten(file, TorchLegacy.Read(file, budget, 0), budget);
    }

    internal static (List<CheckpointTensor> Tensors, List<string> Skipped) ReadBare(ByteSource file)
    {
        var budget = new PickleBudget(file);
        var input = new PickleInput(file, 0);
        var root = new PickleReader(input, new TorchWorld(NoStorage, budget, 0), budget).Read();
        if (input.Remaining != 0) throw input.Bad($"{input.Remaining} bytes follow its end. The file is damaged; fetch it again");
        return Flatten(file, root, budget);
    }

    private static object? NoStorage(object? id, PickleInput at) => throw at.Bad("a storage is mentioned that is not in the file. Save with torch.save instead of pickle.dump");

    private static (List<CheckpointTensor> Tensors, List<string> Skipped) Flatten(ByteSource file, object? root, PickleBudget budget)
    {
        var tree = new TorchTree(file, budget);
        tree.Walk(root);
        return (tree.Tensors, tree.Skipped);
    }
}
