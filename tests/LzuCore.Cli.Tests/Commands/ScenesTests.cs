using LzuCore.Vision.Data.Cityscapes;
using LzuCore.Vision.Data.Coco;
using LzuCore.Vision.Data.NuScenes;

namespace LzuCore.Cli.Tests.Commands;

public sealed class ScenesTests
{
    [Test]
    public void Scenes_AreThreeDataSetsInOneFolder()
    {
        using var folder = new WorkFolder();
        var run = Lzu.Run("scenes", "--out", folder["a b"], "--count", "3", "--size", "96x160", "--seed", "5", "--json").Succeeded();
        var document = run.Json;
        Assert.That(document.GetProperty("schema").GetString(), Is.EqualTo("lzu.scenes/1"));
        var files = document.GetProperty("files").EnumerateArray().Select(f => f.GetString()!).ToList();
        Assert.That(files, Has.Count.EqualTo(3 + 12 + 2 + 14).And.All.Matches<string>(File.Exists));
        var coco = CocoDataset.Load(folder["a b/annotations/coco.json"], folder["a b/images"]);
        Assert.That((document.GetProperty("images").GetInt32(), document.GetProperty("annotations").GetInt32()), Is.EqualTo((coco.Count, coco.File.Annotations.Count)));
        Assert.That(coco.Load(2, new()).Image.Size.ToString(), Is.EqualTo("96x160"));
        Assert.That(Mono3dDataset.Load(folder["a b/annotations/mono3d.coco.json"], folder["a b"]).Load(1, new()).Image.Width, Is.EqualTo(160));
        Assert.That(new CityscapesDataset(folder["a b"], "train").Count, Is.EqualTo(3));
        Lzu.Run("data", "check", "--annotations", folder["a b/annotations/coco.json"], "--images", folder["a b/images"], "--decode").Succeeded();
        Lzu.Run("data", "check", "--annotations", folder["a b/annotations/mono3d.coco.json"], "--images", folder["a b"]).Succeeded();
        folder.Text("none.json", """{"meta": {"use_camera": true, "use_lidar": false, "use_radar": false, "use_map": false, "use_external": false}, "results": {"000000": [], "000001": [], "000002": []}}""");
        var score = Lzu.Run("score", "nuscenes", "--data", folder["a b"], "--version", "v1.0-lzu", "--results", folder["none.json"], "--json").Succeeded().Json;
        Assert.That((score.GetProperty("samples").GetInt32(), score.GetProperty("mAP").GetDouble()), Is.EqualTo((3, 0)));
        Lzu.Run("data", "check", "--annotations", folder["a b/gtFine"], "--images", folder["a b/leftImg8bit"]).Succeeded();
    }

    [Test]
    public void Scenes_OfTheSameSeed_AreTheSameBytes()
    {
        using var folder = new WorkFolder();
        foreach (var name in new[] { "a", "b" }) Lzu.Run("scenes", "--out", folder[name], "--count", "2", "--size", "64x96", "--seed", "9", "--format", "coco").Succeeded();
        foreach (var file in new[] { "annotations/coco.json", "images/000000.png", "images/000001.png" })
            Assert.That(File.ReadAllBytes(folder["a/" + file]), Is.EqualTo(File.ReadAllBytes(folder["b/" + file])));
    }

    [Test]
    public void Drives_HaveFramesInFolders()
    {
        using var folder = new WorkFolder();
        var document = Lzu.Run("scenes", "--out", folder["d"], "--count", "6", "--sequence", "--frames", "3", "--size", "64x96", "--format", "coco", "--pitch", "2", "--curvature", "0.002", "--json").Succeeded().Json;
        Assert.That((document.GetProperty("images").GetInt32(), document.GetProperty("sequences").GetInt32()), Is.EqualTo((6, 2)));
        var read = CocoDataset.Load(folder["d/annotations/coco.json"], folder["d/images"]);
        var last = read.Load(5, new());
        Assert.That((last.Sequence, last.Frame), Is.EqualTo((1, 2)));
        Assert.That(folder.Entries, Has.Member(Path.Combine("d", "images", "0001", "000002.png")).And.None.Contains("leftImg8bit"));
    }

    [Test]
    public void Interrupted_LeavesNothing()
    {
        using var folder = new WorkFolder();
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        Assert.That(Lzu.Run(stop.Token, "scenes", "--out", folder["x"], "--count", "2").Code, Is.EqualTo(130));
        Assert.That(folder.Entries, Is.Empty);
    }

    [Test]
    public void WrongUsage_IsSaid()
    {
        using var folder = new WorkFolder();
        folder.Text("file", "");
        Lzu.Run("scenes", "--count", "2").Failed(2, "--out");
        Lzu.Run("scenes", "--out", folder["x"]).Failed(2, "--count");
        Lzu.Run("scenes", "--out", folder["x"], "--count", "0").Failed(2, "'0'");
        Lzu.Run("scenes", "--out", folder["x"], "--count", "2", "--size", "8x8").Failed(2, "8x8");
        Lzu.Run("scenes", "--out", folder["x"], "--count", "2", "--format", "cocoo").Failed(2, "did you mean 'coco'");
        Lzu.Run("scenes", "--out", folder["x"], "--count", "2", "--frames", "2").Failed(2, "--sequence");
        Lzu.Run("scenes", "--out", folder["x"], "--count", "5", "--sequence", "--frames", "2").Failed(2, "multiple");
        Lzu.Run("scenes", "--out", folder["x"], "--count", "2", "--pitch", "nan").Failed(2, "--pitch");
        Lzu.Run("scenes", "--out", folder["file"], "--count", "1").Failed(2, "is a file");
        Assert.That(folder.Entries, Is.EqualTo(new[] { "file" }));
    }
}
