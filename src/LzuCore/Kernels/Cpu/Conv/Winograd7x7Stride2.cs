using System.Runtime.CompilerServices;

namespace LzuCore.Kernels.Cpu;

// A stem's 7x7 taps of stride 2: over squares of 2x2 pixels, four times the channels (PairedSource), they are 4x4 taps of stride 1 with zeros beyond the seventh. F(3x5, 4x4): three outputs down (WinogradF34) and five across (WinogradF54),
// 6x8 squares -> 48 values -> 3x5 pixels, so 192 multiplications for fifteen outputs and a channel where direct sums have 735. The values are Winograd4x6's.
internal sealed unsafe class Winograd7x7Stride2() : WinogradForm<Winograd7x7Stride2, WinogradF34, WinogradF54>(stride: 1, inputCost: 1000, outputCost: 1000), IWinogradTransforms
{
    private const int Columns = 8;

    /// <inheritdoc/>
    public override double DirectTaps => 49.0 / 4;

    /// <inheritdoc/>
    public override int Terms(int channels) => Winograd4x6.ManyTerms;

    /// <inheritdoc/>
    public static void Input<L, V>(float** pixels, float** next, int channels, float* to, nint plane) where L : ILanes<V> where V : unmanaged => Winograd4x6.Input<L, V>(pixels, next, channels, to, plane);

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
            WinogradF34.ToOutputs<L, V>(p, step, out var a0, out var b0, out var d0);
            WinogradF34.ToOutputs<L, V>(p + plane, step, out var a1, out var b1, out var d1);
            WinogradF34.ToOutputs<L, V>(p + 2 * plane, step, out var a2, out var b2, out var d2);
            WinogradF34.ToOutputs<L, V>(p + 3 * plane, step, out var a3, out var b3, out var d3);
            WinogradF34.ToOutputs<L, V>(p + 4 * plane, step, out var a4, out var b4, out var d4);
            WinogradF34.ToOutputs<L, V>(p + 5 * plane, step, out var a5, out var b5, out var d5);
            WinogradF34.ToOutputs<L, V>(p + 6 * plane, step, out var a6, out var b6, out var d6);
            WinogradF34.ToOutputs<L, V>(p + 7 * plane, step, out var a7, out var b7, out var d7);
            FinishRow<L, V>(a0, a1, a2, a3, a4, a5, a6, a7, bias, floor, finish, to, pixel, width, rest);
            if (height > 1) FinishRow<L, V>(b0, b1, b2, b3, b4, b5, b6, b7, bias, floor, finish, to + row, pixel, width, rest);
            if (height > 2) FinishRow<L, V>(d0, d1, d2, d3, d4, d5, d6, d7, bias, floor, finish, to + 2 * row, pixel, width, rest);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FinishRow<L, V>(V m0, V m1, V m2, V m3, V m4, V m5, V m6, V m7, V bias, V floor, in TileFinish finish, float* to, nint pixel, int width, int columns) where L : ILanes<V> where V : unmanaged
    {
        WinogradF54.ToOutputs<L, V>(m0, m1, m2, m3, m4, m5, m6, m7, bias, out var y0, out var y1, out var y2, out var y3, out var y4);
        Put<L, V>(y0, floor, finish, to, columns);
        if (width > 1) Put<L, V>(y1, floor, finish, to + pixel, columns);
        if (width > 2) Put<L, V>(y2, floor, finish, to + 2 * pixel, columns);
        if (width > 3) Put<L, V>(y3, floor, finish, to + 3 * pixel, columns);
        if (width > 4) Put<L, V>(y4, floor, finish, to + 4 * pixel, columns);
    }
}
