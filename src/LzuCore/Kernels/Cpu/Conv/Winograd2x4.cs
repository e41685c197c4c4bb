using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace LzuCore.Kernels.Cpu;

// F(2x4, 3x3): two outputs down (WinogradF23) and four across (WinogradF43). 4x6 pixels -> 24 values -> 2x4 pixels.
internal sealed unsafe class Winograd2x4() : WinogradForm<Winograd2x4, WinogradF23, WinogradF43>(stride: 1, inputCost: 500, outputCost: 650), IWinogradTransforms
{
    private const int Rows = 4, Columns = 6;

    /// <inheritdoc/>
    public override int Terms(int channels) => 512;

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
                }
            WinogradF23.ToPoints<L, V>(pixels, Columns, c, out var a0, out var b0, out var d0, out var e0);
            WinogradF23.ToPoints<L, V>(pixels + 1, Columns, c, out var a1, out var b1, out var d1, out var e1);
            WinogradF23.ToPoints<L, V>(pixels + 2, Columns, c, out var a2, out var b2, out var d2, out var e2);
            WinogradF23.ToPoints<L, V>(pixels + 3, Columns, c, out var a3, out var b3, out var d3, out var e3);
            WinogradF23.ToPoints<L, V>(pixels + 4, Columns, c, out var a4, out var b4, out var d4, out var e4);
            WinogradF23.ToPoints<L, V>(pixels + 5, Columns, c, out var a5, out var b5, out var d5, out var e5);
            WinogradF43.ToPoints<L, V>(a0, a1, a2, a3, a4, a5, to, plane);
            WinogradF43.ToPoints<L, V>(b0, b1, b2, b3, b4, b5, to + row, plane);
            WinogradF43.ToPoints<L, V>(d0, d1, d2, d3, d4, d5, to + 2 * row, plane);
            WinogradF43.ToPoints<L, V>(e0, e1, e2, e3, e4, e5, to + 3 * row, plane);
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Output<L, V>(float* sums, nint plane, int columns, in TileFinish finish, float* to, nint row, nint pixel, int height, int width) where L : ILanes<V> where V : unmanaged
    {
        var floor = L.All(finish.Floor);
        var step = Columns * plane;
        for (var c = 0; c < columns; c += L.Count, to += L.Count)
        {
            var p = sums + c;
            var bias = L.Load(finish.Bias + c);
            WinogradF23.ToOutputs<L, V>(p, step, out var a0, out var b0);
            WinogradF23.ToOutputs<L, V>(p + plane, step, out var a1, out var b1);
            WinogradF23.ToOutputs<L, V>(p + 2 * plane, step, out var a2, out var b2);
            WinogradF23.ToOutputs<L, V>(p + 3 * plane, step, out var a3, out var b3);
            WinogradF23.ToOutputs<L, V>(p + 4 * plane, step, out var a4, out var b4);
            WinogradF23.ToOutputs<L, V>(p + 5 * plane, step, out var a5, out var b5);
            FinishRow<L, V>(a0, a1, a2, a3, a4, a5, bias, floor, finish, to, pixel, width, columns - c);
            if (height > 1) FinishRow<L, V>(b0, b1, b2, b3, b4, b5, bias, floor, finish, to + row, pixel, width, columns - c);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FinishRow<L, V>(V m0, V m1, V m2, V m3, V m4, V m5, V bias, V floor, in TileFinish finish, float* to, nint pixel, int width, int columns) where L : ILanes<V> where V : unmanaged
    {
        WinogradF43.ToOutputs<L, V>(m0, m1, m2, m3, m4, m5, bias, out var y0, out var y1, out var y2, out var y3);
        Put<L, V>(y0, floor, finish, to, columns);
        if (width > 1) Put<L, V>(y1, floor, finish, to + pixel, columns);
        if (width > 2) Put<L, V>(y2, floor, finish, to + 2 * pixel, columns);
        if (width > 3) Put<L, V>(y3, floor, finish, to + 3 * pixel, columns);
    }
}
