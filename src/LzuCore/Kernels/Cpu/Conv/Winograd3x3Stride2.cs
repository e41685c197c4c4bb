using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace LzuCore.Kernels.Cpu;

// 3x3 outputs of a convolution of stride 2 (WinogradStride2 both ways). 7x7 pixels -> 49 values, 25 filters -> 3x3 pixels: 49 multiplications for 81.
// Values lie so that those of one filter are neighbours: rows of seven for the four points down, then columns of three for the pixels between.
internal sealed unsafe class Winograd3x3Stride2() : WinogradForm<Winograd3x3Stride2, WinogradStride2, WinogradStride2>(stride: 2, inputCost: 1000, outputCost: 700), IWinogradTransforms
{
    private const int Side = 7, Points = 4, Between = 3;

    /// <inheritdoc/>
    public override int Filters => 25;

    /// <inheritdoc/>
    protected override (bool Row, bool Column) OfLast(int value)
    {
        var (y, x) = value < Points * Side ? Math.DivRem(value, Side) : (Points + (value - Points * Side) % Between, (value - Points * Side) / Between);
        return (Makes(y), Makes(x));

        // The point at infinity, and the last pixel between.
        static bool Makes(int i) => i is Points - 1 or Side - 1;
    }

    /// <inheritdoc/>
    protected override double Gain => 0.1;

    /// <summary>Filters are 25/9 of the weights; no more of them than a third-level cache holds.</summary>
    protected override long MostWeights => (8 << 20) / Filters;

    /// <inheritdoc/>
    public override int Terms(int channels) => 512;

    /// <inheritdoc/>
    public override int FilterOf(int value) =>
        value < Points * Side ? value / Side * (Points + 1) + Math.Min(value % Side, Points) : Points * (Points + 1) + Math.Min((value - Points * Side) / Between, Points);

    /// <inheritdoc/>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Input<L, V>(float** pixels, float** next, int channels, float* to, nint plane) where L : ILanes<V> where V : unmanaged
    {
        for (var c = 0; c < channels; c += L.Count, to += L.Count)
        {
            if (Sse.IsSupported)
                for (var y = 0; y < Side * Side; y += Side)
                {
                    // The first column is most often these pixels' last one.
                    Sse.Prefetch0(next[y + 1] + c);
                    Sse.Prefetch0(next[y + 2] + c);
                    Sse.Prefetch0(next[y + 3] + c);
                    Sse.Prefetch0(next[y + 4] + c);
                    Sse.Prefetch0(next[y + 5] + c);
                    Sse.Prefetch0(next[y + 6] + c);
                }
            Difference<L, V>(pixels + 4 * Side, pixels, c, to, plane);
            Sum<L, V>(pixels + 4 * Side, pixels + 2 * Side, c, to + Side * plane, plane);
            Difference<L, V>(pixels + 4 * Side, pixels + 2 * Side, c, to + 2 * Side * plane, plane);
            Difference<L, V>(pixels + 6 * Side, pixels + 2 * Side, c, to + 3 * Side * plane, plane);
            Same<L, V>(pixels + Side, c, to + Points * Side * plane, Between * plane);
            Same<L, V>(pixels + 3 * Side, c, to + (Points * Side + 1) * plane, Between * plane);
            Same<L, V>(pixels + 5 * Side, c, to + (Points * Side + 2) * plane, Between * plane);
        }
    }

