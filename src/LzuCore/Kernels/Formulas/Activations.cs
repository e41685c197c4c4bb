using System.Numerics;

namespace LzuCore.Kernels;

/// <summary>max(x, 0); the derivative at 0 is 0, as in PyTorch. NaN stays NaN.</summary>
public readonly struct Relu : IMapFormula
{
    /// <inheritdoc/>
    public static bool NeedsInput => false;

    /// <inheritdoc/>
    public float Invoke(float x) => x < 0 ? 0 : x;
    /// <inheritdoc/>
    public double Invoke(double x) => x < 0 ? 0 : x;
    /// <inheritdoc/>
    public Vector<float> Invoke(Vector<float> x) => Vector.ConditionalSelect(Vector.LessThan(x, Vector<float>.Zero), Vector<float>.Zero, x);
    /// <inheritdoc/>
    public float Derivative(float x, float y) => y > 0 ? 1 : 0;
    /// <inheritdoc/>
    public double Derivative(double x, double y) => y > 0 ? 1 : 0;
    /// <inheritdoc/>
    public Vector<float> Derivative(Vector<float> x, Vector<float> y) => Lanes.Select(Vector.GreaterThan(y, Vector<float>.Zero), 1, 0);
}

/// <summary>x above 0, slope · x elsewhere.</summary>
/// <param name="Slope">The slope at and below 0.</param>
public readonly record struct LeakyRelu(double Slope) : IMapFormula
{
    /// <inheritdoc/>
    public static bool NeedsOutput => false;

    /// <inheritdoc/>
    public float Invoke(float x) => x > 0 ? x : (float)Slope * x;
    /// <inheritdoc/>
    public double Invoke(double x) => x > 0 ? x : Slope * x;
    /// <inheritdoc/>
    public Vector<float> Invoke(Vector<float> x) => Lanes.Select(Vector.GreaterThan(x, Vector<float>.Zero), x, Lanes.Of(Slope) * x);
    /// <inheritdoc/>
    public float Derivative(float x, float y) => x > 0 ? 1 : (float)Slope;
    /// <inheritdoc/>
    public double Derivative(double x, double y) => x > 0 ? 1 : Slope;
    /// <inheritdoc/>
    public Vector<float> Derivative(Vector<float> x, Vector<float> y) => Lanes.Select(Vector.GreaterThan(x, Vector<float>.Zero), 1, Slope);
}

/// <summary>x limited to [low, high]; unlike <see cref="Clamp"/>, the derivative at the limits is 0 (ReLU6 is [0, 6]).</summary>
/// <param name="Low">Smallest value.</param>
/// <param name="High">Largest value.</param>
public readonly record struct HardTanh(double Low, double High) : IMapFormula
{
    /// <inheritdoc/>
    public static bool NeedsOutput => false;

    /// <inheritdoc/>
    public float Invoke(float x) => new Clamp(Low, High).Invoke(x);
    /// <inheritdoc/>
    public double Invoke(double x) => new Clamp(Low, High).Invoke(x);
    /// <inheritdoc/>
    public Vector<float> Invoke(Vector<float> x) => new Clamp(Low, High).Invoke(x);
    /// <inheritdoc/>
    public float Derivative(float x, float y) => x > (float)Low && x < (float)High ? 1 : 0;
    /// <inheritdoc/>
    public double Derivative(double x, double y) => x > Low && x < High ? 1 : 0;
    /// <inheritdoc/>
    public Vector<float> Derivative(Vector<float> x, Vector<float> y) =>
        Lanes.Select(Vector.GreaterThan(x, Lanes.Of(Low)) & Vector.LessThan(x, Lanes.Of(High)), 1, 0);
}

/// <summary>1 / (1 + e⁻ˣ), computed from e^−|x| so that nothing overflows.</summary>
public readonly struct Sigmoid : IMapFormula
{
    /// <inheritdoc/>
    public static bool NeedsInput => false;

    /// <inheritdoc/>
    public float Invoke(float x)
    {
        var e = MathF.Exp(-MathF.Abs(x));
        return (x < 0 ? e : 1) / (1 + e);
    }

    /// <inheritdoc/>
    public double Invoke(double x)
    {
        var e = Math.Exp(-Math.Abs(x));
        return (x < 0 ? e : 1) / (1 + e);
    }

    /// <inheritdoc/>
    public Vector<float> Invoke(Vector<float> x) => Lanes.Sigmoid(x);
    /// <inheritdoc/>
    public float Derivative(float x, float y) => y * (1 - y);
    /// <inheritdoc/>
    public double Derivative(double x, double y) => y * (1 - y);
    /// <inheritdoc/>
    public Vector<float> Derivative(Vector<float> x, Vector<float> y) => y * (Vector<float>.One - y);
}

