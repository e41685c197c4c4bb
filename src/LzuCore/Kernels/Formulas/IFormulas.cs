using System.Numerics;

namespace LzuCore.Kernels;

/// <summary>One elementwise function of one variable, with its derivative; the loops around it are generic. A new activation is one struct.</summary>
public interface IMapFormula
{
    /// <summary>Whether the derivative reads x; what it does not read is not kept for the backward pass.</summary>
    static virtual bool NeedsInput => true;

    /// <summary>Whether the derivative reads y.</summary>
    static virtual bool NeedsOutput => true;

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
