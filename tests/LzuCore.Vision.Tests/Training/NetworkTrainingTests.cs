using System.Security.Cryptography;
using LzuCore.Memory;
using LzuCore.Nn.Serialization;
using LzuCore.Vision.Configuration;
using LzuCore.Vision.Experiments;
using LzuCore.Vision.Models;
using LzuCore.Vision.Training;

namespace LzuCore.Vision.Tests.Training;

public sealed class NetworkTrainingTests
{
    private SmallSets _sets = null!;

    [OneTimeSetUp]
    public void Make() => _sets = new SmallSets();

    [OneTimeTearDown]
    public void Remove() => _sets.Dispose();

    // LZU_TRAINING_STEPS=30 asks for more.
    private static int Steps => int.TryParse(Environment.GetEnvironmentVariable("LZU_TRAINING_STEPS"), out var asked) && asked > 1 ? asked : 2;

    [TestCase("detection")]
    [TestCase("segmentation")]
    [TestCase("detection3d")]
    public void Network_ResumedAnywhere_EndsWithTheSameBits(string task)
    {
        ResumeAnywhere(task, Steps, (workers, folder) => _sets.Config(task, workers, folder, Steps));
        using var last = Checkpoint.Open(_sets.Folder[$"{task} whole/last.safetensors"]);
        var state = last.ToStateDict();
        Assert.That(task switch { "detection" => (object)ModelCheckpoint.RetinaNet(state), "segmentation" => ModelCheckpoint.PspNet(state), _ => ModelCheckpoint.Fcos3d(state) }, Is.Not.Null);
    }

    [TestCase("detection")]
    [TestCase("segmentation")]
    [TestCase("detection3d")]
    public void Desk_ResumedAfterAnyStep_EndsWithTheSameBits(string task)
    {
        const int steps = 30;
        ResumeAnywhere("desk " + task, steps, (workers, folder) => _sets.DeskConfig(task, workers, folder, steps));
    }

    // One training that is stopped after every step; from each of its checkpoints another goes on to the end. Threads and workers differ from run to run.
    private void ResumeAnywhere(string name, int steps, Func<int, string, string> config)
    {
        var losses = new List<double>();
        var whole = Run(config(0, $"{name} whole"));
        whole.Stepped += s => losses.Add(s.Loss);
        whole.Run(resume: false);
        Assert.That(losses, Has.Count.EqualTo(steps).And.Unique.And.All.GreaterThan(0));
        var expected = Hash($"{name} whole");
        for (var stop = 1; stop < steps; stop++)
        {
            using var interrupt = new CancellationTokenSource();
            var first = Run(config(stop % 4, $"{name} stopped"));
            first.Stepped += s => { if (s.Step == stop) interrupt.Cancel(); };
            Assert.That(first.Run(resume: stop > 1, interrupt.Token).IsInterrupted, Is.True);
            var folder = $"{name} {stop}";
            Directory.CreateDirectory(_sets.Folder[folder]);
            File.Copy(_sets.Folder[$"{name} stopped/checkpoint.safetensors"], _sets.Folder[$"{folder}/checkpoint.safetensors"]);
            var threads = ParallelRows.Threads;
            ParallelRows.Threads = 1 + stop % 3;
            try
            {
                Assert.That(Run(config((stop + 1) % 4, folder)).Run(resume: true).Progress.Step, Is.EqualTo(steps));
            }
            finally
            {
                ParallelRows.Threads = threads;
            }
            Assert.That(Hash(folder), Is.EqualTo(expected), $"{name}, stopped after step {stop}");
        }
    }

