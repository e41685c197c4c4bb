using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LzuCore.Kernels.Cpu;

// The transforms of Winograd's F(4x4, 3x3) over contiguous channels (Lavin and Gray 2016), with the points 0, ±√½, ±√2 and infinity:
//   input   V = Bᵀ d B   6x6 pixels -> 36 values      filter  U = G g Gᵀ   3x3 taps -> 36 values      output  Y = Aᵀ M A   36 values -> 4x4 pixels
// The weight's gradient is the adjoint of that in the filter: dg = Gᵀ (Σ V ⊙ A dY Aᵀ) G over tiles.
// These points make errors a quarter of those of the textbook's 0, ±1, ±2. Filters are transformed in float64 and rounded once.
internal static unsafe class WinogradTransform
{
    /// <summary>Values of a transformed tile.</summary>
    public const int Points = 36;

    /// <summary>Pixels of an output tile each way.</summary>
    public const int Outputs = 4;

    /// <summary>Pixels that it reads each way.</summary>
    public const int Inputs = 6;

    private const double A = 0.70710678118654752, B = 1.4142135623730951;

    /// <summary>Transforms 6x6 pixels; reads and writes whole vectors, so up to one vector less a float behind the last channel.</summary>
    /// <param name="simd">The vectors.</param>
    /// <param name="from">First pixel.</param>
    /// <param name="row">Floats to the pixel below.</param>
    /// <param name="pixel">Floats to the pixel on the right.</param>
    /// <param name="channels">Channels.</param>
    /// <param name="to">First channel of the first value.</param>
    /// <param name="plane">Floats to the next value.</param>
    public static void Input(SimdWidth simd, float* from, nint row, nint pixel, int channels, float* to, nint plane)
    {
        switch (simd)
        {
            case SimdWidth.Bits512: Input<Lanes512, Vector512<float>>(from, row, pixel, channels, to, plane); break;
            case SimdWidth.Bits256: Input<Lanes256, Vector256<float>>(from, row, pixel, channels, to, plane); break;
            default: Input<PortableLanes, Vector<float>>(from, row, pixel, channels, to, plane); break;
        }
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Input<L, V>(float* from, nint row, nint pixel, int channels, float* to, nint plane) where L : ILanes<V> where V : unmanaged
    {
        var room = stackalloc float[(Points + 1) * L.Count];
        var half = Aligned<L, V>(room);
        for (var c = 0; c < channels; c += L.Count)
        {
            for (var x = 0; x < Inputs; x++)
            {
                var p = from + x * pixel + c;
                ToPoints<L, V>(L.Load(p), L.Load(p + row), L.Load(p + 2 * row), L.Load(p + 3 * row), L.Load(p + 4 * row), L.Load(p + 5 * row), half + x * L.Count, Inputs * L.Count);
            }
            for (var y = 0; y < Inputs; y++)
            {
                var p = half + y * Inputs * L.Count;
                ToPoints<L, V>(L.Load(p), L.Load(p + L.Count), L.Load(p + 2 * L.Count), L.Load(p + 3 * L.Count), L.Load(p + 4 * L.Count), L.Load(p + 5 * L.Count), to + y * Inputs * plane + c, plane);
            }
        }
    }

    /// <summary>Computes an output tile from its 36 sums, adds bias and residual, activates, and stores the pixels that exist.</summary>
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
    public static void Output(SimdWidth simd, float* sums, nint plane, int columns, TileFinish finish, float* to, nint row, nint pixel, int height, int width)
    {
        switch (simd)
        {
            case SimdWidth.Bits512: Output<Lanes512, Vector512<float>>(sums, plane, columns, finish, to, row, pixel, height, width); break;
            case SimdWidth.Bits256: Output<Lanes256, Vector256<float>>(sums, plane, columns, finish, to, row, pixel, height, width); break;
            default: Output<PortableLanes, Vector<float>>(sums, plane, columns, finish, to, row, pixel, height, width); break;
        }
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Output<L, V>(float* sums, nint plane, int columns, TileFinish finish, float* to, nint row, nint pixel, int height, int width) where L : ILanes<V> where V : unmanaged
    {
        var room = stackalloc float[(Outputs * Inputs + 2) * L.Count];
        var half = Aligned<L, V>(room);
        var spill = half + Outputs * Inputs * L.Count;
        var line = stackalloc V[Outputs];
        var floor = L.All(finish.Floor);
        for (var c = 0; c < columns; c += L.Count)
        {
            for (var x = 0; x < Inputs; x++)
            {
                var p = sums + x * plane + c;
                var step = Inputs * plane;
                ToPixels<L, V>(L.Load(p), L.Load(p + step), L.Load(p + 2 * step), L.Load(p + 3 * step), L.Load(p + 4 * step), L.Load(p + 5 * step), out var y0, out var y1, out var y2, out var y3);
                L.Store(y0, half + x * L.Count);
                L.Store(y1, half + (Inputs + x) * L.Count);
                L.Store(y2, half + (2 * Inputs + x) * L.Count);
                L.Store(y3, half + (3 * Inputs + x) * L.Count);
            }
            var bias = L.Load(finish.Bias + c);
            var rest = columns - c;
            for (var y = 0; y < height; y++)
            {
                var p = half + y * Inputs * L.Count;
                ToPixels<L, V>(L.Load(p), L.Load(p + L.Count), L.Load(p + 2 * L.Count), L.Load(p + 3 * L.Count), L.Load(p + 4 * L.Count), L.Load(p + 5 * L.Count), out line[0], out line[1], out line[2], out line[3]);
                for (var x = 0; x < width; x++)
                {
                    var at = to + y * row + x * pixel + c;
                    var v = L.Add(line[x], bias);
                    if (finish.HasResidual) v = L.Add(v, L.Load(at + finish.Residual));
                    v = L.Raise(floor, v);
                    if (rest >= L.Count) L.Store(v, at);
                    else
                    {
                        L.Store(v, spill);
                        Panels.Copy(spill, at, rest);
                    }
                }
            }
        }
    }

    /// <summary>The adjoint of <see cref="Output"/>: 4x4 gradients of outputs to 36 of sums. Whole vectors, as in <see cref="Input"/>.</summary>
    /// <param name="simd">The vectors.</param>
    /// <param name="from">First pixel.</param>
    /// <param name="row">Floats to the pixel below.</param>
    /// <param name="pixel">Floats to the pixel on the right.</param>
    /// <param name="channels">Channels.</param>
    /// <param name="to">First channel of the first value.</param>
    /// <param name="plane">Floats to the next value.</param>
    public static void OutputGradient(SimdWidth simd, float* from, nint row, nint pixel, int channels, float* to, nint plane)
    {
        switch (simd)
        {
            case SimdWidth.Bits512: OutputGradient<Lanes512, Vector512<float>>(from, row, pixel, channels, to, plane); break;
            case SimdWidth.Bits256: OutputGradient<Lanes256, Vector256<float>>(from, row, pixel, channels, to, plane); break;
            default: OutputGradient<PortableLanes, Vector<float>>(from, row, pixel, channels, to, plane); break;
        }
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OutputGradient<L, V>(float* from, nint row, nint pixel, int channels, float* to, nint plane) where L : ILanes<V> where V : unmanaged
    {
        var room = stackalloc float[(Outputs * Inputs + 1) * L.Count];
        var half = Aligned<L, V>(room);
        for (var c = 0; c < channels; c += L.Count)
        {
            for (var x = 0; x < Outputs; x++)
            {
                var p = from + x * pixel + c;
                ToSums<L, V>(L.Load(p), L.Load(p + row), L.Load(p + 2 * row), L.Load(p + 3 * row), half + x * L.Count, Outputs * L.Count);
            }
            for (var y = 0; y < Inputs; y++)
            {
                var p = half + y * Outputs * L.Count;
                ToSums<L, V>(L.Load(p), L.Load(p + L.Count), L.Load(p + 2 * L.Count), L.Load(p + 3 * L.Count), to + y * Inputs * plane + c, plane);
            }
        }
    }

    /// <summary>The adjoint of <see cref="Filter"/>: 36 gradients to those of 3x3 taps.</summary>
    /// <param name="simd">The vectors.</param>
    /// <param name="from">First filter of the first value; whole vectors are read.</param>
    /// <param name="plane">Floats to the next value.</param>
    /// <param name="count">Filters that lie side by side.</param>
    /// <param name="to">First filter of the first tap.</param>
    /// <param name="tap">Floats to the next tap.</param>
    public static void FilterGradient(SimdWidth simd, float* from, nint plane, int count, float* to, nint tap)
    {
        switch (simd)
        {
            case SimdWidth.Bits512: FilterGradient<Lanes512, Vector512<float>>(from, plane, count, to, tap); break;
            case SimdWidth.Bits256: FilterGradient<Lanes256, Vector256<float>>(from, plane, count, to, tap); break;
            default: FilterGradient<PortableLanes, Vector<float>>(from, plane, count, to, tap); break;
        }
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FilterGradient<L, V>(float* from, nint plane, int count, float* to, nint tap) where L : ILanes<V> where V : unmanaged
    {
        var room = stackalloc float[(3 * Inputs + 10) * L.Count];
        float* half = Aligned<L, V>(room), spill = half + 3 * Inputs * L.Count;
        for (var c = 0; c < count; c += L.Count)
        {
            for (var x = 0; x < Inputs; x++)
            {
                var p = from + x * plane + c;
                var step = Inputs * plane;
                ToTaps<L, V>(L.Load(p), L.Load(p + step), L.Load(p + 2 * step), L.Load(p + 3 * step), L.Load(p + 4 * step), L.Load(p + 5 * step), half + x * L.Count, Inputs * L.Count);
            }
            var whole = count - c >= L.Count;
            for (var y = 0; y < 3; y++)
            {
                var p = half + y * Inputs * L.Count;
                ToTaps<L, V>(L.Load(p), L.Load(p + L.Count), L.Load(p + 2 * L.Count), L.Load(p + 3 * L.Count), L.Load(p + 4 * L.Count), L.Load(p + 5 * L.Count), whole ? to + 3 * y * tap + c : spill + 3 * y * L.Count, whole ? tap : L.Count);
            }
            for (var k = 0; k < 9 && !whole; k++) Panels.Copy(spill + k * L.Count, to + k * tap + c, count - c);
        }
    }

    /// <summary>Transforms 3x3 taps of some filters that lie side by side.</summary>
    /// <param name="taps">First filter of each tap, row by row; up to seven floats behind the last are read.</param>
    /// <param name="count">Filters.</param>
    /// <param name="to">First filter of the first value; up to seven floats behind the last are written.</param>
    /// <param name="plane">Floats to the next value.</param>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Filter(float** taps, int count, float* to, nint plane)
    {
        var half = stackalloc Vector<double>[2 * 3 * Inputs];
        var point = stackalloc Vector<double>[2 * Inputs];
        for (var c = 0; c < count; c += Vector<float>.Count)
        {
            for (var x = 0; x < 3; x++)
            {
                Vector.Widen(Vector.Load(taps[x] + c), out var low0, out var high0);
                Vector.Widen(Vector.Load(taps[3 + x] + c), out var low1, out var high1);
                Vector.Widen(Vector.Load(taps[6 + x] + c), out var low2, out var high2);
                Spread(low0, low1, low2, half + 2 * x, 2 * 3);
                Spread(high0, high1, high2, half + 2 * x + 1, 2 * 3);
            }
            for (var y = 0; y < Inputs; y++)
            {
                var p = half + 2 * 3 * y;
                Spread(p[0], p[2], p[4], point, 2);
                Spread(p[1], p[3], p[5], point + 1, 2);
                for (var x = 0; x < Inputs; x++) Vector.Narrow(point[2 * x], point[2 * x + 1]).Store(to + (y * Inputs + x) * plane + c);
            }
        }
    }

    // One row of G for each point: (1, p, p²) over the product of its distances to the other finite points.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Spread(Vector<double> g0, Vector<double> g1, Vector<double> g2, Vector<double>* to, nint step)
    {
        const double a = 2 * A * A * (A * A - B * B), b = 2 * B * B * (B * B - A * A);
        Vector<double> nearEven = (g0 + A * A * g2) * (1 / a), nearOdd = g1 * (A / a), farEven = (g0 + B * B * g2) * (1 / b), farOdd = g1 * (B / b);
        to[0] = g0 * (1 / (A * A * B * B));
        to[step] = nearEven + nearOdd;
        to[2 * step] = nearEven - nearOdd;
        to[3 * step] = farEven + farOdd;
        to[4 * step] = farEven - farOdd;
        to[5 * step] = g2;
    }

    // One dimension of the input transform: Bᵀ.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ToPoints<L, V>(V x0, V x1, V x2, V x3, V x4, V x5, float* to, nint step) where L : ILanes<V> where V : unmanaged
    {
        V minusB2 = L.All(-2f), minusA2 = L.All(-0.5f), minusBoth = L.All(-2.5f), a = L.All((float)A), b = L.All((float)B), minusA = L.All(-(float)A), minusB = L.All(-(float)B);
        V e = L.MultiplyAdd(minusB2, x2, x4), o = L.MultiplyAdd(minusB2, x1, x3), f = L.MultiplyAdd(minusA2, x2, x4), p = L.MultiplyAdd(minusA2, x1, x3);
        L.Store(L.Add(x0, L.MultiplyAdd(minusBoth, x2, x4)), to);
        L.Store(L.MultiplyAdd(a, o, e), to + step);
        L.Store(L.MultiplyAdd(minusA, o, e), to + 2 * step);
        L.Store(L.MultiplyAdd(b, p, f), to + 3 * step);
        L.Store(L.MultiplyAdd(minusB, p, f), to + 4 * step);
        L.Store(L.Add(x1, L.MultiplyAdd(minusBoth, x3, x5)), to + 5 * step);
    }

    // One dimension of the output transform: Aᵀ.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ToPixels<L, V>(V m0, V m1, V m2, V m3, V m4, V m5, out V y0, out V y1, out V y2, out V y3) where L : ILanes<V> where V : unmanaged
    {
        V near = L.Add(m1, m2), nearOdd = L.Subtract(m1, m2), far = L.Add(m3, m4), farOdd = L.Subtract(m3, m4), zero = L.All(0);
        y0 = L.Add(m0, L.Add(near, far));
        y1 = L.MultiplyAdd(L.All((float)A), nearOdd, L.MultiplyAdd(L.All((float)B), farOdd, zero));
        y2 = L.MultiplyAdd(L.All(0.5f), near, L.Add(far, far));
        y3 = L.MultiplyAdd(L.All((float)(A * A * A)), nearOdd, L.MultiplyAdd(L.All((float)(B * B * B)), farOdd, m5));
    }

    // One dimension of A.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ToSums<L, V>(V y0, V y1, V y2, V y3, float* to, nint step) where L : ILanes<V> where V : unmanaged
    {
        V zero = L.All(0), near = L.MultiplyAdd(L.All(0.5f), y2, y0), far = L.MultiplyAdd(L.All(2), y2, y0);
        V nearOdd = L.MultiplyAdd(L.All((float)(A * A * A)), y3, L.MultiplyAdd(L.All((float)A), y1, zero)), farOdd = L.MultiplyAdd(L.All((float)(B * B * B)), y3, L.MultiplyAdd(L.All((float)B), y1, zero));
        L.Store(y0, to);
        L.Store(L.Add(near, nearOdd), to + step);
        L.Store(L.Subtract(near, nearOdd), to + 2 * step);
        L.Store(L.Add(far, farOdd), to + 3 * step);
        L.Store(L.Subtract(far, farOdd), to + 4 * step);
        L.Store(y3, to + 5 * step);
    }

    // One dimension of Gᵀ.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ToTaps<L, V>(V u0, V u1, V u2, V u3, V u4, V u5, float* to, nint step) where L : ILanes<V> where V : unmanaged
    {
        const double a = 2 * A * A * (A * A - B * B), b = 2 * B * B * (B * B - A * A);
        V near = L.Add(u1, u2), nearOdd = L.Subtract(u1, u2), far = L.Add(u3, u4), farOdd = L.Subtract(u3, u4), zero = L.All(0);
        L.Store(L.MultiplyAdd(L.All((float)(1 / a)), near, L.MultiplyAdd(L.All((float)(1 / b)), far, u0)), to);
        L.Store(L.MultiplyAdd(L.All((float)(A / a)), nearOdd, L.MultiplyAdd(L.All((float)(B / b)), farOdd, zero)), to + step);
        L.Store(L.MultiplyAdd(L.All((float)(A * A / a)), near, L.MultiplyAdd(L.All((float)(B * B / b)), far, u5)), to + 2 * step);
    }

    private static float* Aligned<L, V>(float* room) where L : ILanes<V> where V : unmanaged
    {
        var bytes = (nuint)(L.Count * sizeof(float));
        return (float*)(((nuint)room + bytes - 1) / bytes * bytes);
    }
}
