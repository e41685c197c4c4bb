using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Nn;

/// <summary>max(x, 0) as a layer. No keys.</summary>
public sealed class ReLU : Layer
{
    /// <inheritdoc/>
    public override Tensor Forward(Tensor input) => input.Relu();
}

/// <summary>1 / (1 + e⁻ˣ) as a layer. No keys.</summary>
public sealed class Sigmoid : Layer
{
    /// <inheritdoc/>
    public override Tensor Forward(Tensor input) => input.Sigmoid();
}

/// <summary>tanh(x) as a layer. No keys.</summary>
public sealed class Tanh : Layer
{
    /// <inheritdoc/>
    public override Tensor Forward(Tensor input) => input.Tanh();
}

/// <summary>x above 0 and slope · x below, as a layer. No keys.</summary>
/// <param name="slope">Factor below 0.</param>
public sealed class LeakyReLU(double slope = 0.01) : Layer
{
    /// <inheritdoc/>
    public override Tensor Forward(Tensor input) => input.LeakyRelu(slope);
}

/// <summary>x above 0 and alpha · (eˣ - 1) below, as a layer. No keys.</summary>
/// <param name="alpha">Limit below 0, negated.</param>
public sealed class ELU(double alpha = 1) : Layer
{
    /// <inheritdoc/>
    public override Tensor Forward(Tensor input) => input.Elu(alpha);
}

/// <summary>x · Φ(x), with the exact normal distribution function, as a layer. No keys.</summary>
public sealed class GELU : Layer
{
    /// <inheritdoc/>
    public override Tensor Forward(Tensor input) => input.Gelu();
}

/// <summary>x · sigmoid(x) as a layer. No keys.</summary>
public sealed class SiLU : Layer
{
    /// <inheritdoc/>
    public override Tensor Forward(Tensor input) => input.Silu();
}

/// <summary>min(max(x, 0), 6) as a layer. No keys.</summary>
public sealed class ReLU6 : Layer
{
    /// <inheritdoc/>
    public override Tensor Forward(Tensor input) => input.Relu6();
}

/// <summary>The input itself: a place where a block could be. No keys.</summary>
public sealed class Identity : Layer
{
    /// <inheritdoc/>
    public override Tensor Forward(Tensor input) => input;
}
