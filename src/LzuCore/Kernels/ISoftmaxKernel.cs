using LzuCore.Memory;

namespace LzuCore.Kernels;

/// <summary>Softmax and its logarithm along one axis. Any layouts; float32 or float64.</summary>
public interface ISoftmaxKernel : IKernel
{
    /// <summary>output = e^(x − max) / Σ e^(x − max), or its logarithm x − max − ln Σ e^(x − max).</summary>
    void Forward(int axis, bool logarithm, TensorView input, TensorView output);

    /// <summary>dInput = y (dy − Σ dy y), or dy − e^y Σ dy for the logarithm, where y is the output; overwrites.</summary>
    void Backward(int axis, bool logarithm, TensorView output, TensorView dOutput, TensorView dInput);
}
