using System.Numerics;

namespace LzuCore.Kernels;

/// <summary>The larger of a and b; NaN wins.</summary>
public readonly struct Maximum : IZipFormula
{
    /// <inheritdoc/>
    public float Invoke(float a, float b) => a > b || float.IsNaN(a) ? a : b;
    /// <inheritdoc/>
    public double Invoke(double a, double b) => a > b || double.IsNaN(a) ? a : b;
    /// <inheritdoc/>
    public Vector<float> Invoke(Vector<float> a, Vector<float> b) =>
        Vector.ConditionalSelect(Vector.GreaterThan(a, b) | ~Vector.Equals(a, a), a, b);
}

/// <summary>The smaller of a and b; NaN wins.</summary>
public readonly struct Minimum : IZipFormula
{
    /// <inheritdoc/>
    public float Invoke(float a, float b) => a < b || float.IsNaN(a) ? a : b;
    /// <inheritdoc/>
    public double Invoke(double a, double b) => a < b || double.IsNaN(a) ? a : b;
    /// <inheritdoc/>
    public Vector<float> Invoke(Vector<float> a, Vector<float> b) =>
        Vector.ConditionalSelect(Vector.LessThan(a, b) | ~Vector.Equals(a, a), a, b);
}

/// <summary>The share of the gradient that a receives when it competes with b to be the larger: 1, ½ on a tie, 0.</summary>
public readonly struct ShareOfLarger : IZipFormula
{
    /// <inheritdoc/>
    public float Invoke(float a, float b) => a == b ? 0.5f : a < b ? 0 : 1;
    /// <inheritdoc/>
    public double Invoke(double a, double b) => a == b ? 0.5 : a < b ? 0 : 1;
    /// <inheritdoc/>
    public Vector<float> Invoke(Vector<float> a, Vector<float> b) =>
        Lanes.Select(Vector.Equals(a, b), Lanes.Of(0.5), Lanes.Select(Vector.LessThan(a, b), 0, 1));
}

/// <summary>x limited to [low, high]; NaN stays NaN. The derivative is 1 at the limits too, as in PyTorch.</summary>
/// <param name="Low">Smallest value, or negative infinity.</param>
/// <param name="High">Largest value, or infinity; wins when the limits cross.</param>
public readonly record struct Clamp(double Low, double High) : IMapFormula
{
    /// <inheritdoc/>
    public static bool NeedsOutput => false;

    /// <inheritdoc/>
    public float Invoke(float x) => x > (float)High ? (float)High : x < (float)Low ? (Low < High ? (float)Low : (float)High) : x;
    /// <inheritdoc/>
    public double Invoke(double x) => x > High ? High : x < Low ? (Low < High ? Low : High) : x;
    /// <inheritdoc/>
    public Vector<float> Invoke(Vector<float> x)
    {
        var low = Lanes.Of(Low < High ? Low : High);
        var high = Lanes.Of(High);
        return Lanes.Select(Vector.GreaterThan(x, high), high, Lanes.Select(Vector.LessThan(x, Lanes.Of(Low)), low, x));
    }

    /// <inheritdoc/>
    public float Derivative(float x, float y) => x >= (float)Low && x <= (float)High ? 1 : 0;
    /// <inheritdoc/>
    public double Derivative(double x, double y) => x >= Low && x <= High ? 1 : 0;
    /// <inheritdoc/>
    public Vector<float> Derivative(Vector<float> x, Vector<float> y) =>
        Lanes.Select(Vector.GreaterThanOrEqual(x, Lanes.Of(Low)) & Vector.LessThanOrEqual(x, Lanes.Of(High)), 1, 0);
}

/// <summary>|x|; the derivative at 0 is 0.</summary>
public readonly struct Abs : IMapFormula
{
    /// <inheritdoc/>
    public static bool NeedsOutput => false;

    /// <inheritdoc/>
    public float Invoke(float x) => MathF.Abs(x);
    /// <inheritdoc/>
    public double Invoke(double x) => Math.Abs(x);
    /// <inheritdoc/>
    public Vector<float> Invoke(Vector<float> x) => Vector.Abs(x);
    /// <inheritdoc/>
    public float Derivative(float x, float y) => x > 0 ? 1 : x < 0 ? -1 : 0;
    /// <inheritdoc/>
    public double Derivative(double x, double y) => x > 0 ? 1 : x < 0 ? -1 : 0;
    /// <inheritdoc/>
    public Vector<float> Derivative(Vector<float> x, Vector<float> y) => default(Sign).Invoke(x);
}

