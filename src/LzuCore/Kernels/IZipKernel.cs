using LzuCore.Memory;

namespace LzuCore.Kernels;

/// <summary>output = f(a, b), elementwise with broadcasting. Any layouts; float32 or float64.</summary>
public interface IZipKernel : IKernel
{
    /// <summary>output[i] = f(a[i], b[i]); a and b broadcast to the output's shape. output may be a itself.</summary>
    void Forward<TFormula>(TFormula formula, TensorView a, TensorView b, TensorView output) where TFormula : struct, IZipFormula;
}
