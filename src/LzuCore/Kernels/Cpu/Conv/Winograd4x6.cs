using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LzuCore.Kernels.Cpu;

// F(4x6, 3x3): four outputs down (WinogradF43) and six across (WinogradF63). 6x8 pixels -> 48 values -> 4x6 pixels.
// The weight's gradient is the adjoint of that in the filter: dg = Gᵀ (Σ V ⊙ A dY Eᵀ) H over tiles.
internal sealed unsafe class Winograd4x6() : WinogradForm<Winograd4x6, WinogradF43, WinogradF63>(stride: 1, inputCost: 1000, outputCost: 1300), IWinogradTransforms
{
    /// <summary>Terms of a sum of many. The transforms make rounding errors larger: sums of 64 are as exact at 256 channels as whole ones would be with F(4x4, 3x3), and take 0 to 4 % longer.</summary>
    public const int ManyTerms = 64;

    private const int FewTerms = 32, FewChannels = 128;

    private const int Rows = 6, Columns = 8, AcrossOutputs = 6;

    /// <inheritdoc/>
    public override int Terms(int channels) => channels > FewChannels ? ManyTerms : FewTerms;

    // Three of the six rows of values at a time: what is between the two dimensions stays in registers, and nothing is computed twice.
    /// <inheritdoc/>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Input<L, V>(float** pixels, float** next, int channels, float* to, nint plane) where L : ILanes<V> where V : unmanaged
    {
        var row = Columns * plane;
        for (var c = 0; c < channels; c += L.Count, to += L.Count)
        {
            if (Sse.IsSupported)
                for (var y = 0; y < Rows * Columns; y += Columns)
                {
                    // The first two columns are most often these pixels' last ones.
                    Sse.Prefetch0(next[y + 2] + c);
                    Sse.Prefetch0(next[y + 3] + c);
                    Sse.Prefetch0(next[y + 4] + c);
                    Sse.Prefetch0(next[y + 5] + c);
                    Sse.Prefetch0(next[y + 6] + c);
                    Sse.Prefetch0(next[y + 7] + c);
                }
            WinogradF43.NearPoints<L, V>(pixels, Columns, c, out var a0, out var b0, out var d0);
            WinogradF43.NearPoints<L, V>(pixels + 1, Columns, c, out var a1, out var b1, out var d1);
            WinogradF43.NearPoints<L, V>(pixels + 2, Columns, c, out var a2, out var b2, out var d2);
            WinogradF43.NearPoints<L, V>(pixels + 3, Columns, c, out var a3, out var b3, out var d3);
            WinogradF43.NearPoints<L, V>(pixels + 4, Columns, c, out var a4, out var b4, out var d4);
            WinogradF43.NearPoints<L, V>(pixels + 5, Columns, c, out var a5, out var b5, out var d5);
            WinogradF43.NearPoints<L, V>(pixels + 6, Columns, c, out var a6, out var b6, out var d6);
            WinogradF43.NearPoints<L, V>(pixels + 7, Columns, c, out var a7, out var b7, out var d7);
            WinogradF63.ToPoints<L, V>(a0, a1, a2, a3, a4, a5, a6, a7, to, plane);
            WinogradF63.ToPoints<L, V>(b0, b1, b2, b3, b4, b5, b6, b7, to + row, plane);
            WinogradF63.ToPoints<L, V>(d0, d1, d2, d3, d4, d5, d6, d7, to + 2 * row, plane);
            WinogradF43.FarPoints<L, V>(pixels, Columns, c, out a0, out b0, out d0);
            WinogradF43.FarPoints<L, V>(pixels + 1, Columns, c, out a1, out b1, out d1);
            WinogradF43.FarPoints<L, V>(pixels + 2, Columns, c, out a2, out b2, out d2);
            WinogradF43.FarPoints<L, V>(pixels + 3, Columns, c, out a3, out b3, out d3);
            WinogradF43.FarPoints<L, V>(pixels + 4, Columns, c, out a4, out b4, out d4);
            WinogradF43.FarPoints<L, V>(pixels + 5, Columns, c, out a5, out b5, out d5);
            WinogradF43.FarPoints<L, V>(pixels + 6, Columns, c, out a6, out b6, out d6);
            WinogradF43.FarPoints<L, V>(pixels + 7, Columns, c, out a7, out b7, out d7);
            WinogradF63.ToPoints<L, V>(a0, a1, a2, a3, a4, a5, a6, a7, to + 3 * row, plane);
            WinogradF63.ToPoints<L, V>(b0, b1, b2, b3, b4, b5, b6, b7, to + 4 * row, plane);
            WinogradF63.ToPoints<L, V>(d0, d1, d2, d3, d4, d5, d6, d7, to + 5 * row, plane);
        }
    }

