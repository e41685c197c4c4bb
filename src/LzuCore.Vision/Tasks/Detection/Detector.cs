using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Imaging;
using LzuCore.Vision.Models;

namespace LzuCore.Vision.Tasks.Detection;

/// <summary>What is brought back from the zoomed picture to the original one.</summary>
public enum Unwarp
{
    /// <summary>The features of every level, before the head: learning to zoom and unzoom.</summary>
    Features,
    /// <summary>The decoded boxes, before suppression: FOVEA (Thavamani et al. 2021), the baseline.</summary>
    Boxes,
}

/// <summary>How pictures go through a detector.</summary>
public sealed record DetectorOptions : ZoomOptions
{
    /// <summary>Least score of a detection that is reported. The next picture's saliency sees all of them.</summary>
    public float Score { get; init; } = 0.3f;

    /// <summary>What is unwarped, where there is a saliency.</summary>
    public Unwarp Unwarp { get; init; } = Unwarp.Features;
}

/// <summary>What was found in one picture.</summary>
/// <param name="Image">The picture's size, which the boxes are pixels of.</param>
/// <param name="Network">The size that the network saw, padding not counted.</param>
/// <param name="Detections">By falling score.</param>
/// <param name="Milliseconds">Where the time went.</param>
public sealed record DetectionResult(Size2 Image, Size2 Network, IReadOnlyList<Detection> Detections, StageTimes Milliseconds);

/// <summary>Pictures to boxes: normalise, zoom, backbone and pyramid, unzoom every level, head, decode.</summary>
/// <remarks>Without saliency, resizing samples with the same align-corners sampler at the identity grid, so that a uniform warp gives the same detections.
/// Features are unzoomed by their strides over the picture without its padding. Not for use by two threads at once.</remarks>
public sealed class Detector
{
    private readonly RetinaNet _model;
    private readonly DetectorOptions _options;
    private readonly Zoomer _zoomer;
    private readonly RetinaNetDecoder _decoder;
    private Box[] _previous = [];

    /// <summary>A detector over a model, which is set to evaluation.</summary>
    /// <exception cref="ArgumentValueException">An option is out of range.</exception>
    public Detector(RetinaNet model, DetectorOptions? options = null)
    {
        _options = options ?? new();
        _model = model;
        _model.Eval();
        _zoomer = new Zoomer("detector", _options, RetinaNet.Strides, (model.Options.Layout, model.Options.Style) switch
        {
            (CheckpointLayout.Torchvision, _) => Normalization.Torchvision,
            (_, ResNetStyle.Caffe) => Normalization.CaffeBgr,
            _ => Normalization.ImageNetRgb,
        }, Device);
        _decoder = new RetinaNetDecoder(model.Options.Layout);
    }

    /// <summary>Bytes to input.</summary>
    public Normalization Normalization => _zoomer.Normalization;

    internal RetinaNet Model => _model;

    /// <summary>The network alone, as in <see cref="Detect(Image)"/> between normalising and decoding: zoomed, backbone and pyramid, unzoomed, head.</summary>
    /// <param name="image">[1, 3, H, W], normalised.</param>
    /// <exception cref="ShapeException">The image is not [1, 3, H, W].</exception>
    public DetectorOutput Forward(Tensor image)
    {
        var zoomed = _zoomer.Zoom(image, _previous);
        var levels = _model.Features.Call(zoomed.Input);
        return _model.Head.Call(_options.Unwarp == Unwarp.Features ? zoomed.Unzoom(levels, RetinaNet.Strides) : levels);
    }

    /// <summary>How pictures go through.</summary>
    public DetectorOptions Options => _options;

    /// <summary>How many classes it tells apart.</summary>
    public int Classes => _model.Options.Classes;

    /// <summary>The size that the network sees a picture of a size at.</summary>
    public Size2 SizeFor(Size2 image) => _options.SizeFor(image);

    /// <summary>Forgets the boxes of the picture before: the next one begins a sequence.</summary>
    public void StartSequence() => _previous = [];

    /// <summary>Finds the objects of a picture.</summary>
    public DetectionResult Detect(Image image) => Detect(image, SizeFor(image.Size));

    /// <summary>Finds the objects of a picture at a size of the network's own.</summary>
    /// <param name="image">The picture, which boxes are pixels of.</param>
    /// <param name="size">The size that the network sees, padding not counted; in place of what the options say.</param>
    public DetectionResult Detect(Image image, Size2 size)
    {
        using var off = Grad.Off();
        using var scope = new TensorScope();
        var clock = new StageClock(Device);
        var zoomed = _zoomer.Zoom(image, _previous, size);
        var zoom = clock.Lap();

        var levels = _model.Features.Call(zoomed.Input);
        var backbone = clock.Lap();

        if (_options.Unwarp == Unwarp.Features) levels = zoomed.Unzoom(levels, RetinaNet.Strides);
        var unzoom = clock.Lap();

        var output = _model.Head.Call(levels);
        var head = clock.Lap();

        var frame = new DetectionFrame(zoomed.Padded, zoomed.Size, image.Size);
        var found = _decoder.Decode(output, _options.Unwarp == Unwarp.Boxes && zoomed.Warp is { } warp ? frame with { Warp = warp } : frame);
        var decode = clock.Lap();

        _previous = [.. found.Select(d => d.Box)];
        return new DetectionResult(image.Size, zoomed.Size, [.. found.Where(d => d.Score >= _options.Score)], new StageTimes(zoom, backbone, unzoom, head, decode));
    }

    private Device Device => _model.Parameters.First().Value.Device;
}
