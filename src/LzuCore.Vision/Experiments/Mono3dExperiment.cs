using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Vision.Data;
using LzuCore.Vision.Data.Loading;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Models;
using LzuCore.Vision.Tasks.Detection;
using LzuCore.Vision.Tasks.Detection3d;
using LzuCore.Vision.Training;

namespace LzuCore.Vision.Experiments;

/// <summary>The small detector that puts what it finds into space, under one method. Features are unzoomed, so its numbers mean what they mean in an even picture: places are those of the camera's.</summary>
public sealed class Mono3dExperiment : TrainingTask<DeskPicture<SpaceTruth>>, IZoomedNetwork
{
    private readonly Sampling _sampling;
    private readonly DeskPictures<Detection3dSample, SpaceTruth> _validation;
    private readonly DeskModel<DeskDetector> _model;

    /// <summary>An experiment.</summary>
    /// <param name="classes">The classes.</param>
    /// <param name="sampling">The method.</param>
    /// <param name="validation">The pictures that scores are taken on.</param>
    /// <exception cref="ArgumentValueException">The method does not unzoom features.</exception>
    public Mono3dExperiment(IReadOnlyList<SpaceClass> classes, Sampling sampling, IDataset<Detection3dSample> validation)
    {
        Check.That(sampling.Unzooms, $"mono-3D experiment: features must be unzoomed, got {sampling.GetType().Name} that leaves them: a place in the camera's frame has no meaning in a warped picture.");
        (Classes, _sampling) = (classes, sampling);
        _model = new DeskModel<DeskDetector>(new DeskDetector(classes.Count, inSpace: true), sampling.Learned);
        _validation = Pictures(validation);
    }

    /// <summary>The classes.</summary>
    public IReadOnlyList<SpaceClass> Classes { get; }

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
    public DeskPictures<Detection3dSample, SpaceTruth> Pictures(IDataset<Detection3dSample> data) => new(data, s => (s.Image,
        new SpaceTruth(new DenseTruth([.. s.Boxes], [.. s.Labels], [.. s.Ignored]), [.. s.Boxes3d], [.. s.Centers.Select(c => (c.X, c.Y))], s.Camera)), _sampling);

    /// <summary>Batches for training.</summary>
    public DataLoader<DeskPicture<SpaceTruth>, DeskPicture<SpaceTruth>> Loader(IDataset<Detection3dSample> training, LoaderOptions options) =>
        new(Pictures(training), (picture, draws) => DeskInput.Augment(picture, draws, Mirror), options);

