using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

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
    /// <param name="pixels">The pixels' first channels, row by row.</param>
    /// <param name="next">Those of the tile that is transformed next: they are fetched meanwhile.</param>
    /// <param name="channels">Channels.</param>
    /// <param name="to">First channel of the first value.</param>
    /// <param name="plane">Floats to the next value.</param>
    public static void Input(SimdWidth simd, float** pixels, float** next, int channels, float* to, nint plane)
    {
        switch (simd)
        {
            case SimdWidth.Bits512: Input<Lanes512, Vector512<float>>(pixels, next, channels, to, plane); break;
            case SimdWidth.Bits256: Input<Lanes256, Vector256<float>>(pixels, next, channels, to, plane); break;
            default: Input<PortableLanes, Vector<float>>(pixels, next, channels, to, plane); break;
        }
    }

    // Three of the six rows of values at a time: what is between the two dimensions stays in registers, and nothing is computed twice.
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Input<L, V>(float** pixels, float** next, int channels, float* to, nint plane) where L : ILanes<V> where V : unmanaged
    {
        for (var c = 0; c < channels; c += L.Count, to += L.Count)
        {
            if (Sse.IsSupported)
                for (var y = 0; y < Inputs * Inputs; y += Inputs)
                {
                    // The first two columns are most often these pixels' last ones.
                    Sse.Prefetch0(next[y + 2] + c);
                    Sse.Prefetch0(next[y + 3] + c);
                    Sse.Prefetch0(next[y + 4] + c);
                    Sse.Prefetch0(next[y + 5] + c);
                }
            NearPoints<L, V>(pixels, c, out var a0, out var b0, out var d0);
            NearPoints<L, V>(pixels + 1, c, out var a1, out var b1, out var d1);
            NearPoints<L, V>(pixels + 2, c, out var a2, out var b2, out var d2);
            NearPoints<L, V>(pixels + 3, c, out var a3, out var b3, out var d3);
            NearPoints<L, V>(pixels + 4, c, out var a4, out var b4, out var d4);
            NearPoints<L, V>(pixels + 5, c, out var a5, out var b5, out var d5);
            ToPoints<L, V>(a0, a1, a2, a3, a4, a5, to, plane);
            ToPoints<L, V>(b0, b1, b2, b3, b4, b5, to + 6 * plane, plane);
            ToPoints<L, V>(d0, d1, d2, d3, d4, d5, to + 12 * plane, plane);
            FarPoints<L, V>(pixels, c, out a0, out b0, out d0);
            FarPoints<L, V>(pixels + 1, c, out a1, out b1, out d1);
            FarPoints<L, V>(pixels + 2, c, out a2, out b2, out d2);
            FarPoints<L, V>(pixels + 3, c, out a3, out b3, out d3);
            FarPoints<L, V>(pixels + 4, c, out a4, out b4, out d4);
            FarPoints<L, V>(pixels + 5, c, out a5, out b5, out d5);
            ToPoints<L, V>(a0, a1, a2, a3, a4, a5, to + 18 * plane, plane);
            ToPoints<L, V>(b0, b1, b2, b3, b4, b5, to + 24 * plane, plane);
            ToPoints<L, V>(d0, d1, d2, d3, d4, d5, to + 30 * plane, plane);
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

    // Two of the four rows of pixels at a time, as above.
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Output<L, V>(float* sums, nint plane, int columns, TileFinish finish, float* to, nint row, nint pixel, int height, int width) where L : ILanes<V> where V : unmanaged
    {
        var spill = stackalloc float[Outputs * L.Count];
        var floor = L.All(finish.Floor);
        for (var c = 0; c < columns; c += L.Count, to += L.Count)
        {
            var p = sums + c;
            var rest = columns - c;
            var bias = L.Load(finish.Bias + c);
            var residual = finish.HasResidual ? to + finish.Residual : null;
            EvenRows<L, V>(p, plane, out var a0, out var b0);
            EvenRows<L, V>(p + plane, plane, out var a1, out var b1);
            EvenRows<L, V>(p + 2 * plane, plane, out var a2, out var b2);
            EvenRows<L, V>(p + 3 * plane, plane, out var a3, out var b3);
            EvenRows<L, V>(p + 4 * plane, plane, out var a4, out var b4);
            EvenRows<L, V>(p + 5 * plane, plane, out var a5, out var b5);
            FinishRow<L, V>(a0, a1, a2, a3, a4, a5, bias, floor, residual, to, pixel, width, rest, spill);
            if (height > 2) FinishRow<L, V>(b0, b1, b2, b3, b4, b5, bias, floor, residual is null ? null : residual + 2 * row, to + 2 * row, pixel, width, rest, spill);
            if (height < 2) continue;
            OddRows<L, V>(p, plane, out a0, out b0);
            OddRows<L, V>(p + plane, plane, out a1, out b1);
            OddRows<L, V>(p + 2 * plane, plane, out a2, out b2);
            OddRows<L, V>(p + 3 * plane, plane, out a3, out b3);
            OddRows<L, V>(p + 4 * plane, plane, out a4, out b4);
            OddRows<L, V>(p + 5 * plane, plane, out a5, out b5);
            FinishRow<L, V>(a0, a1, a2, a3, a4, a5, bias, floor, residual is null ? null : residual + row, to + row, pixel, width, rest, spill);
            if (height > 3) FinishRow<L, V>(b0, b1, b2, b3, b4, b5, bias, floor, residual is null ? null : residual + 3 * row, to + 3 * row, pixel, width, rest, spill);
        }
    }

    // A row of four pixels from its six sums: the other dimension, bias, residual and activation.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FinishRow<L, V>(V m0, V m1, V m2, V m3, V m4, V m5, V bias, V floor, float* residual, float* to, nint pixel, int width, int columns, float* spill) where L : ILanes<V> where V : unmanaged
    {
        V near = L.Add(m1, m2), far = L.Add(m3, m4), nearOdd = L.Subtract(m1, m2), farOdd = L.Subtract(m3, m4);
        V y0 = L.Add(L.Add(m0, L.Add(near, far)), bias), y1 = L.Add(Odd<L, V>(nearOdd, farOdd), bias), y2 = L.Add(L.MultiplyAdd(L.All(0.5f), near, L.Add(far, far)), bias), y3 = L.Add(OddCubed<L, V>(nearOdd, farOdd, m5), bias);
        if (residual is not null)
        {
            y0 = L.Add(y0, L.Load(residual));
            if (width > 1) y1 = L.Add(y1, L.Load(residual + pixel));
            if (width > 2) y2 = L.Add(y2, L.Load(residual + 2 * pixel));
            if (width > 3) y3 = L.Add(y3, L.Load(residual + 3 * pixel));
        }
        if (columns >= L.Count)
        {
            L.Store(L.Raise(floor, y0), to);
            if (width > 1) L.Store(L.Raise(floor, y1), to + pixel);
            if (width > 2) L.Store(L.Raise(floor, y2), to + 2 * pixel);
            if (width > 3) L.Store(L.Raise(floor, y3), to + 3 * pixel);
            return;
        }
        L.Store(L.Raise(floor, y0), spill);
        L.Store(L.Raise(floor, y1), spill + L.Count);
        L.Store(L.Raise(floor, y2), spill + 2 * L.Count);
        L.Store(L.Raise(floor, y3), spill + 3 * L.Count);
        for (var x = 0; x < width; x++) Panels.Copy(spill + x * L.Count, to + x * pixel, columns);
    }

    /// <summary>The adjoint of <see cref="Output"/>: 4x4 gradients of outputs to 36 of sums. Whole vectors, as in <see cref="Input"/>.</summary>
    /// <param name="simd">The vectors.</param>
    /// <param name="pixels">The pixels' first channels, row by row.</param>
    /// <param name="channels">Channels.</param>
    /// <param name="to">First channel of the first value.</param>
    /// <param name="plane">Floats to the next value.</param>
    public static void OutputGradient(SimdWidth simd, float** pixels, int channels, float* to, nint plane)
    {
        switch (simd)
        {
            case SimdWidth.Bits512: OutputGradient<Lanes512, Vector512<float>>(pixels, channels, to, plane); break;
            case SimdWidth.Bits256: OutputGradient<Lanes256, Vector256<float>>(pixels, channels, to, plane); break;
            default: OutputGradient<PortableLanes, Vector<float>>(pixels, channels, to, plane); break;
        }
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OutputGradient<L, V>(float** pixels, int channels, float* to, nint plane) where L : ILanes<V> where V : unmanaged
    {
        var room = stackalloc float[(Outputs * Inputs + 1) * L.Count];
        var half = Aligned<L, V>(room);
        for (var c = 0; c < channels; c += L.Count)
        {
            for (var x = 0; x < Outputs; x++)
            {
                var p = pixels + x;
                ToSums<L, V>(L.Load(p[0] + c), L.Load(p[Outputs] + c), L.Load(p[2 * Outputs] + c), L.Load(p[3 * Outputs] + c), half + x * L.Count, Outputs * L.Count);
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

    // One dimension of the input transform, Bᵀ, of six pixels side by side: all six points.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ToPoints<L, V>(V x0, V x1, V x2, V x3, V x4, V x5, float* to, nint step) where L : ILanes<V> where V : unmanaged
    {
        V a = L.All((float)A), b = L.All((float)B), minusA = L.All(-(float)A), minusB = L.All(-(float)B), minusBoth = L.All(-2.5f);
        V e = L.MultiplyAdd(L.All(-2f), x2, x4), o = L.MultiplyAdd(L.All(-2f), x1, x3), f = L.MultiplyAdd(L.All(-0.5f), x2, x4), p = L.MultiplyAdd(L.All(-0.5f), x1, x3);
        L.Store(L.Add(x0, L.MultiplyAdd(minusBoth, x2, x4)), to);
        L.Store(L.MultiplyAdd(a, o, e), to + step);
        L.Store(L.MultiplyAdd(minusA, o, e), to + 2 * step);
        L.Store(L.MultiplyAdd(b, p, f), to + 3 * step);
        L.Store(L.MultiplyAdd(minusB, p, f), to + 4 * step);
        L.Store(L.Add(x1, L.MultiplyAdd(minusBoth, x3, x5)), to + 5 * step);
    }

    // The same of a column: the points 0 and ±√½.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void NearPoints<L, V>(float** pixels, int c, out V v0, out V v1, out V v2) where L : ILanes<V> where V : unmanaged
    {
        V x0 = L.Load(pixels[0] + c), x1 = L.Load(pixels[6] + c), x2 = L.Load(pixels[12] + c), x3 = L.Load(pixels[18] + c), x4 = L.Load(pixels[24] + c);
        V e = L.MultiplyAdd(L.All(-2f), x2, x4), o = L.MultiplyAdd(L.All(-2f), x1, x3);
        v0 = L.Add(x0, L.MultiplyAdd(L.All(-2.5f), x2, x4));
        v1 = L.MultiplyAdd(L.All((float)A), o, e);
        v2 = L.MultiplyAdd(L.All(-(float)A), o, e);
    }

    // ±√2 and infinity.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FarPoints<L, V>(float** pixels, int c, out V v3, out V v4, out V v5) where L : ILanes<V> where V : unmanaged
    {
        V x1 = L.Load(pixels[6] + c), x2 = L.Load(pixels[12] + c), x3 = L.Load(pixels[18] + c), x4 = L.Load(pixels[24] + c), x5 = L.Load(pixels[30] + c);
        V f = L.MultiplyAdd(L.All(-0.5f), x2, x4), p = L.MultiplyAdd(L.All(-0.5f), x1, x3);
        v3 = L.MultiplyAdd(L.All((float)B), p, f);
        v4 = L.MultiplyAdd(L.All(-(float)B), p, f);
        v5 = L.Add(x1, L.MultiplyAdd(L.All(-2.5f), x3, x5));
    }

    // One dimension of the output transform, Aᵀ, of a column of six sums: pixels 0 and 2.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void EvenRows<L, V>(float* sums, nint plane, out V y0, out V y2) where L : ILanes<V> where V : unmanaged
    {
        V near = L.Add(L.Load(sums + 6 * plane), L.Load(sums + 12 * plane)), far = L.Add(L.Load(sums + 18 * plane), L.Load(sums + 24 * plane));
        y0 = L.Add(L.Load(sums), L.Add(near, far));
        y2 = L.MultiplyAdd(L.All(0.5f), near, L.Add(far, far));
    }

    // Pixels 1 and 3.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void OddRows<L, V>(float* sums, nint plane, out V y1, out V y3) where L : ILanes<V> where V : unmanaged
    {
        V near = L.Subtract(L.Load(sums + 6 * plane), L.Load(sums + 12 * plane)), far = L.Subtract(L.Load(sums + 18 * plane), L.Load(sums + 24 * plane));
        y1 = Odd<L, V>(near, far);
        y3 = OddCubed<L, V>(near, far, L.Load(sums + 30 * plane));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Odd<L, V>(V near, V far) where L : ILanes<V> where V : unmanaged => L.MultiplyAdd(L.All((float)A), near, L.MultiplyAdd(L.All((float)B), far, L.All(0)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V OddCubed<L, V>(V near, V far, V last) where L : ILanes<V> where V : unmanaged => L.MultiplyAdd(L.All((float)(A * A * A)), near, L.MultiplyAdd(L.All((float)(B * B * B)), far, last));

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
