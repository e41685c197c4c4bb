using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Vision.Data;
using LzuCore.Vision.Data.Loading;
using LzuCore.Vision.Experiments;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Scenes;
using LzuCore.Vision.Tasks.Detection;
using LzuCore.Warping;

namespace LzuCore.Vision.Tests.Experiments;

public sealed class DetectionExperimentTests
{
    private static readonly Size2 Picture = (96, 160), Input = (48, 80);
    private static readonly SceneDataset Scenes = new(new SceneOptions { Size = Picture }, 5, 4);

    private static FixedSaliency Horizon => new(Tensor.Generate([9, 15], i => i / 15 is 4 or 5 ? 5 : 1));

    private static Sampling[] Samplings =>
    [
        new FixedSampling(Picture, Input, null), new AveragedSampling(Picture, Input), new FixedSampling(Picture, Input, Horizon), new FixedSampling(Picture, Input, Horizon, unzooms: false),
        new AdaptiveSampling(Picture, Input, new KernelDensitySaliency(new Size2(9, 15), bandwidth: 6)), new AdaptiveSampling(Picture, Input, new LearnedKernelDensitySaliency(new Size2(9, 15), bandwidth: 6)),
    ];

    [Test]
    public void Method_LearnsTwoScenesByHeart([Values(0, 2, 3, 4)] int method)
    {
        var experiment = new DetectionExperiment(SceneClasses.Objects, Samplings[method], Scenes);
        // The adaptive method looks elsewhere as it learns, and so needs more steps than the others.
        var losses = Steps.On(experiment, TwoOf(experiment), 160);
        Assert.That(losses[^1], Is.LessThan(0.25 * losses[0]));
    }

    [Test]
    public void LearnedSaliency_FeelsTheLossThroughTheWarp()
    {
        var experiment = new DetectionExperiment(SceneClasses.Objects, Samplings[5], Scenes);
        var loss = experiment.Loss(TwoOf(experiment), new(0, 30, 0)).Select(t => t.Value).Aggregate((a, b) => a + b);
        var gradients = Gradients.Of(loss);
        foreach (var theta in experiment.Model.Parameters.Where(p => p.Key.Contains("theta")))
            Assert.That(gradients[theta.Value].ToArray<float>()[0], Is.Not.Zero.And.Not.NaN, theta.Key);
    }

    private static Batch<DeskPicture<DenseTruth>> TwoOf(DetectionExperiment experiment)
    {
        var pictures = experiment.Pictures(Scenes);
        return Steps.Of(pictures.Load(0, new PictureReader()), pictures.Load(1, new PictureReader()));
    }

    [Test]
    public void ZoomWithoutSaliency_IsUniformSampling()
    {
        var even = new FixedSampling(Picture, Input, new UniformSaliency(new Size2(9, 15)));
        var uniform = new FixedSampling(Picture, Input, null);
        var image = ((IDataset<DetectionSample>)Scenes).Load(0, new PictureReader()).Image;
        var (a, b) = (even.Prepare(image).Pixels.ToArray(), uniform.Prepare(image).Pixels.ToArray());
        Assert.That(a.Zip(b, (x, y) => Math.Abs(x - y)).Max(), Is.LessThanOrEqualTo(1));
    }

    [Test]
    public void CascadedTraining_LooksWhereTheDetectorFoundThings()
    {
        var sampling = Samplings[4];
        var experiment = new DetectionExperiment(SceneClasses.Objects, sampling, Scenes);
        var batch = TwoOf(experiment);
        // An untrained detector finds nothing, so the cascade sees the picture unzoomed and its loss differs from the truth's.
        double At(int step) => experiment.Loss(batch, new(step, 30, 0)).Sum(t => (double)t.Value.ToArray<float>()[0]);
        Assert.That(At(19), Is.Not.EqualTo(At(20)));
        Assert.That(At(20), Is.EqualTo(At(29)).Within(1e-6));
    }

    [Test]
    public void Scorer_WithTheTruthItself_IsPerfect()
    {
        var scorer = new DetectionScorer(SceneClasses.Objects, Picture);
        for (var i = 0; i < Scenes.Count; i++)
        {
            var sample = Scenes.LoadDetection(i);
            var truth = new DenseTruth([.. sample.Boxes], [.. sample.Labels], [.. sample.Ignored]);
            scorer.Add(truth, [.. truth.Boxes.Select((b, k) => new DenseDetection(b, 0.9f, truth.Labels[k], 0)), .. truth.Ignored.Select(b => new DenseDetection(b, 0.95f, 0, 0))]);
        }
        Assert.That(scorer.Score().Scores.First(s => s.Name == "AP").Value, Is.EqualTo(100).Within(1e-9), "ignored boxes absorb what lies on them");
    }

    [Test]
    public void SizesOfFewObjects_AreLeftOut()
    {
        var scorer = new DetectionScorer(["a", "b"], new Size2(320, 512));
        // Class a: 20 small objects found; class b: one small object missed.
        for (var i = 0; i < 20; i++) scorer.Add(new DenseTruth([new Box(0, 0, 10, 10)], [0], []), [new DenseDetection(new Box(0, 0, 10, 10), 0.9f, 0, 0)]);
        scorer.Add(new DenseTruth([new Box(0, 0, 10, 10)], [1], []), []);
        var scores = scorer.Score();
        Assert.That(scores.Scores.First(s => s.Name == "APs").Value, Is.EqualTo(100).Within(1e-9));
        Assert.That(scores.Scores.First(s => s.Name == "AP").Value, Is.EqualTo(50).Within(1e-9));
        Assert.That(scores.Counts, Is.EqualTo(new[] { (20, 0, 0), (1, 0, 0) }));
    }
}
