using LzuCore.Nn.Serialization;

namespace LzuCore.Testing;

/// <summary>Recorded numbers of PyTorch 1.13 and mmdetection 2.x, under <c>tests/goldens/models</c>.</summary>
public static class Goldens
{
    public static NpzArchive Open(string name)
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "LzuCore.sln"))) folder = Path.GetDirectoryName(folder)!;
        return Npz.Open(Path.Combine(folder, "tests", "goldens", "models", name));
    }
}
