using System.Text.Json;
using LzuCore.Nn.Serialization;
using LzuCore.Tensors;

namespace LzuCore.Cli.Tests.Commands;

public sealed class DetectTests
{
    private static JsonElement Detect(params string[] more) =>
        Lzu.Run(["detect", "image:1@96x128", "--weights", "random:1", "--score", "0.05", "--json", .. more]).Succeeded().Json.GetProperty("images")[0];

    private static double[][] Boxes(JsonElement image) => [.. image.GetProperty("detections").EnumerateArray().Select(d => d.GetProperty("box").EnumerateArray().Select(v => v.GetDouble()).ToArray())];

    [Test]
    public void Json_HasEveryField()
    {
        var document = Lzu.Run("detect", "image:1@96x128", "--weights", "random:1", "--score", "0.05", "--json").Succeeded().Json;
        Assert.That(document.GetProperty("schema").GetString(), Is.EqualTo("lzu.detect/1"));
        var image = document.GetProperty("images")[0];
        Assert.That(image.GetProperty("file").GetString(), Is.EqualTo("image:1@96x128"));
        Assert.That(image.GetProperty("size").EnumerateArray().Select(v => v.GetInt32()), Is.EqualTo(new[] { 96, 128 }));
        var first = image.GetProperty("detections")[0];
        Assert.That(first.GetProperty("box").GetArrayLength(), Is.EqualTo(4));
        Assert.That(first.GetProperty("score").GetDouble(), Is.InRange(0.05, 1));
        Assert.That(first.GetProperty("label").GetInt32(), Is.InRange(0, 7));
        Assert.That(first.GetProperty("class").GetString(), Is.Not.Empty);
        foreach (var stage in new[] { "load", "zoom", "backbone", "unzoom", "head", "decode", "total" }) Assert.That(image.GetProperty("ms").GetProperty(stage).GetDouble(), Is.GreaterThanOrEqualTo(0));
    }

    [Test]
    public void FixedWarpWithUniformSaliency_EqualsNone()
    {
        using var folder = new WorkFolder();
        Npy.Write(folder["flat.npy"], Tensor.Ones([31, 51]));
        var (none, flat) = (Boxes(Detect("--scale", "0.75")), Boxes(Detect("--scale", "0.75", "--warp", "fixed", "--saliency", folder["flat.npy"])));
        Assert.That(flat, Has.Length.EqualTo(none.Length));
        for (var i = 0; i < none.Length; i++) Assert.That(flat[i], Is.EqualTo(none[i]).Within(1e-3));
    }

    [Test]
    public void AdaptiveWarp_BeginsUniformAndThenFollowsTheBoxes()
    {
        var images = Lzu.Run("detect", "image:1@96x128", "image:1@96x128", "--weights", "random:1", "--warp", "adaptive", "--score", "0.05", "--json").Succeeded().Json.GetProperty("images");
        var none = Boxes(Detect());
        Assert.That(Boxes(images[0])[0], Is.EqualTo(none[0]).Within(1e-2));
        Assert.That(Boxes(images[1])[0], Is.Not.EqualTo(none[0]).Within(1e-2));
    }

    [Test]
    public void Out_WritesAnAnnotatedPicture()
    {
        using var folder = new WorkFolder();
        var image = Detect("--out", folder["out"], "--layout", "torchvision");
        Assert.That(File.Exists(image.GetProperty("files")[0].GetString()));
    }

    [TestCase("missing")]
    [TestCase("truncated")]
    [TestCase("huge")]
    public void HostileInput_IsOneLineAndLeavesNothing(string kind)
    {
        using var folder = new WorkFolder();
        var input = folder.Hostile(kind);
        var before = folder.Entries;
        Lzu.Run("detect", input, "--weights", "random:1", "--out", folder["out"], "--quiet").Failed(2, Path.GetFileName(input));
        Assert.That(folder.Entries, Is.EqualTo(before));
    }

    [Test]
    public void ForeignCheckpoint_IsAUsageError()
    {
        using var folder = new WorkFolder();
        Safetensors.Write(folder["other.safetensors"], [KeyValuePair.Create("a", Tensor.Ones([2]))]);
        Lzu.Run("detect", "image:1@96x128", "--weights", folder["other.safetensors"], "--quiet").Failed(2, "other.safetensors", "not of a retinanet");
    }

    [TestCase("random:", "random:SEED")]
    [TestCase("nowhere.pth", "nowhere.pth")]
    public void BadWeights_AreAUsageError(string weights, string mention) => Lzu.Run("detect", "image:1@96x128", "--weights", weights, "--quiet").Failed(2, mention);
}