    [Test]
    public void DeskWithTheLaboratorysRecipe_MakesItsBits()
    {
        var trial = new Trial(DeskTask.Detection, ZoomMethod.LzuFixed) { Seed = 3, Steps = 3, Batch = 2, Training = 4, Test = 10 };
        var laboratory = new Laboratory(_sets.Folder["laboratory"]);
        laboratory.Make(trial);
        var config = _sets.DeskConfig("detection", 1, "as the laboratory", trial.Steps, text => text
            .Replace("\"folder\"", "\"seed\": 3, \"folder\"").Replace("\"training\": 5, \"size\": \"64x96\"", "\"training\": 4, \"validation\": 10").Replace("\"size\": \"16x24\", \"saliency\": \"adaptive\"", "\"saliency\": \"training_set\"")
            .Replace("\"learning_rate\": 0.002", "\"learning_rate\": 0.002, \"weight_decay\": 0.01").Replace("\"one_cycle\"", "\"one_cycle\", \"rise\": 0.1").Replace("\"workers\"", "\"evaluate_every\": 3, \"workers\""));
        var result = Run(config).Run(resume: false);
        using Checkpoint ours = Checkpoint.Open(_sets.Folder["as the laboratory/last.safetensors"]), theirs = Checkpoint.Open(laboratory.WeightsOf(trial));
        Assert.That(ours.Tensors.Select(t => (t.Name, t.Sha256())), Is.EqualTo(theirs.Tensors.Select(t => (t.Name, t.Sha256()))));
        Assert.That(result.Evaluation!.Scores.ToDictionary(s => s.Name, s => s.Value), Is.EqualTo(laboratory.Find(trial)!.Stills));
        Assert.That(Run(config).Evaluate(laboratory.WeightsOf(trial)), Is.EqualTo(result.Evaluation.Scores));
    }

    [TestCase("detection", "learned"), TestCase("segmentation", "lds"), TestCase("segmentation", "es")]
    public void Desk_ZoomsThatLook_AreTrainedAndScored(string task, string saliency)
    {
        var folder = $"desk {saliency}";
        var config = _sets.DeskConfig(task, 1, folder, 2, text => text.Replace("\"adaptive\"", $"\"{saliency}\"").Replace("\"training_set\"", $"\"{saliency}\"")
            .Replace("\"training\": 5, \"validation\": 2", "\"training\": 5").Replace("\"training\": 5", "\"training\": 5, \"validation\": 10").Replace(", \"evaluate_every\": 12", "").Replace("\"clip_norm\"", "\"evaluate_every\": 2, \"clip_norm\""));
        var result = Run(config).Run(resume: false);
        Assert.That(result.Evaluation!.Scores.Select(s => s.Name), Does.Contain(task == "detection" ? "AP" : "mIoU"));
        using var weights = Checkpoint.Open(_sets.Folder[$"{folder}/last.safetensors"]);
        Assert.That(weights.Tensors.Select(t => t.Name), Has.Some.StartsWith("saliency."), "what looks is trained and kept beside the network");
    }

    [Test]
    public void Weights_AreScoredAsTheTrainingScoredThem()
    {
        var config = _sets.Config("detection", folder: "scored", steps: 3);
        var result = Run(config).Run(resume: false);
        Assert.That(result.Evaluation!.Scores.Select(s => s.Name), Does.Contain("AP50"));
        Assert.That(Run(config).Evaluate(_sets.Folder["scored/last.safetensors"]), Is.EqualTo(result.Evaluation.Scores));
        Assert.That(Run(config).Evaluate(_sets.Folder["scored/checkpoint.safetensors"]), Is.EqualTo(result.Evaluation.Scores));
        Assert.That(TrainingRun.StepOf(_sets.Folder["scored/last.safetensors"]), Is.EqualTo(3));
        Assert.That(() => Run(config).Run(resume: false), Throws.TypeOf<FileFormatException>().With.Message.Contains("--resume"));
    }

    [Test]
    public void Biases_AreMmcvs()
    {
        var model = new Fcos3d(new Fcos3dOptions { Depth = 50 });
        var biases = OptimizerSection.Biases(model).Select(p => p.Key).ToList();
        Assert.That(biases, Does.Contain("bbox_head.conv_cls.bias").And.Contain("neck.lateral_convs.0.conv.bias"));
        Assert.That(biases, Has.None.Contains("bn").And.None.Contains("conv_offset").And.None.Contains(".gn."));
    }

    private static TrainingRun Run(string config) => TrainingRun.Create(TrainConfig.Read(config), Device.Cpu);

    private string Hash(string folder) =>
        string.Join(" ", new[] { "checkpoint", "last" }.Select(f => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(_sets.Folder[$"{folder}/{f}.safetensors"])))));
}
