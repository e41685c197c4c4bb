using LzuCore.Memory;

namespace LzuCore.Kernels;

/// <summary>Order along one axis. NaN counts as larger than every number; equal elements keep their order. Float32, float64 or int64.</summary>
public interface ISortKernel : IKernel
{
    /// <summary>indices[…, i, …] = where the element that comes i-th was. indices (int64) holds the first entries of that order: all of them, or the first k.</summary>
    void Order(int axis, bool descending, TensorView input, TensorView indices);

    /// <summary>index of the largest (or smallest) element along an axis, the first of equal ones; NaN wins. indices (int64) has size 1 there.</summary>
    void Extreme(int axis, bool largest, TensorView input, TensorView indices);
}
