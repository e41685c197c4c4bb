using LzuCore.Nn.Serialization;

namespace LzuCore.Vision.Tests;

/// <summary>Recorded annotations, results and scores, under <c>tests/goldens/metrics</c>.</summary>
public static class MetricGoldens
{
    public static string Folder => Path.Combine(ModelGoldens.Root, "tests", "goldens", "metrics");

    public static string File(string name) => Path.Combine(Folder, name);

    public static NpzArchive Npz(string name) => LzuCore.Nn.Serialization.Npz.Open(File(name));
}
