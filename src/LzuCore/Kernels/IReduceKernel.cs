using LzuCore.Memory;

namespace LzuCore.Kernels;

/// <summary>What a reduction computes over the reduced axes.</summary>
public enum ReduceKind
{
    /// <summary>Sum, in a fixed order.</summary>
    Sum,
    /// <summary>Arithmetic mean.</summary>
    Mean,
    /// <summary>Largest; NaN wins.</summary>
    Max,
    /// <summary>Smallest; NaN wins.</summary>
    Min,
}

/// <summary>Reductions over axes. The order of summation is fixed by the shape alone, never by the thread count.</summary>
public interface IReduceKernel : IKernel
{
    /// <summary>Reduces every axis where <paramref name="output"/> has size 1 and <paramref name="input"/> more. Same rank; float32 or float64.</summary>
    void Forward(ReduceKind kind, TensorView input, TensorView output);

    /// <summary>How many elements are NaN or infinite.</summary>
    long CountNonFinite(TensorView input);
}
