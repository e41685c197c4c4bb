using LzuCore.Memory;

namespace LzuCore.Kernels;

/// <summary>output = f(input), elementwise. Any layouts; float32 or float64.</summary>
public interface IMapKernel : IKernel
{
    /// <summary>output[i] = f(input[i]).</summary>
    void Forward<TFormula>(TFormula formula, TensorView input, TensorView output) where TFormula : struct, IMapFormula;

    /// <summary>dInput[i] = f'(input[i]) · dOutput[i]; overwrites.</summary>
    void Backward<TFormula>(TFormula formula, TensorView input, TensorView output, TensorView dOutput, TensorView dInput) where TFormula : struct, IMapFormula;
}
