using System.Numerics;

namespace LzuCore.Kernels;

/// <summary>d²/2β where |d| &lt; β, |d| − β/2 elsewhere.</summary>
/// <param name="Beta">Where the parabola becomes a line; 0 gives |d|.</param>
public readonly record struct SmoothL1(double Beta) : IMapFormula
{
    /// <inheritdoc/>
    public static bool NeedsOutput => false;

    /// <inheritdoc/>
    public float Invoke(float x)
    {
        var d = MathF.Abs(x);
        return d < (float)Beta ? 0.5f * d * d / (float)Beta : d - 0.5f * (float)Beta;
    }

    /// <inheritdoc/>
    public double Invoke(double x)
    {
        var d = Math.Abs(x);
        return d < Beta ? 0.5 * d * d / Beta : d - 0.5 * Beta;
    }

    /// <inheritdoc/>
    public Vector<float> Invoke(Vector<float> x)
    {
        var d = Vector.Abs(x);
        return Lanes.Select(Vector.LessThan(d, Lanes.Of(Beta)), Lanes.Of(0.5) * d * d / Lanes.Of(Beta), d - Lanes.Of(0.5 * Beta));
    }

    /// <inheritdoc/>
    public float Derivative(float x, float y) => MathF.Abs(x) < (float)Beta ? x / (float)Beta : default(Sign).Invoke(x);
    /// <inheritdoc/>
    public double Derivative(double x, double y) => Math.Abs(x) < Beta ? x / Beta : default(Sign).Invoke(x);
    /// <inheritdoc/>
    public Vector<float> Derivative(Vector<float> x, Vector<float> y) =>
        Lanes.Select(Vector.LessThan(Vector.Abs(x), Lanes.Of(Beta)), x / Lanes.Of(Beta), default(Sign).Invoke(x));
}

/// <summary>Binary cross-entropy of a logit a and a target b in [0, 1]: max(a, 0) − ab + ln(1 + e^−|a|).</summary>
public readonly struct LogitEntropy : IZipFormula
{
    /// <inheritdoc/>
    public float Invoke(float a, float b)
    {
        var e = MathF.Exp(-MathF.Abs(a));
        var u = 1 + e;
        return (a < 0 ? 0 : a) - a * b + (u == 1 ? e : MathF.Log(u) * e / (u - 1));
    }

    /// <inheritdoc/>
    public double Invoke(double a, double b)
    {
        var e = Math.Exp(-Math.Abs(a));
        var u = 1 + e;
        return (a < 0 ? 0 : a) - a * b + (u == 1 ? e : Math.Log(u) * e / (u - 1));
    }

    /// <inheritdoc/>
    public Vector<float> Invoke(Vector<float> a, Vector<float> b) => default(Relu).Invoke(a) - a * b + Lanes.Log1p(Vector.Exp(-Vector.Abs(a)));
}

/// <summary>The derivative of <see cref="LogitEntropy"/> in a: σ(a) − b.</summary>
public readonly struct LogitEntropySlope : IZipFormula
{
    /// <inheritdoc/>
    public float Invoke(float a, float b) => default(Sigmoid).Invoke(a) - b;
    /// <inheritdoc/>
    public double Invoke(double a, double b) => default(Sigmoid).Invoke(a) - b;
    /// <inheritdoc/>
    public Vector<float> Invoke(Vector<float> a, Vector<float> b) => Lanes.Sigmoid(a) - b;
}

