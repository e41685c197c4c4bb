using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Nn.Optim;
using LzuCore.Vision.Data;
using LzuCore.Vision.Data.Cityscapes;
using LzuCore.Vision.Data.Coco;
using LzuCore.Vision.Data.Loading;
using LzuCore.Vision.Data.NuScenes;
using LzuCore.Vision.Imaging;
using LzuCore.Vision.Models;
using LzuCore.Vision.Training;
using LzuCore.Vision.Training.Networks;

namespace LzuCore.Vision.Tests.Training;

/// <summary>Networks of full size learn one batch by heart: losses, targets and gradients fit each other. Minutes each: LZU_OVERFIT=1 asks for them.</summary>
public sealed class OverfitTests
{
    private SmallSets _sets = null!;

    [OneTimeSetUp]
    public void Make()
    {
        Assume.That(Environment.GetEnvironmentVariable("LZU_OVERFIT"), Is.EqualTo("1"), "LZU_OVERFIT=1 asks for minutes of training");
        _sets = new SmallSets();
    }

    [OneTimeTearDown]
    public void Remove() => _sets?.Dispose();

    [Test]
    public void RetinaNet()
    {
        var model = new RetinaNet(new RetinaNetOptions { Classes = 2 });
        var task = new DetectionTraining(model);
        Overfits(task, CocoDataset.Load(_sets.Folder["boxes.json"], _sets.Folder["images"]), s => new(s, s.Image.ToTensor(task.Normalization)), pictures: 1, steps: 60, rate: 2e-4, most: 0.1);
    }

    [Test]
    public void PspNet()
    {
        var model = new PspNet(new PspNetOptions { Classes = 3, Dropout = 0 });
        var task = new SegmentationTraining(model);
        Overfits(task, new CityscapesDataset(_sets.Folder.Path, "train"), s => new(s, s.Image.ToTensor(task.Normalization)), pictures: 2, steps: 60, rate: 2e-4, most: 0.1);
    }

    [Test]
    public void Fcos3d()
    {
        var model = new Fcos3d(new Fcos3dOptions());
        var task = new Detection3dTraining(model);
        Overfits(task, Mono3dDataset.Load(_sets.Folder["space.json"], _sets.Folder.Path), s => new(s, s.Image.ToTensor(task.Normalization)), pictures: 1, steps: 100, rate: 5e-4, most: 1.0);
    }

    // The loss falls below a limit, and far below where it began.
    private static void Overfits<TSample>(TrainingTask<TrainingPicture<TSample>> task, IDataset<TSample> data, Func<TSample, TrainingPicture<TSample>> prepare, int pictures, int steps, double rate, double most)
    {
        var items = Enumerable.Range(0, pictures).Select(i => prepare(data.Load(i, new PictureReader()))).ToList();
        var batch = new Batch<TrainingPicture<TSample>>(default, default, [.. Enumerable.Range(0, pictures)], items);
        // Statistics of so few values are no statistics: norms are fixed, as detectors train.
        IEnumerable<Batch<TrainingPicture<TSample>>> Batches()
        {
            while (true)
            {
                foreach (var norm in task.Model.Modules.OfType<BatchNorm2d>()) norm.Eval();
                yield return batch;
            }
        }
        var losses = new List<double>();
        var trainer = new Trainer<TrainingPicture<TSample>>(task, (_, _) => Batches(), new AdamW(task.Model.Parameters, 0, weightDecay: 0), Schedules.Cosine(rate, steps), new() { Steps = steps, ClipNorm = 35 });
        trainer.Stepped += s =>
        {
            losses.Add(s.Loss);
            if (s.Step % 20 == 0 || s.Step == 1) TestContext.Progress.WriteLine($"{task.GetType().Name} step {s.Step}: {string.Join(", ", s.Losses.Select(l => $"{l.Name} {l.Value:0.0000}"))}");
        };
        trainer.Run();
        Assert.That(losses[^1], Is.LessThan(most).And.LessThan(losses[0] / 10), string.Join(", ", losses.Where((_, i) => i % 10 == 0)));
    }
}
