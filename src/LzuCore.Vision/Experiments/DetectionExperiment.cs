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
public sealed class DetectionExperiment : TrainingTask<DeskPicture<DenseTruth>>, IZoomedNetwork
{
    // Pictures at once in evaluation, where each is on its own.
    private const int EvaluationBatch = 8;

    // The share of the steps after which cascaded saliency begins: two of the paper's three epochs.
    private const double Cascading = 2 / 3.0;

    // What of the frame before is looked at again.
    private const float LeastPreviousScore = 0.2f;

    private readonly Sampling _sampling;
    private readonly PreviousFrame _previous;
    private readonly DeskPictures<DetectionSample, DenseTruth> _validation;
    private readonly DeskModel<DeskDetector> _model;

    /// <summary>An experiment.</summary>
    /// <param name="classes">Names of the classes.</param>
    /// <param name="sampling">The method.</param>
    /// <param name="validation">The pictures that scores are taken on.</param>
    /// <param name="previous">What stands for the frame before in training, for methods that want one; null for the paper's rule.</param>
    public DetectionExperiment(IReadOnlyList<string> classes, Sampling sampling, IDataset<DetectionSample> validation, PreviousFrame? previous = null)
    {
        (Classes, _sampling, _previous) = (classes, sampling, previous ?? new PreviousFrame(sampling.Original));
        _model = new DeskModel<DeskDetector>(new DeskDetector(classes.Count), sampling.Learned);
        _validation = Pictures(validation);
    }

    /// <summary>Names of the classes.</summary>
    public IReadOnlyList<string> Classes { get; }

    /// <summary>Frames of each sequence of the validation pictures; 1 where they have nothing to do with each other.</summary>
    public int Frames { get; init; } = 1;

    /// <inheritdoc/>
    public override Module Model => _model;

    /// <inheritdoc/>
    public Sampling Sampling => _sampling;

    private DeskDetector Detector => _model.Network;

    /// <inheritdoc/>
    public Tensor[] Trunk(Tensor input) => Detector.Trunk.Call(input);

    /// <inheritdoc/>
    public Tensor[] Back(Tensor[] levels, Shown shown) => _sampling.Back(levels, Detector.Trunk.Strides, shown);

