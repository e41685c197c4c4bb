using LzuCore.Memory;

namespace LzuCore.Kernels;

/// <summary>Options of <see cref="IDropoutKernel"/>.</summary>
/// <param name="Random">Decides what is dropped: element or channel i is where its number i is below the probability.</param>
/// <param name="Probability">Of being dropped, in [0, 1].</param>
/// <param name="WholeChannels">Whether [n, c] is dropped as a whole (i = n · C + c), or each element by itself (i is its logical index).</param>
public readonly record struct DropoutArgs(RandomSource Random, double Probability, bool WholeChannels);

/// <summary>Dropout in default layouts; float32 or float64. The gradient is the same map.</summary>
public interface IDropoutKernel : IKernel
{
    /// <summary>output = 0 where dropped, input / (1 - probability) elsewhere; overwrites.</summary>
    void Forward(in DropoutArgs args, TensorView input, TensorView output);
}
