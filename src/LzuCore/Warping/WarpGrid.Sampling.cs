using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Warping;

public sealed partial class WarpGrid
{
    /// <summary>Zooms images: <c>zoomed(u) = image(T(u))</c> at every pixel of the result, bilinear; outside the image 0.</summary>
    /// <param name="image">[N, C, H, W]; N is the warp's batch, or anything when that is 1.</param>
    /// <param name="to">The zoomed size.</param>
    /// <returns>[N, C, to.Height, to.Width].</returns>
    /// <remarks>Gradient: to image and nodes. Cost: a separable warp reads two tables; a nonseparable one samples at its upsampled grid.</remarks>
    /// <exception cref="ShapeException">The image is not [N, C, H, W] or its batch does not fit.</exception>
    public Tensor Zoom(Tensor image, Size2 to)
    {
        CheckBatch("zoom: image", image);
        CheckSize("zoom", to);
        int h = image.Shape[2], w = image.Shape[3];
        var (x, y) = (ZoomTable(to.Width, w), ZoomTable(to.Height, h));
        if (!SamplesByAxis(image)) return Sample(image, Cached(("zoom", to, h, w, TableType(image)), () => Evaluate(to, InPixels(x, w), InPixels(y, h), TableType(image))));
        return Sample(
            image,
            Cached(new TableKey(0, false, to.Width, x, TableType(image)), () => F.EvaluateKnots(_knotsX!, to.Width, x, TableType(image))),
            Cached(new TableKey(1, false, to.Height, y, TableType(image)), () => F.EvaluateKnots(_knotsY!, to.Height, y, TableType(image))));
    }

    /// <summary>Zooms a picture straight from its bytes, normalised on the way: (value - mean)/std. Separable warps of one image only; not differentiable.</summary>
    /// <param name="pixels">[H, W, 3] uint8.</param>
    /// <param name="to">The zoomed size.</param>
    /// <param name="mean">Three means, 0 to 255.</param>
    /// <param name="std">Three standard deviations, 0 to 255.</param>
    /// <returns>[1, 3, to.Height, to.Width] float32.</returns>
    /// <exception cref="ShapeException">The pixels are not [H, W, 3], or the warp holds several images.</exception>
    /// <exception cref="ArgumentValueException">The warp is not separable, or wants gradients while they are recorded.</exception>
    public Tensor Zoom(Tensor pixels, Size2 to, ReadOnlySpan<float> mean, ReadOnlySpan<float> std)
    {
        CheckSize("zoom", to);
        Check.Shape("zoom: pixels", pixels.Shape, [Check.Any, Check.Any, 3]);
        if (Batch != 1) throw new ShapeException("zoom: warp", "must be for one image", $"a batch of {Batch}", "Take one with Image(n).");
        Check.That(IsSeparable, $"zoom: bytes are zoomed by separable warps, got a nonseparable one of {Size} nodes. Convert the picture to float32 [1, 3, H, W].");
        int h = pixels.Shape[0], w = pixels.Shape[1];
        var (alongX, alongY) = (ZoomTable(to.Width, w), ZoomTable(to.Height, h));
        var x = Cached(new TableKey(0, false, to.Width, alongX, DType.Float32), () => F.EvaluateKnots(_knotsX!, to.Width, alongX, DType.Float32));
        var y = Cached(new TableKey(1, false, to.Height, alongY, DType.Float32), () => F.EvaluateKnots(_knotsY!, to.Height, alongY, DType.Float32));
        return F.SeparableSample(pixels, x, y, PaddingMode.Zeros, mean, std);
    }

    private static AxisTable ZoomTable(int zoomed, int size) =>
        new(1, 0, zoomed - 1, IndexScale: size - 1, IndexShift: 0, OutScale: 1, OutShift: 0, Fill: OutsideIndex);

    /// <summary>Unzooms a lone feature map, which spans the zoomed image end to end: <c>unzoomed(x) = features(T⁻¹(x))</c> at the map's own size, bilinear;
    /// 0 where the warp does not reach (crop).</summary>
    /// <param name="features">[N, C, H, W]; N is the warp's batch, or anything when that is 1.</param>
    /// <remarks>Gradient: to features and nodes, by the implicit function theorem. For levels of a network use the overload with a frame, which knows strides and padding.</remarks>
    /// <exception cref="ShapeException">The features are not [N, C, H, W] or their batch does not fit.</exception>
    public Tensor Unzoom(Tensor features)
    {
        CheckBatch("unzoom: features", features);
        return Unzoom(features, Bare(features.Shape[3]), Bare(features.Shape[2]));

        static AxisTable Bare(int count) => new(1, 0, count - 1, IndexScale: count - 1, IndexShift: 0, OutScale: 1, OutShift: 0, Fill: OutsideIndex);
    }

