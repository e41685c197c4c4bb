using System.Collections.Concurrent;
using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Warping;

/// <summary>A warp: nodes at equally spaced places of the zoomed image, each holding the place of the original image that it shows. Immutable. Between nodes the warp is
/// piecewise linear in each axis (separable) or piecewise bilinear, so zooming and unzooming are exact inverses of each other.</summary>
/// <remarks>
/// <para>Frame, here once: coordinates are (x, y), x to the right, y down, normalised so that -1 and +1 are the <b>centres</b> of the first and last pixel
/// (align-corners) of whichever image is meant. The warp maps zoomed to original (a backward map); its inverse maps original to zoomed.</para>
/// <para>A separable warp stays two tables of numbers end to end; nothing of image size is written but results. A batch of one warp serves a batch of any size.</para>
/// <para>Tables and inverses are computed once for each size and frame and kept here. Everything is differentiable; warps whose nodes want gradients keep nothing while
/// gradients are recorded. Warps made inside a scope live as long as the scope, unless <see cref="Persist"/> was called.</para>
/// </remarks>
public sealed partial class WarpGrid
{
    // A normalised coordinate that is outside of every axis of at least two pixels: index 2 (D - 1).
    private const double Outside = 3;

    // An index that is outside of every axis, for tables in pixels.
    private const double OutsideIndex = -2;

    private readonly Tensor? _knotsX;
    private readonly Tensor? _knotsY;
    private readonly Tensor? _nodes;
    private readonly ConcurrentDictionary<object, Tensor> _cache = new();
    private bool _persistent;

    private WarpGrid(Tensor? knotsX, Tensor? knotsY, Tensor? nodes, DType dtype) => (_knotsX, _knotsY, _nodes, DType) = (knotsX, knotsY, nodes, dtype);

    /// <summary>A separable warp from the knots of its axes.</summary>
    /// <param name="knotsX">[N, w], nondecreasing along the row, w at least 2.</param>
    /// <param name="knotsY">[N, h], nondecreasing, h at least 2.</param>
    /// <exception cref="ShapeException">A rank or the batch does not fit, or an axis has fewer than 2 knots.</exception>
    public static WarpGrid FromKnots(Tensor knotsX, Tensor knotsY) => FromKnots(knotsX, knotsY, knotsX.DType);

    internal static WarpGrid FromKnots(Tensor knotsX, Tensor knotsY, DType dtype)
    {
        Check.Floating("warp_grid: knots", knotsX.DType);
        Check.SameDType("warp_grid", knotsX.DType, knotsY.DType);
        if (knotsX.Rank != 2 || knotsX.Shape[1] < 2) throw new ShapeException("warp_grid: knotsX", "must be [N, w] with w at least 2", knotsX.Shape.ToString());
        if (knotsY.Rank != 2 || knotsY.Shape[1] < 2 || knotsY.Shape[0] != knotsX.Shape[0])
            throw new ShapeException("warp_grid: knotsY", $"must be [{knotsX.Shape[0]}, h] with h at least 2", knotsY.Shape.ToString());
        return new WarpGrid(knotsX, knotsY, null, dtype);
    }

    /// <summary>A nonseparable warp from its nodes.</summary>
    /// <param name="nodes">[N, h, w, 2], last axis (x, y); h and w at least 2.</param>
    /// <exception cref="ShapeException">The shape does not fit.</exception>
    public static WarpGrid FromNodes(Tensor nodes) => FromNodes(nodes, nodes.DType);

    internal static WarpGrid FromNodes(Tensor nodes, DType dtype)
    {
        Check.Floating("warp_grid: nodes", nodes.DType);
        if (nodes.Rank != 4 || nodes.Shape[1] < 2 || nodes.Shape[2] < 2 || nodes.Shape[3] != 2)
            throw new ShapeException("warp_grid: nodes", "must be [N, h, w, 2] with h and w at least 2", nodes.Shape.ToString());
        return new WarpGrid(null, null, nodes, dtype);
    }

    /// <summary>A separable warp from dense nodes [N, h, w, 2] that are the product of two axes: the x of the first row, the y of the first column.</summary>
    /// <exception cref="ShapeException">The shape does not fit.</exception>
    public static WarpGrid FromSeparableNodes(Tensor nodes)
    {
        var dense = FromNodes(nodes);
        return FromKnots(dense._nodes!.Select(1, 0).Select(2, 0), dense._nodes!.Select(2, 0).Select(2, 1));
    }

    /// <summary>The identity, separable, for one image.</summary>
    public static WarpGrid Identity(Size2 size, DType dtype = DType.Float32) => FromKnots(Line(size.Width, dtype), Line(size.Height, dtype));

    /// <summary>Whether the axes warp alone.</summary>
    public bool IsSeparable => _nodes is null;

    /// <summary>Number of nodes: h × w.</summary>
    public Size2 Size => _nodes is null ? (_knotsY!.Shape[1], _knotsX!.Shape[1]) : (_nodes.Shape[1], _nodes.Shape[2]);

    /// <summary>Number of images.</summary>
    public int Batch => (_nodes ?? _knotsX!).Shape[0];

    /// <summary>The dtype of the nodes and grids it hands out. A warp made from saliency is itself kept in float64.</summary>
    public DType DType { get; }

