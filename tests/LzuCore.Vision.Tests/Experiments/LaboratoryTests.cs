using LzuCore.Memory;
using LzuCore.Vision.Experiments;
using LzuCore.Vision.Tests.Training;

namespace LzuCore.Vision.Tests.Experiments;

public sealed class LaboratoryTests
{
    private readonly List<WorkFolder> _folders = [];

    [TearDown]
    public void RemoveFolders()
    {
        foreach (var folder in _folders) folder.Dispose();
        _folders.Clear();
    }

    private static Trial Tiny(DeskTask task, ZoomMethod method) => Trial.Of(task, method) with { Steps = 6, Training = 16, Test = 20, Batch = 4 };

    [TestCase(DeskTask.Detection, ZoomMethod.LzuFixed)]
    [TestCase(DeskTask.Detection3d, ZoomMethod.Uniform)]
    [TestCase(DeskTask.Segmentation, ZoomMethod.LzuFixed)]
    public void TrialStoppedAndGoneOnWith_EndsAsOneThatWasNot(DeskTask task, ZoomMethod method)
    {
        var (whole, stopped) = (Folder(), Folder());
        var trial = Tiny(task, method);
        var expected = new Laboratory(whole).Make(trial);
        using var stop = new CancellationTokenSource();
        Assert.That(() => new Laboratory(stopped).Make(trial, step => { if (step.Step == 3) stop.Cancel(); }, cancellation: stop.Token), Throws.InstanceOf<OperationCanceledException>());
        var laboratory = new Laboratory(stopped);
        Assert.That(laboratory.Find(trial), Is.Null);
        var result = laboratory.Make(trial);
        Assert.That(result.Stills, Is.EqualTo(expected.Stills));
        Assert.That(File.ReadAllBytes(laboratory.WeightsOf(trial)), Is.EqualTo(File.ReadAllBytes(new Laboratory(whole).WeightsOf(trial))));
    }

    [Test]
    public void TrialsSideBySide_AreThoseOneAfterTheOther()
    {
        Trial[] trials = [Tiny(DeskTask.Detection, ZoomMethod.Uniform), Tiny(DeskTask.Detection, ZoomMethod.Uniform) with { Seed = 1 }];
        var (together, alone) = (new Laboratory(Folder()), new Laboratory(Folder()));
        together.MakeAll(trials);
        foreach (var trial in trials)
            Assert.That(File.ReadAllBytes(together.WeightsOf(trial)) is var bytes && alone.Make(trial) is not null && bytes.AsSpan().SequenceEqual(File.ReadAllBytes(alone.WeightsOf(trial))));
        Assert.That(File.ReadAllBytes(together.WeightsOf(trials[0])), Is.Not.EqualTo(File.ReadAllBytes(together.WeightsOf(trials[1]))), "seeds differ");
    }

    [Test]
    public void BundledWeights_FindWhatTheTrainedOnesFind()
    {
        var laboratory = new Laboratory(Folder());
        var trial = Tiny(DeskTask.Detection, ZoomMethod.LzuFixed);
        laboratory.Make(trial);
        var path = Path.Combine(Folder(), "bundle.safetensors");
        DeskWeights.Save(path, laboratory, trial, "a command");
        var weights = DeskWeights.Load(path);
        Assert.That((weights.Method, weights.Scale, weights.Saliency!.Grid), Is.EqualTo((ZoomMethod.LzuFixed, 0.25, DeskScenes.Grid)));
        Assert.That(new FileInfo(path).Length, Is.LessThan(1.5e6));
        var sampling = (FixedSampling)weights.SamplingFor((320, 512));
        Assert.That(sampling.Warp.KnotsY.ToArray<float>(), Is.EqualTo(((FixedSampling)laboratory.Setup.SamplingOf(trial)).Warp.KnotsY.ToArray<float>()).Within(1e-3f));
        Assert.That(() => DeskWeights.Load(laboratory.WeightsOf(trial)), Throws.InstanceOf<FileFormatException>().With.Message.Contains("which method"));
    }

    [Test]
    public void MethodOfAnotherTask_IsRefused() => Assert.That(
        () => new Laboratory(Folder()).Setup.SamplingOf(Tiny(DeskTask.Detection3d, ZoomMethod.Lds)), Throws.InstanceOf<ArgumentValueException>().With.Message.Contains("LDS is not a method of detection3d"));

    [Test]
    public void Spread_OfPairedDifferences_IsStudents()
    {
        // t(0.975, 2) = 4.303; differences 1, 2, 3: mean 2, deviation 1.
        var gain = Spread.OfDifferences([11, 22, 33], [10, 20, 30]);
        Assert.That(gain.Mean, Is.EqualTo(2).Within(1e-12));
        Assert.That(gain.HalfWidth, Is.EqualTo(4.303 / Math.Sqrt(3)).Within(1e-9));
        Assert.That(Spread.Of([1.0]).HalfWidth, Is.NaN);
    }

    private string Folder()
    {
        _folders.Add(new WorkFolder());
        return _folders[^1].Path;
    }
}
