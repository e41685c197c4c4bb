using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Vision.Data;
using LzuCore.Vision.Data.Loading;
using LzuCore.Vision.Data.NuScenes;
using LzuCore.Vision.Imaging;
using LzuCore.Vision.Metrics;
using LzuCore.Vision.Models;
using LzuCore.Vision.Tasks;
using LzuCore.Vision.Tasks.Detection3d;

namespace LzuCore.Vision.Training.Networks;

/// <summary>What a 3-D detector is evaluated on: nuScenes' metric needs the tables beside the pictures.</summary>
/// <param name="Pictures">The pictures with their cameras.</param>
/// <param name="Database">The tables.</param>
/// <param name="Samples">The moments that the pictures are of.</param>
public sealed record Detection3dValidation(Mono3dDataset Pictures, NuScenesDatabase Database, IReadOnlyList<NuScenesSample> Samples);

/// <summary>FCOS3D, with or without a zoom before it: its nine losses, scored by nuScenes' detection score.</summary>
/// <remarks>The projected truth is scaled to the network's input; boxes in space stay in metres, as the decoder scales the camera.</remarks>
public sealed class Detection3dTraining : TrainingTask<TrainingPicture<Detection3dSample>>
{
    private readonly Fcos3d _model;
    private readonly Detector3dOptions _options;
    private readonly Detection3dValidation? _validation;
    private readonly TrainingZoom _zoom;
    private readonly int _workers;

    /// <summary>A task.</summary>
    /// <param name="model">What is trained.</param>
    /// <param name="options">How pictures are zoomed, in training and in evaluation.</param>
    /// <param name="validation">What is evaluated on; null for nothing.</param>
    /// <param name="workers">Threads that decode pictures for an evaluation.</param>
    /// <exception cref="ArgumentValueException">The zoom is not the same for all pictures: six cameras at one moment are no sequence to follow.</exception>
    public Detection3dTraining(Fcos3d model, Detector3dOptions? options = null, Detection3dValidation? validation = null, int workers = 1)
    {
        (_model, _options, _validation, _workers) = (model, (options ?? new()) with { Score = 0 }, validation, workers);
        Check.That(_options.Saliency is null or { IsFixed: true }, $"3-D detection training: the zoom must be fixed. Train with the saliency of the training set's boxes.");
        Normalization = new Detector3d(model, _options).Normalization;
        model.Train();
        _zoom = new TrainingZoom("3-D detector", _options, Fcos3d.Strides, Normalization, Device, 0);
    }

    /// <summary>Bytes to input.</summary>
    public Normalization Normalization { get; }

    /// <inheritdoc/>
    public override Module Model => _model;

    private Device Device => _model.Parameters.First().Value.Device;

    /// <inheritdoc/>
    public override IReadOnlyList<LossTerm> Loss(Batch<TrainingPicture<Detection3dSample>> batch, TrainingMoment moment)
    {
        var zoomed = _zoom.Zoom(batch, moment, static _ => [], static _ => []);
        var levels = _model.Features.Call(zoomed.Input.Input);
        var output = _model.Head.Call(zoomed.Input.Unzoom(levels, Fcos3d.Strides));
        var (x, y) = zoomed.Scale;
        var losses = new Fcos3dLoss { Across = Processes }.Compute(output, [.. batch.Items.Select(i => Detection3dTruth.Of(i.Sample)).Select(t => t with
        {
            Boxes2d = [.. t.Boxes2d.Select(b => b.Scale((float)x, (float)y))],
            Centers = [.. t.Centers.Select(c => ((float)(c.X * x), (float)(c.Y * y)))],
        })]);
        return
        [
            new("classes", losses.Classes), new("offset", losses.Offset), new("depth", losses.Depth), new("size", losses.Size), new("rotation", losses.Rotation),
            new("velocity", losses.Velocity), new("direction", losses.Direction), new("attribute", losses.Attribute), new("centerness", losses.Centerness),
        ];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Score> Evaluate(Action<int, int>? progress = null, CancellationToken cancellation = default)
    {
        if (_validation is not { } data) return [];
        var found = Detection3dEvaluator.Run(new Detector3d(_model, _options), data.Pictures, new EvaluatorOptions { Progress = progress, Workers = _workers, Processes = Processes }, cancellation);
        var score = found.Score(data.Database, data.Samples);
        return [new("NDS", score.DetectionScore), new("mAP", score.MeanAveragePrecision), .. Enum.GetValues<NuScenesError>().Select(e => new Score(e.ToString(), score.MeanError(e)))];
    }
}