    /// <summary>The x knots [N, w] of a separable warp.</summary>
    /// <exception cref="ArgumentValueException">The warp is not separable.</exception>
    public Tensor KnotsX => _knotsX?.To(DType) ?? throw new ArgumentValueException("warp_grid: a nonseparable warp has no knots. Read Nodes.");

    /// <summary>The y knots [N, h] of a separable warp.</summary>
    /// <exception cref="ArgumentValueException">The warp is not separable.</exception>
    public Tensor KnotsY => _knotsY?.To(DType) ?? throw new ArgumentValueException("warp_grid: a nonseparable warp has no knots. Read Nodes.");

    /// <summary>The nodes [N, h, w, 2], written out when the warp is separable.</summary>
    public Tensor Nodes => _nodes?.To(DType) ?? Cached("nodes", () => F.MeshGrid(_knotsX!, _knotsY!).To(DType));

    internal (Tensor X, Tensor Y) PreciseKnots => (_knotsX!, _knotsY!);

    /// <summary>One image's warp.</summary>
    /// <param name="index">Which of the batch.</param>
    public WarpGrid Image(int index) => Batch == 1 && index == 0 ? this : IsSeparable
        ? FromKnots(_knotsX!.Narrow(0, index, 1), _knotsY!.Narrow(0, index, 1), DType)
        : FromNodes(_nodes!.Narrow(0, index, 1), DType);

    /// <summary>The warp on another device.</summary>
    public WarpGrid To(Device device) => (_nodes ?? _knotsX!).Device == device ? this : IsSeparable
        ? FromKnots(_knotsX!.To(device), _knotsY!.To(device), DType)
        : FromNodes(_nodes!.To(device), DType);

    private bool WantsGrad => (_nodes ?? _knotsX!).RequiresGrad || _knotsY is { RequiresGrad: true };

    /// <summary>Keeps nodes, tables and inverses beyond the scopes they are made in, for a warp that serves many images.</summary>
    public WarpGrid Persist()
    {
        _persistent = true;
        _knotsX?.Persist();
        _knotsY?.Persist();
        _nodes?.Persist();
        foreach (var table in _cache.Values) table.Persist();
        return this;
    }

    /// <summary>The warp at every pixel of a zoomed image of the given size: [N, H, W, 2]. For looking at; zooming does not write it when the warp is separable.</summary>
    public Tensor Upsample(Size2 to)
    {
        CheckSize("warp_grid", to);
        return Cached(("upsample", to), () => Evaluate(to, Normalised(to.Width), Normalised(to.Height), DType));
    }

    /// <summary>The inverse at every pixel of an original of the given size (end to end), with its validity. For looking at; unzooming does not write it when the warp is separable.</summary>
    /// <remarks>Separable: per axis, zero-width tiles skipped. Nonseparable: the stable root of each tile's quadratic; where the warp folds, the first tile in row-major order
    /// wins. End nodes within 1e-5 of ±1 count as ±1. Gradient: by the implicit function theorem, 0 from pixels that are not shown.</remarks>
    public InverseWarp Invert(Size2 size)
    {
        CheckSize("invert_grid", size);
        var coordinates = Cached(("invert", size), () => Invert(size, Normalised(size.Width), Normalised(size.Height), DType));
        return new InverseWarp(coordinates, Cached(("valid", size), () => Validity(coordinates)));
    }

    private Tensor Evaluate(Size2 size, AxisTable x, AxisTable y, DType dtype) => IsSeparable
        ? F.MeshGrid(F.EvaluateKnots(_knotsX!, size.Width, x, dtype), F.EvaluateKnots(_knotsY!, size.Height, y, dtype))
        : F.EvaluateNodes(_nodes!, size, x, y, dtype);

    private Tensor Invert(Size2 size, AxisTable x, AxisTable y, DType dtype) => IsSeparable
        ? F.MeshGrid(F.InvertKnots(_knotsX!, size.Width, x, dtype), F.InvertKnots(_knotsY!, size.Height, y, dtype))
        : F.InvertNodes(_nodes!, size, x, y, dtype);

    private static Tensor Validity(Tensor coordinates)
    {
        using var off = Grad.Off();
        var values = coordinates.To(DType.Float64).ToArray<double>();
        var shape = coordinates.Shape;
        return Tensor.Generate([shape[0], shape[1], shape[2]], i => values[2 * i] < Outside && values[2 * i + 1] < Outside ? 1 : 0, coordinates.DType);
    }

    private static AxisTable Normalised(int count) => new(1, 0, count - 1, IndexScale: 2, IndexShift: -1, OutScale: 1, OutShift: 0, Fill: Outside);

    private static Tensor Line(int count, DType dtype)
    {
        Check.That(count >= 2, $"warp_grid: an axis needs at least 2 nodes, got {count}.");
        return Tensor.Generate([1, count], i => (2.0 * i - (count - 1)) / (count - 1), dtype);
    }

    private static void CheckSize(string op, Size2 size) => Check.That(size.Height > 0 && size.Width > 0, $"{op}: size must be at least 1x1, got {size}.");

    private Tensor Cached(object key, Func<Tensor> make)
    {
        if (Grad.IsOn && WantsGrad) return make();
        if (_cache.TryGetValue(key, out var kept) && !kept.Storage.IsReleased) return kept;
        var made = make();
        if (_persistent) made.Persist();
        return _cache[key] = made;
    }
}
