using System.Numerics;
using System.Runtime.CompilerServices;

namespace LzuCore.Kernels.Cpu;

// A dimension of Winograd's transforms: F(6, 3) with the points 0, ±½, ±1, ±2 and infinity, in this order. Its errors are 2.0 times those of WinogradF43's points, 2.5 at the outer pixels, if sums are equally exact: WinogradConv's are of few terms.
internal readonly unsafe struct WinogradF63 : IWinogradDimension
{
    public static int Outputs => 6;

    public static int Taps => 3;

    public static int Filters => 8;

    // The product of a point's distances to the other finite ones.
    private const double AtZero = -1, AtHalf = 1.40625, AtOne = -4.5, AtTwo = 90;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Filter(Vector<double>* taps, nint tap, Vector<double>* to, nint step)
    {
        FilterAtFinite(taps[0], taps[tap], taps[2 * tap], Vector<double>.Zero, to, step);
        to[7 * step] = taps[2 * tap];
    }

    /// <summary>Up to four taps at the finite points; at infinity a filter is its last tap.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void FilterAtFinite(Vector<double> g0, Vector<double> g1, Vector<double> g2, Vector<double> g3, Vector<double>* to, nint step)
    {
        Vector<double> halfEven = (g0 + 0.25 * g2) * (1 / AtHalf), halfOdd = (g1 + 0.25 * g3) * (0.5 / AtHalf), oneEven = (g0 + g2) * (1 / AtOne), oneOdd = (g1 + g3) * (1 / AtOne), twoEven = (g0 + 4 * g2) * (1 / AtTwo), twoOdd = (g1 + 4 * g3) * (2 / AtTwo);
        to[0] = g0 * (1 / AtZero);
        to[step] = halfEven + halfOdd;
        to[2 * step] = halfEven - halfOdd;
        to[3 * step] = oneEven + oneOdd;
        to[4 * step] = oneEven - oneOdd;
        to[5 * step] = twoEven + twoOdd;
        to[6 * step] = twoEven - twoOdd;
    }

    /// <summary>Eight pixels side by side to the eight points.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToPoints<L, V>(V x0, V x1, V x2, V x3, V x4, V x5, V x6, V x7, float* to, nint step) where L : ILanes<V> where V : unmanaged
    {
        L.Store(L.MultiplyAdd(L.All(5.25f), L.Subtract(x2, x4), L.Subtract(x6, x0)), to);
        L.Store(L.MultiplyAdd(L.All(5.25f), L.Subtract(x3, x5), L.Subtract(x7, x1)), to + 7 * step);
        V even = L.MultiplyAdd(L.All(4), x2, L.MultiplyAdd(L.All(-5), x4, x6)), odd = L.MultiplyAdd(L.All(4), x1, L.MultiplyAdd(L.All(-5), x3, x5));
        L.Store(L.MultiplyAdd(L.All(0.5f), odd, even), to + step);
        L.Store(L.MultiplyAdd(L.All(-0.5f), odd, even), to + 2 * step);
        even = L.MultiplyAdd(L.All(-4.25f), x4, L.Add(x2, x6));
        odd = L.MultiplyAdd(L.All(-4.25f), x3, L.Add(x1, x5));
        L.Store(L.Add(even, odd), to + 3 * step);
        L.Store(L.Subtract(even, odd), to + 4 * step);
        even = L.MultiplyAdd(L.All(0.25f), x2, L.MultiplyAdd(L.All(-1.25f), x4, x6));
        odd = L.MultiplyAdd(L.All(0.25f), x1, L.MultiplyAdd(L.All(-1.25f), x3, x5));
        L.Store(L.MultiplyAdd(L.All(2), odd, even), to + 5 * step);
        L.Store(L.MultiplyAdd(L.All(-2), odd, even), to + 6 * step);
    }

    /// <summary>Eight sums to six pixels, with something added to each of these.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToOutputs<L, V>(V m0, V m1, V m2, V m3, V m4, V m5, V m6, V m7, V bias, out V y0, out V y1, out V y2, out V y3, out V y4, out V y5) where L : ILanes<V> where V : unmanaged
    {
        V half = L.Add(m1, m2), one = L.Add(L.Add(m3, m4), bias), two = L.Add(m5, m6), halfOdd = L.Subtract(m1, m2), oneOdd = L.Add(L.Subtract(m3, m4), bias), twoOdd = L.Subtract(m5, m6);
        y0 = L.Add(L.Add(m0, half), L.Add(one, two));
        y1 = L.MultiplyAdd(L.All(0.5f), halfOdd, L.MultiplyAdd(L.All(2), twoOdd, oneOdd));
        y2 = L.MultiplyAdd(L.All(0.25f), half, L.MultiplyAdd(L.All(4), two, one));
        y3 = L.MultiplyAdd(L.All(0.125f), halfOdd, L.MultiplyAdd(L.All(8), twoOdd, oneOdd));
        y4 = L.MultiplyAdd(L.All(0.0625f), half, L.MultiplyAdd(L.All(16), two, one));
        y5 = L.MultiplyAdd(L.All(0.03125f), halfOdd, L.MultiplyAdd(L.All(32), twoOdd, L.Add(oneOdd, m7)));
    }

    /// <summary>The adjoint of <see cref="ToOutputs"/>: six gradients of outputs to eight of sums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToSums<L, V>(V y0, V y1, V y2, V y3, V y4, V y5, float* to, nint step) where L : ILanes<V> where V : unmanaged
    {
        V zero = L.All(0);
        L.Store(y0, to);
        V even = L.MultiplyAdd(L.All(0.0625f), y4, L.MultiplyAdd(L.All(0.25f), y2, y0)), odd = L.MultiplyAdd(L.All(0.03125f), y5, L.MultiplyAdd(L.All(0.125f), y3, L.MultiplyAdd(L.All(0.5f), y1, zero)));
        L.Store(L.Add(even, odd), to + step);
        L.Store(L.Subtract(even, odd), to + 2 * step);
        even = L.Add(L.Add(y0, y2), y4);
        odd = L.Add(L.Add(y1, y3), y5);
        L.Store(L.Add(even, odd), to + 3 * step);
        L.Store(L.Subtract(even, odd), to + 4 * step);
        even = L.MultiplyAdd(L.All(16), y4, L.MultiplyAdd(L.All(4), y2, y0));
        odd = L.MultiplyAdd(L.All(32), y5, L.MultiplyAdd(L.All(8), y3, L.Add(y1, y1)));
        L.Store(L.Add(even, odd), to + 5 * step);
        L.Store(L.Subtract(even, odd), to + 6 * step);
        L.Store(y5, to + 7 * step);
    }

    /// <summary>The adjoint of <see cref="Filter"/>: eight gradients of filters at the points to those of three taps.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToTaps<L, V>(V u0, V u1, V u2, V u3, V u4, V u5, V u6, V u7, float* to, nint step) where L : ILanes<V> where V : unmanaged
    {
        V half = L.Add(u1, u2), halfOdd = L.Subtract(u1, u2), one = L.Add(u3, u4), oneOdd = L.Subtract(u3, u4), two = L.Add(u5, u6), twoOdd = L.Subtract(u5, u6), zero = L.All(0);
        V atHalf = L.All((float)(1 / AtHalf)), atOne = L.All((float)(1 / AtOne)), atTwo = L.All((float)(1 / AtTwo));
        L.Store(L.MultiplyAdd(atHalf, half, L.MultiplyAdd(atOne, one, L.MultiplyAdd(atTwo, two, L.MultiplyAdd(L.All((float)(1 / AtZero)), u0, zero)))), to);
        L.Store(L.MultiplyAdd(L.All((float)(0.5 / AtHalf)), halfOdd, L.MultiplyAdd(atOne, oneOdd, L.MultiplyAdd(L.All((float)(2 / AtTwo)), twoOdd, zero))), to + step);
        L.Store(L.MultiplyAdd(L.All((float)(0.25 / AtHalf)), half, L.MultiplyAdd(atOne, one, L.MultiplyAdd(L.All((float)(4 / AtTwo)), two, u7))), to + 2 * step);
    }
}
