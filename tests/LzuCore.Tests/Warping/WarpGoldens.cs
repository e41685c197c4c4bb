using LzuCore.Nn.Serialization;

namespace LzuCore.Tests.Warping;

/// <summary>Recorded numbers of the papers' published code (PyTorch 1.13) and of independent float64 oracles, under <c>tests/goldens/warp</c>.</summary>
internal static class WarpGoldens
{
    public static NpzArchive Open(string name)
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "LzuCore.sln"))) folder = Path.GetDirectoryName(folder)!;
        return Npz.Open(Path.Combine(folder, "tests", "goldens", "warp", name));
    }
}
