using System.Numerics;

namespace LzuCore.Kernels;

/// <summary>x · Φ(x), where Φ is the normal distribution: Φ(x) = erfc(−x/√2) / 2.</summary>
/// <remarks>Float32 uses a rational-exponential erfc with relative error below 1.2e-7 everywhere; float64 W. J. Cody's 1969 approximations (1e-15).</remarks>
public readonly struct Gelu : IMapFormula
{
    /// <inheritdoc/>
    public static bool NeedsOutput => false;

    private const double InverseRoot2 = 0.70710678118654752, InverseRoot2Pi = 0.39894228040143268;

    /// <inheritdoc/>
    public float Invoke(float x) => 0.5f * x * Erfc(-x * (float)InverseRoot2);
    /// <inheritdoc/>
    public double Invoke(double x) => 0.5 * x * Erfc(-x * InverseRoot2);
    /// <inheritdoc/>
    public Vector<float> Invoke(Vector<float> x) => Lanes.Of(0.5) * x * Erfc(x * Lanes.Of(-InverseRoot2));

    /// <inheritdoc/>
    public float Derivative(float x, float y) => 0.5f * Erfc(-x * (float)InverseRoot2) + x * (float)InverseRoot2Pi * MathF.Exp(-0.5f * x * x);
    /// <inheritdoc/>
    public double Derivative(double x, double y) => 0.5 * Erfc(-x * InverseRoot2) + x * InverseRoot2Pi * Math.Exp(-0.5 * x * x);
    /// <inheritdoc/>
    public Vector<float> Derivative(Vector<float> x, Vector<float> y) =>
        Lanes.Of(0.5) * Erfc(x * Lanes.Of(-InverseRoot2)) + x * Lanes.Of(InverseRoot2Pi) * Vector.Exp(Lanes.Of(-0.5) * x * x);

    // Press et al., Numerical Recipes (2nd ed.) 6.2: a Chebyshev fit in t = 1 / (1 + |x|/2).
    private static float Erfc(float x)
    {
        var size = MathF.Abs(x);
        var t = 1 / (1 + 0.5f * size);
        var p = -1.26551223f + t * (1.00002368f + t * (0.37409196f + t * (0.09678418f + t * (-0.18628806f
            + t * (0.27886807f + t * (-1.13520398f + t * (1.48851587f + t * (-0.82215223f + t * 0.17087277f))))))));
        var tail = t * MathF.Exp(p - size * size);
        return x < 0 ? 2 - tail : tail;
    }

    private static Vector<float> Erfc(Vector<float> x)
    {
        var size = Vector.Abs(x);
        var t = Vector<float>.One / (Vector<float>.One + Lanes.Of(0.5) * size);
        var p = Lanes.Of(-0.82215223) + t * Lanes.Of(0.17087277);
        p = Lanes.Of(1.48851587) + t * p;
        p = Lanes.Of(-1.13520398) + t * p;
        p = Lanes.Of(0.27886807) + t * p;
        p = Lanes.Of(-0.18628806) + t * p;
        p = Lanes.Of(0.09678418) + t * p;
        p = Lanes.Of(0.37409196) + t * p;
        p = Lanes.Of(1.00002368) + t * p;
        p = Lanes.Of(-1.26551223) + t * p;
        var tail = t * Vector.Exp(p - size * size);
        return Lanes.Select(Vector.LessThan(x, Vector<float>.Zero), Lanes.Of(2) - tail, tail);
    }

    private static double Erfc(double x)
    {
        var size = Math.Abs(x);
        double tail;
        if (size <= 0.46875)
        {
            var z = x * x;
            var p = (((0.185777706184603153 * z + 3.16112374387056560) * z + 113.864154151050156) * z + 377.485237685302021) * z + 3209.37758913846947;
            var q = (((z + 23.6012909523441209) * z + 244.024637934444173) * z + 1282.61652607737228) * z + 2844.23683343917062;
            return 1 - x * p / q;
        }
        if (size <= 4)
        {
            var p = (((((((2.15311535474403846e-8 * size + 0.564188496988670089) * size + 8.88314979438837594) * size + 66.1191906371416295) * size
                + 298.635138197400131) * size + 881.952221241769090) * size + 1712.04761263407058) * size + 2051.07837782607147) * size + 1230.33935479799725;
            var q = (((((((size + 15.7449261107098347) * size + 117.693950891312499) * size + 537.181101862009858) * size
                + 1621.38957456669019) * size + 3290.79923573345963) * size + 4362.61909014324716) * size + 3439.36767414372164) * size + 1230.33935480374942;
            tail = Math.Exp(-size * size) * p / q;
        }
        else
        {
            var z = 1 / (size * size);
            var p = ((((0.0163153871373020978 * z + 0.305326634961232344) * z + 0.360344899949804439) * z + 0.125781726111229246) * z + 0.0160837851487422766) * z + 0.000658749161529837803;
            var q = ((((z + 2.56852019228982242) * z + 1.87295284992346047) * z + 0.527905102951428412) * z + 0.0605183413124413191) * z + 0.00233520497626869185;
            tail = Math.Exp(-size * size) * (0.56418958354775628695 - z * p / q) / size;
        }
        return x < 0 ? 2 - tail : tail;
    }
}
