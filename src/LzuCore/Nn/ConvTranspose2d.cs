using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Nn;

/// <summary>A transposed 2-D convolution layer. Keys: <c>weight</c> [in, out/groups, kh, kw], <c>bias</c> [out]. See <see cref="F.ConvTranspose2d"/>.</summary>
public sealed class ConvTranspose2d : Layer
{
    private readonly Size2 _stride, _padding, _outputPadding, _dilation;
    private readonly int _groups;

    /// <summary>Makes the layer. First values are PyTorch's: uniform in ±1/√(out/groups · kh · kw), for weight and bias.</summary>
    /// <param name="inChannels">Channels of the input.</param>
    /// <param name="outChannels">Channels of the output.</param>
    /// <param name="kernel">Number of taps.</param>
    /// <param name="stride">Output pixels between input pixels; null is 1.</param>
    /// <param name="padding">Output pixels cut off at each border; null is 0.</param>
    /// <param name="outputPadding">Rows and columns added at the bottom and right; null is 0.</param>
    /// <param name="groups">Number of independent convolutions that channels are split into.</param>
    /// <param name="bias">Whether there is a bias.</param>
    /// <param name="dilation">Output pixels between taps; null is 1.</param>
    /// <exception cref="ArgumentValueException">The groups do not divide both channel counts.</exception>
    public ConvTranspose2d(int inChannels, int outChannels, Size2 kernel, Size2? stride = null, Size2? padding = null, Size2? outputPadding = null, int groups = 1, bool bias = true, Size2? dilation = null)
    {
        Check.That(groups >= 1 && inChannels % groups == 0 && outChannels % groups == 0, $"ConvTranspose2d: groups must divide {inChannels} and {outChannels} channels, got {groups}.");
        (_stride, _padding, _outputPadding, _dilation, _groups) = (stride ?? 1, padding ?? 0, outputPadding ?? 0, dilation ?? 1, groups);
        var init = Conv2d.FanIn(outChannels / groups * kernel.Height * kernel.Width);
        Weight = Param("weight", [inChannels, outChannels / groups, kernel.Height, kernel.Width], init);
        Bias = bias ? Param("bias", [outChannels], init) : null;
    }

    /// <summary>[in, out/groups, kh, kw].</summary>
    public Parameter Weight { get; }

    /// <summary>[out], or null.</summary>
    public Parameter? Bias { get; }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor input) => F.ConvTranspose2d(input, Weight.Value, Bias?.Value, _stride, _padding, _outputPadding, _groups, _dilation);
}