    // Two of the four rows of pixels at a time, as above.
    /// <inheritdoc/>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Output<L, V>(float* sums, nint plane, int columns, in TileFinish finish, float* to, nint row, nint pixel, int height, int width) where L : ILanes<V> where V : unmanaged
    {
        var floor = L.All(finish.Floor);
        var step = Columns * plane;
        for (var c = 0; c < columns; c += L.Count, to += L.Count)
        {
            var p = sums + c;
            var rest = columns - c;
            var bias = L.Load(finish.Bias + c);
            WinogradF43.EvenRows<L, V>(p, step, out var a0, out var b0);
            WinogradF43.EvenRows<L, V>(p + plane, step, out var a1, out var b1);
            WinogradF43.EvenRows<L, V>(p + 2 * plane, step, out var a2, out var b2);
            WinogradF43.EvenRows<L, V>(p + 3 * plane, step, out var a3, out var b3);
            WinogradF43.EvenRows<L, V>(p + 4 * plane, step, out var a4, out var b4);
            WinogradF43.EvenRows<L, V>(p + 5 * plane, step, out var a5, out var b5);
            WinogradF43.EvenRows<L, V>(p + 6 * plane, step, out var a6, out var b6);
            WinogradF43.EvenRows<L, V>(p + 7 * plane, step, out var a7, out var b7);
            FinishRow<L, V>(a0, a1, a2, a3, a4, a5, a6, a7, bias, floor, finish, to, pixel, width, rest);
            if (height > 2) FinishRow<L, V>(b0, b1, b2, b3, b4, b5, b6, b7, bias, floor, finish, to + 2 * row, pixel, width, rest);
            if (height < 2) continue;
            WinogradF43.OddRows<L, V>(p, step, out a0, out b0);
            WinogradF43.OddRows<L, V>(p + plane, step, out a1, out b1);
            WinogradF43.OddRows<L, V>(p + 2 * plane, step, out a2, out b2);
            WinogradF43.OddRows<L, V>(p + 3 * plane, step, out a3, out b3);
            WinogradF43.OddRows<L, V>(p + 4 * plane, step, out a4, out b4);
            WinogradF43.OddRows<L, V>(p + 5 * plane, step, out a5, out b5);
            WinogradF43.OddRows<L, V>(p + 6 * plane, step, out a6, out b6);
            WinogradF43.OddRows<L, V>(p + 7 * plane, step, out a7, out b7);
            FinishRow<L, V>(a0, a1, a2, a3, a4, a5, a6, a7, bias, floor, finish, to + row, pixel, width, rest);
            if (height > 3) FinishRow<L, V>(b0, b1, b2, b3, b4, b5, b6, b7, bias, floor, finish, to + 3 * row, pixel, width, rest);
        }
    }

    // A row of six pixels from its eight sums: the other dimension, bias, residual and activation.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FinishRow<L, V>(V m0, V m1, V m2, V m3, V m4, V m5, V m6, V m7, V bias, V floor, in TileFinish finish, float* to, nint pixel, int width, int columns) where L : ILanes<V> where V : unmanaged
    {
        WinogradF63.ToOutputs<L, V>(m0, m1, m2, m3, m4, m5, m6, m7, bias, out var y0, out var y1, out var y2, out var y3, out var y4, out var y5);
        Put<L, V>(y0, floor, finish, to, columns);
        if (width > 1) Put<L, V>(y1, floor, finish, to + pixel, columns);
        if (width > 2) Put<L, V>(y2, floor, finish, to + 2 * pixel, columns);
        if (width > 3) Put<L, V>(y3, floor, finish, to + 3 * pixel, columns);
        if (width > 4) Put<L, V>(y4, floor, finish, to + 4 * pixel, columns);
        if (width > 5) Put<L, V>(y5, floor, finish, to + 5 * pixel, columns);
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
        var room = stackalloc float[(Rows * AcrossOutputs + 1) * L.Count];
        var half = Aligned<L, V>(room);
        for (var c = 0; c < channels; c += L.Count)
        {
            for (var x = 0; x < AcrossOutputs; x++)
            {
                var p = pixels + x;
                WinogradF43.ToSums<L, V>(L.Load(p[0] + c), L.Load(p[AcrossOutputs] + c), L.Load(p[2 * AcrossOutputs] + c), L.Load(p[3 * AcrossOutputs] + c), half + x * L.Count, AcrossOutputs * L.Count);
            }
            for (var y = 0; y < Rows; y++)
            {
                var p = half + y * AcrossOutputs * L.Count;
                WinogradF63.ToSums<L, V>(L.Load(p), L.Load(p + L.Count), L.Load(p + 2 * L.Count), L.Load(p + 3 * L.Count), L.Load(p + 4 * L.Count), L.Load(p + 5 * L.Count), to + y * Columns * plane + c, plane);
            }
        }
    }

    /// <summary>The adjoint of <see cref="WinogradForm.Filter"/>: 48 gradients to those of 3x3 taps.</summary>
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
        var room = stackalloc float[(3 * Columns + 10) * L.Count];
        float* half = Aligned<L, V>(room), spill = half + 3 * Columns * L.Count;
        var step = Columns * plane;
        for (var c = 0; c < count; c += L.Count)
        {
            for (var x = 0; x < Columns; x++)
            {
                var p = from + x * plane + c;
                WinogradF43.ToTaps<L, V>(L.Load(p), L.Load(p + step), L.Load(p + 2 * step), L.Load(p + 3 * step), L.Load(p + 4 * step), L.Load(p + 5 * step), half + x * L.Count, Columns * L.Count);
            }
            var whole = count - c >= L.Count;
            for (var y = 0; y < 3; y++)
            {
                var p = half + y * Columns * L.Count;
                WinogradF63.ToTaps<L, V>(L.Load(p), L.Load(p + L.Count), L.Load(p + 2 * L.Count), L.Load(p + 3 * L.Count), L.Load(p + 4 * L.Count), L.Load(p + 5 * L.Count), L.Load(p + 6 * L.Count), L.Load(p + 7 * L.Count), whole ? to + 3 * y * tap + c : spill + 3 * y * L.Count, whole ? tap : L.Count);
            }
            for (var k = 0; k < 9 && !whole; k++) Panels.Copy(spill + k * L.Count, to + k * tap + c, count - c);
        }
    }

    private static float* Aligned<L, V>(float* room) where L : ILanes<V> where V : unmanaged
    {
        var bytes = (nuint)(L.Count * sizeof(float));
        return (float*)(((nuint)room + bytes - 1) / bytes * bytes);
    }
}
