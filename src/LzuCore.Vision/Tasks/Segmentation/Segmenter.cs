using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Vision.Imaging;
using LzuCore.Vision.Models;

namespace LzuCore.Vision.Tasks.Segmentation;

/// <summary>How pictures go through a segmentation network.</summary>
public sealed record SegmenterOptions : ZoomOptions
{
    /// <summary>Whether each picture is zoomed on the boundaries found in the one before; the first of a sequence is not. In place of a <see cref="ZoomOptions.Saliency"/>.</summary>
    public bool FollowBoundaries { get; init; }

    /// <summary>Nodes of the warp that follows boundaries.</summary>
    public Size2 BoundaryGrid { get; init; } = new(31, 51);
}

/// <summary>A labelled picture.</summary>
/// <param name="Image">The picture's size, which the labels have too.</param>
/// <param name="Network">The size that the network saw, padding not counted.</param>
/// <param name="Labels">Train ids.</param>
/// <param name="Milliseconds">Where the time went.</param>
public sealed record SegmentationResult(Size2 Image, Size2 Network, LabelMap Labels, StageTimes Milliseconds);

/// <summary>Pictures to labels: normalise, zoom, backbone, unzoom the features that the head reads, head, resize, greatest.</summary>
/// <remarks>Not for use by two threads at once.</remarks>
public sealed class Segmenter
{
    private readonly PspNet _model;
    private readonly SegmenterOptions _options;
    private readonly Zoomer _zoomer;
    private LabelMap? _previous;

    /// <summary>A segmenter over a model, which is set to evaluation.</summary>
    /// <exception cref="ArgumentValueException">An option is out of range.</exception>
    public Segmenter(PspNet model, SegmenterOptions? options = null)
    {
        _options = options ?? new();
        _model = model;
        _model.Eval();
        _zoomer = new Zoomer("segmenter", _options, model.Strides, Normalization.ImageNetRgb, Device);
    }

    /// <summary>Forgets the picture before: the next one begins a sequence.</summary>
    public void StartSequence() => _previous = null;

    /// <summary>Bytes to input.</summary>
    public Normalization Normalization => _zoomer.Normalization;

    /// <summary>How many classes it tells apart.</summary>
    public int Classes => _model.Options.Classes;

    internal PspNet Model => _model;

    /// <summary>The network alone, as in <see cref="Segment"/> between normalising and decoding: zoomed, backbone, unzoomed, head.</summary>
    /// <param name="image">[1, 3, H, W], normalised.</param>
    /// <returns>Logits at the features' resolution.</returns>
    /// <exception cref="ShapeException">The image is not [1, 3, H, W].</exception>
    public SegmentationOutput Forward(Tensor image)
    {
        var zoomed = _zoomer.Zoom(image, []);
        return _model.Heads(zoomed.Unzoom(_model.Features(zoomed.Input), _model.Strides));
    }

    /// <summary>Labels every pixel of a picture.</summary>
    public SegmentationResult Segment(Image image)
    {
        using var off = Grad.Off();
        using var scope = new TensorScope();
        var clock = new StageClock(Device);
        var zoomed = _zoomer.Zoom(image, [], map: _options.FollowBoundaries ? Boundaries() : null);
        var zoom = clock.Lap();

        var features = _model.Features(zoomed.Input);
        var backbone = clock.Lap();

        features = zoomed.Unzoom(features, _model.Strides);
        var unzoom = clock.Lap();

        var output = _model.Heads(features);
        var head = clock.Lap();

        var labels = SegmentationDecoder.Decode(output.Logits, zoomed.Padded, zoomed.Size, image.Size);
        _previous = labels;
        return new SegmentationResult(image.Size, zoomed.Size, labels, new StageTimes(zoom, backbone, unzoom, head, clock.Lap()));
    }

    private Tensor Boundaries()
    {
        var saliency = new BoundarySaliency(_options.BoundaryGrid);
        if (_previous is not null) saliency.Add(_previous);
        return saliency.Map();
    }

    private Device Device => _model.Parameters.First().Value.Device;
}
