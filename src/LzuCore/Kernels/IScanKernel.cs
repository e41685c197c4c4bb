using LzuCore.Memory;

namespace LzuCore.Kernels;

/// <summary>Running sums along one axis, in order, carried in float64. Float32 or float64.</summary>
public interface IScanKernel : IKernel
{
    /// <summary>output[i] = Σ_{j ≤ i} input[j], or Σ_{j ≥ i} when reversed.</summary>
    void CumulativeSum(int axis, bool reversed, TensorView input, TensorView output);
}
