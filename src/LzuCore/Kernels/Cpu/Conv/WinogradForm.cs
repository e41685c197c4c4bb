using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LzuCore.Kernels.Cpu;

/// <summary>A size of Winograd's tiles, with its transforms over contiguous channels (Lavin and Gray 2016): V = Bᵀ d C of the pixels, U = G g Hᵀ of the taps, and Y = Aᵀ M E of the sums M of their products, value by value.</summary>
internal abstract unsafe class WinogradForm(int kernel, int outputRows, int outputColumns, int stride, double inputCost, double outputCost)
{
    // What reading a filter costs, as meetings with tiles: half of one for each float of a vector, since longer vectors meet more tiles meanwhile. Measured on maps of 7x7 to 19x30 with 256 channels, filters in cache and from memory.
    // Whether tiles pay at all was measured where a vector has eight.
    private const double FilterCostOfLane = 0.5, FilterCost = 8 * FilterCostOfLane;

    /// <summary>Fewest multiplications for each output.</summary>
    public static readonly WinogradForm Large = new Winograd4x6();

    /// <summary>For maps whose few tiles would not repay the filters of the large form.</summary>
    public static readonly WinogradForm Small = new Winograd2x4();

    /// <summary>For convolutions of stride 2.</summary>
    public static readonly WinogradForm Strided = new Winograd3x3Stride2();

    /// <summary>For stems: 7x7 taps of stride 2, over the squares of <see cref="PairedSource"/>.</summary>
    public static readonly WinogradForm Stem = new Winograd7x7Stride2();

    /// <summary>For 1x1 taps.</summary>
    public static readonly WinogradForm Pairs = new Strassen1x1();

    /// <summary>Taps, down and across.</summary>
    public int Kernel => kernel;

    /// <summary>Into how many parts input channels, and outputs, are cut: products are of one part with one.</summary>
    public virtual int Parts => 1;

    /// <summary>Whether these can be cut so.</summary>
    public bool Halves(int channels, int outputs) => channels % Parts == 0 && outputs % Parts == 0;

    /// <summary>Pixels of an output tile, down and across.</summary>
    public int OutputRows => outputRows;

    public int OutputColumns => outputColumns;

    public int Outputs => outputRows * outputColumns;

    /// <summary>Pixels that it reads, down and across.</summary>
    public int InputRows => (outputRows - 1) * stride + kernel;

    public int InputColumns => (outputColumns - 1) * stride + kernel;

    public int Inputs => InputRows * InputColumns;

    /// <summary>Multiplications of an output and a channel by direct sums.</summary>
    public virtual double DirectTaps => kernel * kernel;

    /// <summary>What a tile's pixels are transformed to: as many products.</summary>
    public virtual int Values => Inputs;

    /// <summary>What the taps are transformed to.</summary>
    public virtual int Filters => Inputs;

    /// <summary>The filter that a value meets. The first meets the first, and values that meet the same one follow each other.</summary>
    public virtual int FilterOf(int value) => value;

    /// <summary>Of each value, the pixels that it makes alone, so that a tile without them need not have it: all but <see cref="TileEdge.None"/> of a last point, which is infinity.</summary>
    public TileEdge[] Edges => _edges ??= [.. Enumerable.Range(0, Values).Select(EdgeOf)];

    // How many values each edge has.
    private int[] ValuesOf => _valuesOf ??= [.. Enumerable.Range(0, WinogradMaps.Edges).Select(edge => Edges.Count(e => (int)e == edge))];

    private TileEdge[]? _edges;
    private int[]? _valuesOf;

    private TileEdge EdgeOf(int value) => OfLast(value) switch
    {
        (true, true) => TileEdge.Corner,
        (true, false) => TileEdge.Bottom,
        (false, true) => TileEdge.Right,
        _ => TileEdge.None,
    };

    /// <summary>Whether a value makes pixels of the last row only, and of the last column.</summary>
    protected virtual (bool Row, bool Column) OfLast(int value) => (value / InputColumns == InputRows - 1, value % InputColumns == InputColumns - 1);

    /// <summary>What part of a convolution has to be saved.</summary>
    protected virtual double Gain => 0;

    /// <summary>For up to so many weights.</summary>
    protected virtual long MostWeights => long.MaxValue;

    /// <summary>How many terms are summed in a row; such sums are added up then. Rounding errors grow with the root of a sum's length.</summary>
    public abstract int Terms(int channels);

