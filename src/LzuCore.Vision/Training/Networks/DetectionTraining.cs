using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Vision.Data;
using LzuCore.Vision.Data.Coco;
using LzuCore.Vision.Data.Loading;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Imaging;
using LzuCore.Vision.Models;
using LzuCore.Vision.Tasks.Detection;

namespace LzuCore.Vision.Training.Networks;

/// <summary>RetinaNet, with or without a zoom before it: focal loss and boxes, scored by COCO's average precision.</summary>
public sealed class DetectionTraining : TrainingTask<TrainingPicture<DetectionSample>>
{
    private readonly RetinaNet _model;
    private readonly DetectorOptions _options;
    private readonly CocoDataset? _validation;
    private readonly RetinaNetDecoder _decoder;
    private readonly TrainingZoom _zoom;
    private readonly int _workers;

    /// <summary>A task.</summary>
    /// <param name="model">What is trained.</param>
    /// <param name="options">How pictures are zoomed, in training and in evaluation. A saliency that is not fixed gets the truth's boxes moved a little, then the network's own.</param>
    /// <param name="validation">What is evaluated on; null for nothing.</param>
    /// <param name="seed">Of the moved boxes.</param>
    /// <param name="workers">Threads that decode pictures for an evaluation.</param>
    public DetectionTraining(RetinaNet model, DetectorOptions? options = null, CocoDataset? validation = null, ulong seed = 0, int workers = 1)
    {
        (_model, _options, _validation, _workers) = (model, (options ?? new()) with { Score = 0 }, validation, workers);
        Normalization = new Detector(model, _options).Normalization;
        model.Train();
        _decoder = new RetinaNetDecoder(model.Options.Layout);
        _zoom = new TrainingZoom("detector", _options, RetinaNet.Strides, Normalization, Device, seed);
    }

    /// <summary>Bytes to input.</summary>
    public Normalization Normalization { get; }

    /// <summary>How predicted boxes are compared with the truth.</summary>
    public BoxLoss BoxLoss { get; init; } = BoxLoss.L1;

    /// <inheritdoc/>
    public override Module Model => _model;

    private Device Device => _model.Parameters.First().Value.Device;

    /// <inheritdoc/>
    public override IReadOnlyList<LossTerm> Loss(Batch<TrainingPicture<DetectionSample>> batch, TrainingMoment moment)
    {
        var zoomed = _zoom.Zoom(batch, moment, sample => sample.Boxes, Find);
        var output = Forward(zoomed);
        // FOVEA compares in the original picture, everything else in the unzoomed input.
        var frame = _options.Unwarp == Unwarp.Boxes && zoomed.Input.Warp is { } warp ? new ZoomedFrame(warp, zoomed.Input.Size, zoomed.From) : (ZoomedFrame?)null;
        var losses = new RetinaNetLoss(_model.Options.Layout) { BoxLoss = BoxLoss, Across = Processes }.Compute(output, [.. batch.Items.Select(i => Truth(i, zoomed, scaled: frame is null))], zoomed.Input.Padded, frame);
        return [new("classes", losses.Classes), new("boxes", losses.Boxes)];
    }

    private DetectorOutput Forward(ZoomedBatch zoomed)
    {
        var levels = _model.Features.Call(zoomed.Input.Input);
        return _model.Head.Call(_options.Unwarp == Unwarp.Features ? zoomed.Input.Unzoom(levels, RetinaNet.Strides) : levels);
    }

    private DetectionTruth Truth(TrainingPicture<DetectionSample> picture, ZoomedBatch zoomed, bool scaled)
    {
        var truth = DetectionTruth.Of(picture.Sample);
        var (x, y) = zoomed.Scale;
        if (scaled && zoomed.Input.Size != zoomed.From) truth = truth with { Boxes = [.. truth.Boxes.Select(b => b.Scale((float)x, (float)y))] };
        if (picture.Size == zoomed.From) return truth;
        var own = new Size2(Up(picture.Size.Height * y), Up(picture.Size.Width * x));
        return truth with { Valid = own };

        int Up(double side) => ((int)Math.Ceiling(side) + _options.PadTo - 1) / _options.PadTo * _options.PadTo;
    }

    private IReadOnlyList<Box>[] Find(ZoomedBatch zoomed)
    {
        using var off = Grad.Off();
        using var scope = new TensorScope();
        _model.Eval();
        try
        {
            var output = Forward(zoomed);
            var frame = new DetectionFrame(zoomed.Input.Padded, zoomed.Input.Size, zoomed.From);
            if (_options.Unwarp == Unwarp.Boxes && zoomed.Input.Warp is { } warp)
                return [.. Enumerable.Range(0, zoomed.Input.Input.Shape[0]).Select(i => _decoder.Decode(output, frame with { Warp = warp.Batch == 1 ? warp : warp.Image(i) }, i).Select(d => d.Box).ToList())];
            return [.. Enumerable.Range(0, zoomed.Input.Input.Shape[0]).Select(i => _decoder.Decode(output, frame, i).Select(d => d.Box).ToList())];
        }
        finally
        {
            _model.Train();
        }
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Score> Evaluate(Action<int, int>? progress = null, CancellationToken cancellation = default)
    {
        if (_validation is null) return [];
        var found = DetectionEvaluator.Run(new Detector(_model, _options), _validation, new DetectionEvaluatorOptions { Progress = progress, Workers = _workers, Processes = Processes }, cancellation);
        return [.. found.Score(_validation.File).Summary.Select(s => new Score(s.Name, s.Value))];
    }
}
