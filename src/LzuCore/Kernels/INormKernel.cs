using LzuCore.Memory;

namespace LzuCore.Kernels;

/// <summary>Options of <see cref="INormKernel"/>: over which values statistics are taken.</summary>
/// <param name="Groups">Channels are split into this many equal runs, each with its own statistics; as many as channels for batch norm.</param>
/// <param name="PerImage">Whether each image has its own statistics (group norm), or all share them (batch norm).</param>
/// <param name="Eps">Added to the variance.</param>
public readonly record struct NormArgs(int Groups, bool PerImage, double Eps);

/// <summary>Normalisation of [N, C] or [N, C, H, W] in the default layout (channels-last); float32 or float64. Statistics are [Groups], or [N · Groups] per image;
/// weight and bias are [C] or null.</summary>
public interface INormKernel : IKernel
{
    /// <summary>Mean and biased variance of every group; overwrites. The same bits for any number of threads.</summary>
    void Statistics(in NormArgs args, TensorView input, TensorView mean, TensorView variance);

    /// <summary>output = activation((input - mean) / √(variance + eps) · weight + bias).</summary>
    void Forward(in NormArgs args, TensorView input, TensorView mean, TensorView variance, TensorView? weight, TensorView? bias, TensorView output, Activation activation = Activation.None);

    /// <summary>The gradients that are wanted (null: not wanted); overwrites.</summary>
    /// <param name="args">As in the forward pass.</param>
    /// <param name="fixedStatistics">Whether mean and variance are constants, rather than functions of the input.</param>
    /// <param name="input">The forward pass' input.</param>
    /// <param name="mean">Its mean.</param>
    /// <param name="variance">Its biased variance.</param>
    /// <param name="weight">[C], or null for 1.</param>
    /// <param name="dOutput">The output's gradient.</param>
    /// <param name="dInput">The input's.</param>
    /// <param name="dWeight">The weight's, [C].</param>
    /// <param name="dBias">The bias', [C].</param>
    void Backward(in NormArgs args, bool fixedStatistics, TensorView input, TensorView mean, TensorView variance, TensorView? weight,
        TensorView dOutput, TensorView? dInput, TensorView? dWeight, TensorView? dBias);
}
