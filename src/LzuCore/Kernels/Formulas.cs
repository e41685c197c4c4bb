using System.Numerics;

namespace LzuCore.Kernels;

/// <summary>One elementwise function of one variable, with its derivative; the loops around it are generic. A new activation is one struct.</summary>
public interface IMapFormula
{
    /// <summary>The value at x.</summary>
    float Invoke(float x);

    /// <summary>The value at x in float64.</summary>
    double Invoke(double x);

    /// <summary>The value at each lane.</summary>
    Vector<float> Invoke(Vector<float> x);

    /// <summary>The derivative at x, where y = Invoke(x).</summary>
    float Derivative(float x, float y);

    /// <summary>The derivative in float64.</summary>
    double Derivative(double x, double y);

    /// <summary>The derivative at each lane.</summary>
    Vector<float> Derivative(Vector<float> x, Vector<float> y);
}

/// <summary>One elementwise function of two variables.</summary>
public interface IZipFormula
{
    /// <summary>The value at (a, b).</summary>
    float Invoke(float a, float b);

    /// <summary>The value in float64.</summary>
    double Invoke(double a, double b);

    /// <summary>The value at each lane.</summary>
    Vector<float> Invoke(Vector<float> a, Vector<float> b);
}

/// <summary>a + b.</summary>
public readonly struct Add : IZipFormula
{
    /// <inheritdoc/>
    public float Invoke(float a, float b) => a + b;
    /// <inheritdoc/>
    public double Invoke(double a, double b) => a + b;
    /// <inheritdoc/>
    public Vector<float> Invoke(Vector<float> a, Vector<float> b) => a + b;
}

/// <summary>a · b.</summary>
public readonly struct Multiply : IZipFormula
{
    /// <inheritdoc/>
    public float Invoke(float a, float b) => a * b;
    /// <inheritdoc/>
    public double Invoke(double a, double b) => a * b;
    /// <inheritdoc/>
    public Vector<float> Invoke(Vector<float> a, Vector<float> b) => a * b;
}

/// <summary>scale · x + shift.</summary>
/// <param name="Scale">Factor.</param>
/// <param name="Shift">Summand.</param>
public readonly record struct Affine(double Scale, double Shift) : IMapFormula
{
    /// <inheritdoc/>
    public float Invoke(float x) => (float)Scale * x + (float)Shift;
    /// <inheritdoc/>
    public double Invoke(double x) => Scale * x + Shift;
    /// <inheritdoc/>
    public Vector<float> Invoke(Vector<float> x) => new Vector<float>((float)Scale) * x + new Vector<float>((float)Shift);
    /// <inheritdoc/>
    public float Derivative(float x, float y) => (float)Scale;
    /// <inheritdoc/>
    public double Derivative(double x, double y) => Scale;
    /// <inheritdoc/>
    public Vector<float> Derivative(Vector<float> x, Vector<float> y) => new((float)Scale);
}

/// <summary>max(x, 0); the derivative at 0 is 0, as in PyTorch. NaN stays NaN.</summary>
public readonly struct Relu : IMapFormula
{
    /// <inheritdoc/>
    public float Invoke(float x) => x < 0 ? 0 : x;
    /// <inheritdoc/>
    public double Invoke(double x) => x < 0 ? 0 : x;
    /// <inheritdoc/>
    public Vector<float> Invoke(Vector<float> x) => Vector.ConditionalSelect(Vector.LessThan(x, Vector<float>.Zero), Vector<float>.Zero, x);
    /// <inheritdoc/>
    public float Derivative(float x, float y) => x > 0 ? 1 : 0;
    /// <inheritdoc/>
    public double Derivative(double x, double y) => x > 0 ? 1 : 0;
    /// <inheritdoc/>
    public Vector<float> Derivative(Vector<float> x, Vector<float> y) => Vector.ConditionalSelect(Vector.GreaterThan(x, Vector<float>.Zero), Vector<float>.One, Vector<float>.Zero);
}
