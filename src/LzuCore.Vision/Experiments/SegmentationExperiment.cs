using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Vision.Data;
using LzuCore.Vision.Data.Loading;
using LzuCore.Vision.Imaging;
using LzuCore.Vision.Metrics;
using LzuCore.Vision.Models;
using LzuCore.Vision.Tasks.Segmentation;
using LzuCore.Vision.Training;
using LzuCore.Warping;

namespace LzuCore.Vision.Experiments;

/// <summary>How well pictures were labelled.</summary>
/// <param name="Scores">mIoU, mean accuracy, accuracy of all pixels, in per cent.</param>
/// <param name="PerClass">IoU of each class, in per cent; NaN for one that occurs nowhere.</param>
public sealed record SegmentationScores(IReadOnlyList<Score> Scores, IReadOnlyList<double> PerClass);

/// <summary>The small segmentation network under one method.</summary>
/// <remarks>Features are unzoomed to a cell for each input pixel: at the trunk's own size, half of that, what the zoom saw more finely would be lost again. Even sampling enlarges them in the same way.
/// Methods that do not unzoom are trained in the warped picture, whose labels are taken through the same warp, and their logits are brought back by its inverse.
/// Loss: cross-entropy at every second pixel of the original along both axes, weighted by class. Scores: at every pixel of the original.</remarks>
public sealed class SegmentationExperiment : TrainingTask<DeskPicture<LabelMap>>, IZoomedNetwork
{
    // Between the original's pixels that are compared in training.
    private const int LabelStep = 2;
    private const byte NoLabel = LabelMaps.Ignore;

    private readonly Sampling _sampling;
    private readonly Tensor _weights;
    private readonly DeskPictures<SegmentationSample, LabelMap> _validation;
    private readonly DeskModel<DeskSegmenter> _model;

    /// <summary>An experiment.</summary>
    /// <param name="classes">Names of the classes.</param>
    /// <param name="weights">What each class's pixels count: see <see cref="ClassWeights"/>.</param>
    /// <param name="sampling">The method.</param>
    /// <param name="validation">The pictures that scores are taken on.</param>
    /// <exception cref="ArgumentValueException">There are not as many weights as classes.</exception>
    public SegmentationExperiment(IReadOnlyList<string> classes, IReadOnlyList<double> weights, Sampling sampling, IDataset<SegmentationSample> validation)
    {
        Check.That(weights.Count == classes.Count, $"segmentation experiment: there must be a weight for each of {classes.Count} classes, got {weights.Count}.");
        (Classes, _sampling) = (classes, sampling);
        _weights = Tensor.From([.. weights.Select(w => (float)w)], [weights.Count]).Persist();
        _model = new DeskModel<DeskSegmenter>(new DeskSegmenter(classes.Count), sampling.Learned);
        _validation = Pictures(validation);
    }

    /// <summary>Names of the classes.</summary>
    public IReadOnlyList<string> Classes { get; }

    /// <inheritdoc/>
    public override Module Model => _model;

    /// <inheritdoc/>
    public Sampling Sampling => _sampling;

    private DeskSegmenter Segmenter => _model.Network;

    /// <inheritdoc/>
    public Tensor[] Trunk(Tensor input) => Segmenter.Trunk.Call(input);

    /// <inheritdoc/>
    public Tensor[] Back(Tensor[] levels, Shown shown) => _sampling.Unzooms && shown.Warp is { } warp
        ? [.. levels.Select((level, i) => warp.Unzoom(level, new LevelFrame(Segmenter.Trunk.Strides[i], _sampling.Input), _sampling.Input))]
        : [F.Interpolate(levels[0], _sampling.Input, InterpolationMode.Bilinear, alignCorners: false), .. levels.Skip(1)];

    /// <inheritdoc/>
    public Tensor Head(Tensor[] levels) => Segmenter.Head.Call(levels);