/// <summary>tanh x.</summary>
public readonly struct Tanh : IMapFormula
{
    /// <inheritdoc/>
    public static bool NeedsInput => false;

    /// <inheritdoc/>
    public float Invoke(float x) => MathF.Tanh(x);
    /// <inheritdoc/>
    public double Invoke(double x) => Math.Tanh(x);
    /// <inheritdoc/>
    public Vector<float> Invoke(Vector<float> x) => Lanes.Tanh(x);
    /// <inheritdoc/>
    public float Derivative(float x, float y) => 1 - y * y;
    /// <inheritdoc/>
    public double Derivative(double x, double y) => 1 - y * y;
    /// <inheritdoc/>
    public Vector<float> Derivative(Vector<float> x, Vector<float> y) => Vector<float>.One - y * y;
}

/// <summary>x · sigmoid(x), also called swish.</summary>
public readonly struct Silu : IMapFormula
{
    /// <inheritdoc/>
    public static bool NeedsOutput => false;

    /// <inheritdoc/>
    public float Invoke(float x) => x * default(Sigmoid).Invoke(x);
    /// <inheritdoc/>
    public double Invoke(double x) => x * default(Sigmoid).Invoke(x);
    /// <inheritdoc/>
    public Vector<float> Invoke(Vector<float> x) => x * Lanes.Sigmoid(x);

    /// <inheritdoc/>
    public float Derivative(float x, float y)
    {
        var s = default(Sigmoid).Invoke(x);
        return s * (1 + x * (1 - s));
    }

    /// <inheritdoc/>
    public double Derivative(double x, double y)
    {
        var s = default(Sigmoid).Invoke(x);
        return s * (1 + x * (1 - s));
    }

    /// <inheritdoc/>
    public Vector<float> Derivative(Vector<float> x, Vector<float> y)
    {
        var s = Lanes.Sigmoid(x);
        return s * (Vector<float>.One + x * (Vector<float>.One - s));
    }
}

/// <summary>x above 0, scale · (eˣ − 1) elsewhere.</summary>
/// <param name="Scale">α.</param>
public readonly record struct Elu(double Scale) : IMapFormula
{
    /// <inheritdoc/>
    public static bool NeedsOutput => false;

    /// <inheritdoc/>
    public float Invoke(float x) => x > 0 ? x : (float)Scale * default(Expm1).Invoke(x);
    /// <inheritdoc/>
    public double Invoke(double x) => x > 0 ? x : Scale * default(Expm1).Invoke(x);
    /// <inheritdoc/>
    public Vector<float> Invoke(Vector<float> x) => Lanes.Select(Vector.GreaterThan(x, Vector<float>.Zero), x, Lanes.Of(Scale) * default(Expm1).Invoke(x));
    /// <inheritdoc/>
    public float Derivative(float x, float y) => x > 0 ? 1 : (float)Scale * MathF.Exp(x);
    /// <inheritdoc/>
    public double Derivative(double x, double y) => x > 0 ? 1 : Scale * Math.Exp(x);
    /// <inheritdoc/>
    public Vector<float> Derivative(Vector<float> x, Vector<float> y) => Lanes.Select(Vector.GreaterThan(x, Vector<float>.Zero), Vector<float>.One, Lanes.Of(Scale) * Vector.Exp(x));
}

