// Origin of the files: written by torch 2.x, or by hand where torch writes no such thing; tests/goldens/checkpoints/README.md.
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using LzuCore.Memory;
using LzuCore.Nn.Serialization;
using LzuCore.Tensors;

namespace LzuCore.Tests.Nn.Serialization;

public sealed class CheckpointGoldenTests
{
    public static readonly string Folder = Path.Combine(Root(), "tests", "goldens", "checkpoints");

    private static string Root()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "LzuCore.sln"))) folder = Path.GetDirectoryName(folder)!;
        return folder;
    }

    private static IEnumerable<TestCaseData> Files(params string[] expectations)
    {
        using var manifest = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, "manifest.json")));
        foreach (var file in manifest.RootElement.GetProperty("files").EnumerateArray())
            if (expectations.Contains(file.GetProperty("expect").GetString()))
                yield return new TestCaseData(file.GetProperty("file").GetString(), file.TryGetProperty("tensors", out var tensors) ? tensors.GetRawText() : "{}").SetArgDisplayNames(file.GetProperty("file").GetString()!);
    }

    private static IEnumerable<TestCaseData> Good() => Files("load");

    private static IEnumerable<TestCaseData> Bad() => Files("reject", "reject-no-execution");

    private static IEnumerable<TestCaseData> Either() => Files("no-execution", "load-or-reject");

    [TestCaseSource(nameof(Good))]
    public void GoodFile_HoldsWhatTheManifestSays(string file, string tensors) => CompareWithManifest(file, tensors);

    [TestCaseSource(nameof(Bad))]
    public void BadFile_IsOneCleanErrorThatNamesTheFile(string file, string tensors)
    {
        var path = Path.Combine(Folder, file);
        var error = Assert.Throws<FileFormatException>(() => ReadAll(path))!;
        Assert.That(error.Message, Does.StartWith(path).And.EndsWith(".").And.Not.Contain("\n"));
    }

    [TestCaseSource(nameof(Either))]
    public void AmbiguousFile_IsRefusedCleanlyOrRight(string file, string tensors)
    {
        try
        {
            ReadAll(Path.Combine(Folder, file));
        }
        catch (FileFormatException)
        {
            return;
        }
        if (tensors != "{}") CompareWithManifest(file, tensors);
    }

    [Test]
    public void EveryFile_TakesUnderASecondAndLittleMemory()
    {
        foreach (var path in Directory.EnumerateFiles(Folder))
        {
            var watch = Stopwatch.StartNew();
            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                ReadAll(path);
            }
            catch (FileFormatException)
            {
            }
            // All that was ever allocated bounds the peak from above.
            Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(64 << 20), path);
            Assert.That(watch.Elapsed.TotalSeconds, Is.LessThan(1), path);
        }
    }

    [Test]
    public void NothingInAnyFile_WasRun()
    {
        foreach (var path in Directory.EnumerateFiles(Folder))
            try
            {
                ReadAll(path);
            }
            catch (FileFormatException)
            {
            }
        Assert.That(File.Exists("pwned.txt") || File.Exists(Path.Combine(Folder, "pwned.txt")), Is.False);
    }

    [Test]
    public void Names_DoNotDecideTheFormat()
    {
        using var folder = new TemporaryFolder();
        foreach (var (file, format) in new[] { ("zip_all_dtypes.pth", "torch-zip"), ("legacy_all_dtypes.pth", "torch-legacy"), ("bare_pickle_tensor.pkl", "pickle"), ("ok_all_dtypes.safetensors", "safetensors") })
        {
            var path = folder.File("wëights ✓.bin");
            File.Copy(Path.Combine(Folder, file), path, overwrite: true);
            using var checkpoint = Checkpoint.Open(path);
            Assert.That(checkpoint.Format, Is.EqualTo(format));
        }
    }

    [Test]
    public void StateDict_ComesFromItsTable()
    {
        using var checkpoint = Checkpoint.Open(Path.Combine(Folder, "zip_mmdet_style.pth"));
        var state = checkpoint.ToStateDict();
        Assert.That(state.Select(e => e.Key).Take(2), Is.EqualTo(new[] { "0.weight", "0.bias" }));
        Assert.That(state["0.weight"].Shape, Is.EqualTo(new Shape(4, 3, 3, 3)));
        Assert.That(state.Contains("momentum_buffer"), Is.False);
    }

    [Test]
    public void OpaqueObjects_AreListedNotMade()
    {
        using var checkpoint = Checkpoint.Open(Path.Combine(Folder, "zip_numpy_scalar_meta.pth"));
        Assert.That(checkpoint.Skipped, Is.EqualTo(new[] { "meta/best (numpy.core.multiarray.scalar)" }));
    }

    private static void CompareWithManifest(string file, string tensors)
    {
        using var checkpoint = Checkpoint.Open(Path.Combine(Folder, file));
        using var expected = JsonDocument.Parse(tensors);
        Assert.That(checkpoint.Tensors.Select(t => t.Name), Is.EquivalentTo(expected.RootElement.EnumerateObject().Select(p => p.Name)));
        foreach (var tensor in checkpoint.Tensors)
        {
            var facts = expected.RootElement.GetProperty(tensor.Name);
            Assert.That(tensor.DTypeName, Is.EqualTo(facts.GetProperty("dtype").GetString()), tensor.Name);
            Assert.That(tensor.Shape, Is.EqualTo(facts.GetProperty("shape").EnumerateArray().Select(d => d.GetInt32())), tensor.Name);
            var sha = facts.GetProperty("sha256").GetString();
            Assert.That(tensor.Sha256(), Is.EqualTo(sha), tensor.Name);
            Assert.That(Convert.ToHexStringLower(SHA256.HashData(NpyTests.Bits(tensor.ToTensor()))), Is.EqualTo(sha), tensor.Name + " as a tensor");
        }
    }

    internal static void ReadAll(string path)
    {
        using var checkpoint = Checkpoint.Open(path);
        using var scope = new TensorScope();
        foreach (var tensor in checkpoint.Tensors)
        {
            tensor.Sha256();
            if (tensor.DType is not null) tensor.ToTensor();
        }
    }
}
