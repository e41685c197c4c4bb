using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Nn;

/// <summary>Group norm: statistics of each image over runs of channels. Keys: <c>weight</c>, <c>bias</c> [C]. See <see cref="F.GroupNorm"/>.</summary>
public sealed class GroupNorm : Layer
{
    private readonly int _groups;
    private readonly double _eps;

    /// <summary>Makes the layer: weight 1, bias 0.</summary>
    /// <param name="groups">Runs of channels.</param>
    /// <param name="channels">Channels; a multiple of the groups.</param>
    /// <param name="eps">Added to the variance.</param>
    /// <exception cref="ArgumentValueException">The groups do not divide the channels.</exception>
    public GroupNorm(int groups, int channels, double eps = 1e-5)
    {
        Check.That(groups >= 1 && channels % groups == 0, $"GroupNorm: groups must divide {channels} channels, got {groups}.");
        (_groups, _eps) = (groups, eps);
        Weight = Param("weight", [channels], static (shape, _) => Tensor.Ones(shape));
        Bias = Param("bias", [channels], static (shape, _) => Tensor.Zeros(shape));
    }

    /// <summary>Scale [C].</summary>
    public Parameter Weight { get; }

    /// <summary>Shift [C].</summary>
    public Parameter Bias { get; }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor input) => F.GroupNorm(input, _groups, Weight.Value, Bias.Value, _eps);

    // Norm and activation in one pass; under Grad.Off() only.
    internal Tensor Fused(Tensor input, Activation activation) => F.GroupNormThen(activation, input, _groups, Weight.Value, Bias.Value, _eps);
}
