using System.Numerics;

namespace LzuCore.Kernels;

// Vector functions that several formulas share. Accuracy is that of the scalar functions to a few units in the last place (FormulaTests).
internal static class Lanes
{
    public static Vector<float> Of(double value) => new((float)value);

    public static Vector<float> Select(Vector<int> mask, Vector<float> yes, Vector<float> no) => Vector.ConditionalSelect(mask, yes, no);

    public static Vector<float> Select(Vector<int> mask, double yes, double no) => Vector.ConditionalSelect(mask, Of(yes), Of(no));

    // The exponential is taken of -|x| only, so it never overflows and small results keep their relative accuracy.
    public static Vector<float> Sigmoid(Vector<float> x)
    {
        var e = Vector.Exp(-Vector.Abs(x));
        return Select(Vector.LessThan(x, Vector<float>.Zero), e, Vector<float>.One) / (Vector<float>.One + e);
    }

    // Cephes: an odd polynomial near 0, where 1 - 2/(e^2x + 1) would cancel.
    public static Vector<float> Tanh(Vector<float> x)
    {
        var size = Vector.Abs(x);
        var z = x * x;
        var p = ((((Of(-5.70498872745e-3) * z + Of(2.06390887954e-2)) * z - Of(5.37397155531e-2)) * z + Of(1.33314422036e-1)) * z - Of(3.33332819422e-1)) * z * x + x;
        var large = Vector<float>.One - Of(2) / (Vector.Exp(size + size) + Vector<float>.One);
        return Select(Vector.LessThan(size, Of(0.625)), p, Vector.ConditionalSelect(Vector.LessThan(x, Vector<float>.Zero), -large, large));
    }

    // log(1 + e) for e in [0, 1]: the rounding error of 1 + e is divided out again.
    public static Vector<float> Log1p(Vector<float> e)
    {
        var u = Vector<float>.One + e;
        var d = u - Vector<float>.One;
        return Select(Vector.Equals(d, Vector<float>.Zero), e, Vector.Log(u) * e / d);
    }
}