    // A row of values: of one row of pixels less another, of two together, or of one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Difference<L, V>(float** a, float** b, int c, float* to, nint step) where L : ILanes<V> where V : unmanaged =>
        WinogradStride2.ToValues<L, V>(L.Subtract(L.Load(a[0] + c), L.Load(b[0] + c)), L.Subtract(L.Load(a[1] + c), L.Load(b[1] + c)), L.Subtract(L.Load(a[2] + c), L.Load(b[2] + c)), L.Subtract(L.Load(a[3] + c), L.Load(b[3] + c)),
            L.Subtract(L.Load(a[4] + c), L.Load(b[4] + c)), L.Subtract(L.Load(a[5] + c), L.Load(b[5] + c)), L.Subtract(L.Load(a[6] + c), L.Load(b[6] + c)), to, step);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Sum<L, V>(float** a, float** b, int c, float* to, nint step) where L : ILanes<V> where V : unmanaged =>
        WinogradStride2.ToValues<L, V>(L.Add(L.Load(a[0] + c), L.Load(b[0] + c)), L.Add(L.Load(a[1] + c), L.Load(b[1] + c)), L.Add(L.Load(a[2] + c), L.Load(b[2] + c)), L.Add(L.Load(a[3] + c), L.Load(b[3] + c)),
            L.Add(L.Load(a[4] + c), L.Load(b[4] + c)), L.Add(L.Load(a[5] + c), L.Load(b[5] + c)), L.Add(L.Load(a[6] + c), L.Load(b[6] + c)), to, step);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Same<L, V>(float** a, int c, float* to, nint step) where L : ILanes<V> where V : unmanaged =>
        WinogradStride2.ToValues<L, V>(L.Load(a[0] + c), L.Load(a[1] + c), L.Load(a[2] + c), L.Load(a[3] + c), L.Load(a[4] + c), L.Load(a[5] + c), L.Load(a[6] + c), to, step);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Output<L, V>(float* sums, nint plane, int columns, in TileFinish finish, float* to, nint row, nint pixel, int height, int width) where L : ILanes<V> where V : unmanaged
    {
        var floor = L.All(finish.Floor);
        for (var c = 0; c < columns; c += L.Count, to += L.Count)
        {
            var p = sums + c;
            var bias = L.Load(finish.Bias + c);
            Column<L, V>(p, plane, 0, out var a0, out var b0, out var d0);
            Column<L, V>(p, plane, 1, out var a1, out var b1, out var d1);
            Column<L, V>(p, plane, 2, out var a2, out var b2, out var d2);
            Column<L, V>(p, plane, 3, out var a3, out var b3, out var d3);
            Column<L, V>(p, plane, 4, out var a4, out var b4, out var d4);
            Column<L, V>(p, plane, 5, out var a5, out var b5, out var d5);
            Column<L, V>(p, plane, 6, out var a6, out var b6, out var d6);
            FinishRow<L, V>(a0, a1, a2, a3, a4, a5, a6, bias, floor, finish, to, pixel, width, columns - c);
            if (height > 1) FinishRow<L, V>(b0, b1, b2, b3, b4, b5, b6, bias, floor, finish, to + row, pixel, width, columns - c);
            if (height > 2) FinishRow<L, V>(d0, d1, d2, d3, d4, d5, d6, bias, floor, finish, to + 2 * row, pixel, width, columns - c);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Column<L, V>(float* sums, nint plane, int x, out V y0, out V y1, out V y2) where L : ILanes<V> where V : unmanaged
    {
        float* point = sums + x * plane, between = sums + (Points * Side + Between * x) * plane;
        WinogradStride2.ToOutputs<L, V>(L.Load(point), L.Load(point + Side * plane), L.Load(point + 2 * Side * plane), L.Load(point + 3 * Side * plane), L.Load(between), L.Load(between + plane), L.Load(between + 2 * plane), L.All(0), out y0, out y1, out y2);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FinishRow<L, V>(V m0, V m1, V m2, V m3, V m4, V m5, V m6, V bias, V floor, in TileFinish finish, float* to, nint pixel, int width, int columns) where L : ILanes<V> where V : unmanaged
    {
        WinogradStride2.ToOutputs<L, V>(m0, m1, m2, m3, m4, m5, m6, bias, out var y0, out var y1, out var y2);
        Put<L, V>(y0, floor, finish, to, columns);
        if (width > 1) Put<L, V>(y1, floor, finish, to + pixel, columns);
        if (width > 2) Put<L, V>(y2, floor, finish, to + 2 * pixel, columns);
    }
}