    /// <inheritdoc/>
    public override IReadOnlyList<LossTerm> Loss(Batch<DeskPicture<SpaceTruth>> batch, TrainingMoment moment)
    {
        var pictures = batch.Items;
        var output = Run(pictures, _sampling.NeedsBoxes ? [.. pictures.Select(p => p.Truth.Seen.Boxes)] : null);
        SpaceTruth[] truths = [.. pictures.Select(p => InInput(p.Truth))];
        var strides = Detector.Trunk.Strides;
        var (classes, positives) = DenseBoxes.ClassLoss(output, strides, Classes.Count, [.. truths.Select(t => t.Seen)], Processes);
        var cells = DenseTargets.Cells(output.Sizes, strides);
        var rows = DenseBoxes.RowsOf(output, positives);
        var boxes = DenseBoxes.Decode(rows.Narrow(1, Classes.Count, DeskDetector.BoxValues), [.. positives.Select(p => cells[p.Cell])]);

        var targets = new float[positives.Count * DeskDetector.SpaceValues];
        var kinds = positives.Select(p => Classes[truths[p.Picture].Seen.Labels[p.Object]]).ToArray();
        for (var i = 0; i < kinds.Length; i++)
        {
            var (truth, index) = (truths[positives[i].Picture], positives[i].Object);
            DenseSpace.Encode(truth.Boxes[index], truth.Centers[index], cells[positives[i].Cell], kinds[i], targets.AsSpan(i * DeskDetector.SpaceValues, DeskDetector.SpaceValues));
        }
        var space = DenseSpace.Loss(rows.Narrow(1, Classes.Count + DeskDetector.BoxValues, DeskDetector.SpaceValues), targets, [.. kinds.Select(k => k.HasHeading)], Processes);
        return
        [
            new("classes", classes), new("boxes", DenseBoxes.BoxLoss(boxes, [.. positives.Select(p => truths[p.Picture].Seen.Boxes[p.Object])], Processes)),
            new("offset", space.Offset), new("depth", space.Depth), new("size", space.Size), new("axis", space.Axis), new("direction", space.Direction),
        ];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Score> Evaluate(Action<int, int>? progress = null, CancellationToken cancellation = default) => Score(_validation, progress, cancellation).Scores;

    /// <summary>Scores on pictures.</summary>
    public SpaceScores Score(DeskPictures<Detection3dSample, SpaceTruth> data, Action<int, int>? progress = null, CancellationToken cancellation = default)
    {
        var scorer = new SpaceScorer(Classes, _sampling.Original);
        DeskEvaluation.Over(Model, data, pictures =>
        {
            var found = Found(pictures, null);
            for (var i = 0; i < found.Length; i++) scorer.Add(pictures[i].Truth, found[i]);
        }, progress, cancellation);
        return scorer.Score();
    }

    /// <summary>What the detector finds: in space, and in the original's pixels.</summary>
    /// <param name="pictures">As <see cref="Pictures"/> gives them.</param>
    /// <param name="boxes">For each where objects are expected; null where nothing is known.</param>
    public DenseSpaceDetection[][] Detect(IReadOnlyList<DeskPicture<SpaceTruth>> pictures, IReadOnlyList<Box[]>? boxes)
    {
        using var off = Grad.Off();
        using var scope = new TensorScope();
        Model.Eval();
        return Found(pictures, boxes);
    }

    private DenseSpaceDetection[][] Found(IReadOnlyList<DeskPicture<SpaceTruth>> pictures, IReadOnlyList<Box[]>? boxes)
    {
        var output = Run(pictures, boxes);
        var cells = DenseTargets.Cells(output.Sizes, Detector.Trunk.Strides);
        int values = Detector.Head.Classes + Detector.Head.Values, space = Classes.Count + DeskDetector.BoxValues;
        var rows = output.Rows.ToArray<float>();
        var found = new DenseSpaceDetection[pictures.Count][];
        for (var i = 0; i < found.Length; i++)
        {
            var own = rows.AsMemory(i * cells.Length * values, cells.Length * values);
            found[i] = [.. DenseBoxes.Decode(own.Span, values, Classes.Count, cells, new()).Select(d => new DenseSpaceDetection(
                DenseSpace.Decode(own.Span.Slice(d.Cell * values + space, DeskDetector.SpaceValues), cells[d.Cell], Classes[d.Label], _sampling.Frame, pictures[i].Truth.Camera),
                d with { Box = _sampling.Frame.ToOriginal(d.Box).Clip(_sampling.Original) }))];
        }
        return found;
    }

    /// <summary>Left and right exchanged.</summary>
    internal SpaceTruth Mirror(SpaceTruth truth)
    {
        float width = _sampling.Original.Width;
        return new(
            truth.Seen with { Boxes = [.. truth.Seen.Boxes.Select(Across)], Ignored = [.. truth.Seen.Ignored.Select(Across)] },
            [.. truth.Boxes.Select(b => b.Flipped())], [.. truth.Centers.Select(c => (width - c.X, c.Y))], truth.Camera.Flipped(width));

        Box Across(Box box) => new(width - box.X2, box.Y1, width - box.X1, box.Y2);
    }

    private DenseOutput Run(IReadOnlyList<DeskPicture<SpaceTruth>> pictures, IReadOnlyList<Box[]>? boxes)
    {
        var shown = _sampling.Show(DeskInput.ToTensor(pictures), boxes);
        return Detector.Head.Call(Back(Trunk(shown.Input), shown));
    }

    private SpaceTruth InInput(SpaceTruth truth) => truth with
    {
        Seen = truth.Seen with { Boxes = [.. truth.Seen.Boxes.Select(_sampling.Frame.ToResized)], Ignored = [.. truth.Seen.Ignored.Select(_sampling.Frame.ToResized)] },
        Centers = [.. truth.Centers.Select(c => _sampling.Frame.ToResized(c.X, c.Y))],
    };
}
