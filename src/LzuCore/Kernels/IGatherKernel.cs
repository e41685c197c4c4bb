using LzuCore.Memory;

namespace LzuCore.Kernels;

/// <summary>Reads and writes through indices along one axis. Indices are int64 and within [0, size of the axis): callers check with <see cref="Range"/>.</summary>
public interface IGatherKernel : IKernel
{
    /// <summary>Smallest and largest element of an int64 tensor with at least one element.</summary>
    (long Min, long Max) Range(TensorView index);

    /// <summary>output[…, i, …] = input[…, index[…, i, …], …]. index and output have one shape, at most the input's on the other axes. Any one dtype.</summary>
    void Gather(int axis, TensorView input, TensorView index, TensorView output);

    /// <summary>output[…, index[…, i, …], …] = source[…, i, …]; the last of equal indices wins. source and index have one shape. Any one dtype.</summary>
    void Scatter(int axis, TensorView index, TensorView source, TensorView output);

    /// <summary>output[…, index[…, i, …], …] += source[…, i, …], in the order of i. Float32 or float64.</summary>
    void ScatterAdd(int axis, TensorView index, TensorView source, TensorView output);
}
