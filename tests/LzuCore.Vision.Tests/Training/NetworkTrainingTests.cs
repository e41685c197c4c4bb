using System.Security.Cryptography;
using LzuCore.Memory;
using LzuCore.Nn.Serialization;
using LzuCore.Vision.Models;
using LzuCore.Vision.Training;
using LzuCore.Vision.Training.Config;

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
        var steps = Steps;
        var losses = new List<double>();
        var whole = Run(_sets.Config(task, 0, $"{task} whole", steps));
        whole.Stepped += s => losses.Add(s.Loss);
        whole.Run(resume: false);
        Assert.That(losses, Is.Unique.And.All.GreaterThan(0));
        var expected = Hash($"{task} whole");
        for (var stop = 1; stop < steps; stop++)
        {
            var folder = $"{task} {stop}";
            using var interrupt = new CancellationTokenSource();
            var first = Run(_sets.Config(task, stop % 4, folder, steps));
            first.Stepped += s => { if (s.Step == stop) interrupt.Cancel(); };
            Assert.That(first.Run(resume: false, interrupt.Token).IsInterrupted, Is.True);
            var threads = ParallelRows.Threads;
            ParallelRows.Threads = 1 + stop % 3;
            try
            {
                Assert.That(Run(_sets.Config(task, (stop + 1) % 4, folder, steps)).Run(resume: true).Progress.Step, Is.EqualTo(steps));
            }
            finally
            {
                ParallelRows.Threads = threads;
            }
            Assert.That(Hash(folder), Is.EqualTo(expected), $"{task}, stopped after step {stop}");
        }
        using var last = Checkpoint.Open(_sets.Folder[$"{task} whole/last.safetensors"]);
        var state = last.ToStateDict();
        Assert.That(task switch { "detection" => (object)ModelCheckpoint.RetinaNet(state), "segmentation" => ModelCheckpoint.PspNet(state), _ => ModelCheckpoint.Fcos3d(state) }, Is.Not.Null);
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
