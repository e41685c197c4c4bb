using System.Diagnostics;
using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Imaging;
using LzuCore.Vision.Models;
using LzuCore.Warping;

namespace LzuCore.Vision.Tasks.Detection;

/// <summary>How pictures go through a detector.</summary>
public sealed record DetectorOptions
{
    /// <summary>The network's share of the picture's size, both sides cut to integers; 1 is no resizing. Not used when <see cref="Size"/> is given.</summary>
    public double Scale { get; init; } = 1;

    /// <summary>The size that pictures are brought to; null for <see cref="Scale"/>.</summary>
    public Size2? Size { get; init; }

    /// <summary>Where to zoom in; null for plain resizing. A fixed saliency makes one warp for all pictures; any other is asked for each picture and told the boxes
    /// found in the one before.</summary>
    public ISaliency? Saliency { get; init; }

    /// <summary>How saliency becomes a warp.</summary>
    public SaliencyToGridOptions Warp { get; init; } = new();

    /// <summary>Bytes to input; null for what the model's layout and style were trained with.</summary>
    public Normalization? Normalization { get; init; }

    /// <summary>Least score of a detection that is reported. The next picture's saliency sees all of them.</summary>
    public float Score { get; init; } = 0.3f;

    /// <summary>The network's input is padded with zeros at the bottom and right to a multiple of this.</summary>
    public int PadTo { get; init; } = 32;
}

/// <summary>Milliseconds of the stages of one picture.</summary>
/// <param name="Zoom">Bytes to tensor, saliency, warp or resize, padding.</param>
/// <param name="Backbone">Residual network and pyramid.</param>
/// <param name="Unzoom">Pyramid levels back to the original geometry.</param>
/// <param name="Head">Head.</param>
/// <param name="Decode">Head's output to boxes.</param>
public readonly record struct DetectionTimes(double Zoom, double Backbone, double Unzoom, double Head, double Decode)
{
    /// <summary>All stages.</summary>
    public double Total => Zoom + Backbone + Unzoom + Head + Decode;
}

/// <summary>What was found in one picture.</summary>
/// <param name="Image">The picture's size, which the boxes are pixels of.</param>
/// <param name="Network">The size that the network saw, padding not counted.</param>
/// <param name="Detections">By falling score.</param>
/// <param name="Milliseconds">Where the time went.</param>
public sealed record DetectionResult(Size2 Image, Size2 Network, IReadOnlyList<Detection> Detections, DetectionTimes Milliseconds);

/// <summary>Pictures to boxes: normalise, zoom, backbone and pyramid, unzoom every level, head, decode.</summary>
/// <remarks>Without saliency, resizing samples with the same align-corners sampler at the identity grid, so that a uniform warp gives the same detections.
/// Features are unzoomed by their strides over the picture without its padding. Not for use by two threads at once.</remarks>
public sealed class Detector
{
    private readonly RetinaNet _model;
    private readonly DetectorOptions _options;
    private readonly Normalization _normalization;
    private readonly RetinaNetDecoder _decoder;
    private readonly WarpGrid? _fixedWarp;
    private Box[] _previous = [];

    /// <summary>A detector over a model, which is set to evaluation.</summary>
    /// <exception cref="ArgumentValueException">An option is out of range.</exception>
    public Detector(RetinaNet model, DetectorOptions? options = null)
    {
        _options = options ?? new();
        Check.That(_options.Scale > 0 && double.IsFinite(_options.Scale), $"detector: scale must be positive, got {_options.Scale}.");
        Check.That(_options.Size is null or { Height: >= 1, Width: >= 1 }, $"detector: size must be at least 1x1, got {_options.Size}.");
        Check.That(_options.PadTo >= 1, $"detector: padding multiple must be 1 or more, got {_options.PadTo}.");
        _model = model;
        _model.Eval();
        _normalization = _options.Normalization ?? (model.Options.Layout, model.Options.Style) switch
        {
            (CheckpointLayout.Torchvision, _) => Normalization.Torchvision,
            (_, ResNetStyle.Caffe) => Normalization.CaffeBgr,
            _ => Normalization.ImageNetRgb,
        };
        _decoder = new RetinaNetDecoder(model.Options.Layout);
        if (_options.Saliency is { IsFixed: true } saliency)
        {
            using var off = Grad.Off();
            _fixedWarp = SaliencyToGrid.Apply(saliency.Map(new SaliencyContext(1, new Size2(1, 1))), _options.Warp).To(Device).Persist();
        }
    }

    /// <summary>How pictures go through.</summary>
    public DetectorOptions Options => _options;

    /// <summary>How many classes it tells apart.</summary>
    public int Classes => _model.Options.Classes;

    /// <summary>The size that the network sees a picture of a size at.</summary>
    public Size2 SizeFor(Size2 image) => _options.Size ?? new Size2(Math.Max(1, (int)(_options.Scale * image.Height)), Math.Max(1, (int)(_options.Scale * image.Width)));

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
        var clock = Stopwatch.StartNew();
        var device = Device;
        Image.CheckSize("detector", size);

        var warp = Warp(image.Size, size);
        var input = image.ToTensor(_normalization).To(device);
        if (warp is not null) input = warp.Zoom(input, size);
        else if (size != image.Size) input = WarpGrid.Identity(2).To(device).Zoom(input, size);
        input = Pad(input, _options.PadTo);
        var zoom = Lap(clock, device);

        var levels = _model.Neck.Call(_model.Backbone.Call(input).Levels);
        var backbone = Lap(clock, device);

        if (warp is not null) levels = warp.Unzoom(levels, RetinaNet.Strides, size);
        var unzoom = Lap(clock, device);

        var output = _model.Head.Call(levels);
        var head = Lap(clock, device);

        var found = _decoder.Decode(output, new DetectionFrame(new Size2(input.Shape[2], input.Shape[3]), size, image.Size));
        var decode = Lap(clock, device);

        _previous = [.. found.Select(d => d.Box)];
        return new DetectionResult(image.Size, size, [.. found.Where(d => d.Score >= _options.Score)], new DetectionTimes(zoom, backbone, unzoom, head, decode));
    }

    private Device Device => _model.Parameters.First().Value.Device;

    private WarpGrid? Warp(Size2 image, Size2 zoomed)
    {
        if (_fixedWarp is not null || _options.Saliency is not { } saliency) return _fixedWarp;
        var context = new SaliencyContext(1, image, _previous.Length == 0 ? null : [Boxes.ToTensor(_previous)]);
        return SaliencyToGrid.Apply(saliency.Map(context).To(Device), _options.Warp, new WarpFrame(image, zoomed, RetinaNet.Strides, _options.PadTo));
    }

    private static Tensor Pad(Tensor input, int multiple)
    {
        int height = input.Shape[2], width = input.Shape[3];
        int bottom = (multiple - height % multiple) % multiple, right = (multiple - width % multiple) % multiple;
        return bottom + right == 0 ? input : F.Pad(input, 0, right, 0, bottom, PadMode.Constant);
    }

    private static double Lap(Stopwatch clock, Device device)
    {
        BackendRegistry.Get(device).Synchronize();
        var milliseconds = clock.Elapsed.TotalMilliseconds;
        clock.Restart();
        return milliseconds;
    }
}
