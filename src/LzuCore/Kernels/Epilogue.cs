using LzuCore.Memory;

namespace LzuCore.Kernels;

/// <summary>An activation that a convolution or matrix product may apply to a finished tile.</summary>
public enum Activation
{
    /// <summary>Nothing.</summary>
    None,
    /// <summary>max(x, 0).</summary>
    Relu,
}

/// <summary>What a convolution or matrix product may do to a finished tile before it is stored: add a bias, add a residual, activate. In this order.</summary>
/// <param name="Bias">[C_out], or null.</param>
/// <param name="Residual">The output's shape and default layout, or null.</param>
/// <param name="Activation">Applied last.</param>
public readonly record struct Epilogue(TensorView? Bias = null, TensorView? Residual = null, Activation Activation = Activation.None);