/// <summary>ln(1 + e^βx) / β; x itself where βx passes the threshold.</summary>
/// <param name="Beta">β.</param>
/// <param name="Threshold">Where the line takes over.</param>
public readonly record struct Softplus(double Beta, double Threshold) : IMapFormula
{
    /// <inheritdoc/>
    public static bool NeedsOutput => false;

    /// <inheritdoc/>
    public float Invoke(float x)
    {
        var z = (float)Beta * x;
        if (z > (float)Threshold) return x;
        var e = MathF.Exp(-MathF.Abs(z));
        var u = 1 + e;
        return ((z < 0 ? 0 : z) + (u == 1 ? e : MathF.Log(u) * e / (u - 1))) / (float)Beta;
    }

    /// <inheritdoc/>
    public double Invoke(double x)
    {
        var z = Beta * x;
        if (z > Threshold) return x;
        var e = Math.Exp(-Math.Abs(z));
        var u = 1 + e;
        return ((z < 0 ? 0 : z) + (u == 1 ? e : Math.Log(u) * e / (u - 1))) / Beta;
    }

    /// <inheritdoc/>
    public Vector<float> Invoke(Vector<float> x)
    {
        var z = Lanes.Of(Beta) * x;
        var soft = Lanes.Select(Vector.LessThan(z, Vector<float>.Zero), Vector<float>.Zero, z) + Lanes.Log1p(Vector.Exp(-Vector.Abs(z)));
        return Lanes.Select(Vector.GreaterThan(z, Lanes.Of(Threshold)), x, soft / Lanes.Of(Beta));
    }

    /// <inheritdoc/>
    public float Derivative(float x, float y) => (float)Beta * x > (float)Threshold ? 1 : default(Sigmoid).Invoke((float)Beta * x);
    /// <inheritdoc/>
    public double Derivative(double x, double y) => Beta * x > Threshold ? 1 : default(Sigmoid).Invoke(Beta * x);
    /// <inheritdoc/>
    public Vector<float> Derivative(Vector<float> x, Vector<float> y) =>
        Lanes.Select(Vector.GreaterThan(Lanes.Of(Beta) * x, Lanes.Of(Threshold)), Vector<float>.One, Lanes.Sigmoid(Lanes.Of(Beta) * x));
}

/// <summary>x · clamp(x + 3, 0, 6) / 6. The derivative is 0 at −3 and 1 at 3.</summary>
public readonly struct HardSwish : IMapFormula
{
    /// <inheritdoc/>
    public static bool NeedsOutput => false;

    /// <inheritdoc/>
    public float Invoke(float x) => x * new Clamp(0, 6).Invoke(x + 3) / 6;
    /// <inheritdoc/>
    public double Invoke(double x) => x * new Clamp(0, 6).Invoke(x + 3) / 6;
    /// <inheritdoc/>
    public Vector<float> Invoke(Vector<float> x) => x * new Clamp(0, 6).Invoke(x + Lanes.Of(3)) / Lanes.Of(6);
    /// <inheritdoc/>
    public float Derivative(float x, float y) => x <= -3 ? 0 : x < 3 ? x / 3 + 0.5f : 1;
    /// <inheritdoc/>
    public double Derivative(double x, double y) => x <= -3 ? 0 : x < 3 ? x / 3 + 0.5 : 1;
    /// <inheritdoc/>
    public Vector<float> Derivative(Vector<float> x, Vector<float> y) =>
        Lanes.Select(Vector.LessThanOrEqual(x, Lanes.Of(-3)), Vector<float>.Zero,
            Lanes.Select(Vector.LessThan(x, Lanes.Of(3)), x / Lanes.Of(3) + Lanes.Of(0.5), Vector<float>.One));
}

/// <summary>clamp(x + 3, 0, 6) / 6. The derivative is 0 at the ends.</summary>
public readonly struct HardSigmoid : IMapFormula
{
    /// <inheritdoc/>
    public static bool NeedsOutput => false;

    /// <inheritdoc/>
    public float Invoke(float x) => new Clamp(0, 6).Invoke(x + 3) / 6;
    /// <inheritdoc/>
    public double Invoke(double x) => new Clamp(0, 6).Invoke(x + 3) / 6;
    /// <inheritdoc/>
    public Vector<float> Invoke(Vector<float> x) => new Clamp(0, 6).Invoke(x + Lanes.Of(3)) / Lanes.Of(6);
    /// <inheritdoc/>
    public float Derivative(float x, float y) => x > -3 && x < 3 ? 1f / 6 : 0;
    /// <inheritdoc/>
    public double Derivative(double x, double y) => x > -3 && x < 3 ? 1.0 / 6 : 0;
    /// <inheritdoc/>
    public Vector<float> Derivative(Vector<float> x, Vector<float> y) =>
        Lanes.Select(Vector.GreaterThan(x, Lanes.Of(-3)) & Vector.LessThan(x, Lanes.Of(3)), 1.0 / 6, 0);
}
