namespace LzuCore.Gpu.Kernels;

/// <summary>What generic kernels need beyond operators: .NET's own conversions between number types are not compilable for a GPU.</summary>
/// <typeparam name="T"><c>float</c> or <c>double</c>.</typeparam>
internal interface IReal<T>
{
    static abstract T From(int v);
    static abstract T From(double v);
    static abstract double ToDouble(T v);
    static abstract int Truncate(T v);
    static abstract T Floor(T v);
    static abstract T RoundToEven(T v);
    static abstract T Sqrt(T v);

    /// <summary>The rest of a non-negative number by a positive one, in [0, by). ILGPU's own remainder multiplies by a reciprocal.</summary>
    static abstract T Modulo(T v, T by);

    static abstract T Exp(T v);
    static abstract T Log(T v);
}

internal readonly struct SingleReal : IReal<float>
{
    public static float From(int v) => v;
    public static float From(double v) => (float)v;
    public static double ToDouble(float v) => v;
    public static int Truncate(float v) => (int)v;
    public static float Floor(float v) => MathF.Floor(v);
    public static float RoundToEven(float v) => MathF.Round(v);
    public static float Sqrt(float v) => MathF.Sqrt(v);
    public static float Modulo(float v, float by) => (float)DoubleReal.Modulo(v, by);
    public static float Exp(float v) => MathF.Exp(v);
    public static float Log(float v) => MathF.Log(v);
}

internal readonly struct DoubleReal : IReal<double>
{
    public static double From(int v) => v;
    public static double From(double v) => v;
    public static double ToDouble(double v) => v;
    public static int Truncate(double v) => (int)v;
    public static double Floor(double v) => Math.Floor(v);
    public static double RoundToEven(double v) => Math.Round(v);
    public static double Sqrt(double v) => Math.Sqrt(v);

    public static double Modulo(double v, double by)
    {
        // The quotient may be rounded up to the next whole number.
        var rest = v - Math.Floor(v / by) * by;
        return rest < 0 ? rest + by : rest >= by ? rest - by : rest;
    }

    public static double Exp(double v) => Math.Exp(v);
    public static double Log(double v) => Math.Log(v);
}
