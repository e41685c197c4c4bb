using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LzuCore.Kernels.Cpu;

// The transforms of Winograd's F(4x6, 3x3) over contiguous channels (Lavin and Gray 2016): four outputs down, with the points 0, ±√½, ±√2 and infinity (WinogradDown), and six across, with 0, ±½, ±1, ±2 and infinity (WinogradAcross).
//   input   V = Bᵀ d C   6x8 pixels -> 48 values      filter  U = G g Hᵀ   3x3 taps -> 48 values      output  Y = Aᵀ M E   48 values -> 4x6 pixels
// The weight's gradient is the adjoint of that in the filter: dg = Gᵀ (Σ V ⊙ A dY Eᵀ) H over tiles.
// Filters are transformed in float64 and rounded once.
internal static unsafe class WinogradTransform
{
    /// <summary>Pixels of an output tile, down and across.</summary>
    public const int OutputRows = WinogradDown.Outputs, OutputColumns = WinogradAcross.Outputs, Outputs = OutputRows * OutputColumns;

    /// <summary>Pixels that it reads, down and across; as many values as it is transformed to.</summary>
    public const int InputRows = WinogradDown.Inputs, InputColumns = WinogradAcross.Inputs, Points = InputRows * InputColumns;

    /// <summary>Transforms 6x8 pixels; reads and writes whole vectors, so up to one vector less a float behind the last channel.</summary>
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
        var row = InputColumns * plane;
        for (var c = 0; c < channels; c += L.Count, to += L.Count)
        {
            if (Sse.IsSupported)
                for (var y = 0; y < Points; y += InputColumns)
                {
                    // The first two columns are most often these pixels' last ones.
                    Sse.Prefetch0(next[y + 2] + c);
                    Sse.Prefetch0(next[y + 3] + c);
                    Sse.Prefetch0(next[y + 4] + c);
                    Sse.Prefetch0(next[y + 5] + c);
                    Sse.Prefetch0(next[y + 6] + c);
                    Sse.Prefetch0(next[y + 7] + c);
                }
            WinogradDown.NearPoints<L, V>(pixels, InputColumns, c, out var a0, out var b0, out var d0);
            WinogradDown.NearPoints<L, V>(pixels + 1, InputColumns, c, out var a1, out var b1, out var d1);
            WinogradDown.NearPoints<L, V>(pixels + 2, InputColumns, c, out var a2, out var b2, out var d2);
            WinogradDown.NearPoints<L, V>(pixels + 3, InputColumns, c, out var a3, out var b3, out var d3);
            WinogradDown.NearPoints<L, V>(pixels + 4, InputColumns, c, out var a4, out var b4, out var d4);
            WinogradDown.NearPoints<L, V>(pixels + 5, InputColumns, c, out var a5, out var b5, out var d5);
            WinogradDown.NearPoints<L, V>(pixels + 6, InputColumns, c, out var a6, out var b6, out var d6);
            WinogradDown.NearPoints<L, V>(pixels + 7, InputColumns, c, out var a7, out var b7, out var d7);
            WinogradAcross.ToPoints<L, V>(a0, a1, a2, a3, a4, a5, a6, a7, to, plane);
            WinogradAcross.ToPoints<L, V>(b0, b1, b2, b3, b4, b5, b6, b7, to + row, plane);
            WinogradAcross.ToPoints<L, V>(d0, d1, d2, d3, d4, d5, d6, d7, to + 2 * row, plane);
            WinogradDown.FarPoints<L, V>(pixels, InputColumns, c, out a0, out b0, out d0);
            WinogradDown.FarPoints<L, V>(pixels + 1, InputColumns, c, out a1, out b1, out d1);
            WinogradDown.FarPoints<L, V>(pixels + 2, InputColumns, c, out a2, out b2, out d2);
            WinogradDown.FarPoints<L, V>(pixels + 3, InputColumns, c, out a3, out b3, out d3);
            WinogradDown.FarPoints<L, V>(pixels + 4, InputColumns, c, out a4, out b4, out d4);
            WinogradDown.FarPoints<L, V>(pixels + 5, InputColumns, c, out a5, out b5, out d5);
            WinogradDown.FarPoints<L, V>(pixels + 6, InputColumns, c, out a6, out b6, out d6);
            WinogradDown.FarPoints<L, V>(pixels + 7, InputColumns, c, out a7, out b7, out d7);
            WinogradAcross.ToPoints<L, V>(a0, a1, a2, a3, a4, a5, a6, a7, to + 3 * row, plane);
            WinogradAcross.ToPoints<L, V>(b0, b1, b2, b3, b4, b5, b6, b7, to + 4 * row, plane);
            WinogradAcross.ToPoints<L, V>(d0, d1, d2, d3, d4, d5, d6, d7, to + 5 * row, plane);
        }
    }

    /// <summary>Computes an output tile from its 48 sums, adds bias and residual, activates, and stores the pixels that exist.</summary>
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
        var spill = stackalloc float[OutputColumns * L.Count];
        var floor = L.All(finish.Floor);
        var step = InputColumns * plane;
        for (var c = 0; c < columns; c += L.Count, to += L.Count)
        {
            var p = sums + c;
            var rest = columns - c;
            var bias = L.Load(finish.Bias + c);
            var residual = finish.HasResidual ? to + finish.Residual : null;
            WinogradDown.EvenRows<L, V>(p, step, out var a0, out var b0);
            WinogradDown.EvenRows<L, V>(p + plane, step, out var a1, out var b1);
            WinogradDown.EvenRows<L, V>(p + 2 * plane, step, out var a2, out var b2);
            WinogradDown.EvenRows<L, V>(p + 3 * plane, step, out var a3, out var b3);
            WinogradDown.EvenRows<L, V>(p + 4 * plane, step, out var a4, out var b4);
            WinogradDown.EvenRows<L, V>(p + 5 * plane, step, out var a5, out var b5);
            WinogradDown.EvenRows<L, V>(p + 6 * plane, step, out var a6, out var b6);
            WinogradDown.EvenRows<L, V>(p + 7 * plane, step, out var a7, out var b7);
            FinishRow<L, V>(a0, a1, a2, a3, a4, a5, a6, a7, bias, floor, residual, to, pixel, width, rest, spill);
            if (height > 2) FinishRow<L, V>(b0, b1, b2, b3, b4, b5, b6, b7, bias, floor, residual is null ? null : residual + 2 * row, to + 2 * row, pixel, width, rest, spill);
            if (height < 2) continue;
            WinogradDown.OddRows<L, V>(p, step, out a0, out b0);
            WinogradDown.OddRows<L, V>(p + plane, step, out a1, out b1);
            WinogradDown.OddRows<L, V>(p + 2 * plane, step, out a2, out b2);
            WinogradDown.OddRows<L, V>(p + 3 * plane, step, out a3, out b3);
            WinogradDown.OddRows<L, V>(p + 4 * plane, step, out a4, out b4);
            WinogradDown.OddRows<L, V>(p + 5 * plane, step, out a5, out b5);
            WinogradDown.OddRows<L, V>(p + 6 * plane, step, out a6, out b6);
            WinogradDown.OddRows<L, V>(p + 7 * plane, step, out a7, out b7);
            FinishRow<L, V>(a0, a1, a2, a3, a4, a5, a6, a7, bias, floor, residual is null ? null : residual + row, to + row, pixel, width, rest, spill);
            if (height > 3) FinishRow<L, V>(b0, b1, b2, b3, b4, b5, b6, b7, bias, floor, residual is null ? null : residual + 3 * row, to + 3 * row, pixel, width, rest, spill);
        }
    }

    // A row of six pixels from its eight sums: the other dimension, bias, residual and activation.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FinishRow<L, V>(V m0, V m1, V m2, V m3, V m4, V m5, V m6, V m7, V bias, V floor, float* residual, float* to, nint pixel, int width, int columns, float* spill) where L : ILanes<V> where V : unmanaged
    {
        WinogradAcross.ToOutputs<L, V>(m0, m1, m2, m3, m4, m5, m6, m7, bias, out var y0, out var y1, out var y2, out var y3, out var y4, out var y5);
        if (residual is not null)
        {
            y0 = L.Add(y0, L.Load(residual));
            if (width > 1) y1 = L.Add(y1, L.Load(residual + pixel));
            if (width > 2) y2 = L.Add(y2, L.Load(residual + 2 * pixel));
            if (width > 3) y3 = L.Add(y3, L.Load(residual + 3 * pixel));
            if (width > 4) y4 = L.Add(y4, L.Load(residual + 4 * pixel));
            if (width > 5) y5 = L.Add(y5, L.Load(residual + 5 * pixel));
        }
        if (columns >= L.Count)
        {
            L.Store(L.Raise(floor, y0), to);
            if (width > 1) L.Store(L.Raise(floor, y1), to + pixel);
            if (width > 2) L.Store(L.Raise(floor, y2), to + 2 * pixel);
            if (width > 3) L.Store(L.Raise(floor, y3), to + 3 * pixel);
            if (width > 4) L.Store(L.Raise(floor, y4), to + 4 * pixel);
            if (width > 5) L.Store(L.Raise(floor, y5), to + 5 * pixel);
            return;
        }
        L.Store(L.Raise(floor, y0), spill);
        L.Store(L.Raise(floor, y1), spill + L.Count);
        L.Store(L.Raise(floor, y2), spill + 2 * L.Count);
        L.Store(L.Raise(floor, y3), spill + 3 * L.Count);
        L.Store(L.Raise(floor, y4), spill + 4 * L.Count);
        L.Store(L.Raise(floor, y5), spill + 5 * L.Count);
        for (var x = 0; x < width; x++) Panels.Copy(spill + x * L.Count, to + x * pixel, columns);
    }

    /// <summary>The adjoint of <see cref="Output"/>: 4x6 gradients of outputs to 48 of sums. Whole vectors, as in <see cref="Input"/>.</summary>
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
        var room = stackalloc float[(InputRows * OutputColumns + 1) * L.Count];
        var half = Aligned<L, V>(room);
        for (var c = 0; c < channels; c += L.Count)
        {
            for (var x = 0; x < OutputColumns; x++)
            {
                var p = pixels + x;
                WinogradDown.ToSums<L, V>(L.Load(p[0] + c), L.Load(p[OutputColumns] + c), L.Load(p[2 * OutputColumns] + c), L.Load(p[3 * OutputColumns] + c), half + x * L.Count, OutputColumns * L.Count);
            }
            for (var y = 0; y < InputRows; y++)
            {
                var p = half + y * OutputColumns * L.Count;
                WinogradAcross.ToSums<L, V>(L.Load(p), L.Load(p + L.Count), L.Load(p + 2 * L.Count), L.Load(p + 3 * L.Count), L.Load(p + 4 * L.Count), L.Load(p + 5 * L.Count), to + y * InputColumns * plane + c, plane);
            }
        }
    }

    /// <summary>The adjoint of <see cref="Filter"/>: 48 gradients to those of 3x3 taps.</summary>
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
        var room = stackalloc float[(3 * InputColumns + 10) * L.Count];
        float* half = Aligned<L, V>(room), spill = half + 3 * InputColumns * L.Count;
        var step = InputColumns * plane;
        for (var c = 0; c < count; c += L.Count)
        {
            for (var x = 0; x < InputColumns; x++)
            {
                var p = from + x * plane + c;
                WinogradDown.ToTaps<L, V>(L.Load(p), L.Load(p + step), L.Load(p + 2 * step), L.Load(p + 3 * step), L.Load(p + 4 * step), L.Load(p + 5 * step), half + x * L.Count, InputColumns * L.Count);
            }
            var whole = count - c >= L.Count;
            for (var y = 0; y < 3; y++)
            {
                var p = half + y * InputColumns * L.Count;
                WinogradAcross.ToTaps<L, V>(L.Load(p), L.Load(p + L.Count), L.Load(p + 2 * L.Count), L.Load(p + 3 * L.Count), L.Load(p + 4 * L.Count), L.Load(p + 5 * L.Count), L.Load(p + 6 * L.Count), L.Load(p + 7 * L.Count), whole ? to + 3 * y * tap + c : spill + 3 * y * L.Count, whole ? tap : L.Count);
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
        var half = stackalloc Vector<double>[2 * 3 * InputRows];
        var point = stackalloc Vector<double>[2 * InputColumns];
        for (var c = 0; c < count; c += Vector<float>.Count)
        {
            for (var x = 0; x < 3; x++)
            {
                Vector.Widen(Vector.Load(taps[x] + c), out var low0, out var high0);
                Vector.Widen(Vector.Load(taps[3 + x] + c), out var low1, out var high1);
                Vector.Widen(Vector.Load(taps[6 + x] + c), out var low2, out var high2);
                WinogradDown.Filter(low0, low1, low2, half + 2 * x, 2 * 3);
                WinogradDown.Filter(high0, high1, high2, half + 2 * x + 1, 2 * 3);
            }
            for (var y = 0; y < InputRows; y++)
            {
                var p = half + 2 * 3 * y;
                WinogradAcross.Filter(p[0], p[2], p[4], point, 2);
                WinogradAcross.Filter(p[1], p[3], p[5], point + 1, 2);
                for (var x = 0; x < InputColumns; x++) Vector.Narrow(point[2 * x], point[2 * x + 1]).Store(to + (y * InputColumns + x) * plane + c);
            }
        }
    }

    private static float* Aligned<L, V>(float* room) where L : ILanes<V> where V : unmanaged
    {
        var bytes = (nuint)(L.Count * sizeof(float));
        return (float*)(((nuint)room + bytes - 1) / bytes * bytes);
    }
}
