using LzuCore.Memory;
using LzuCore.Nn.Serialization;
using LzuCore.Ops;
using LzuCore.Warping;

namespace LzuCore.Cli.Inputs;

/// <summary>A saliency map from a <c>.npy</c>, <c>.npz</c> or <c>.pkl</c> file.</summary>
internal static class SaliencyFile
{
    /// <summary>Reads the map: the one tensor of the file, or the one named saliency.</summary>
    /// <exception cref="FileFormatException">There is no such tensor.</exception>
    public static FixedSaliency Read(string path)
    {
        using var file = Checkpoint.Open(path);
        var entry = file.Tensors.Count == 1 ? file.Tensors[0] : file.Tensors.FirstOrDefault(t => t.Name == "saliency")
            ?? throw new FileFormatException($"saliency {path}: must hold one array, or one named 'saliency', got {file.Tensors.Count} arrays.");
        var map = entry.ToTensor().To(DType.Float32);
        while (map.Rank > 2 && map.Shape[0] == 1) map = map.Select(0, 0);
        if (map.Rank != 2) throw new FileFormatException($"saliency {path}: must be [h, w] with leading ones at most, got {entry.Shape}.");
        return new FixedSaliency(map.Reshape(1, 1, map.Shape[0], map.Shape[1]));
    }
}
