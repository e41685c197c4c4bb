using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Nn;

/// <summary>A 2-D convolution layer. Keys: <c>weight</c> [out, in/groups, kh, kw], <c>bias</c> [out]. See <see cref="F.Conv2d"/>.</summary>
public sealed class Conv2d : Layer
{
    /// <summary>Makes the layer. First values are PyTorch's: uniform in ±1/√(in/groups · kh · kw), for weight and bias.</summary>
    /// <param name="inChannels">Channels of the input.</param>
    /// <param name="outChannels">Channels of the output.</param>
    /// <param name="kernel">Number of taps.</param>
    /// <param name="stride">Input pixels between output pixels; null is 1.</param>
    /// <param name="padding">Zeros around the input; null is 0.</param>
    /// <param name="dilation">Input pixels between taps; null is 1.</param>
    /// <param name="groups">Number of independent convolutions that channels are split into.</param>
    /// <param name="bias">Whether there is a bias.</param>
    /// <param name="weightInit">First value of the weight; null for PyTorch's.</param>
    /// <param name="biasInit">First value of the bias; null for PyTorch's.</param>
    /// <exception cref="ArgumentValueException">The groups do not divide both channel counts.</exception>
    public Conv2d(int inChannels, int outChannels, Size2 kernel, Size2? stride = null, Size2? padding = null, Size2? dilation = null, int groups = 1, bool bias = true,
        Initializer? weightInit = null, Initializer? biasInit = null)
    {
        Check.That(groups >= 1 && inChannels % groups == 0 && outChannels % groups == 0, $"Conv2d: groups must divide {inChannels} and {outChannels} channels, got {groups}.");
        Args = new(stride ?? 1, padding ?? 0, dilation ?? 1, groups);
        var init = FanIn(inChannels / groups * kernel.Height * kernel.Width);
        Weight = Param("weight", [outChannels, inChannels / groups, kernel.Height, kernel.Width], weightInit ?? init);
        Bias = bias ? Param("bias", [outChannels], biasInit ?? init) : null;
    }

    /// <summary>[out, in/groups, kh, kw].</summary>
    public Parameter Weight { get; }

    /// <summary>[out], or null.</summary>
    public Parameter? Bias { get; }

    /// <summary>Stride, padding, dilation and groups.</summary>
    internal Kernels.Conv2dArgs Args { get; }

    /// <summary>The last folding of a norm into this layer; see <see cref="ConvNormAct"/>.</summary>
    internal FoldedConv? Folded { get; set; }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor input) => F.Conv2d(input, Weight.Value, Bias?.Value, Args.Stride, Args.Padding, Args.Dilation, Args.Groups);

    // Uniform in ±1/sqrt(fan-in): what PyTorch's convolution and linear layers start with.
    internal static Initializer FanIn(int fanIn)
    {
        var bound = 1 / Math.Sqrt(Math.Max(1, fanIn));
        return (shape, random) => Tensor.Uniform(shape, random, -bound, bound);
    }
}
