using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Vision.Data;
using LzuCore.Vision.Data.Loading;
using LzuCore.Vision.Experiments;
using LzuCore.Vision.Imaging;
using LzuCore.Vision.Tasks.Segmentation;
using LzuCore.Warping;

namespace LzuCore.Vision.Tests.Experiments;

/// <summary>The small segmentation network under its methods.</summary>
public sealed class SegmentationExperimentTests
{
    private static readonly double[] Weights = [0.5, 1, 1.5];

    [Test]
    public void UniformWarp_GivesTheSameLogits_AsNoWarp()
    {
        var data = new DrawnPictures(2);
        var (uniform, warped) = (Sample(null), Sample(new UniformSaliency((31, 51))));
        var (a, b) = (Make(uniform, data), Make(warped, data));
        b.Model.LoadStateDict(a.Model.StateDict());
        using var off = Grad.Off();
        a.Model.Eval();
        b.Model.Eval();
        float[] plain = Logits(a, uniform), throughTheWarp = Logits(b, warped);
        Assert.That(throughTheWarp, Is.EqualTo(plain).Within(1e-4f));

        float[] Logits(SegmentationExperiment experiment, Sampling sampling)
        {
            var picture = experiment.Pictures(data).Load(0, new PictureReader());
            var logits = experiment.Logits(sampling.Show(DeskInput.ToTensor([picture]), null));
            Assert.That(logits.Shape.ToArray(), Is.EqualTo(new[] { 1, 3, 80, 128 }));
            return logits.ToArray<float>();
        }
    }

    [Test]
    public void TwoDrawnPictures_AreLearnedByHeart([Values("uniform", "averaged", "fixed", "zoom only", "LDS", "ES")] string method)
    {
        var data = new DrawnPictures(2);
        Sampling sampling = method switch
        {
            "uniform" => Sample(null),
            "averaged" => new AveragedSampling(DrawnPictures.Original, DrawnPictures.Input),
            "LDS" => new LearnedDownsampling(DrawnPictures.Original, DrawnPictures.Input),
            "ES" => new BoundaryDownsampling(DrawnPictures.Original, DrawnPictures.Input),
            "fixed" => Sample(SegmentationExperiment.Boundaries(data, (31, 51))),
            _ => new FixedSampling(DrawnPictures.Original, DrawnPictures.Input, SegmentationExperiment.Boundaries(data, (31, 51)), unzooms: false),
        };
        var experiment = Make(sampling, data);
        var pictures = experiment.Pictures(data);
        var losses = Steps.On(experiment, Steps.Of(pictures.Load(0, new PictureReader()), pictures.Load(1, new PictureReader())), 60);
        Assert.That(losses[^1], Is.LessThan(0.1 * losses[0]), $"from {losses[0]} over {losses[30]}");
        var scores = experiment.Evaluate();
        Assert.That(scores[0].Name, Is.EqualTo("mIoU"));
        Assert.That(scores[0].Value, Is.GreaterThan(75), string.Join(", ", scores));
    }

    [Test]
    public void BoundariesOfATrainingSet_AreSymmetricAndLieWhereLabelsChange()
    {
        var map = SegmentationExperiment.Boundaries(new DrawnPictures(3), (31, 51), amplitude: 3).Map(default).ToArray<float>();
        Assert.That(map.Sum(), Is.EqualTo(1).Within(1e-5));
        for (var i = 0; i < 31; i++)
            for (var j = 0; j < 51; j++) Assert.That(map[i * 51 + j], Is.EqualTo(map[i * 51 + 50 - j]).Within(1e-7f));
        // Sky and ground have the floor alone: a quarter of an even map.
        Assert.That(map[0], Is.EqualTo(0.25 / (31 * 51)).Within(1e-7));
        Assert.That(map.Max(), Is.GreaterThan(10.0 / (31 * 51)));
    }

    [Test]
    public void RareClasses_WeighMore_ByTheRootOfTheirShare()
    {
        var map = new LabelMap((10, 10));
        for (var i = 0; i < 4; i++) map.Labels[i] = 1;
        map.Labels[99] = 255;
        var weights = ClassWeights.Of([map], 3);
        Assert.That(weights[1] / weights[0], Is.EqualTo(Math.Sqrt(95 / 4.0)).Within(1e-12));
        Assert.That(weights[2], Is.Zero);
        Assert.That((weights[0] + weights[1]) / 2, Is.EqualTo(1).Within(1e-12));
        Assert.That(() => ClassWeights.Of([], 3), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("got none"));
    }

    [TestCase("LDS"), TestCase("ES")]
    public void Guidance_ReachesTheSamplingNetwork_AndLabelsReachItForLdsAlone(string method)
    {
        var data = new DrawnPictures(2);
        WarpedSampling sampling = method == "LDS" ? new LearnedDownsampling(DrawnPictures.Original, DrawnPictures.Input) : new BoundaryDownsampling(DrawnPictures.Original, DrawnPictures.Input);
        var experiment = Make(sampling, data);
        var pictures = experiment.Pictures(data);
        var batch = Steps.Of(pictures.Load(0, new PictureReader()), pictures.Load(1, new PictureReader()));
        Assert.That(experiment.Loss(batch, default), Has.Count.EqualTo(2));
        bool[] reaches = [.. Enumerable.Range(0, 2).Select(term => Gradients.Of(experiment.Loss(batch, default)[term].Value) is var g && sampling.Learned!.Parameters.Any(p => g.Find(p.Value)?.ToArray<float>().Any(v => v != 0) == true))];
        Assert.That(reaches, Is.EqualTo(new[] { method == "LDS", true }));
    }

    [Test]
    public void SamplingLearnsWhereBoundariesAre([Values("LDS", "ES")] string method)
    {
        var data = new DrawnPictures(2);
        Sampling sampling = method == "LDS" ? new LearnedDownsampling(DrawnPictures.Original, DrawnPictures.Input) : new BoundaryDownsampling(DrawnPictures.Original, DrawnPictures.Input);
        var experiment = Make(sampling, data);
        var pictures = experiment.Pictures(data);
        var batch = Steps.Of(pictures.Load(0, new PictureReader()), pictures.Load(1, new PictureReader()));
        Steps.On(experiment, batch, 60);
        using var off = Grad.Off();
        experiment.Model.Eval();
        var shown = sampling.Show(DeskInput.ToTensor(batch.Items), null);
        // More of the sampled picture is boundary than of the original: objects take more of it.
        for (var i = 0; i < 2; i++)
        {
            var places = shown.Warp!.Upsample(DrawnPictures.Input).ToArray<float>();
            var (own, size) = (DrawnPictures.Segmentation(i).Labels, DrawnPictures.Input.Height * DrawnPictures.Input.Width);
            var seen = Enumerable.Range(i * size, size).Count(p => own[(int)Math.Clamp((places[2 * p + 1] + 1) / 2 * 319, 0, 319), (int)Math.Clamp((places[2 * p] + 1) / 2 * 511, 0, 511)] != 0) / (double)size;
            var there = own.Labels.ToArray().Count(l => l != 0) / (320.0 * 512);
            Assert.That(seen, Is.GreaterThan(1.15 * there));
        }
    }

    private static FixedSampling Sample(ISaliency? saliency) => new(DrawnPictures.Original, DrawnPictures.Input, saliency, new SaliencyToGridOptions { AttractionFwhm = 10 });

    private static SegmentationExperiment Make(Sampling sampling, IDataset<SegmentationSample> data) => new(DrawnPictures.Labels, Weights, sampling, data);
}