    /// <inheritdoc/>
    public Tensor Head(Tensor[] levels) => Detector.Head.Call(levels).Rows;

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
        var input = DeskInput.ToTensor(pictures);
        var (output, shown) = Run(input, _sampling.NeedsBoxes ? Expected(batch, input, moment) : null);
        var zoomed = _sampling.Unzooms ? null : shown.Warp is { } warp ? new ZoomedFrame(warp, _sampling.Input, _sampling.Original) : (ZoomedFrame?)null;
        DenseTruth[] truths = [.. pictures.Select((p, i) => InInput(p.Truth, zoomed, i))];
        var strides = Detector.Trunk.Strides;
        var (classes, positives) = DenseBoxes.ClassLoss(output, strides, Classes.Count, truths, Processes);
        var cells = DenseTargets.Cells(output.Sizes, strides);
        var rows = DenseBoxes.RowsOf(output, positives).Narrow(1, Classes.Count, DeskDetector.BoxValues);
        var boxes = DenseBoxes.Decode(rows, [.. positives.Select(p => cells[p.Cell])]);
        // Boxes that were not unzoomed are compared where they will be judged.
        var loss = zoomed is { } frame
            ? DenseBoxes.BoxLoss(InOriginal(boxes, positives, frame, pictures.Count), [.. positives.Select(p => pictures[p.Picture].Truth.Boxes[p.Object])], Processes)
            : DenseBoxes.BoxLoss(boxes, [.. positives.Select(p => truths[p.Picture].Boxes[p.Object])], Processes);
        return [new("classes", classes), new("boxes", loss)];
    }

    // Where objects are expected in training: the truth jittered, and towards the end what the detector itself finds, jittered.
    private List<Box[]> Expected(Batch<DeskPicture<DenseTruth>> batch, Tensor input, TrainingMoment moment)
    {
        var truths = batch.Items.Select((p, i) => _previous.Jitter(p.Truth.Boxes, moment.Epoch, batch.Indices[i])).ToList();
        if (!_previous.Cascades || moment.Step < Cascading * moment.Steps) return truths;
        using var off = Grad.Off();
        Model.Eval();
        var found = Found(input, truths);
        Model.Train();
        return [.. found.Select((f, i) => _previous.Jitter(LookedAtAgain(f), moment.Epoch, batch.Indices[i]))];
    }

    private static Box[] LookedAtAgain(IEnumerable<DenseDetection> found) => [.. found.Where(d => d.Score >= LeastPreviousScore).Select(d => d.Box)];

    private static Tensor InOriginal(Tensor boxes, IReadOnlyList<DensePositive> positives, ZoomedFrame frame, int pictures)
    {
        if (positives.Count == 0) return boxes;
        var parts = new List<Tensor>();
        for (int picture = 0, first = 0; picture < pictures; picture++)
        {
            var count = positives.Count(p => p.Picture == picture);
            if (count > 0) parts.Add(frame.ToOriginal(boxes.Narrow(0, first, count), picture));
            first += count;
        }
        return F.Concat([.. parts], 0);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Score> Evaluate(Action<int, int>? progress = null, CancellationToken cancellation = default) => Score(_validation, Frames, progress, cancellation).Scores;

    /// <summary>Scores on pictures that have nothing to do with each other.</summary>
    public DetectionScores Score(DeskPictures<DetectionSample, DenseTruth> data, Action<int, int>? progress = null, CancellationToken cancellation = default) =>
        Score(data, 1, progress, cancellation);

    /// <summary>Scores on sequences; methods that want one are told what was found in the frame before.</summary>
    /// <param name="data">Frame after frame, sequence after sequence.</param>
    /// <param name="frames">Frames of each sequence.</param>
    /// <param name="progress">Told how many pictures are done, and of how many.</param>
    /// <param name="cancellation">Ends it with <see cref="OperationCanceledException"/>.</param>
    public DetectionScores Score(DeskPictures<DetectionSample, DenseTruth> data, int frames, Action<int, int>? progress = null, CancellationToken cancellation = default)
    {
        using var off = Grad.Off();
        Model.Eval();
        var scorer = new DetectionScorer(Classes, _sampling.Original);
        // Several sequences side by side, frame by frame.
        var order = Enumerable.Range(0, data.Count / frames).Chunk(EvaluationBatch).SelectMany(chunk => Enumerable.Range(0, frames).SelectMany(t => chunk.Select(s => s * frames + t))).ToArray();
        var loader = new DataLoader<DeskPicture<DenseTruth>, DeskPicture<DenseTruth>>(new Reordered<DeskPicture<DenseTruth>>(data, order), (p, _) => p, new LoaderOptions { BatchSize = 1 });
        var side = new List<DeskPicture<DenseTruth>>();
        List<Box[]>? before = null;
        var done = 0;
        foreach (var one in loader.Epoch(0, cancellation: cancellation))
        {
            side.Add(one.Items[0]);
            var (chunk, width) = (order[done] / frames / EvaluationBatch, EvaluationBatch);
            width = Math.Min(width, data.Count / frames - chunk * EvaluationBatch);
            done++;
            if (side.Count < width) continue;
            var frame = order[done - 1] % frames;
            using var scope = new TensorScope();
            var found = Found(DeskInput.ToTensor(side), frame == 0 ? null : before);
            for (var i = 0; i < found.Length; i++) scorer.Add(side[i].Truth, found[i]);
            before = [.. found.Select(LookedAtAgain)];
            side.Clear();
            progress?.Invoke(done, data.Count);
        }
        Model.Train();
        return scorer.Score();
    }

    /// <summary>What the detector finds, in the original's pixels.</summary>
    /// <param name="pictures">As <see cref="Pictures"/> gives them.</param>
    /// <param name="boxes">For each where objects are expected; null where nothing is known.</param>
    public DenseDetection[][] Detect(IReadOnlyList<DeskPicture<DenseTruth>> pictures, IReadOnlyList<Box[]>? boxes)
    {
        using var off = Grad.Off();
        using var scope = new TensorScope();
        Model.Eval();
        return Found(DeskInput.ToTensor(pictures), boxes);
    }

    private DenseDetection[][] Found(Tensor input, IReadOnlyList<Box[]>? boxes)
    {
        var (output, shown) = Run(input, boxes);
        var cells = DenseTargets.Cells(output.Sizes, Detector.Trunk.Strides);
        var values = Detector.Head.Classes + Detector.Head.Values;
        var rows = output.Rows.ToArray<float>();
        var zoomed = _sampling.Unzooms || shown.Warp is null ? null : (ZoomedFrame?)new ZoomedFrame(shown.Warp, _sampling.Input, _sampling.Original);
        var found = new DenseDetection[input.Shape[0]][];
        for (var i = 0; i < found.Length; i++)
        {
            var ofPicture = DenseBoxes.Decode(rows.AsSpan(i * cells.Length * values, cells.Length * values), values, Classes.Count, cells, new());
            Box[] inInput = [.. ofPicture.Select(d => d.Box)];
            var inOriginal = zoomed is { } frame ? frame.ToOriginal(inInput, i) : [.. inInput.Select(_sampling.Frame.ToOriginal)];
            found[i] = [.. ofPicture.Select((d, k) => d with { Box = inOriginal[k].Clip(_sampling.Original) })];
        }
        return found;
    }

    private (DenseOutput Output, Shown Shown) Run(Tensor input, IReadOnlyList<Box[]>? boxes)
    {
        var shown = _sampling.Show(input, boxes);
        return (Detector.Head.Call(Back(Trunk(shown.Input), shown)), shown);
    }

    private DenseTruth InInput(DenseTruth truth, ZoomedFrame? zoomed, int picture) => zoomed is { } frame
        ? truth with { Boxes = frame.ToZoomed(truth.Boxes, picture), Ignored = frame.ToZoomed(truth.Ignored, picture) }
        : truth with { Boxes = [.. truth.Boxes.Select(_sampling.Frame.ToResized)], Ignored = [.. truth.Ignored.Select(_sampling.Frame.ToResized)] };

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
