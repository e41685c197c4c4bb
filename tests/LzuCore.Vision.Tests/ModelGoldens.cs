using LzuCore.Nn.Serialization;
using LzuCore.Tensors;

namespace LzuCore.Vision.Tests;

/// <summary>Recorded numbers of the reference implementations: torchvision 0.14.1 and mmdetection 2.x on PyTorch 1.13.</summary>
public sealed class ModelGoldens : IDisposable
{
    private readonly NpzArchive _archive;

    public ModelGoldens(string name) => _archive = Npz.Open(Path.Combine(Root, "tests", "goldens", "models", name));

    public static string Root
    {
        get
        {
            var folder = AppContext.BaseDirectory;
            while (!File.Exists(Path.Combine(folder, "LzuCore.sln"))) folder = Path.GetDirectoryName(folder)!;
            return folder;
        }
    }

    public Tensor Read(string name) => _archive.Read(name);

    public bool Has(string name) => _archive.Contains(name);

    public float[] Floats(string name) => Read(name).ToArray<float>();

    public double[] Doubles(string name) => Read(name).ToArray<double>();

    public long[] Longs(string name) => Read(name).ToArray<long>();

    public void Dispose() => _archive.Dispose();
}