    /// <summary>The fixed saliency of a training set: the mean of its boundaries, the same left and right, on an even floor.</summary>
    /// <param name="training">Label maps are taken from it, evenly spread.</param>
    /// <param name="grid">Cells.</param>
    /// <param name="amplitude">α: the boundaries' mass over the floor's.</param>
    /// <param name="most">How many label maps at most.</param>
    public static FixedSaliency Boundaries(IDataset<SegmentationSample> training, Size2 grid, double amplitude = 3, int most = 400)
    {
        Check.That(amplitude >= 0 && double.IsFinite(amplitude), $"boundary saliency: amplitude must be finite and not negative, got {amplitude}.");
        var saliency = new BoundarySaliency(grid, NoLabel) { Floor = 1 / (1 + amplitude), Symmetric = true };
        foreach (var map in Maps(training, most)) saliency.Add(map);
        return new FixedSaliency(saliency.Map());
    }

    /// <summary>Label maps of a data set, evenly spread.</summary>
    /// <param name="data">The data set.</param>
    /// <param name="most">How many at most.</param>
    public static IEnumerable<LabelMap> Maps(IDataset<SegmentationSample> data, int most = 400)
    {
        var count = Math.Min(most, data.Count);
        var pictures = new PictureReader();
        for (var i = 0; i < count; i++) yield return data.Load((int)((long)i * data.Count / count), pictures).Labels;
    }

    /// <summary>A data set as this method sees it.</summary>
    public DeskPictures<SegmentationSample, LabelMap> Pictures(IDataset<SegmentationSample> data) => new(data, s => (s.Image, s.Labels), _sampling);

    /// <summary>Batches for training.</summary>
    public DataLoader<DeskPicture<LabelMap>, DeskPicture<LabelMap>> Loader(IDataset<SegmentationSample> training, LoaderOptions options) =>
        new(Pictures(training), (picture, draws) => DeskInput.Augment(picture, draws, LabelMaps.Flip), options);