    /// <summary>Unzooms one level of a network: cell to zoomed pixel to original and back by the level's stride, over the image without its padding.</summary>
    /// <param name="features">[N, C, H, W].</param>
    /// <param name="frame">Where the level's cells lie.</param>
    /// <remarks>The identity warp returns the features for every stride, padding and scale.</remarks>
    /// <exception cref="ShapeException">The features are not [N, C, H, W] or their batch does not fit.</exception>
    /// <exception cref="ArgumentValueException">The stride or the image size is below 1.</exception>
    public Tensor Unzoom(Tensor features, LevelFrame frame)
    {
        CheckFrame(features, frame);
        return Unzoom(features, Level(frame, frame.Zoomed.Width), Level(frame, frame.Zoomed.Height));
    }

    private static AxisTable Level(LevelFrame frame, int zoomed)
    {
        double s = frame.Stride, offset = (s - 1) / 2, extent = zoomed - 1;
        return new(s, offset, extent, IndexScale: extent / s, IndexShift: -offset / s, OutScale: 1, OutShift: 0, Fill: OutsideIndex);
    }

    /// <summary>Unzooms one level of a network at every pixel of an original of some size (end to end), which may have more pixels than the level has cells: what the zoom saw finely stays fine.
    /// Before the first cell and behind the last one features go on as they are; 0 where the warp does not reach (crop).</summary>
    /// <param name="features">[N, C, H, W].</param>
    /// <param name="frame">Where the level's cells lie.</param>
    /// <param name="to">Size of the original.</param>
    /// <returns>[N, C, to.Height, to.Width]. Gradient: to features and nodes.</returns>
    /// <remarks>The identity warp enlarges: where the original is as large as the zoomed image, as bilinear interpolation with <c>align_corners=False</c>.</remarks>
    /// <exception cref="ShapeException">The features are not [N, C, H, W] or their batch does not fit.</exception>
    /// <exception cref="ArgumentValueException">The stride or a size is below 1.</exception>
    public Tensor Unzoom(Tensor features, LevelFrame frame, Size2 to)
    {
        CheckFrame(features, frame);
        CheckSize("unzoom", to);
        return Unzoom(F.Pad(features, 1, 1, 1, 1, PadMode.Replicate), Finer(frame, frame.Zoomed.Width, to.Width), Finer(frame, frame.Zoomed.Height, to.Height), to);
    }

    // Of a level with one more cell at each end.
    private static AxisTable Finer(LevelFrame frame, int zoomed, int count)
    {
        double s = frame.Stride;
        return new(1, 0, count - 1, IndexScale: (zoomed - 1) / s, IndexShift: 1 - (s - 1) / (2 * s), OutScale: 1, OutShift: 0, Fill: OutsideIndex);
    }

    private void CheckFrame(Tensor features, LevelFrame frame)
    {
        CheckBatch("unzoom: features", features);
        CheckSize("unzoom", frame.Zoomed);
        Check.That(frame.Stride >= 1, $"unzoom: stride must be at least 1, got {frame.Stride}.");
    }

    /// <summary>Unzooms every level of a pyramid with its own inverse.</summary>
    /// <param name="levels">One [N, C, H, W] a level.</param>
    /// <param name="strides">The stride of each level.</param>
    /// <param name="zoomed">The zoomed image's size before padding.</param>
    /// <exception cref="ArgumentValueException">There are not as many strides as levels.</exception>
    public Tensor[] Unzoom(IReadOnlyList<Tensor> levels, IReadOnlyList<int> strides, Size2 zoomed)
    {
        Check.That(levels.Count == strides.Count, $"unzoom: every level needs a stride, got {levels.Count} levels and {strides.Count} strides.");
        if (levels.Count < 2 || !SamplesByAxis(levels[0]) || levels.Any(l => l.Rank != 4 || l.DType != levels[0].DType || l.Device != levels[0].Device))
            return [.. levels.Select((level, i) => Unzoom(level, new LevelFrame(strides[i], zoomed)))];
        var tables = levels.Select((level, i) => Tables(level, new LevelFrame(strides[i], zoomed))).ToArray();
        return F.SeparableSample(levels, [.. tables.Select((t, i) => ForBatch(t.X, levels[i].Shape[0]))], [.. tables.Select((t, i) => ForBatch(t.Y, levels[i].Shape[0]))], PaddingMode.Zeros);
    }

    private Tensor Unzoom(Tensor features, AxisTable x, AxisTable y) => Unzoom(features, x, y, (features.Shape[2], features.Shape[3]));

