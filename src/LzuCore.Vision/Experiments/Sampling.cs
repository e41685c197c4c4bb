using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Imaging;
using LzuCore.Warping;

namespace LzuCore.Vision.Experiments;

/// <summary>A batch as a network sees it.</summary>
/// <param name="Input">[N, 3, h, w].</param>
/// <param name="Warp">What zoomed it, one warp for all or one a picture; null where no warp did.</param>
/// <param name="Look">What a network said of where to look, for what trains it; null where none did.</param>
public readonly record struct Shown(Tensor Input, WarpGrid? Warp, Tensor? Look = null);

/// <summary>How a method shows pictures to a network, and how it brings the features back: all that the methods of a comparison differ in.</summary>
/// <param name="original">The pictures' size.</param>
/// <param name="input">The network's.</param>
public abstract class Sampling(Size2 original, Size2 input)
{
    /// <summary>The pictures' size.</summary>
    public Size2 Original { get; } = original;

    /// <summary>The network's input.</summary>
    public Size2 Input { get; } = input;

    /// <summary>How places of unzoomed features belong to those of the picture.</summary>
    public virtual ResizeFrame Frame => new(Original, Input, AlignCorners: true);

    /// <summary>What is learned besides the network; null for most.</summary>
    public virtual Module? Learned => null;

    /// <summary>Whether the truth or an earlier answer decides where to look, so that a picture on its own is seen unzoomed.</summary>
    public virtual bool NeedsBoxes => false;

    /// <summary>Whether features are taken back to the picture's geometry before the head reads them.</summary>
    public virtual bool Unzooms => true;

    /// <summary>What of a picture is kept between epochs: bytes as the network sees them where that is the same every time, the picture itself otherwise. Called by several threads.</summary>
    public abstract Image Prepare(Image picture);

    /// <summary>A prepared batch as the network sees it.</summary>
    /// <param name="pictures">[N, 3, H, W], normalised, of <see cref="Prepare"/>.</param>
    /// <param name="boxes">For each picture where objects are expected, in the original's pixels; null where nothing is known.</param>
    public abstract Shown Show(Tensor pictures, IReadOnlyList<Box[]>? boxes);

    /// <summary>One whole picture as the network sees it, nothing prepared: what a camera's next frame costs.</summary>
    /// <param name="picture">[1, 3, H, W], normalised.</param>
    /// <param name="boxes">Where objects are expected.</param>
    public virtual Shown Zoom(Tensor picture, IReadOnlyList<Box[]>? boxes) => Show(picture, boxes);

    /// <summary>Features as the head reads them.</summary>
    /// <param name="levels">The trunk's.</param>
    /// <param name="strides">Input pixels a cell of each.</param>
    /// <param name="shown">What the trunk saw.</param>
    public virtual Tensor[] Back(Tensor[] levels, IReadOnlyList<int> strides, Shown shown) => Unzooms && shown.Warp is { } warp ? warp.Unzoom(levels, strides, Input) : levels;
}

/// <summary>One warp for all pictures: uniform sampling (the identity), or LZU with a fixed saliency. Pictures are zoomed once and kept as bytes.</summary>
/// <param name="original">The pictures' size.</param>
/// <param name="input">The network's.</param>
/// <param name="saliency">Where to look; null everywhere alike.</param>
/// <param name="options">How saliency becomes a warp.</param>
/// <param name="unzooms">Whether features are taken back.</param>
public sealed class FixedSampling(Size2 original, Size2 input, ISaliency? saliency, SaliencyToGridOptions? options = null, bool unzooms = true) : Sampling(original, input)
{
    private static readonly WarpGrid Even = WarpGrid.Identity(2).Persist();

    /// <summary>The pixels of a lesser camera: pictures are shrunk evenly to this size before they are zoomed. <see cref="Sampling.Original"/> stays what places are told in. Null for pictures as they are.</summary>
    public Size2? Camera { get; init; }

    /// <summary>The warp; the identity for uniform sampling.</summary>
    public WarpGrid Warp { get; } = (saliency is null ? WarpGrid.Identity(2) : SaliencyToGrid.Apply(saliency.Map(new SaliencyContext(1, original)), options ?? new())).Persist();

    /// <inheritdoc/>
    public override bool Unzooms => unzooms;

    /// <inheritdoc/>
    public override Image Prepare(Image picture)
    {
        using var off = Tensors.Autograd.Grad.Off();
        using var scope = new TensorScope();
        if (Camera is { } camera && camera != picture.Size) picture = Resampled(Even, picture, camera);
        return Resampled(Warp, picture, Input);
    }

    private static Image Resampled(WarpGrid warp, Image picture, Size2 size) =>
        warp.Zoom(Tensor.From<byte>(picture.Pixels, [picture.Height, picture.Width, 3]), size, [0, 0, 0], [1, 1, 1]).ToImage(Normalization.None);

    /// <inheritdoc/>
    public override Shown Show(Tensor pictures, IReadOnlyList<Box[]>? boxes) => new(pictures, saliency is null ? null : Warp);

    /// <inheritdoc/>
    public override Shown Zoom(Tensor picture, IReadOnlyList<Box[]>? boxes) => Show(Warp.Zoom(picture, Input), boxes);
}

/// <summary>Uniform sampling that averages what it passes over: the baseline against which zooming gains nothing by mere anti-aliasing.</summary>
/// <param name="original">The pictures' size.</param>
/// <param name="input">The network's.</param>
public sealed class AveragedSampling(Size2 original, Size2 input) : Sampling(original, input)
{
    /// <inheritdoc/>
    public override ResizeFrame Frame => new(Original, Input, AlignCorners: false);

    /// <inheritdoc/>
    public override Image Prepare(Image picture) => picture.To(Input);

    /// <inheritdoc/>
    public override Shown Show(Tensor pictures, IReadOnlyList<Box[]>? boxes) => new(pictures, null);

    /// <inheritdoc/>
    public override Shown Zoom(Tensor picture, IReadOnlyList<Box[]>? boxes) => Show(F.AdaptiveAvgPool2d(picture, Input), boxes);
}

/// <summary>A warp for each picture, from boxes: LZU with adaptive or learned saliency, and FOVEA, which takes boxes back and not features.</summary>
/// <param name="original">The pictures' size.</param>
/// <param name="input">The network's.</param>
/// <param name="saliency">Where to look; asked for every picture.</param>
/// <param name="options">How saliency becomes a warp.</param>
/// <param name="unzooms">Whether features are taken back.</param>
public sealed class AdaptiveSampling(Size2 original, Size2 input, ISaliency saliency, SaliencyToGridOptions? options = null, bool unzooms = true) : Sampling(original, input)
{
    private readonly SaliencyToGridOptions _options = options ?? new();

    /// <inheritdoc/>
    public override bool NeedsBoxes => true;

    /// <inheritdoc/>
    public override bool Unzooms => unzooms;

    /// <inheritdoc/>
    public override Module? Learned => saliency as Module;

    /// <inheritdoc/>
    public override Image Prepare(Image picture) => picture;

    /// <inheritdoc/>
    public override Shown Show(Tensor pictures, IReadOnlyList<Box[]>? boxes)
    {
        var count = pictures.Shape[0];
        var known = boxes?.Select(b => Boxes.ToTensor(b)).ToArray();
        var map = saliency.Map(new SaliencyContext(count, Original, known));
        var warp = SaliencyToGrid.Apply(map, _options);
        return new(warp.Zoom(pictures, Input), warp);
    }
}
