using System.Numerics;

namespace LzuCore.Kernels;

/// <summary>eˣ.</summary>
public readonly struct Exp : IMapFormula
{
    /// <inheritdoc/>
    public static bool NeedsInput => false;

    /// <inheritdoc/>
    public float Invoke(float x) => MathF.Exp(x);
    /// <inheritdoc/>
    public double Invoke(double x) => Math.Exp(x);
    /// <inheritdoc/>
    public Vector<float> Invoke(Vector<float> x) => Vector.Exp(x);
    /// <inheritdoc/>
    public float Derivative(float x, float y) => y;
    /// <inheritdoc/>
    public double Derivative(double x, double y) => y;
    /// <inheritdoc/>
    public Vector<float> Derivative(Vector<float> x, Vector<float> y) => y;
}

/// <summary>eˣ − 1 without cancellation near 0: the rounding error of eˣ is divided out again by its logarithm (Kahan).</summary>
public readonly struct Expm1 : IMapFormula
{
    /// <inheritdoc/>
    public static bool NeedsInput => false;

    /// <inheritdoc/>
    public float Invoke(float x)
    {
        var u = MathF.Exp(x);
        var v = u - 1;
        return v == 0 ? x : v == -1 || v > float.MaxValue ? v : v * x / MathF.Log(u);
    }

    /// <inheritdoc/>
    public double Invoke(double x)
    {
        var u = Math.Exp(x);
        var v = u - 1;
        return v == 0 ? x : v == -1 || v > double.MaxValue ? v : v * x / Math.Log(u);
    }

    /// <inheritdoc/>
    public Vector<float> Invoke(Vector<float> x)
    {
        var u = Vector.Exp(x);
        var v = u - Vector<float>.One;
        var exact = Vector.Equals(v, -Vector<float>.One) | Vector.GreaterThan(v, Lanes.Of(float.MaxValue));
        return Lanes.Select(Vector.Equals(v, Vector<float>.Zero), x, Lanes.Select(exact, v, v * x / Vector.Log(u)));
    }

    /// <inheritdoc/>
    public float Derivative(float x, float y) => y + 1;
    /// <inheritdoc/>
    public double Derivative(double x, double y) => y + 1;
    /// <inheritdoc/>
    public Vector<float> Derivative(Vector<float> x, Vector<float> y) => y + Vector<float>.One;
}

/// <summary>ln x; −∞ at 0, NaN below.</summary>
public readonly struct Log : IMapFormula
{
    /// <inheritdoc/>
    public static bool NeedsOutput => false;

    /// <inheritdoc/>
    public float Invoke(float x) => MathF.Log(x);
    /// <inheritdoc/>
    public double Invoke(double x) => Math.Log(x);
    /// <inheritdoc/>
    public Vector<float> Invoke(Vector<float> x) => Vector.Log(x);
    /// <inheritdoc/>
    public float Derivative(float x, float y) => 1 / x;
    /// <inheritdoc/>
    public double Derivative(double x, double y) => 1 / x;
    /// <inheritdoc/>
    public Vector<float> Derivative(Vector<float> x, Vector<float> y) => Vector<float>.One / x;
}

/// <summary>√x; NaN below 0.</summary>
public readonly struct Sqrt : IMapFormula
{
    /// <inheritdoc/>
    public static bool NeedsInput => false;

    /// <inheritdoc/>
    public float Invoke(float x) => MathF.Sqrt(x);
    /// <inheritdoc/>
    public double Invoke(double x) => Math.Sqrt(x);
    /// <inheritdoc/>
    public Vector<float> Invoke(Vector<float> x) => Vector.SquareRoot(x);
    /// <inheritdoc/>
    public float Derivative(float x, float y) => 0.5f / y;
    /// <inheritdoc/>
    public double Derivative(double x, double y) => 0.5 / y;
    /// <inheritdoc/>
    public Vector<float> Derivative(Vector<float> x, Vector<float> y) => Lanes.Of(0.5) / y;
}