/// <summary>−1, 0 or 1; 0 for NaN, as in PyTorch. The derivative is 0.</summary>
public readonly struct Sign : IMapFormula
{
    /// <inheritdoc/>
    public static bool NeedsInput => false;
    /// <inheritdoc/>
    public static bool NeedsOutput => false;

    /// <inheritdoc/>
    public float Invoke(float x) => x > 0 ? 1 : x < 0 ? -1 : 0;
    /// <inheritdoc/>
    public double Invoke(double x) => x > 0 ? 1 : x < 0 ? -1 : 0;
    /// <inheritdoc/>
    public Vector<float> Invoke(Vector<float> x) =>
        Lanes.Select(Vector.GreaterThan(x, Vector<float>.Zero), Vector<float>.One, Lanes.Select(Vector.LessThan(x, Vector<float>.Zero), -1, 0));
    /// <inheritdoc/>
    public float Derivative(float x, float y) => 0;
    /// <inheritdoc/>
    public double Derivative(double x, double y) => 0;
    /// <inheritdoc/>
    public Vector<float> Derivative(Vector<float> x, Vector<float> y) => Vector<float>.Zero;
}

/// <summary>The largest integer not above x. The derivative is 0.</summary>
public readonly struct Floor : IMapFormula
{
    /// <inheritdoc/>
    public static bool NeedsInput => false;
    /// <inheritdoc/>
    public static bool NeedsOutput => false;

    /// <inheritdoc/>
    public float Invoke(float x) => MathF.Floor(x);
    /// <inheritdoc/>
    public double Invoke(double x) => Math.Floor(x);
    /// <inheritdoc/>
    public Vector<float> Invoke(Vector<float> x) => Vector.Floor(x);
    /// <inheritdoc/>
    public float Derivative(float x, float y) => 0;
    /// <inheritdoc/>
    public double Derivative(double x, double y) => 0;
    /// <inheritdoc/>
    public Vector<float> Derivative(Vector<float> x, Vector<float> y) => Vector<float>.Zero;
}

/// <summary>The smallest integer not below x. The derivative is 0.</summary>
public readonly struct Ceil : IMapFormula
{
    /// <inheritdoc/>
    public static bool NeedsInput => false;
    /// <inheritdoc/>
    public static bool NeedsOutput => false;

    /// <inheritdoc/>
    public float Invoke(float x) => MathF.Ceiling(x);
    /// <inheritdoc/>
    public double Invoke(double x) => Math.Ceiling(x);
    /// <inheritdoc/>
    public Vector<float> Invoke(Vector<float> x) => Vector.Ceiling(x);
    /// <inheritdoc/>
    public float Derivative(float x, float y) => 0;
    /// <inheritdoc/>
    public double Derivative(double x, double y) => 0;
    /// <inheritdoc/>
    public Vector<float> Derivative(Vector<float> x, Vector<float> y) => Vector<float>.Zero;
}

/// <summary>The nearest integer, halves to even. The derivative is 0.</summary>
public readonly struct Round : IMapFormula
{
    /// <inheritdoc/>
    public static bool NeedsInput => false;
    /// <inheritdoc/>
    public static bool NeedsOutput => false;

    /// <inheritdoc/>
    public float Invoke(float x) => MathF.Round(x);
    /// <inheritdoc/>
    public double Invoke(double x) => Math.Round(x);
    /// <inheritdoc/>
    public Vector<float> Invoke(Vector<float> x) => Vector.Round(x);
    /// <inheritdoc/>
    public float Derivative(float x, float y) => 0;
    /// <inheritdoc/>
    public double Derivative(double x, double y) => 0;
    /// <inheritdoc/>
    public Vector<float> Derivative(Vector<float> x, Vector<float> y) => Vector<float>.Zero;
}
