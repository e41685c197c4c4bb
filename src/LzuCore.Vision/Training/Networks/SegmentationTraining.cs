using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Ops;
using LzuCore.Vision.Data;
using LzuCore.Vision.Data.Loading;
using LzuCore.Vision.Imaging;
using LzuCore.Vision.Models;
using LzuCore.Vision.Tasks.Segmentation;

namespace LzuCore.Vision.Training.Networks;

/// <summary>PSPNet, with or without a zoom before it: cross-entropy of every pixel, scored by mean IoU.</summary>
/// <remarks>Labels come to the size of the network's input by the nearest pixel; its padding counts for nothing.</remarks>
public sealed class SegmentationTraining : TrainingTask<TrainingPicture<SegmentationSample>>
{
    private readonly PspNet _model;
    private readonly SegmenterOptions _options;
    private readonly IDataset<SegmentationSample>? _validation;
    private readonly TrainingZoom _zoom;
    private readonly int _workers;

    /// <summary>A task.</summary>
    /// <param name="model">What is trained.</param>
    /// <param name="options">How pictures are zoomed, in training and in evaluation.</param>
    /// <param name="validation">What is evaluated on; null for nothing.</param>
    /// <param name="workers">Threads that decode pictures for an evaluation.</param>
    /// <exception cref="ArgumentValueException">The zoom is not the same for all pictures: there is nothing to follow in training.</exception>
    public SegmentationTraining(PspNet model, SegmenterOptions? options = null, IDataset<SegmentationSample>? validation = null, int workers = 1)
    {
        (_model, _options, _validation, _workers) = (model, options ?? new(), validation, workers);
        Check.That(_options.Saliency is null or { IsFixed: true } && !_options.FollowBoundaries, $"segmentation training: the zoom must be fixed. Train with the mean saliency of the training set.");
        Normalization = new Segmenter(model, _options).Normalization;
        model.Train();
        _zoom = new TrainingZoom("segmenter", _options, model.Strides, Normalization, Device, 0);
    }

    /// <summary>Bytes to input.</summary>
    public Normalization Normalization { get; }

    /// <inheritdoc/>
    public override Module Model => _model;

    private Device Device => _model.Parameters.First().Value.Device;

    /// <inheritdoc/>
    public override IReadOnlyList<LossTerm> Loss(Batch<TrainingPicture<SegmentationSample>> batch, TrainingMoment moment)
    {
        var zoomed = _zoom.Zoom(batch, moment, static _ => [], static _ => []);
        var output = _model.Heads(zoomed.Input.Unzoom(_model.Features(zoomed.Input.Input), _model.Strides));
        var labels = batch.Items.Select(i =>
        {
            var map = i.Sample.Labels.Pad(zoomed.From);
            return (map.Size == zoomed.Input.Size ? map : map.Resize(zoomed.Input.Size)).Pad(zoomed.Input.Padded).ToTensor();
        });
        var losses = new SegmentationLoss { Across = Processes }.Compute(output, F.Concat([.. labels], 0).To(Device));
        return losses.Auxiliary is { } auxiliary ? [new("decode", losses.Decode), new("auxiliary", auxiliary)] : [new("decode", losses.Decode)];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Score> Evaluate(Action<int, int>? progress = null, CancellationToken cancellation = default)
    {
        if (_validation is null) return [];
        var score = SegmentationEvaluator.Run(new Segmenter(_model, _options), _validation, new SegmentationEvaluatorOptions { Progress = progress, Workers = _workers, Processes = Processes }, cancellation).Score;
        return [new("mIoU", score.Mean), new("mAcc", score.MeanAccuracy), new("aAcc", score.OverallAccuracy)];
    }
}
