using System.Numerics;
using System.Runtime.CompilerServices;

namespace LzuCore.Kernels.Cpu;

// A dimension of Winograd's transforms: F(4, 3) with the points 0, ±√½, ±√2 and infinity, in this order. These make errors a quarter of those of the textbook's 0, ±1, ±2.
internal readonly unsafe struct WinogradF43 : IWinogradDimension
{
    public static int Outputs => 4;

    public static int Taps => 3;

    public static int Filters => 6;

    private const double A = 0.70710678118654752, B = 1.4142135623730951;

    // What divides the filters at ±√½ and ±√2: the product of a point's distances to the other finite ones.
    private const double AtA = 2 * A * A * (A * A - B * B), AtB = 2 * B * B * (B * B - A * A);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Filter(Vector<double>* taps, nint tap, Vector<double>* to, nint step)
    {
        FilterAtFinite(taps[0], taps[tap], taps[2 * tap], Vector<double>.Zero, to, step);
        to[5 * step] = taps[2 * tap];
    }

    /// <summary>Up to four taps at the finite points; at infinity a filter is its last tap.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void FilterAtFinite(Vector<double> g0, Vector<double> g1, Vector<double> g2, Vector<double> g3, Vector<double>* to, nint step)
    {
        Vector<double> nearEven = (g0 + A * A * g2) * (1 / AtA), nearOdd = (g1 + A * A * g3) * (A / AtA), farEven = (g0 + B * B * g2) * (1 / AtB), farOdd = (g1 + B * B * g3) * (B / AtB);
        to[0] = g0 * (1 / (A * A * B * B));
        to[step] = nearEven + nearOdd;
        to[2 * step] = nearEven - nearOdd;
        to[3 * step] = farEven + farOdd;
        to[4 * step] = farEven - farOdd;
    }

    /// <summary>Bᵀ of a column of six pixels: the points 0 and ±√½.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void NearPoints<L, V>(float** pixels, int row, int c, out V v0, out V v1, out V v2) where L : ILanes<V> where V : unmanaged
    {
        V x0 = L.Load(pixels[0] + c), x1 = L.Load(pixels[row] + c), x2 = L.Load(pixels[2 * row] + c), x3 = L.Load(pixels[3 * row] + c), x4 = L.Load(pixels[4 * row] + c);
        V e = L.MultiplyAdd(L.All(-2f), x2, x4), o = L.MultiplyAdd(L.All(-2f), x1, x3);
        v0 = L.Add(x0, L.MultiplyAdd(L.All(-2.5f), x2, x4));
        v1 = L.MultiplyAdd(L.All((float)A), o, e);
        v2 = L.MultiplyAdd(L.All(-(float)A), o, e);
    }

    /// <summary>±√2 and infinity.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void FarPoints<L, V>(float** pixels, int row, int c, out V v3, out V v4, out V v5) where L : ILanes<V> where V : unmanaged
    {
        V x1 = L.Load(pixels[row] + c), x2 = L.Load(pixels[2 * row] + c), x3 = L.Load(pixels[3 * row] + c), x4 = L.Load(pixels[4 * row] + c), x5 = L.Load(pixels[5 * row] + c);
        V f = L.MultiplyAdd(L.All(-0.5f), x2, x4), p = L.MultiplyAdd(L.All(-0.5f), x1, x3);
        v3 = L.MultiplyAdd(L.All((float)B), p, f);
        v4 = L.MultiplyAdd(L.All(-(float)B), p, f);
        v5 = L.Add(x1, L.MultiplyAdd(L.All(-2.5f), x3, x5));
    }

    /// <summary>Bᵀ of six pixels side by side: all points.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToPoints<L, V>(V x0, V x1, V x2, V x3, V x4, V x5, float* to, nint step) where L : ILanes<V> where V : unmanaged
    {
        V e = L.MultiplyAdd(L.All(-2f), x2, x4), o = L.MultiplyAdd(L.All(-2f), x1, x3), f = L.MultiplyAdd(L.All(-0.5f), x2, x4), p = L.MultiplyAdd(L.All(-0.5f), x1, x3);
        L.Store(L.Add(x0, L.MultiplyAdd(L.All(-2.5f), x2, x4)), to);
        L.Store(L.MultiplyAdd(L.All((float)A), o, e), to + step);
        L.Store(L.MultiplyAdd(L.All(-(float)A), o, e), to + 2 * step);
        L.Store(L.MultiplyAdd(L.All((float)B), p, f), to + 3 * step);
        L.Store(L.MultiplyAdd(L.All(-(float)B), p, f), to + 4 * step);
        L.Store(L.Add(x1, L.MultiplyAdd(L.All(-2.5f), x3, x5)), to + 5 * step);
    }

    /// <summary>Six sums to four pixels, with something added to each of these.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToOutputs<L, V>(V m0, V m1, V m2, V m3, V m4, V m5, V bias, out V y0, out V y1, out V y2, out V y3) where L : ILanes<V> where V : unmanaged
    {
        V near = L.Add(m1, m2), far = L.Add(m3, m4), nearOdd = L.Subtract(m1, m2), farOdd = L.Subtract(m3, m4);
        y0 = L.Add(L.Add(m0, bias), L.Add(near, far));
        y1 = L.Add(Odd<L, V>(nearOdd, farOdd), bias);
        y2 = L.MultiplyAdd(L.All(0.5f), near, L.MultiplyAdd(L.All(2), far, bias));
        y3 = OddCubed<L, V>(nearOdd, farOdd, L.Add(m5, bias));
    }

    /// <summary>Aᵀ of a column of six sums: pixels 0 and 2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void EvenRows<L, V>(float* sums, nint row, out V y0, out V y2) where L : ILanes<V> where V : unmanaged
    {
        V near = L.Add(L.Load(sums + row), L.Load(sums + 2 * row)), far = L.Add(L.Load(sums + 3 * row), L.Load(sums + 4 * row));
        y0 = L.Add(L.Load(sums), L.Add(near, far));
        y2 = L.MultiplyAdd(L.All(0.5f), near, L.Add(far, far));
    }

    /// <summary>Pixels 1 and 3.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void OddRows<L, V>(float* sums, nint row, out V y1, out V y3) where L : ILanes<V> where V : unmanaged
    {
        V near = L.Subtract(L.Load(sums + row), L.Load(sums + 2 * row)), far = L.Subtract(L.Load(sums + 3 * row), L.Load(sums + 4 * row));
        y1 = Odd<L, V>(near, far);
        y3 = OddCubed<L, V>(near, far, L.Load(sums + 5 * row));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Odd<L, V>(V near, V far) where L : ILanes<V> where V : unmanaged => L.MultiplyAdd(L.All((float)A), near, L.MultiplyAdd(L.All((float)B), far, L.All(0)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V OddCubed<L, V>(V near, V far, V last) where L : ILanes<V> where V : unmanaged => L.MultiplyAdd(L.All((float)(A * A * A)), near, L.MultiplyAdd(L.All((float)(B * B * B)), far, last));

    /// <summary>A, the adjoint: four gradients of outputs to six of sums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToSums<L, V>(V y0, V y1, V y2, V y3, float* to, nint step) where L : ILanes<V> where V : unmanaged
    {
        V zero = L.All(0), near = L.MultiplyAdd(L.All(0.5f), y2, y0), far = L.MultiplyAdd(L.All(2), y2, y0);
        V nearOdd = L.MultiplyAdd(L.All((float)(A * A * A)), y3, L.MultiplyAdd(L.All((float)A), y1, zero)), farOdd = L.MultiplyAdd(L.All((float)(B * B * B)), y3, L.MultiplyAdd(L.All((float)B), y1, zero));
        L.Store(y0, to);
        L.Store(L.Add(near, nearOdd), to + step);
        L.Store(L.Subtract(near, nearOdd), to + 2 * step);
        L.Store(L.Add(far, farOdd), to + 3 * step);
        L.Store(L.Subtract(far, farOdd), to + 4 * step);
        L.Store(y3, to + 5 * step);
    }

    /// <summary>Gᵀ, the adjoint: six gradients of filters at the points to those of three taps.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToTaps<L, V>(V u0, V u1, V u2, V u3, V u4, V u5, float* to, nint step) where L : ILanes<V> where V : unmanaged
    {
        V near = L.Add(u1, u2), nearOdd = L.Subtract(u1, u2), far = L.Add(u3, u4), farOdd = L.Subtract(u3, u4), zero = L.All(0);
        L.Store(L.MultiplyAdd(L.All((float)(1 / AtA)), near, L.MultiplyAdd(L.All((float)(1 / AtB)), far, u0)), to);
        L.Store(L.MultiplyAdd(L.All((float)(A / AtA)), nearOdd, L.MultiplyAdd(L.All((float)(B / AtB)), farOdd, zero)), to + step);
        L.Store(L.MultiplyAdd(L.All((float)(A * A / AtA)), near, L.MultiplyAdd(L.All((float)(B * B / AtB)), far, u5)), to + 2 * step);
    }
}