    /// <summary>The one for maps with the same weights, or null where direct convolution is to do it. Counts multiplications of one picture, so that its results do not depend on the others in its batch.</summary>
    /// <param name="algorithm">Fastest: the one that will be, or null where direct sums will. Otherwise the one that fits.</param>
    /// <param name="lanes">Floats of a vector.</param>
    /// <param name="maps">Geometry, of one kind.</param>
    /// <param name="channels">Channels of a group.</param>
    /// <param name="outputs">Outputs of a group.</param>
    public static WinogradForm? For(ConvAlgorithm algorithm, int lanes, ReadOnlySpan<Phase> maps, int channels, int outputs)
    {
        if (algorithm == ConvAlgorithm.Direct) return null;
        var form = Fits(maps);
        if (form == Pairs && !Pairs.Halves(channels, outputs)) return null;
        if (algorithm != ConvAlgorithm.Fastest) return form == Large && algorithm == ConvAlgorithm.Winograd2x4 ? Small : form;
        var reading = lanes * FilterCostOfLane;
        if (form == Large && Small.Cost(maps, channels, outputs, reading) < Large.Cost(maps, channels, outputs, reading)) form = Small;
        return form.Pays(maps, channels, outputs) ? form : null;
    }

    // By taps and step; Small fits where Large does.
    private static WinogradForm Fits(ReadOnlySpan<Phase> maps) =>
        maps[0].Taps.Length == 1 ? Pairs : maps[0].Taps.Length == Stem.Kernel * Stem.Kernel ? Stem : maps[0].SourceStepY > 1 ? Strided : Large;

    private bool Pays(ReadOnlySpan<Phase> maps, int channels, int outputs) =>
        (long)channels * outputs <= MostWeights && Cost(maps, channels / Parts, outputs / Parts, FilterCost) < (1 - Gain) * Direct(maps, channels / Parts, outputs / Parts);

    private double Direct(ReadOnlySpan<Phase> maps, int channels, int outputs)
    {
        double pixels = 0;
        foreach (var phase in maps) pixels += (double)phase.Rows * phase.Columns;
        return DirectTaps * pixels * channels * outputs;
    }

    // In multiplications of the products.
    private double Cost(ReadOnlySpan<Phase> maps, int channels, int outputs, double reading)
    {
        double tiles = 0, products = 0;
        foreach (var phase in maps)
        {
            var cut = new WinogradTiles(this, 1, phase);
            tiles += cut.Count;
            for (var edge = 0; edge < WinogradMaps.Edges; edge++)
            {
                var (begin, end) = cut.Order.Having((TileEdge)edge);
                products += ValuesOf[edge] * (end - begin);
            }
        }
        return (products + Filters * reading) * channels * outputs + tiles * (inputCost * channels + outputCost * outputs);
    }

    /// <summary>Transforms the pixels that a tile reads; reads and writes whole vectors, so up to one vector less a float behind the last channel.</summary>
    /// <param name="simd">The vectors.</param>
    /// <param name="pixels">The pixels' first channels, row by row.</param>
    /// <param name="next">Those of the tile that is transformed next: they are fetched meanwhile.</param>
    /// <param name="channels">Channels.</param>
    /// <param name="to">First channel of the first value.</param>
    /// <param name="plane">Floats to the next value.</param>
    public abstract void Input(SimdWidth simd, float** pixels, float** next, int channels, float* to, nint plane);

    /// <summary>Computes an output tile from its sums, adds bias and residual, activates, and stores the pixels that exist.</summary>
    /// <param name="simd">The vectors.</param>
    /// <param name="sums">First column of the first sum; whole vectors are read.</param>
    /// <param name="plane">Floats to the next sum.</param>
    /// <param name="columns">Valid columns.</param>
    /// <param name="finish">Bias, residual and activation from the first of these columns on.</param>
    /// <param name="to">First column of the first pixel.</param>
    /// <param name="row">Floats to the pixel below.</param>
    /// <param name="pixel">Floats to the pixel on the right.</param>
    /// <param name="height">Rows that exist.</param>
    /// <param name="width">Pixels of a row that exist.</param>
    public abstract void Output(SimdWidth simd, float* sums, nint plane, int columns, TileFinish finish, float* to, nint row, nint pixel, int height, int width);

    /// <summary>Transforms the taps of some filters that lie side by side, in float64, and rounds once.</summary>
    /// <param name="taps">First filter of each tap, row by row; up to seven floats behind the last are read.</param>
    /// <param name="count">Filters.</param>
    /// <param name="to">First filter of the first value; up to seven floats behind the last are written.</param>
    /// <param name="plane">Floats to the next value.</param>
    public abstract void Filter(float** taps, int count, float* to, nint plane);

    /// <summary>Residual and activation of an output pixel's vector, whose first <paramref name="columns"/> are stored.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    protected static void Put<L, V>(V value, V floor, in TileFinish finish, float* to, int columns) where L : ILanes<V> where V : unmanaged
    {
        if (finish.HasResidual) value = L.Add(value, L.Load(to + finish.Residual));
        value = L.Raise(floor, value);
        if (columns >= L.Count) L.Store(value, to);
        else PutSome<L, V>(value, to, columns);
    }

