using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Testing;
using LzuCore.Vision.Configuration;
using LzuCore.Vision.Tests.Training;
using LzuCore.Vision.Training;

namespace LzuCore.Vision.Tests.Distributed;

/// <summary>A configuration trained by two processes is trained as by one with twice the batch, whatever its losses divide by.</summary>
public sealed class SharedTrainingTests
{
    private const int Steps = 6;

    // The second step's losses are of weights that the first one's gradients moved. From then on a unit so near zero that rounding turns it on or off may change what follows by up to a hundredth: so it did with 8 of 24 seeds with direct convolution, and 9 with Winograd's.
    // AdamW would move weights by the sign of such gradients, in the first step already.
    private const int ExactSteps = 2;
    private SmallSets _sets = null!;

    [OneTimeSetUp]
    public void Make() => _sets = new SmallSets();

    [OneTimeTearDown]
    public void Remove() => _sets.Dispose();

    [TestCase("detection"), TestCase("detection3d"), TestCase("segmentation")]
    public void Desk_HasTheLossesAndScoresOfOneProcess(string task)
    {
        string Config(string folder, int batch) => _sets.DeskConfig(task, 0, folder, Steps, text =>
            text.Replace("\"kind\": \"adamw\", \"learning_rate\": 0.002", "\"learning_rate\": 0.01", StringComparison.Ordinal).Replace("\"batch\": 2", $"\"batch\": {batch}", StringComparison.Ordinal).Replace("\"training\": 5", "\"training\": 9", StringComparison.Ordinal));
        var one = Losses(Config($"one {task}", 4), ProcessGroup.Alone);
        var config = Config($"two {task}", 2);
        var two = ThreadedProcesses.Run(2, group => Losses(config, group));
        Assert.That(two[1], Is.EqualTo(two[0]), "all processes tell the same");
        Assert.That(one.Select(l => l.Name), Is.EqualTo(two[0].Select(l => l.Name)));
        for (var i = 0; i < one.Count; i++) Assert.That(two[0][i].Value, Is.EqualTo(one[i].Value).Within((i * Steps < ExactSteps * one.Count ? 1e-5 : 3e-2) * Math.Max(1, Math.Abs(one[i].Value))), $"{one[i].Name}, term {i}");
    }

    private static List<LossValue> Losses(string config, ProcessGroup group)
    {
        var run = TrainingRun.Create(TrainConfig.Read(config), Device.Cpu, group);
        var losses = new List<LossValue>();
        run.Stepped += step => losses.AddRange(step.Losses);
        run.Run(resume: false);
        return losses;
    }
}
