using System.Numerics;
using System.Runtime.CompilerServices;

namespace LzuCore.Kernels.Cpu;

// A dimension of a convolution of stride 2: three outputs of seven pixels. The outer taps read every other pixel, and are two taps of stride 1 there: F(3, 2) with the points 0, ±1 and infinity, four values. The middle
// tap reads the pixels between; these are values themselves. So seven products for nine, and five filters: those of the four points, and the middle tap.
internal readonly unsafe struct WinogradStride2 : IWinogradDimension
{
    public static int Outputs => 3;

    public static int Taps => 3;

    public static int Filters => 5;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Filter(Vector<double>* taps, nint tap, Vector<double>* to, nint step)
    {
        Vector<double> g0 = taps[0], g1 = taps[tap], g2 = taps[2 * tap], even = 0.5 * g0, odd = 0.5 * g2;
        to[0] = -g0;
        to[step] = even + odd;
        to[2 * step] = even - odd;
        to[3 * step] = g2;
        to[4 * step] = g1;
    }

    /// <summary>Seven pixels side by side to the values at four points and three that stay.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToValues<L, V>(V x0, V x1, V x2, V x3, V x4, V x5, V x6, float* to, nint step) where L : ILanes<V> where V : unmanaged
    {
        L.Store(L.Subtract(x4, x0), to);
        L.Store(L.Add(x4, x2), to + step);
        L.Store(L.Subtract(x4, x2), to + 2 * step);
        L.Store(L.Subtract(x6, x2), to + 3 * step);
        L.Store(x1, to + 4 * step);
        L.Store(x3, to + 5 * step);
        L.Store(x5, to + 6 * step);
    }

    /// <summary>Seven sums to three pixels, with something added to each of these.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToOutputs<L, V>(V m0, V m1, V m2, V m3, V m4, V m5, V m6, V bias, out V y0, out V y1, out V y2) where L : ILanes<V> where V : unmanaged
    {
        V even = L.Add(L.Add(m1, m2), bias);
        y0 = L.Add(L.Add(m0, m4), even);
        y1 = L.Add(L.Add(L.Subtract(m1, m2), m5), bias);
        y2 = L.Add(L.Add(m3, m6), even);
    }
}
