using System.Numerics;

namespace LzuCore.Kernels;

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

/// <summary>a − b.</summary>
public readonly struct Subtract : IZipFormula
{
    /// <inheritdoc/>
    public float Invoke(float a, float b) => a - b;
    /// <inheritdoc/>
    public double Invoke(double a, double b) => a - b;
    /// <inheritdoc/>
    public Vector<float> Invoke(Vector<float> a, Vector<float> b) => a - b;
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

/// <summary>−a · b: the second factor of a quotient's gradient.</summary>
public readonly struct NegativeProduct : IZipFormula
{
    /// <inheritdoc/>
    public float Invoke(float a, float b) => -(a * b);
    /// <inheritdoc/>
    public double Invoke(double a, double b) => -(a * b);
    /// <inheritdoc/>
    public Vector<float> Invoke(Vector<float> a, Vector<float> b) => -(a * b);
}

/// <summary>a / b, rounded once.</summary>
public readonly struct Divide : IZipFormula
{
    /// <inheritdoc/>
    public float Invoke(float a, float b) => a / b;
    /// <inheritdoc/>
    public double Invoke(double a, double b) => a / b;
    /// <inheritdoc/>
    public Vector<float> Invoke(Vector<float> a, Vector<float> b) => a / b;
}

/// <summary>scale · x + shift.</summary>
/// <param name="Scale">Factor.</param>
/// <param name="Shift">Summand.</param>
public readonly record struct Affine(double Scale, double Shift) : IMapFormula
{
    /// <inheritdoc/>
    public static bool NeedsInput => false;
    /// <inheritdoc/>
    public static bool NeedsOutput => false;

    /// <inheritdoc/>
    public float Invoke(float x) => (float)Scale * x + (float)Shift;
    /// <inheritdoc/>
    public double Invoke(double x) => Scale * x + Shift;
    /// <inheritdoc/>
    public Vector<float> Invoke(Vector<float> x) => Lanes.Of(Scale) * x + Lanes.Of(Shift);
    /// <inheritdoc/>
    public float Derivative(float x, float y) => (float)Scale;
    /// <inheritdoc/>
    public double Derivative(double x, double y) => Scale;
    /// <inheritdoc/>
    public Vector<float> Derivative(Vector<float> x, Vector<float> y) => Lanes.Of(Scale);
}

/// <summary>factor · x; keeps the sign of zero, which adding 0 would not.</summary>
/// <param name="Factor">The number.</param>
public readonly record struct Scale(double Factor) : IMapFormula
{
    /// <inheritdoc/>
    public static bool NeedsInput => false;
    /// <inheritdoc/>
    public static bool NeedsOutput => false;

    /// <inheritdoc/>
    public float Invoke(float x) => (float)Factor * x;
    /// <inheritdoc/>
    public double Invoke(double x) => Factor * x;
    /// <inheritdoc/>
    public Vector<float> Invoke(Vector<float> x) => Lanes.Of(Factor) * x;
    /// <inheritdoc/>
    public float Derivative(float x, float y) => (float)Factor;
    /// <inheritdoc/>
    public double Derivative(double x, double y) => Factor;
    /// <inheritdoc/>
    public Vector<float> Derivative(Vector<float> x, Vector<float> y) => Lanes.Of(Factor);
}

/// <summary>x / divisor, rounded once.</summary>
/// <param name="Divisor">The number.</param>
public readonly record struct DivideBy(double Divisor) : IMapFormula
{
    /// <inheritdoc/>
    public static bool NeedsInput => false;
    /// <inheritdoc/>
    public static bool NeedsOutput => false;

    /// <inheritdoc/>
    public float Invoke(float x) => x / (float)Divisor;
    /// <inheritdoc/>
    public double Invoke(double x) => x / Divisor;
    /// <inheritdoc/>
    public Vector<float> Invoke(Vector<float> x) => x / Lanes.Of(Divisor);
    /// <inheritdoc/>
    public float Derivative(float x, float y) => 1 / (float)Divisor;
    /// <inheritdoc/>
    public double Derivative(double x, double y) => 1 / Divisor;
    /// <inheritdoc/>
    public Vector<float> Derivative(Vector<float> x, Vector<float> y) => Lanes.Of(1 / Divisor);
}

/// <summary>numerator / x. The derivative is −y / x.</summary>
/// <param name="Numerator">The number.</param>
public readonly record struct DivideInto(double Numerator) : IMapFormula
{
    /// <inheritdoc/>
    public float Invoke(float x) => (float)Numerator / x;
    /// <inheritdoc/>
    public double Invoke(double x) => Numerator / x;
    /// <inheritdoc/>
    public Vector<float> Invoke(Vector<float> x) => Lanes.Of(Numerator) / x;
    /// <inheritdoc/>
    public float Derivative(float x, float y) => -y / x;
    /// <inheritdoc/>
    public double Derivative(double x, double y) => -y / x;
    /// <inheritdoc/>
    public Vector<float> Derivative(Vector<float> x, Vector<float> y) => -y / x;
}