    private Tensor Unzoom(Tensor features, AxisTable x, AxisTable y, Size2 to)
    {
        Size2 size = (features.Shape[2], features.Shape[3]);
        var dtype = TableType(features);
        if (!SamplesByAxis(features))
            return Sample(features, Cached(("unzoom", size, to, x, y, dtype), () => Invert(to, InPixels(x, size.Width), InPixels(y, size.Height), dtype)));
        return Sample(features, InverseX(to.Width, x, dtype), InverseY(to.Height, y, dtype));
    }

    private (Tensor X, Tensor Y) Tables(Tensor features, LevelFrame frame)
    {
        CheckFrame(features, frame);
        return (InverseX(features.Shape[3], Level(frame, frame.Zoomed.Width), TableType(features)), InverseY(features.Shape[2], Level(frame, frame.Zoomed.Height), TableType(features)));
    }

    private Tensor InverseX(int count, AxisTable table, DType dtype) => Cached(new TableKey(0, true, count, table, dtype), () => F.InvertKnots(_knotsX!, count, table, dtype));

    private Tensor InverseY(int count, AxisTable table, DType dtype) => Cached(new TableKey(1, true, count, table, dtype), () => F.InvertKnots(_knotsY!, count, table, dtype));

    // Coordinates of halves are float32: 8 bits of mantissa cannot say where a pixel is.
    private static DType TableType(Tensor image) => image.DType.IsHalf() ? DType.Float32 : image.DType;

    // What a table along one axis is: axis (0: x), whether the inverse, entries and where they lie.
    private readonly record struct TableKey(int Axis, bool Inverse, int Count, AxisTable Table, DType DType);

    /// <summary>The float32 tables that a frame needs, and the keys under which they are looked for.</summary>
    internal static (IReadOnlyList<object> Keys, IReadOnlyList<TableRequest> Requests) TablesOf(WarpFrame frame)
    {
        // Frames of a video have one frame, and its tables are asked for with every picture.
        if (_lastTables is { } last && ReferenceEquals(last.Frame, frame)) return (last.Keys, last.Requests);
        List<object> keys = [];
        List<TableRequest> requests = [];
        Add(0, false, frame.Zoomed.Width, ZoomTable(frame.Zoomed.Width, frame.Image.Width));
        Add(1, false, frame.Zoomed.Height, ZoomTable(frame.Zoomed.Height, frame.Image.Height));
        foreach (var stride in frame.Strides)
        {
            var (size, level) = (frame.Level(stride), new LevelFrame(stride, frame.Zoomed));
            Add(0, true, size.Width, Level(level, frame.Zoomed.Width));
            Add(1, true, size.Height, Level(level, frame.Zoomed.Height));
        }
        // Another thread may have another frame.
        var tables = _lastTables = new FrameTables(frame, [.. keys], [.. requests]);
        return (tables.Keys, tables.Requests);

        void Add(int axis, bool inverse, int count, AxisTable table)
        {
            keys.Add(new TableKey(axis, inverse, count, table, DType.Float32));
            requests.Add(new TableRequest(axis, inverse, table, count));
        }
    }

    private static FrameTables? _lastTables;

    private sealed record FrameTables(WarpFrame Frame, object[] Keys, TableRequest[] Requests);

    /// <summary>Keeps a table that was made elsewhere.</summary>
    internal void Remember(object key, Tensor table) => _cache[key] = table;

    // Devices without the separable kernel sample at a dense grid.
    private bool SamplesByAxis(Tensor image) => IsSeparable && image.Backend.Supports<ISeparableSampleKernel>();

    // grid_sample without align-corners: v = (2 index + 1)/D - 1, which is defined for D = 1 too.
    private static AxisTable InPixels(AxisTable table, int size) =>
        table with { OutScale = 2.0 / size, OutShift = 1.0 / size - 1, Fill = (2 * OutsideIndex + 1) / size - 1 };

    private static Tensor Sample(Tensor image, Tensor grid) => F.GridSample(
        image, grid.Shape[0] == image.Shape[0] ? grid : grid.Expand(image.Shape[0], -1, -1, -1), SamplingMode.Bilinear, PaddingMode.Zeros, alignCorners: false);

    private static Tensor Sample(Tensor image, Tensor x, Tensor y) =>
        F.SeparableSample(image, ForBatch(x, image.Shape[0]), ForBatch(y, image.Shape[0]), PaddingMode.Zeros);

    private static Tensor ForBatch(Tensor table, int batch) => table.Shape[0] == batch ? table : table.Expand(batch, -1);

    private void CheckBatch(string what, Tensor image)
    {
        Check.Rank(what, image.Shape, 4);
        if (image.Shape[0] != Batch && Batch != 1)
            throw new ShapeException(what, $"must have batch {Batch}, the warp's", image.Shape.ToString(), "Make one warp for each image, or one for all.");
    }
}
