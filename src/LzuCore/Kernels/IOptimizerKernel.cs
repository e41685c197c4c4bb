using LzuCore.Memory;

namespace LzuCore.Kernels;

/// <summary>One step of stochastic gradient descent.</summary>
/// <param name="LearningRate">Of this step.</param>
/// <param name="Momentum">μ; 0 keeps no velocity.</param>
/// <param name="Dampening">How much of the gradient does not enter the velocity.</param>
/// <param name="WeightDecay">Multiple of the parameter that is added to the gradient.</param>
/// <param name="Nesterov">Whether the step looks ahead along the velocity.</param>
/// <param name="First">Whether this is the parameter's first step, whose gradient becomes the velocity undamped.</param>
public readonly record struct SgdArgs(double LearningRate, double Momentum, double Dampening, double WeightDecay, bool Nesterov, bool First);

/// <summary>One step of Adam.</summary>
/// <param name="LearningRate">Of this step.</param>
/// <param name="Beta1">Decay of the running mean of gradients.</param>
/// <param name="Beta2">Decay of the running mean of squared gradients.</param>
/// <param name="Epsilon">Added to the root of the mean square.</param>
/// <param name="WeightDecay">Per step and learning rate.</param>
/// <param name="Decoupled">Whether decay shrinks the parameter (AdamW) or is added to the gradient (Adam).</param>
/// <param name="Step">Number of this step, from 1.</param>
public readonly record struct AdamArgs(double LearningRate, double Beta1, double Beta2, double Epsilon, double WeightDecay, bool Decoupled, long Step);

/// <summary>Optimiser steps, one pass over a parameter. All views have one shape, the default dense layout and one dtype, float32 or float64.
/// The state views (velocity, mean, square) belong to the optimiser and are updated in place; the parameter's new value is a fresh tensor.</summary>
public interface IOptimizerKernel : IKernel
{
    /// <summary>g = gradient + decay·p; v = μ·v + (1 − dampening)·g, at first v = g; p' = p − lr·(nesterov ? g + μ·v : v). Without momentum velocity is null and p' = p − lr·g.</summary>
    void Sgd(in SgdArgs args, TensorView parameter, TensorView gradient, TensorView? velocity, TensorView output);

    /// <summary>m = β₁m + (1 − β₁)g; s = β₂s + (1 − β₂)g²; p' = p·(1 − lr·decay) − lr·(m / (1 − β₁ᵗ)) / (√(s / (1 − β₂ᵗ)) + ε).</summary>
    void Adam(in AdamArgs args, TensorView parameter, TensorView gradient, TensorView mean, TensorView square, TensorView output);
}