    private static void PutSome<L, V>(V value, float* to, int columns) where L : ILanes<V> where V : unmanaged
    {
        var spill = stackalloc float[L.Count];
        L.Store(value, spill);
        Panels.Copy(spill, to, columns);
    }
}

/// <summary>What chooses the vectors of a form's transforms.</summary>
internal abstract unsafe class WinogradForm<TSelf>(int kernel, int outputRows, int outputColumns, int stride, double inputCost, double outputCost) : WinogradForm(kernel, outputRows, outputColumns, stride, inputCost, outputCost) where TSelf : IWinogradTransforms
{
    /// <inheritdoc/>
    public sealed override void Input(SimdWidth simd, float** pixels, float** next, int channels, float* to, nint plane)
    {
        switch (simd)
        {
            case SimdWidth.Bits512: TSelf.Input<Lanes512, Vector512<float>>(pixels, next, channels, to, plane); break;
            case SimdWidth.Bits256: TSelf.Input<Lanes256, Vector256<float>>(pixels, next, channels, to, plane); break;
            default: TSelf.Input<PortableLanes, Vector<float>>(pixels, next, channels, to, plane); break;
        }
    }

    /// <inheritdoc/>
    public sealed override void Output(SimdWidth simd, float* sums, nint plane, int columns, TileFinish finish, float* to, nint row, nint pixel, int height, int width)
    {
        switch (simd)
        {
            case SimdWidth.Bits512: TSelf.Output<Lanes512, Vector512<float>>(sums, plane, columns, finish, to, row, pixel, height, width); break;
            case SimdWidth.Bits256: TSelf.Output<Lanes256, Vector256<float>>(sums, plane, columns, finish, to, row, pixel, height, width); break;
            default: TSelf.Output<PortableLanes, Vector<float>>(sums, plane, columns, finish, to, row, pixel, height, width); break;
        }
    }
}

/// <summary>One of a dimension down and one across.</summary>
internal abstract unsafe class WinogradForm<TSelf, TDown, TAcross>(int stride, double inputCost, double outputCost) : WinogradForm<TSelf>(TDown.Taps, TDown.Outputs, TAcross.Outputs, stride, inputCost, outputCost) where TSelf : IWinogradTransforms where TDown : IWinogradDimension where TAcross : IWinogradDimension
{
    /// <inheritdoc/>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public sealed override void Filter(float** taps, int count, float* to, nint plane)
    {
        int rows = TDown.Filters, columns = TAcross.Filters;
        var wide = stackalloc Vector<double>[2 * Kernel * Kernel];
        var half = stackalloc Vector<double>[2 * Kernel * rows];
        var point = stackalloc Vector<double>[2 * columns];
        for (var c = 0; c < count; c += Vector<float>.Count)
        {
            for (var k = 0; k < Kernel * Kernel; k++) Vector.Widen(Vector.Load(taps[k] + c), out wide[2 * k], out wide[2 * k + 1]);
            for (var x = 0; x < 2 * Kernel; x++) TDown.Filter(wide + x, 2 * Kernel, half + x, 2 * Kernel);
            for (var y = 0; y < rows; y++)
            {
                TAcross.Filter(half + 2 * Kernel * y, 2, point, 2);
                TAcross.Filter(half + 2 * Kernel * y + 1, 2, point + 1, 2);
                for (var x = 0; x < columns; x++) Vector.Narrow(point[2 * x], point[2 * x + 1]).Store(to + (y * columns + x) * plane + c);
            }
        }
    }
}

/// <summary>A form's transforms for vectors of any width; arguments are those of <see cref="WinogradForm.Input"/> and <see cref="WinogradForm.Output"/>.</summary>
internal unsafe interface IWinogradTransforms
{
    /// <summary>Pixels to values.</summary>
    static abstract void Input<L, V>(float** pixels, float** next, int channels, float* to, nint plane) where L : ILanes<V> where V : unmanaged;

    /// <summary>Sums to pixels.</summary>
    static abstract void Output<L, V>(float* sums, nint plane, int columns, in TileFinish finish, float* to, nint row, nint pixel, int height, int width) where L : ILanes<V> where V : unmanaged;
}

/// <summary>One dimension of a form: F(outputs, taps) with its points.</summary>
internal unsafe interface IWinogradDimension
{
    /// <summary>Pixels that come out.</summary>
    static abstract int Outputs { get; }

    /// <summary>Taps: the same number down and across.</summary>
    static abstract int Taps { get; }

    /// <summary>What the taps are transformed to.</summary>
    static abstract int Filters { get; }

    /// <summary>G: the filter at each point, (1, p, p², …) over the product of its distances to the other finite points.</summary>
    static abstract void Filter(Vector<double>* taps, nint tap, Vector<double>* to, nint step);
}
