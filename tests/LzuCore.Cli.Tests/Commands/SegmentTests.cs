using LzuCore.Vision.Data.Cityscapes;
using LzuCore.Vision.Imaging;

namespace LzuCore.Cli.Tests.Commands;

public sealed class SegmentTests
{
    [Test]
    public void Out_WritesLabelIdsAndAPicture()
    {
        using var folder = new WorkFolder();
        var image = Lzu.Run("segment", "image:1@96x128", "--weights", "random:1", "--size", "64x96", "--out", folder["out"], "--json").Succeeded().Json.GetProperty("images")[0];
        Assert.That(image.GetProperty("size").EnumerateArray().Select(v => v.GetInt32()), Is.EqualTo(new[] { 96, 128 }));
        Assert.That(image.GetProperty("network_size").EnumerateArray().Select(v => v.GetInt32()), Is.EqualTo(new[] { 64, 96 }));
        var labels = LabelMap.Load(image.GetProperty("labels_png").GetString()!);
        Assert.That(labels.Size, Is.EqualTo(new LzuCore.Memory.Size2(96, 128)));
        var ids = labels.Labels.ToArray().Distinct().ToList();
        Assert.That(ids, Is.All.Matches<byte>(id => CityscapesClasses.TrainIds[id] != CityscapesClasses.Ignore), "label ids of classes that are scored");
        var shares = image.GetProperty("classes").EnumerateArray().ToList();
        Assert.That(shares.Select(s => (byte)s.GetProperty("label").GetInt32()).Order(), Is.EqualTo(ids.Select(id => CityscapesClasses.TrainIds[id]).Order()));
        Assert.That(shares.Sum(s => s.GetProperty("share").GetDouble()), Is.EqualTo(1).Within(1e-9));
        Assert.That(image.GetProperty("files").EnumerateArray().Select(f => File.Exists(f.GetString())), Is.EqualTo(new[] { true, true }));
        foreach (var stage in new[] { "load", "zoom", "backbone", "unzoom", "head", "decode", "total" }) Assert.That(image.GetProperty("ms").GetProperty(stage).GetDouble(), Is.GreaterThanOrEqualTo(0));
    }

    [TestCase("fixed"), TestCase("adaptive")]
    public void Warps_ChangeWhatIsSeen(string warp)
    {
        using var folder = new WorkFolder();
        byte[] Labels(string kind)
        {
            var images = Lzu.Run("segment", "image:1@64x96", "image:1@64x96", "--weights", "random:1", "--warp", kind, "--out", folder[kind], "--json").Succeeded().Json.GetProperty("images");
            return File.ReadAllBytes(images[1].GetProperty("labels_png").GetString()!);
        }
        Assert.That(Labels(warp), Is.Not.EqualTo(Labels("none")));
    }

    [Test]
    public void WithoutOut_NothingIsWritten()
    {
        var image = Lzu.Run("segment", "image:1@64x64", "--weights", "random:1", "--json").Succeeded().Json.GetProperty("images")[0];
        Assert.That(image.GetProperty("labels_png").ValueKind, Is.EqualTo(System.Text.Json.JsonValueKind.Null));
        Assert.That(image.GetProperty("files").GetArrayLength(), Is.Zero);
    }

    [TestCase("missing"), TestCase("truncated"), TestCase("huge")]
    public void HostileInput_IsOneLineAndLeavesNothing(string kind)
    {
        using var folder = new WorkFolder();
        var input = folder.Hostile(kind);
        var before = folder.Entries;
        Lzu.Run("segment", input, "--weights", "random:1", "--out", folder["out"], "--quiet").Failed(2, Path.GetFileName(input));
        Assert.That(folder.Entries, Is.EqualTo(before));
    }
}
