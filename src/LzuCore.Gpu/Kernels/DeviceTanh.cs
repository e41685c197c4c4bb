using System.Numerics;
using LzuCore.Kernels;

namespace LzuCore.Gpu.Kernels;

/// <summary>tanh for compiled kernels. ILGPU turns MathF.Tanh into the hardware's tanh.approx, which is right to 2^-11 only; this is right to a few 1e-7.</summary>
/// <remarks>Below 0.625 a minimax polynomial (Cephes, tanhf), above 1 - 2/(exp(2|x|) + 1). float64 has no such instruction and is left as it is.</remarks>
internal readonly struct DeviceTanh : IMapFormula
{
    public float Invoke(float x)
    {
        var a = MathF.Abs(x);
        if (a < 0.625f)
        {
            var z = x * x;
            return ((((-5.70498872745e-3f * z + 2.06390887954e-2f) * z - 5.37397155531e-2f) * z + 1.33314422036e-1f) * z - 3.33332819422e-1f) * z * x + x;
        }
        var y = 1 - 2 / (MathF.Exp(2 * a) + 1);
        return x < 0 ? -y : y;
    }

    public double Invoke(double x) => default(Tanh).Invoke(x);

    public Vector<float> Invoke(Vector<float> x) => default(Tanh).Invoke(x);

    public float Derivative(float x, float y) => default(Tanh).Derivative(x, y);

    public double Derivative(double x, double y) => default(Tanh).Derivative(x, y);

    public Vector<float> Derivative(Vector<float> x, Vector<float> y) => default(Tanh).Derivative(x, y);
}
