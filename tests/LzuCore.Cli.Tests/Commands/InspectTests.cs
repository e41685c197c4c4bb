using System.Text.Json;

namespace LzuCore.Cli.Tests.Commands;

public sealed class InspectTests
{
    private static string Golden(string file) => Path.Combine(Repository.Root, "tests", "goldens", "checkpoints", file);

    [Test]
    public void Json_EqualsTheManifest_ForEveryFile()
    {
        using var manifest = JsonDocument.Parse(File.ReadAllBytes(Golden("manifest.json")));
        foreach (var file in manifest.RootElement.GetProperty("files").EnumerateArray())
        {
            var name = file.GetProperty("file").GetString()!;
            var run = Lzu.Run("inspect", Golden(name), "--json");
            switch (file.GetProperty("expect").GetString())
            {
                case "load": AssertHolds(run.Succeeded().Json, file.GetProperty("tensors")); break;
                case "reject" or "reject-no-execution": run.Failed(2, name); break;
                default: if (run.Code != 0) run.Failed(2, name); break;
            }
        }
    }

    [TestCase("zip_all_dtypes.pth", "torch-zip")]
    [TestCase("legacy_all_dtypes.pth", "torch-legacy")]
    [TestCase("bare_pickle_tensor.pkl", "pickle")]
    [TestCase("ok_all_dtypes.safetensors", "safetensors")]
    public void Format_IsNamed(string file, string format)
    {
        var document = Lzu.Run("inspect", Golden(file), "--json").Succeeded().Json;
        Assert.That(document.GetProperty("schema").GetString(), Is.EqualTo("lzu.inspect/1"));
        Assert.That(document.GetProperty("format").GetString(), Is.EqualTo(format));
        Assert.That(Lzu.Run("inspect", Golden(file)).Succeeded().Out, Does.StartWith(format));
    }

    [Test]
    public void NoSuchFile_IsOneLine()
    {
        Lzu.Run("inspect", "no such ✓.pth").Failed(2, "no such ✓.pth");
        Lzu.Run("inspect", Repository.Root).Failed(2, "directory");
    }

    internal static void AssertHolds(JsonElement document, JsonElement expected)
    {
        var tensors = document.GetProperty("tensors").EnumerateArray().ToDictionary(t => t.GetProperty("name").GetString()!);
        Assert.That(tensors.Keys, Is.EquivalentTo(expected.EnumerateObject().Select(p => p.Name)));
        foreach (var facts in expected.EnumerateObject())
            foreach (var field in new[] { "dtype", "shape", "sha256" })
                Assert.That(JsonElement.DeepEquals(tensors[facts.Name].GetProperty(field), facts.Value.GetProperty(field)), $"{facts.Name} {field}");
    }
}