/// <summary>1 / √x.</summary>
public readonly struct Rsqrt : IMapFormula
{
    /// <inheritdoc/>
    public static bool NeedsInput => false;

    /// <inheritdoc/>
    public float Invoke(float x) => 1 / MathF.Sqrt(x);
    /// <inheritdoc/>
    public double Invoke(double x) => 1 / Math.Sqrt(x);
    /// <inheritdoc/>
    public Vector<float> Invoke(Vector<float> x) => Vector<float>.One / Vector.SquareRoot(x);
    /// <inheritdoc/>
    public float Derivative(float x, float y) => -0.5f * y * y * y;
    /// <inheritdoc/>
    public double Derivative(double x, double y) => -0.5 * y * y * y;
    /// <inheritdoc/>
    public Vector<float> Derivative(Vector<float> x, Vector<float> y) => Lanes.Of(-0.5) * y * y * y;
}

/// <summary>x².</summary>
public readonly struct Square : IMapFormula
{
    /// <inheritdoc/>
    public static bool NeedsOutput => false;

    /// <inheritdoc/>
    public float Invoke(float x) => x * x;
    /// <inheritdoc/>
    public double Invoke(double x) => x * x;
    /// <inheritdoc/>
    public Vector<float> Invoke(Vector<float> x) => x * x;
    /// <inheritdoc/>
    public float Derivative(float x, float y) => 2 * x;
    /// <inheritdoc/>
    public double Derivative(double x, double y) => 2 * x;
    /// <inheritdoc/>
    public Vector<float> Derivative(Vector<float> x, Vector<float> y) => x + x;
}

/// <summary>xᵖ for a fixed p. The derivative is 0 when p is 0, also at x = 0.</summary>
/// <param name="Exponent">p.</param>
public readonly record struct Power(double Exponent) : IMapFormula
{
    /// <inheritdoc/>
    public static bool NeedsOutput => false;

    /// <inheritdoc/>
    public float Invoke(float x) => MathF.Pow(x, (float)Exponent);
    /// <inheritdoc/>
    public double Invoke(double x) => Math.Pow(x, Exponent);
    /// <inheritdoc/>
    public Vector<float> Invoke(Vector<float> x) => Each(x, (float)Exponent);
    /// <inheritdoc/>
    public float Derivative(float x, float y) => Exponent == 0 ? 0 : (float)Exponent * MathF.Pow(x, (float)Exponent - 1);
    /// <inheritdoc/>
    public double Derivative(double x, double y) => Exponent == 0 ? 0 : Exponent * Math.Pow(x, Exponent - 1);
    /// <inheritdoc/>
    public Vector<float> Derivative(Vector<float> x, Vector<float> y) => Exponent == 0 ? Vector<float>.Zero : Lanes.Of(Exponent) * Each(x, (float)Exponent - 1);

    // exp(p log x) in float32 loses digits as p log x grows, so every lane takes the scalar function.
    private static Vector<float> Each(Vector<float> x, float p)
    {
        Span<float> lanes = stackalloc float[Vector<float>.Count];
        x.CopyTo(lanes);
        foreach (ref var v in lanes) v = MathF.Pow(v, p);
        return new Vector<float>(lanes);
    }
}

/// <summary>sin x.</summary>
public readonly struct Sin : IMapFormula
{
    /// <inheritdoc/>
    public static bool NeedsOutput => false;

    /// <inheritdoc/>
    public float Invoke(float x) => MathF.Sin(x);
    /// <inheritdoc/>
    public double Invoke(double x) => Math.Sin(x);
    /// <inheritdoc/>
    public Vector<float> Invoke(Vector<float> x) => Vector.Sin(x);
    /// <inheritdoc/>
    public float Derivative(float x, float y) => MathF.Cos(x);
    /// <inheritdoc/>
    public double Derivative(double x, double y) => Math.Cos(x);
    /// <inheritdoc/>
    public Vector<float> Derivative(Vector<float> x, Vector<float> y) => Vector.Cos(x);
}

/// <summary>cos x.</summary>
public readonly struct Cos : IMapFormula
{
    /// <inheritdoc/>
    public static bool NeedsOutput => false;

    /// <inheritdoc/>
    public float Invoke(float x) => MathF.Cos(x);
    /// <inheritdoc/>
    public double Invoke(double x) => Math.Cos(x);
    /// <inheritdoc/>
    public Vector<float> Invoke(Vector<float> x) => Vector.Cos(x);
    /// <inheritdoc/>
    public float Derivative(float x, float y) => -MathF.Sin(x);
    /// <inheritdoc/>
    public double Derivative(double x, double y) => -Math.Sin(x);
    /// <inheritdoc/>
    public Vector<float> Derivative(Vector<float> x, Vector<float> y) => -Vector.Sin(x);
}
