using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Tensors;

namespace LzuCore.Nn;

/// <summary>What convolution layers share: <c>weight</c> and <c>bias</c>, in which their output is linear, so that <see cref="ConvNormAct"/> can fold a fixed norm into them.</summary>
public abstract class ConvLayer : Layer
{
    // First values, unless others are given, are PyTorch's: uniform in ±1/√(in/groups · kh · kw), for weight and bias.
    private protected ConvLayer(int inChannels, int outChannels, Size2 kernel, Conv2dArgs args, bool bias, Initializer? weightInit = null, Initializer? biasInit = null)
    {
        var groups = args.Groups;
        Check.That(groups >= 1 && inChannels % groups == 0 && outChannels % groups == 0, $"{GetType().Name}: groups must divide {inChannels} and {outChannels} channels, got {groups}.");
        Args = args;
        var init = FanIn(inChannels / groups * kernel.Height * kernel.Width);
        Weight = Param("weight", [outChannels, inChannels / groups, kernel.Height, kernel.Width], weightInit ?? init);
        Bias = bias ? Param("bias", [outChannels], biasInit ?? init) : null;
    }

    /// <summary>[out, in/groups, kh, kw].</summary>
    public Parameter Weight { get; }

    /// <summary>[out], or null.</summary>
    public Parameter? Bias { get; }

    /// <summary>Stride, padding, dilation and groups.</summary>
    internal Conv2dArgs Args { get; }

    /// <summary>The last folding of a norm into this layer; see <see cref="ConvNormAct"/>.</summary>
    internal FoldedConv? Folded
    {
        get => Weight.Computed as FoldedConv;
        set => Weight.Computed = value;
    }

    /// <summary>The layer with another weight and bias, + residual, activation, in one kernel call on the input. Under <see cref="Tensors.Autograd.Grad.Off"/> only.</summary>
    internal abstract Tensor Fused(Tensor input, Tensor weight, Tensor bias, Tensor? residual, bool residualEnds, Activation activation);

    /// <summary>The same of several inputs, without a residual.</summary>
    internal virtual Tensor[] FusedEach(Tensor[] inputs, Tensor weight, Tensor bias, Activation activation) => [.. inputs.Select(i => Fused(i, weight, bias, null, false, activation))];

    // Uniform in ±1/sqrt(fan-in): what PyTorch's convolution and linear layers start with.
    internal static Initializer FanIn(int fanIn)
    {
        var bound = 1 / Math.Sqrt(Math.Max(1, fanIn));
        return (shape, random) => Tensor.Uniform(shape, random, -bound, bound);
    }
}