/// <summary>Focal loss of a logit a and a target b in [0, 1]: entropy(a, b) · w · mᵞ with w = αb + (1−α)(1−b), m = σ(−a)b + σ(a)(1−b).</summary>
/// <param name="Alpha">Weight of the positive class; negative means no class weights.</param>
/// <param name="Gamma">How strongly easy examples are played down.</param>
public readonly record struct SigmoidFocal(double Alpha, double Gamma) : IZipFormula
{
    /// <inheritdoc/>
    public float Invoke(float a, float b)
    {
        float p = default(Sigmoid).Invoke(a), q = default(Sigmoid).Invoke(-a);
        return default(LogitEntropy).Invoke(a, b) * Weight(b) * Modulate(q * b + p * (1 - b));
    }

    /// <inheritdoc/>
    public double Invoke(double a, double b)
    {
        double p = default(Sigmoid).Invoke(a), q = default(Sigmoid).Invoke(-a);
        return default(LogitEntropy).Invoke(a, b) * Weight(b) * Modulate(q * b + p * (1 - b));
    }

    /// <inheritdoc/>
    public Vector<float> Invoke(Vector<float> a, Vector<float> b)
    {
        Vector<float> p = Lanes.Sigmoid(a), q = Lanes.Sigmoid(-a);
        return default(LogitEntropy).Invoke(a, b) * Weight(b) * Modulate(q * b + p * (Vector<float>.One - b));
    }

    internal float Weight(float b) => Alpha < 0 ? 1 : (float)Alpha * b + (1 - (float)Alpha) * (1 - b);
    internal double Weight(double b) => Alpha < 0 ? 1 : Alpha * b + (1 - Alpha) * (1 - b);
    internal Vector<float> Weight(Vector<float> b) => Alpha < 0 ? Vector<float>.One : Lanes.Of(Alpha) * b + Lanes.Of(1 - Alpha) * (Vector<float>.One - b);

    internal float Modulate(float m) => Gamma == 2 ? m * m : MathF.Pow(m, (float)Gamma);
    internal double Modulate(double m) => Gamma == 2 ? m * m : Math.Pow(m, Gamma);
    internal Vector<float> Modulate(Vector<float> m) => Gamma == 2 ? m * m : Gamma == 0 ? Vector<float>.One : Vector.Exp(Lanes.Of(Gamma) * Vector.Log(m));
}

/// <summary>The derivative of <see cref="SigmoidFocal"/> in a, the modulating factor's included: w mᵞ [σ(a) − b + γ (1 − 2b) · entropy · σ(a)σ(−a)/m].</summary>
/// <param name="Alpha">As in the loss.</param>
/// <param name="Gamma">As in the loss.</param>
public readonly record struct SigmoidFocalSlope(double Alpha, double Gamma) : IZipFormula
{
    /// <inheritdoc/>
    public float Invoke(float a, float b)
    {
        var loss = new SigmoidFocal(Alpha, Gamma);
        float p = default(Sigmoid).Invoke(a), q = default(Sigmoid).Invoke(-a), m = q * b + p * (1 - b);
        var ratio = m > 0 ? p * q / m : 0;
        return loss.Weight(b) * loss.Modulate(m) * (p * (1 - b) - q * b + (float)Gamma * (1 - 2 * b) * default(LogitEntropy).Invoke(a, b) * ratio);
    }

    /// <inheritdoc/>
    public double Invoke(double a, double b)
    {
        var loss = new SigmoidFocal(Alpha, Gamma);
        double p = default(Sigmoid).Invoke(a), q = default(Sigmoid).Invoke(-a), m = q * b + p * (1 - b);
        var ratio = m > 0 ? p * q / m : 0;
        return loss.Weight(b) * loss.Modulate(m) * (p * (1 - b) - q * b + Gamma * (1 - 2 * b) * default(LogitEntropy).Invoke(a, b) * ratio);
    }

    /// <inheritdoc/>
    public Vector<float> Invoke(Vector<float> a, Vector<float> b)
    {
        var loss = new SigmoidFocal(Alpha, Gamma);
        Vector<float> p = Lanes.Sigmoid(a), q = Lanes.Sigmoid(-a), m = q * b + p * (Vector<float>.One - b);
        var ratio = Lanes.Select(Vector.GreaterThan(m, Vector<float>.Zero), p * q / m, Vector<float>.Zero);
        return loss.Weight(b) * loss.Modulate(m) * (p * (Vector<float>.One - b) - q * b + Lanes.Of(Gamma) * (Vector<float>.One - b - b) * default(LogitEntropy).Invoke(a, b) * ratio);
    }
}