    /// <inheritdoc/>
    public override IReadOnlyList<LossTerm> Loss(Batch<DeskPicture<LabelMap>> batch, TrainingMoment moment)
    {
        var shown = _sampling.Show(DeskInput.ToTensor(batch.Items), null);
        LabelMap[] maps = [.. batch.Items.Select(p => p.Truth)];
        var logits = Logits(shown);
        var labels = InWarp(shown) is { } warp
            ? Compare(F.Interpolate(logits, new(_sampling.Original.Height / LabelStep, _sampling.Original.Width / LabelStep), InterpolationMode.Bilinear, alignCorners: true), Warped(maps, warp))
            : Compare(AtOriginal(logits, LabelStep), Every(maps, LabelStep));
        return [new("labels", labels), .. _sampling is WarpedSampling warped ? warped.Guidance(shown, maps) : []];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Score> Evaluate(Action<int, int>? progress = null, CancellationToken cancellation = default) => Score(_validation, progress, cancellation).Scores;

    /// <summary>Scores on pictures.</summary>
    public SegmentationScores Score(DeskPictures<SegmentationSample, LabelMap> data, Action<int, int>? progress = null, CancellationToken cancellation = default)
    {
        var iou = new MeanIou(Classes.Count, NoLabel);
        DeskEvaluation.Over(Model, data, pictures =>
        {
            var found = Found(pictures);
            for (var i = 0; i < found.Length; i++) iou.Add(pictures[i].Truth.Labels, found[i].Labels);
        }, progress, cancellation);
        return new([new("mIoU", 100 * iou.Mean), new("mAcc", 100 * iou.MeanAccuracy), new("aAcc", 100 * iou.OverallAccuracy)], [.. Enumerable.Range(0, Classes.Count).Select(k => 100 * iou.Iou(k))]);
    }

    /// <summary>The label of every pixel of the originals.</summary>
    /// <param name="pictures">As <see cref="Pictures"/> gives them.</param>
    public LabelMap[] Segment(IReadOnlyList<DeskPicture<LabelMap>> pictures)
    {
        using var off = Grad.Off();
        using var scope = new TensorScope();
        Model.Eval();
        return Found(pictures);
    }

    private LabelMap[] Found(IReadOnlyList<DeskPicture<LabelMap>> pictures)
    {
        var shown = _sampling.Show(DeskInput.ToTensor(pictures), null);
        var logits = Logits(shown);
        var all = InWarp(shown) is { } warp ? warp.Unzoom(logits, new LevelFrame(1, _sampling.Input), _sampling.Original) : AtOriginal(logits, 1);
        var labels = all.ArgMax(1).To(DType.UInt8).ToArray<byte>();
        var size = _sampling.Original.Height * _sampling.Original.Width;
        var maps = new LabelMap[pictures.Count];
        for (var i = 0; i < maps.Length; i++)
        {
            maps[i] = new LabelMap(_sampling.Original);
            labels.AsSpan(i * size, size).CopyTo(maps[i].Labels);
        }
        return maps;
    }

    /// <summary>[N, classes, h, w] at the input's size: over the original, or over the warped picture where features are not unzoomed.</summary>
    internal Tensor Logits(Shown shown) => Head(Back(Trunk(shown.Input), shown));

    // The warp that answers are still in.
    private WarpGrid? InWarp(Shown shown) => _sampling.Unzooms ? null : shown.Warp;

    // A mean over pixels by their weights, of all processes.
    private Tensor Compare(Tensor logits, Tensor labels)
    {
        var loss = F.CrossEntropy(logits, labels, NoLabel, weight: _weights.To(logits.Device));
        return Processes.World == 1 ? loss : loss * Processes.Share(WeightOf(labels.ToArray<byte>()));
    }

    private double WeightOf(byte[] labels)
    {
        var weights = _weights.ToArray<float>();
        return labels.Sum(l => l == NoLabel ? 0.0 : weights[l]);
    }

    // Logits at every step-th pixel of the original; beyond the first and last input pixel they go on as they are.
    private Tensor AtOriginal(Tensor logits, int step)
    {
        float[] xs = new float[_sampling.Original.Width / step], ys = new float[_sampling.Original.Height / step];
        for (var j = 0; j < xs.Length; j++) xs[j] = (float)(_sampling.Frame.ToResized(j * step + 0.5, 0.5).X - 0.5);
        for (var i = 0; i < ys.Length; i++) ys[i] = (float)(_sampling.Frame.ToResized(0.5, i * step + 0.5).Y - 0.5);
        return F.SeparableSample(logits, Tensor.From(xs, [xs.Length]).To(logits.Device), Tensor.From(ys, [ys.Length]).To(logits.Device), PaddingMode.Border);
    }

    private static Tensor Every(LabelMap[] maps, int step)
    {
        int height = maps[0].Size.Height / step, width = maps[0].Size.Width / step;
        var labels = new byte[maps.Length * height * width];
        var at = 0;
        foreach (var map in maps)
            for (var y = 0; y < height; y++)
            {
                var row = map.Row(y * step);
                for (var x = 0; x < width; x++) labels[at++] = row[x * step];
            }
        return Tensor.From<byte>(labels, [maps.Length, height, width]);
    }

    // Labels as the warp shows them: of each place the nearest pixel's.
    private static Tensor Warped(LabelMap[] maps, WarpGrid warp)
    {
        using var off = Grad.Off();
        var size = maps[0].Size;
        int height = size.Height / LabelStep, width = size.Width / LabelStep;
        var places = warp.Upsample((height, width)).ToArray<float>();
        var labels = new byte[maps.Length * height * width];
        for (var n = 0; n < maps.Length; n++)
        {
            var own = places.AsSpan(warp.Batch == 1 ? 0 : n * height * width * 2, height * width * 2);
            for (var i = 0; i < height * width; i++)
                labels[n * height * width + i] = maps[n][Nearest(own[2 * i + 1], size.Height), Nearest(own[2 * i], size.Width)];
        }
        return Tensor.From<byte>(labels, [maps.Length, height, width]);

        static int Nearest(float place, int count) => Math.Clamp((int)MathF.Round((place + 1) / 2 * (count - 1)), 0, count - 1);
    }
}
