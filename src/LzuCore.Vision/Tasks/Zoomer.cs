using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Imaging;
using LzuCore.Warping;

namespace LzuCore.Vision.Tasks;

/// <summary>Which frame a warp spans.</summary>
public enum WarpGeometry
{
    /// <summary>The picture; cells of a level are where its stride puts them. The identity warp changes nothing.</summary>
    Exact,
    /// <summary>As the method's own code has it, for networks trained with it: the warp spans the padded picture (928 rows for 900), the padded level end to end, and boxes are scaled as if
    /// it spanned the picture. Objects end up some 16 rows away from where the head takes them to be, which training can learn part of away.</summary>
    Reference,
}

/// <summary>How pictures come to the size that a network sees: the same for every task.</summary>
public record ZoomOptions
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

    /// <summary>Which frame the warp spans.</summary>
    public WarpGeometry Geometry { get; init; } = WarpGeometry.Exact;

    /// <summary>Bytes to input; null for what the model was trained with.</summary>
    public Normalization? Normalization { get; init; }

    /// <summary>The network's input is padded with zeros at the bottom and right to a multiple of this.</summary>
    public int PadTo { get; init; } = 32;

    /// <summary>The size that the network sees a picture of a size at, padding not counted.</summary>
    public Size2 SizeFor(Size2 image) => Size ?? new Size2(Math.Max(1, (int)(Scale * image.Height)), Math.Max(1, (int)(Scale * image.Width)));
}

/// <summary>A picture as the network sees it.</summary>
/// <param name="Input">[1, 3, H, W], padded.</param>
/// <param name="Warp">The warp that made it; null for plain resizing.</param>
/// <param name="Size">The part of the input that is picture.</param>
/// <param name="Geometry">Which frame the warp spans.</param>
public readonly record struct ZoomedInput(Tensor Input, WarpGrid? Warp, Size2 Size, WarpGeometry Geometry = WarpGeometry.Exact)
{
    /// <summary>The input's size, padding included.</summary>
    public Size2 Padded => new(Input.Shape[2], Input.Shape[3]);

    /// <summary>Features of the input, back in the original geometry. Their strides are over the picture without its padding.</summary>
    /// <param name="levels">[1, C, h, w] each.</param>
    /// <param name="strides">Input pixels a cell of each.</param>
    public Tensor[] Unzoom(Tensor[] levels, IReadOnlyList<int> strides)
    {
        if (Warp is not { } warp) return levels;
        return Geometry == WarpGeometry.Reference ? [.. levels.Select(level => warp.Unzoom(level))] : warp.Unzoom(levels, strides, Size);
    }
}

/// <summary>Brings pictures to a network's input: bytes to numbers, zoom or resize, padding.</summary>
/// <remarks>Without saliency, resizing samples with the same align-corners sampler at the identity grid, so that a uniform warp gives the same input.
/// Not for use by two threads at once.</remarks>
internal sealed class Zoomer
{
    private readonly ZoomOptions _options;
    private readonly int[] _strides;
    private readonly Device _device;
    private readonly WarpGrid? _fixedWarp;

    /// <summary>Checks the options, and makes the warp where one serves all pictures.</summary>
    /// <param name="what">The task, for error messages.</param>
    /// <param name="options">How.</param>
    /// <param name="strides">Input pixels a cell, of the levels that will be unzoomed.</param>
    /// <param name="normalization">What the model was trained with.</param>
    /// <param name="device">Where the model is.</param>
    /// <exception cref="ArgumentValueException">An option is out of range.</exception>
    public Zoomer(string what, ZoomOptions options, int[] strides, Normalization normalization, Device device)
    {
        Check.That(options.Scale > 0 && double.IsFinite(options.Scale), $"{what}: scale must be positive, got {options.Scale}.");
        Check.That(options.Size is null or { Height: >= 1, Width: >= 1 }, $"{what}: size must be at least 1x1, got {options.Size}.");
        Check.That(options.PadTo >= 1, $"{what}: padding multiple must be 1 or more, got {options.PadTo}.");
        (_options, _strides, Normalization, _device) = (options, strides, options.Normalization ?? normalization, device);
        if (options.Saliency is not { IsFixed: true } saliency) return;
        using var off = Grad.Off();
        _fixedWarp = SaliencyToGrid.Apply(saliency.Map(new SaliencyContext(1, new Size2(1, 1))), options.Warp).To(device).Persist();
    }

