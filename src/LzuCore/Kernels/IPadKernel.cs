using LzuCore.Memory;

namespace LzuCore.Kernels;

/// <summary>What padding is filled with.</summary>
public enum PadMode
{
    /// <summary>A number.</summary>
    Constant,
    /// <summary>The mirror image about the first and last element, which are not repeated; less padding than elements.</summary>
    Reflect,
    /// <summary>The first and last element.</summary>
    Replicate,
}

/// <summary>Options of <see cref="IPadKernel"/>.</summary>
/// <param name="Mode">What is filled in.</param>
/// <param name="Value">The number of <see cref="PadMode.Constant"/>.</param>
/// <param name="Left">Columns added in front.</param>
/// <param name="Right">Columns added behind.</param>
/// <param name="Top">Rows added above.</param>
/// <param name="Bottom">Rows added below.</param>
public readonly record struct PadArgs(PadMode Mode, double Value, int Left, int Right, int Top, int Bottom);

/// <summary>Padding of the last two axes of a tensor of rank 1 (one row) or more, in default layouts; float32 or float64.</summary>
public interface IPadKernel : IKernel
{
    /// <summary>output = input, padded; overwrites.</summary>
    void Forward(in PadArgs args, TensorView input, TensorView output);

    /// <summary>dInput = the sum over every place that an element went to; overwrites. The same bits for any number of threads.</summary>
    void Backward(in PadArgs args, TensorView dOutput, TensorView dInput);
}
