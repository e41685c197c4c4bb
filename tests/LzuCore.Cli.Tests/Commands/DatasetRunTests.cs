using System.Text.Json;
using LzuCore.Testing;
using LzuCore.Vision.Data.Coco;
using LzuCore.Vision.Data.NuScenes;

namespace LzuCore.Cli.Tests.Commands;

/// <summary>A whole data set through a verb: the results file is what <c>lzu score</c> takes.</summary>
public sealed class DatasetRunTests
{
    [Test]
    public void Detect_WritesCocoResultsThatScoreToTheSame()
    {
        using var folder = new WorkFolder();
        Coco(folder);
        var document = Lzu.Run("detect", "--annotations", folder["set.json"], "--images", folder["."], "--weights", "random:1", "--results", folder["out/results.json"], "--json").Succeeded().Json;
        Assert.That((document.GetProperty("schema").GetString(), document.GetProperty("images").GetInt32()), Is.EqualTo(("lzu.detect/1", 2)));
        var found = CocoDetections.Load(folder["out/results.json"]);
        Assert.That(found, Has.Count.EqualTo(document.GetProperty("found").GetInt32()).And.Count.GreaterThan(50), "weak boxes too");
        Assert.That(found.Select(d => d.ImageId).Distinct(), Is.EquivalentTo(new[] { 7, 9 }));
        var score = Lzu.Run("score", "coco", "--ground-truth", folder["set.json"], "--detections", folder["out/results.json"], "--json").Succeeded().Json;
        foreach (var name in new[] { "AP", "AP50", "AR100" })
            Assert.That(document.GetProperty("metrics").GetProperty(name).GetDouble(), Is.EqualTo(score.GetProperty(name).GetDouble()).Within(1e-6), name);
    }

    [Test]
    public void Segment_WritesLabelIdsThatScoreToTheSame()
    {
        using var folder = new WorkFolder();
        Directory.CreateDirectory(folder["leftImg8bit/val/ulm"]);
        Directory.CreateDirectory(folder["gtFine/val/ulm"]);
        folder.Picture("leftImg8bit/val/ulm/ulm_000000_000019_leftImg8bit.png", 64, 96);
        var truth = new LzuCore.Vision.Imaging.LabelMap((64, 96));
        for (var y = 0; y < 64; y++) truth.Row(y).Fill((byte)(y < 32 ? 7 : 8));
        File.WriteAllBytes(folder["gtFine/val/ulm/ulm_000000_000019_gtFine_labelIds.png"], truth.Encode());
        var document = Lzu.Run("segment", "--cityscapes", folder["."], "--weights", "random:1", "--results", folder["out"], "--json").Succeeded().Json;
        var score = Lzu.Run("score", "cityscapes", "--ground-truth", folder["gtFine/val"], "--predictions", folder["out"], "--json").Succeeded().Json;
        foreach (var name in new[] { "mIoU", "aAcc" })
            Assert.That(document.GetProperty("metrics").GetProperty(name).GetDouble(), Is.EqualTo(score.GetProperty(name).GetDouble()).Within(1e-12), name);
    }

    [Test]
    public void Detect3d_WritesASubmission()
    {
        using var folder = new WorkFolder();
        Directory.CreateDirectory(folder["samples/CAM_FRONT"]);
        folder.Picture("samples/CAM_FRONT/front.png", 128, 192);
        File.WriteAllText(folder["mono.json"], Detect3dTests.Annotations);
        var document = Lzu.Run("detect3d", "--annotations", folder["mono.json"], "--images", folder["."], "--weights", "random:1", "--results", folder["results.json"], "--json").Succeeded().Json;
        var results = NuScenesResults.Load(folder["results.json"]);
        Assert.That(results.Samples.Single().SampleToken, Is.EqualTo("s"));
        Assert.That(results.Samples.Single().Boxes, Has.Count.EqualTo(document.GetProperty("found").GetInt32()).And.Count.GreaterThan(5));
    }

    [Test]
    [Category("Mpi")]
    public void TwoProcesses_WriteTheFileOfOne_AndOnlyTheFirstTalks()
    {
        if (!Mpirun.IsThere) Assert.Ignore(Mpirun.Absent);
        using var folder = new WorkFolder();
        Coco(folder);
        string[] work = ["detect", "--annotations", folder["set.json"], "--images", folder["."], "--weights", "random:1", "--threads", "1"];
        Lzu.Run([.. work, "--results", folder["one.json"]]).Succeeded();
        var run = Mpirun.Run(2, Path.Combine(AppContext.BaseDirectory, "lzu.dll"), [.. work, "--results", folder["two.json"]]);
        Assert.That(run.Code, Is.Zero, run.Error);
        Assert.That(File.ReadAllBytes(folder["two.json"]), Is.EqualTo(File.ReadAllBytes(folder["one.json"])));
        Assert.That(run.Lines("from 2 pictures"), Has.Length.EqualTo(1));
        // b.png is the second one's.
        File.Delete(folder["b.png"]);
        var failed = Mpirun.Run(2, Path.Combine(AppContext.BaseDirectory, "lzu.dll"), [.. work, "--results", folder["three.json"]]);
        Assert.That(failed.Code, Is.EqualTo(2));
        Assert.That(failed.Error, Does.Contain("error: rank 1 of 2: load ").And.Contain("b.png"));
        Assert.That(File.Exists(folder["three.json"]), Is.False);
    }

    [Test]
    public void HalfADataSet_IsAUsageErrorThatLeavesNothing()
    {
        using var folder = new WorkFolder();
        Coco(folder);
        Lzu.Run("detect", "--weights", "random:1", "--quiet").Failed(2, "no picture", "--annotations");
        Lzu.Run("detect", "--annotations", folder["set.json"], "--weights", "random:1", "--quiet").Failed(2, "--images", "--results");
        Lzu.Run("segment", "--cityscapes", folder["."], "--weights", "random:1", "--quiet").Failed(2, "--results");
        Lzu.Run("detect3d", "--images", folder["."], "--weights", "random:1", "--quiet").Failed(2, "--annotations");
        File.Delete(folder["b.png"]);
        var before = folder.Entries;
        Lzu.Run("detect", "--annotations", folder["set.json"], "--images", folder["."], "--weights", "random:1", "--results", folder["out/r.json"], "--quiet").Failed(2, "b.png");
        Assert.That(folder.Entries, Is.EqualTo(before));
    }

    private static void Coco(WorkFolder folder)
    {
        folder.Picture("a.png", 64, 96);
        folder.Picture("b.png", 64, 96);
        File.WriteAllText(folder["set.json"], JsonSerializer.Serialize(new
        {
            images = new[] { new { id = 7, file_name = "a.png", width = 96, height = 64 }, new { id = 9, file_name = "b.png", width = 96, height = 64 } },
            annotations = new[] { new { id = 1, image_id = 7, category_id = 1, bbox = new[] { 10, 10, 40, 30 }, area = 1200, iscrowd = 0 } },
            categories = Enumerable.Range(1, 8).Select(i => new { id = i, name = $"class {i}" }),
        }));
    }
}