    /// <summary>Bytes to input.</summary>
    public Normalization Normalization { get; }

    /// <summary>The picture as the network sees it.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="previous">Boxes found in the picture before; empty at the start of a sequence.</param>
    /// <param name="size">The size that the network sees, in place of what the options say; null for theirs.</param>
    /// <param name="map">A saliency map for this picture alone, in place of the options'; null for theirs.</param>
    public ZoomedInput Zoom(Image image, ReadOnlySpan<Box> previous, Size2? size = null, Tensor? map = null) => Zoom(image.ToTensor(Normalization).To(_device), previous, size, map);

    /// <summary>The same of a picture that is a tensor already.</summary>
    /// <param name="image">[1, 3, H, W], normalised.</param>
    /// <param name="previous">Boxes found in the picture before; empty at the start of a sequence.</param>
    /// <param name="to">The size that the network sees, in place of what the options say; null for theirs.</param>
    /// <param name="map">A saliency map for this picture alone, in place of the options'; null for theirs.</param>
    public ZoomedInput Zoom(Tensor image, ReadOnlySpan<Box> previous, Size2? to = null, Tensor? map = null)
    {
        Check.Shape("network input: image", image.Shape, [1, 3, Check.Any, Check.Any]);
        var from = new Size2(image.Shape[2], image.Shape[3]);
        var size = to ?? _options.SizeFor(from);
        Image.CheckSize("network input", size);
        return Zoom(image, size, Warp(from, size, previous, map));
    }

    /// <summary>Pictures of one size, in training.</summary>
    /// <param name="images">[N, 3, H, W], normalised.</param>
    /// <param name="maps">[N, 1, h, w]: a saliency map for each; null for the options' fixed one, or for plain resizing.</param>
    public ZoomedInput ZoomBatch(Tensor images, Tensor? maps)
    {
        Check.Shape("network input: images", images.Shape, [Check.Any, 3, Check.Any, Check.Any]);
        var from = new Size2(images.Shape[2], images.Shape[3]);
        var size = _options.SizeFor(from);
        Image.CheckSize("network input", size);
        return Zoom(images, size, Warp(from, size, [], maps));
    }

    private ZoomedInput Zoom(Tensor image, Size2 size, WarpGrid? warp)
    {
        var input = warp is not null && _options.Geometry == WarpGeometry.Reference ? Pad(image, _options.PadTo) : image;
        if (warp is not null) input = warp.Zoom(input, size);
        else if (size != new Size2(image.Shape[2], image.Shape[3])) input = WarpGrid.Identity(2).To(_device).Zoom(input, size);
        return new ZoomedInput(Pad(input, _options.PadTo), warp, size, _options.Geometry);
    }

    private WarpGrid? Warp(Size2 image, Size2 zoomed, ReadOnlySpan<Box> previous, Tensor? map)
    {
        if (map is null)
        {
            if (_fixedWarp is not null || _options.Saliency is not { } saliency) return _fixedWarp;
            map = saliency.Map(new SaliencyContext(1, image, previous.IsEmpty ? null : [Boxes.ToTensor(previous)]));
        }
        return _options.Geometry == WarpGeometry.Reference
            ? SaliencyToGrid.Apply(map.To(_device), _options.Warp)
            : SaliencyToGrid.Apply(map.To(_device), _options.Warp, new WarpFrame(image, zoomed, _strides, _options.PadTo));
    }

    private static Tensor Pad(Tensor input, int multiple)
    {
        int height = input.Shape[2], width = input.Shape[3];
        int bottom = (multiple - height % multiple) % multiple, right = (multiple - width % multiple) % multiple;
        return bottom + right == 0 ? input : F.Pad(input, 0, right, 0, bottom, PadMode.Constant);
    }
}
