using System.Numerics;
using System.Runtime.CompilerServices;

namespace LzuCore.Kernels.Cpu;

// A dimension of Winograd's transforms: F(2, 3) with the points 0, ±1 and infinity, in this order.
internal readonly unsafe struct WinogradF23 : IWinogradDimension
{
    public static int Outputs => 2;

    public static int Taps => 3;

    public static int Filters => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Filter(Vector<double>* taps, nint tap, Vector<double>* to, nint step)
    {
        Vector<double> g0 = taps[0], g2 = taps[2 * tap], even = 0.5 * (g0 + g2), odd = 0.5 * taps[tap];
        to[0] = -g0;
        to[step] = even + odd;
        to[2 * step] = even - odd;
        to[3 * step] = g2;
    }

    /// <summary>Bᵀ of a column of four pixels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToPoints<L, V>(float** pixels, int row, int c, out V v0, out V v1, out V v2, out V v3) where L : ILanes<V> where V : unmanaged
    {
        V x0 = L.Load(pixels[0] + c), x1 = L.Load(pixels[row] + c), x2 = L.Load(pixels[2 * row] + c), x3 = L.Load(pixels[3 * row] + c);
        v0 = L.Subtract(x2, x0);
        v1 = L.Add(x2, x1);
        v2 = L.Subtract(x2, x1);
        v3 = L.Subtract(x3, x1);
    }

    /// <summary>Aᵀ of a column of four sums: two pixels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToOutputs<L, V>(float* sums, nint row, out V y0, out V y1) where L : ILanes<V> where V : unmanaged
    {
        V m1 = L.Load(sums + row), m2 = L.Load(sums + 2 * row);
        y0 = L.Add(L.Load(sums), L.Add(m1, m2));
        y1 = L.Add(L.Subtract(m1, m2), L.Load(sums + 3 * row));
    }
}
