using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Warping;

/// <summary>Learning to zoom and unzoom around any backbone: zoom the image, compute features, unzoom every level, so that whatever follows sees features where the
/// objects are and needs no change.</summary>
/// <remarks>
/// <para>State-dict keys are the backbone's own: checkpoints load with or without it. It has no weights itself; learned saliency is a module of its own.</para>
/// <para>Without saliency the image is resized evenly and nothing is unzoomed. Fixed saliency is turned into a warp once, and its tables are kept. Saliency that depends on
/// boxes (the previous frame's detections) is asked for each call; without boxes it says where to look when nothing is known.</para>
/// <para>The zoomed image is padded with zeros at the right and bottom to a multiple of what the network needs; levels are unzoomed over the image without the padding.
/// Gradient: to the image, the backbone and the saliency. Source: Thavamani et al. 2023, section 4.2.</para>
/// </remarks>
public sealed class ZoomUnzoom : Module<Tensor, Tensor[]>
{
    private readonly Module<Tensor, Tensor[]> _backbone;
    private readonly int[] _strides;
    private readonly SaliencyToGridOptions _options;
    private readonly ISaliency? _saliency;
    private readonly int _multiple;
    private WarpGrid? _fixed;

    /// <summary>Wraps a backbone.</summary>
    /// <param name="backbone">From an image [N, C, H, W] to its feature levels.</param>
    /// <param name="strides">The stride of each level.</param>
    /// <param name="zoomed">The size that the network works at.</param>
    /// <param name="saliency">Where to look; null resizes evenly.</param>
    /// <param name="options">How saliency becomes a warp; null is the default.</param>
    /// <param name="multiple">The zoomed image is padded to a multiple of this, such as 32; 1 pads nothing.</param>
    /// <exception cref="ArgumentValueException">A size, a stride or the multiple is below 1.</exception>
    public ZoomUnzoom(
        Module<Tensor, Tensor[]> backbone, IReadOnlyList<int> strides, Size2 zoomed, ISaliency? saliency, SaliencyToGridOptions? options = null, int multiple = 1)
    {
        Check.That(zoomed.Height > 0 && zoomed.Width > 0, $"zoom_unzoom: zoomed size must be at least 1x1, got {zoomed}.");
        Check.That(strides.All(s => s >= 1), $"zoom_unzoom: strides must be at least 1, got [{string.Join(", ", strides)}].");
        Check.That(multiple >= 1, $"zoom_unzoom: multiple must be at least 1, got {multiple}.");
        _backbone = Child("", backbone);
        (_strides, Zoomed, _saliency, _options, _multiple) = ([.. strides], zoomed, saliency, options ?? new(), multiple);
    }

    /// <summary>The size that the network works at, before padding.</summary>
    public Size2 Zoomed { get; }

    /// <summary>The levels of an image of which nothing is known.</summary>
    public override Tensor[] Forward(Tensor input) => Forward(input, null);

    /// <summary>The levels of a batch, unzoomed.</summary>
    /// <param name="image">[N, C, H, W].</param>
    /// <param name="boxes">For each image where objects are expected: see <see cref="SaliencyContext"/>.</param>
    public Tensor[] Forward(Tensor image, IReadOnlyList<Tensor>? boxes)
    {
        Check.Rank("zoom_unzoom: image", image.Shape, 4);
        var warp = Warp(new SaliencyContext(image.Shape[0], (image.Shape[2], image.Shape[3]), boxes));
        var zoomed = warp is not null ? warp.Zoom(image, Zoomed) : F.Interpolate(image, Zoomed, InterpolationMode.Bilinear, alignCorners: true);
        var levels = _backbone.Call(Padded(zoomed));
        return warp is null ? levels : warp.Unzoom(levels, _strides, Zoomed);
    }

    /// <summary>As <see cref="Module{TInput, TOutput}.Call"/>, with boxes.</summary>
    /// <param name="image">[N, C, H, W].</param>
    /// <param name="boxes">For each image where objects are expected: see <see cref="SaliencyContext"/>.</param>
    public Tensor[] Call(Tensor image, IReadOnlyList<Tensor>? boxes)
    {
        if (Grad.IsOn) return Forward(image, boxes);
        using var scope = new TensorScope();
        return scope.Keep(Forward(image, boxes));
    }

    /// <summary>The warp that a context gives; null without saliency.</summary>
    public WarpGrid? Warp(SaliencyContext context)
    {
        if (_saliency is null) return null;
        if (!_saliency.IsFixed) return SaliencyToGrid.Apply(_saliency.Map(context), _options, new WarpFrame(context.Image, Zoomed, _strides, _multiple));
        return _fixed ??= SaliencyToGrid.Apply(_saliency.Map(context), _options).Persist();
    }

    private Tensor Padded(Tensor zoomed)
    {
        int right = Missing(Zoomed.Width), bottom = Missing(Zoomed.Height);
        return right + bottom == 0 ? zoomed : F.Pad(zoomed, 0, right, 0, bottom, PadMode.Constant);

        int Missing(int size) => (_multiple - size % _multiple) % _multiple;
    }
}
