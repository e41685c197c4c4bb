using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// Strassen's algorithm (1969) for 1x1 taps: two pixels side by side and two halves of the channels are the 2x2 blocks of the left matrix, halves of inputs and of outputs those of the right one. Seven products of halves instead of eight.
// What a pixel becomes depends on its neighbour by rounding only; pairs are of one row, so other pictures of a batch change nothing. His form and not Winograd's of 15 additions: its sums are of two terms, so that errors are smaller.
internal sealed unsafe class Strassen1x1() : WinogradForm<Strassen1x1>(kernel: 1, outputRows: 1, outputColumns: 2, stride: 1, inputCost: 57, outputCost: 57), IWinogradTransforms
{
    private const int Products = 7;

    /// <summary>Whether a convolution is one of these.</summary>
    public static bool Fits(in Conv2dArgs args, Size2 kernel) => kernel == new Size2(1, 1) && args is { Groups: 1, Stride: { Height: 1, Width: 1 } or { Height: 2, Width: 2 }, Padding: { Height: 0, Width: 0 } };

    /// <inheritdoc/>
    public override int Parts => 2;

    /// <inheritdoc/>
    public override double DirectTaps => 4;

    /// <inheritdoc/>
    public override int Values => Products;

    /// <inheritdoc/>
    public override int Filters => Products;

    /// <inheritdoc/>
    protected override (bool Row, bool Column) OfLast(int value) => (false, false);

    /// <summary>256 and 512 channels would save 4 in 100 multiplications, and be slower by a tenth where a core has twice the usual ones.</summary>
    protected override double Gain => 0.05;

    /// <summary>Filters are 7/4 of the weights, and more would take memory that a twentieth of the time is not worth.</summary>
    protected override long MostWeights => 512 << 10;

    // With these the largest error is below a direct chain's from 512 channels on, and twice that at 256; longer sums would save a hundredth of the time.
    /// <inheritdoc/>
    public override int Terms(int channels) => 128;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Input<L, V>(float** pixels, float** next, int channels, float* to, nint plane) where L : ILanes<V> where V : unmanaged
    {
        float* a = pixels[0], b = pixels[1], nextA = next[0], nextB = next[1];
        for (var c = 0; c < channels; c += L.Count, to += L.Count)
        {
            if (Sse.IsSupported)
            {
                Sse.Prefetch0(nextA + c);
                Sse.Prefetch0(nextA + channels + c);
                Sse.Prefetch0(nextB + c);
                Sse.Prefetch0(nextB + channels + c);
            }
            V a1 = L.Load(a + c), a2 = L.Load(a + channels + c), b1 = L.Load(b + c), b2 = L.Load(b + channels + c);
            L.Store(L.Add(a1, b2), to);
            L.Store(L.Add(b1, b2), to + plane);
            L.Store(a1, to + 2 * plane);
            L.Store(b2, to + 3 * plane);
            L.Store(L.Add(a1, a2), to + 4 * plane);
            L.Store(L.Subtract(b1, a1), to + 5 * plane);
            L.Store(L.Subtract(a2, b2), to + 6 * plane);
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Output<L, V>(float* sums, nint plane, int columns, in TileFinish finish, float* to, nint row, nint pixel, int height, int width) where L : ILanes<V> where V : unmanaged
    {
        var floor = L.All(finish.Floor);
        for (var c = 0; c < columns; c += L.Count, to += L.Count)
        {
            var p = sums + c;
            V bias1 = L.Load(finish.Bias + c), bias2 = L.Load(finish.Bias + row + c);
            V m1 = L.Load(p), m2 = L.Load(p + plane), m3 = L.Load(p + 2 * plane), m4 = L.Load(p + 3 * plane), m5 = L.Load(p + 4 * plane), m6 = L.Load(p + 5 * plane), m7 = L.Load(p + 6 * plane);
            Put<L, V>(L.Add(L.Add(L.Subtract(m1, m5), L.Add(m4, m7)), bias1), floor, finish, to, columns - c);
            Put<L, V>(L.Add(L.Add(m3, m5), bias2), floor, finish, to + row, columns - c);
            if (width < 2) continue;
            Put<L, V>(L.Add(L.Add(m2, m4), bias1), floor, finish, to + pixel, columns - c);
            Put<L, V>(L.Add(L.Add(L.Subtract(m1, m2), L.Add(m3, m6)), bias2), floor, finish, to + pixel + row, columns - c);
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Filter(float** taps, int count, float* to, nint plane)
    {
        for (var c = 0; c < count; c += Vector<float>.Count)
        {
            Vector<float> b11 = Vector.Load(taps[0] + c), b12 = Vector.Load(taps[1] + c), b21 = Vector.Load(taps[2] + c), b22 = Vector.Load(taps[3] + c);
            (b11 + b22).Store(to + c);
            b11.Store(to + plane + c);
            (b12 - b22).Store(to + 2 * plane + c);
            (b21 - b11).Store(to + 3 * plane + c);
            b22.Store(to + 4 * plane + c);
            (b11 + b12).Store(to + 5 * plane + c);
            (b21 + b22).Store(to + 6 * plane + c);
        }
    }
}
