using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Imaging;
using LzuCore.Vision.Models;

namespace LzuCore.Vision.Tasks.Detection3d;

/// <summary>How pictures go through a 3-D detector.</summary>
public sealed record Detector3dOptions : ZoomOptions
{
    /// <summary>Least score of a detection that is reported. The next picture's saliency sees all of them.</summary>
    public float Score { get; init; } = 0.3f;
}

/// <summary>What was found in one picture.</summary>
/// <param name="Image">The picture's size.</param>
/// <param name="Network">The size that the network saw, padding not counted.</param>
/// <param name="Detections">By falling score, in the camera's frame.</param>
/// <param name="Milliseconds">Where the time went.</param>
public sealed record Detection3dResult(Size2 Image, Size2 Network, IReadOnlyList<Detection3d> Detections, StageTimes Milliseconds);

/// <summary>Pictures to boxes in space: normalise, zoom, backbone and pyramid, unzoom every level, head, decode.</summary>
/// <remarks>The camera is scaled with the picture; a warp does not touch it, because unzooming restores the geometry. Not for use by two threads at once.</remarks>
public sealed class Detector3d
{
    private readonly Fcos3d _model;
    private readonly Detector3dOptions _options;
    private readonly Zoomer _zoomer;
    private readonly Fcos3dDecoder _decoder = new();
    private Box[] _previous = [];

    /// <summary>A detector over a model, which is set to evaluation.</summary>
    /// <exception cref="ArgumentValueException">An option is out of range.</exception>
    public Detector3d(Fcos3d model, Detector3dOptions? options = null)
    {
        _options = options ?? new();
        _model = model;
        _model.Eval();
        _zoomer = new Zoomer("3-D detector", _options, Fcos3d.Strides, Normalization.CaffeBgr, Device);
    }

    /// <summary>Bytes to input.</summary>
    public Normalization Normalization => _zoomer.Normalization;

    /// <summary>How pictures go through.</summary>
    public Detector3dOptions Options => _options;

    /// <summary>How many classes it tells apart.</summary>
    public int Classes => _model.Options.Classes;

    internal Fcos3d Model => _model;

    /// <summary>The network alone, as in <see cref="Detect"/> between normalising and decoding: zoomed, backbone, unzoomed, head.</summary>
    /// <param name="image">[1, 3, H, W], normalised.</param>
    /// <exception cref="ShapeException">The image is not [1, 3, H, W].</exception>
    public Fcos3dOutput Forward(Tensor image)
    {
        var zoomed = _zoomer.Zoom(image, []);
        return _model.Head.Call(zoomed.Unzoom(_model.Features.Call(zoomed.Input), Fcos3d.Strides));
    }

    /// <summary>Forgets the boxes of the picture before: the next one begins a sequence.</summary>
    public void StartSequence() => _previous = [];

    /// <summary>Finds the objects of a picture.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="camera">Its camera, in the picture's own pixels.</param>
    public Detection3dResult Detect(Image image, Camera camera)
    {
        using var off = Grad.Off();
        using var scope = new TensorScope();
        var clock = new StageClock(Device);
        var zoomed = _zoomer.Zoom(image, _previous);
        var zoom = clock.Lap();

        var levels = _model.Features.Call(zoomed.Input);
        var backbone = clock.Lap();

        levels = zoomed.Unzoom(levels, Fcos3d.Strides);
        var unzoom = clock.Lap();

        var output = _model.Head.Call(levels);
        var head = clock.Lap();

        var found = _decoder.Decode(output, camera.Scaled(zoomed.Size.Width / (double)image.Width, zoomed.Size.Height / (double)image.Height));
        var decode = clock.Lap();

        _previous = [.. found.Select(d => Wireframe.Of(d.Box, camera).Bounds(image.Size)).OfType<Box>()];
        return new Detection3dResult(image.Size, zoomed.Size, [.. found.Where(d => d.Score >= _options.Score)], new StageTimes(zoom, backbone, unzoom, head, decode));
    }

    private Device Device => _model.Parameters.First().Value.Device;
}
