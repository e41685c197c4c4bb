using System.Numerics;
using System.Runtime.CompilerServices;

namespace LzuCore.Kernels.Cpu;

// A dimension of Winograd's transforms: F(3, 4) with WinogradF43's points. Six pixels become the same six values; a tap more is an output less.
internal readonly unsafe struct WinogradF34 : IWinogradDimension
{
    public static int Outputs => 3;

    public static int Taps => 4;

    public static int Filters => WinogradF43.Filters;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Filter(Vector<double>* taps, nint tap, Vector<double>* to, nint step)
    {
        WinogradF43.FilterAtFinite(taps[0], taps[tap], taps[2 * tap], taps[3 * tap], to, step);
        to[5 * step] = taps[3 * tap];
    }

    /// <summary>Aᵀ of a column of six sums: three pixels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToOutputs<L, V>(float* sums, nint row, out V y0, out V y1, out V y2) where L : ILanes<V> where V : unmanaged
    {
        V m1 = L.Load(sums + row), m2 = L.Load(sums + 2 * row), m3 = L.Load(sums + 3 * row), m4 = L.Load(sums + 4 * row), near = L.Add(m1, m2), far = L.Add(m3, m4);
        y0 = L.Add(L.Load(sums), L.Add(near, far));
        y1 = WinogradF43.Odd<L, V>(L.Subtract(m1, m2), L.Subtract(m3, m4));
        y2 = L.MultiplyAdd(L.All(0.5f), near, L.MultiplyAdd(L.All(2), far, L.Load(sums + 5 * row)));
    }
}
