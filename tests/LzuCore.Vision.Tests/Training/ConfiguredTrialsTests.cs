using LzuCore.Memory;
using LzuCore.Vision.Configuration;
using LzuCore.Vision.Experiments;
using LzuCore.Vision.Imaging;
using LzuCore.Vision.Scenes;

namespace LzuCore.Vision.Tests.Training;

/// <summary>Full-size networks on small pictures under the methods of a table.</summary>
public sealed class ConfiguredTrialsTests
{
    private SmallSets _sets = null!;

    [OneTimeSetUp]
    public void Make() => _sets = new SmallSets();

    [OneTimeTearDown]
    public void Remove() => _sets.Dispose();

    [TestCase("detection", "table1", "AP")]
    [TestCase("segmentation", "table3", "mIoU")]
    [TestCase("detection3d", "table5", "mAP")]
    public void Table_OfAConfiguration_IsMadeOnce(string task, string table, string score)
    {
        var config = _sets.Config(task, folder: "unused", steps: 1, change: task == "detection3d" ? OnDrive : WithoutCrop);
        var folder = _sets.Folder[$"trials {task}"];
        var rows = PaperTables.Configured(table, seeds: 1, quick: true);
        var stepped = new List<string>();
        new ConfiguredTrials(config, folder, Device.Cpu).MakeAll(rows.Trials, (trial, step) => stepped.Add($"{trial.Method} {step.Step}"));
        Assert.That(stepped, Is.EqualTo(rows.Trials.Select(t => $"{t.Method} 1")));

        var again = new ConfiguredTrials(config, folder, Device.Cpu);
        again.MakeAll(rows.Trials, (trial, _) => Assert.Fail($"{trial.Method} was made twice"));
        var results = rows.Collect(again);
        Assert.That(results.Select(r => r.Scores[score].Count), Is.All.EqualTo(1));
        var weights = Directory.GetFiles(folder, "last.safetensors", SearchOption.AllDirectories).Select(f => Convert.ToHexString(File.ReadAllBytes(f))).ToList();
        Assert.That(weights, Is.Unique.And.Count.EqualTo(rows.Trials.Count), "every method trains other weights");
        Assert.That(Directory.Exists(_sets.Folder["unused"]), Is.False, "the configuration's own folder is left alone");
        Assert.That(new ConfiguredTrials(config, folder, Device.Cpu, steps: 3).Find(rows.Trials[0]), Is.Null, "another length is another trial");
    }

    [Test]
    public void TrialStoppedAndGoneOnWith_EndsAsOneThatWasNot()
    {
        var config = _sets.Config("segmentation", folder: "unused", steps: 3, change: WithoutCrop);
        var trial = new Trial(DeskTask.Segmentation, ZoomMethod.LzuFixed) { Scale = 0.5 };
        var whole = new ConfiguredTrials(config, _sets.Folder["whole"], Device.Cpu);
        whole.MakeAll([trial]);
        using var stop = new CancellationTokenSource();
        var stopped = new ConfiguredTrials(config, _sets.Folder["stopped"], Device.Cpu);
        Assert.That(() => stopped.MakeAll([trial], (_, step) => { if (step.Step == 1) stop.Cancel(); }, cancellation: stop.Token), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(stopped.IsMade(trial), Is.False);
        stopped.MakeAll([trial]);
        Assert.That(stopped.Find(trial)!.Stills, Is.EqualTo(whole.Find(trial)!.Stills));
    }

    [Test]
    public void WhatCannotBeCompared_IsRefused()
    {
        Assert.That(() => new ConfiguredTrials(_sets.Config("detection3d"), _sets.Folder["space"], Device.Cpu), Throws.InstanceOf<FileFormatException>().With.Message.Contains("evaluated on"));
        var trials = new ConfiguredTrials(_sets.Config("detection"), _sets.Folder["boxes"], Device.Cpu);
        Assert.That(() => trials.Find(new Trial(DeskTask.Detection, ZoomMethod.Lds)), Throws.InstanceOf<ArgumentValueException>().With.Message.Contains("LDS is not a method"));
        Assert.That(() => trials.Find(new Trial(DeskTask.Segmentation, ZoomMethod.Uniform)), Throws.InstanceOf<ArgumentValueException>().With.Message.Contains("trains detection"));
        Assert.That(() => PaperTables.Configured("table2", 1, true), Throws.InstanceOf<ArgumentValueException>().With.Message.Contains("got table2"));
    }

    // A drive as nuScenes' files, whose metric wants tables too.
    private string OnDrive(string text)
    {
        var data = new SceneSequences(new SceneOptions { Size = new(64, 96) }, seed: 8, sequences: 1, frames: 3);
        var annotations = new SceneAnnotations(data);
        foreach (var folder in new[] { "drive/0000", "drive/v1.0-lzu" }) Directory.CreateDirectory(_sets.Folder[folder]);
        for (var i = 0; i < data.Count; i++)
        {
            var laid = data.SceneOf(i);
            var drawn = laid.Render(SceneParts.Image);
            annotations.Add(i, laid, drawn);
            ImageCodec.Save(drawn.Image, _sets.Folder[$"drive/{data.FileOf(i)}"]);
        }
        using (var file = File.Create(_sets.Folder["drive/space.json"])) annotations.WriteMono3d(file);
        foreach (var (table, write) in annotations.NuScenesTables())
            using (var file = File.Create(_sets.Folder[$"drive/v1.0-lzu/{table}.json"])) write(file);
        return text.Replace("""
            "annotations": "space.json", "root": "."
            """, """
            "annotations": "drive/space.json", "root": "drive", "validation_annotations": "drive/space.json", "validation_version": "v1.0-lzu"
            """, StringComparison.Ordinal);
    }

    // A quarter of these pictures is less than the crop.
    private static string WithoutCrop(string text) => text.Replace(", \"crop\": \"64x64\"", "", StringComparison.Ordinal);
}
