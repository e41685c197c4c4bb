using System.Numerics;
using System.Runtime.CompilerServices;

namespace LzuCore.Kernels.Cpu;

// A dimension of Winograd's transforms: F(5, 4) with WinogradF63's points. Eight pixels become the same eight values; a tap more is an output less.
internal readonly unsafe struct WinogradF54 : IWinogradDimension
{
    public static int Outputs => 5;

    public static int Taps => 4;

    public static int Filters => WinogradF63.Filters;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Filter(Vector<double>* taps, nint tap, Vector<double>* to, nint step)
    {
        WinogradF63.FilterAtFinite(taps[0], taps[tap], taps[2 * tap], taps[3 * tap], to, step);
        to[7 * step] = taps[3 * tap];
    }

    /// <summary>Eight sums to five pixels, with something added to each of these.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToOutputs<L, V>(V m0, V m1, V m2, V m3, V m4, V m5, V m6, V m7, V bias, out V y0, out V y1, out V y2, out V y3, out V y4) where L : ILanes<V> where V : unmanaged
    {
        V half = L.Add(m1, m2), one = L.Add(L.Add(m3, m4), bias), two = L.Add(m5, m6), halfOdd = L.Subtract(m1, m2), oneOdd = L.Add(L.Subtract(m3, m4), bias), twoOdd = L.Subtract(m5, m6);
        y0 = L.Add(L.Add(m0, half), L.Add(one, two));
        y1 = L.MultiplyAdd(L.All(0.5f), halfOdd, L.MultiplyAdd(L.All(2), twoOdd, oneOdd));
        y2 = L.MultiplyAdd(L.All(0.25f), half, L.MultiplyAdd(L.All(4), two, one));
        y3 = L.MultiplyAdd(L.All(0.125f), halfOdd, L.MultiplyAdd(L.All(8), twoOdd, oneOdd));
        y4 = L.MultiplyAdd(L.All(0.0625f), half, L.MultiplyAdd(L.All(16), two, L.Add(one, m7)));
    }
}
