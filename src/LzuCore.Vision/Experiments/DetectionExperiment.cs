using LzuCore.Nn;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Vision.Data;
using LzuCore.Vision.Data.Loading;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Models;
using LzuCore.Vision.Tasks.Detection;
using LzuCore.Vision.Training;

namespace LzuCore.Vision.Experiments;

/// <summary>The small detector under one method: what Table 1 compares.</summary>
public sealed class DetectionExperiment : TrainingTask<DeskPicture<DenseTruth>>
{
    // Pictures at once in evaluation, where each is on its own.
    private const int EvaluationBatch = 8;

    private readonly Sampling _sampling;
    private readonly DeskPictures<DetectionSample, DenseTruth> _validation;
    private readonly DeskModel<DeskDetector> _model;

    /// <summary>An experiment.</summary>
    /// <param name="classes">Names of the classes.</param>
    /// <param name="sampling">The method.</param>
    /// <param name="validation">The pictures that scores are taken on.</param>
    public DetectionExperiment(IReadOnlyList<string> classes, Sampling sampling, IDataset<DetectionSample> validation)
    {
        (Classes, _sampling) = (classes, sampling);
        _model = new DeskModel<DeskDetector>(new DeskDetector(classes.Count), sampling.Learned);
        _validation = Pictures(validation);
    }

    /// <summary>Names of the classes.</summary>
    public IReadOnlyList<string> Classes { get; }

    /// <inheritdoc/>
    public override Module Model => _model;

    private DeskDetector Detector => _model.Network;

    /// <summary>A data set as this method sees it.</summary>
    public DeskPictures<DetectionSample, DenseTruth> Pictures(IDataset<DetectionSample> data) =>
        new(data, s => (s.Image, new DenseTruth([.. s.Boxes], [.. s.Labels], [.. s.Ignored])), _sampling);

    /// <summary>Batches for training.</summary>
    public DataLoader<DeskPicture<DenseTruth>, DeskPicture<DenseTruth>> Loader(IDataset<DetectionSample> training, LoaderOptions options) =>
        new(Pictures(training), (picture, draws) => DeskInput.Augment(picture, draws, Mirror), options);

    /// <inheritdoc/>
    public override IReadOnlyList<LossTerm> Loss(Batch<DeskPicture<DenseTruth>> batch, TrainingMoment moment)
    {
        var pictures = batch.Items;
        var (output, _) = Run(pictures, [.. pictures.Select(p => p.Truth.Boxes)]);
        DenseTruth[] truths = [.. pictures.Select(p => InInput(p.Truth))];
        var strides = Detector.Trunk.Strides;
        var (classes, positives) = DenseBoxes.ClassLoss(output, strides, Classes.Count, truths);
        var cells = DenseTargets.Cells(output.Sizes, strides);
        var rows = DenseBoxes.RowsOf(output, positives).Narrow(1, Classes.Count, DeskDetector.BoxValues);
        var boxes = DenseBoxes.Decode(rows, [.. positives.Select(p => cells[p.Cell])]);
        return [new("classes", classes), new("boxes", DenseBoxes.BoxLoss(boxes, [.. positives.Select(p => truths[p.Picture].Boxes[p.Object])]))];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Score> Evaluate(Action<int, int>? progress = null, CancellationToken cancellation = default) => Score(_validation, progress, cancellation).Scores;

    /// <summary>Scores on pictures.</summary>
    public DetectionScores Score(DeskPictures<DetectionSample, DenseTruth> data, Action<int, int>? progress = null, CancellationToken cancellation = default)
    {
        using var off = Grad.Off();
        Model.Eval();
        var scorer = new DetectionScorer(Classes, _sampling.Original);
        var loader = new DataLoader<DeskPicture<DenseTruth>, DeskPicture<DenseTruth>>(data, (p, _) => p, new LoaderOptions { BatchSize = EvaluationBatch });
        foreach (var batch in loader.Epoch(0, cancellation: cancellation))
        {
            using var scope = new TensorScope();
            var found = Detect(batch.Items, null);
            for (var i = 0; i < found.Length; i++) scorer.Add(batch.Items[i].Truth, found[i]);
            progress?.Invoke(batch.Indices[^1] + 1, data.Count);
        }
        Model.Train();
        return scorer.Score();
    }

    /// <summary>What the detector finds, in the original's pixels.</summary>
    /// <param name="pictures">As <see cref="Pictures"/> gives them.</param>
    /// <param name="boxes">For each where objects are expected; null where nothing is known.</param>
    public DenseDetection[][] Detect(IReadOnlyList<DeskPicture<DenseTruth>> pictures, IReadOnlyList<Box[]>? boxes)
    {
        var (output, _) = Run(pictures, boxes);
        var cells = DenseTargets.Cells(output.Sizes, Detector.Trunk.Strides);
        var values = Detector.Head.Classes + Detector.Head.Values;
        var rows = output.Rows.ToArray<float>();
        var found = new DenseDetection[pictures.Count][];
        for (var i = 0; i < found.Length; i++)
            found[i] = [.. DenseBoxes.Decode(rows.AsSpan(i * cells.Length * values, cells.Length * values), values, Classes.Count, cells, new())
                .Select(d => d with { Box = _sampling.Frame.ToOriginal(d.Box).Clip(_sampling.Original) })];
        return found;
    }

    private (DenseOutput Output, Shown Shown) Run(IReadOnlyList<DeskPicture<DenseTruth>> pictures, IReadOnlyList<Box[]>? boxes)
    {
        var shown = _sampling.Show(DeskInput.ToTensor(pictures), boxes);
        var levels = _sampling.Back(Detector.Trunk.Call(shown.Input), Detector.Trunk.Strides, shown);
        return (Detector.Head.Call(levels), shown);
    }

    private DenseTruth InInput(DenseTruth truth) => truth with { Boxes = [.. truth.Boxes.Select(_sampling.Frame.ToResized)], Ignored = [.. truth.Ignored.Select(_sampling.Frame.ToResized)] };

    private DenseTruth Mirror(DenseTruth truth)
    {
        float width = _sampling.Original.Width;
        return truth with { Boxes = [.. truth.Boxes.Select(Across)], Ignored = [.. truth.Ignored.Select(Across)] };

        Box Across(Box box) => new(width - box.X2, box.Y1, width - box.X1, box.Y2);
    }
}

/// <summary>A network, and what a method learns besides it.</summary>
/// <typeparam name="TNetwork">The network.</typeparam>
public sealed class DeskModel<TNetwork> : Module where TNetwork : Module
{
    /// <summary>Both under one roof; the network's keys are its own.</summary>
    public DeskModel(TNetwork network, Module? learned)
    {
        Network = Child("", network);
        if (learned is not null) Child("saliency", learned);
    }

    /// <summary>The network.</summary>
    public TNetwork Network { get; }
}
