using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Nn;

/// <summary>A modulated deformable convolution (DCNv2) that finds its offsets and masks by a convolution of its input: mmcv's ModulatedDeformConv2dPack. Keys: <c>weight</c> [out, in/groups, kh, kw],
/// <c>bias</c> [out], <c>conv_offset.weight</c> [3·G·kh·kw, in, kh, kw], <c>conv_offset.bias</c>. See <see cref="F.DeformConv2d"/>.</summary>
/// <remarks>The first two thirds of <c>conv_offset</c>'s channels are the offsets, the sigmoid of the last third is the mask. It starts with zeros, that is with undisplaced taps of weight ½: a plain convolution's
/// weight loaded into this layer gives half of that convolution's output until the mask is trained.</remarks>
public sealed class DeformConv2d : ConvLayer
{
    private readonly DeformConv2dArgs _args;
    private readonly int _taps;

    /// <summary>Makes the layer. First values: uniform in ±1/√(in/groups · kh · kw), for weight and bias; zeros for <c>conv_offset</c>.</summary>
    /// <param name="inChannels">Channels of the input.</param>
    /// <param name="outChannels">Channels of the output.</param>
    /// <param name="kernel">Number of taps.</param>
    /// <param name="stride">Input pixels between output pixels; null is 1.</param>
    /// <param name="padding">Zeros around the input; null is 0.</param>
    /// <param name="dilation">Input pixels between undisplaced taps; null is 1.</param>
    /// <param name="groups">Number of independent convolutions that channels are split into.</param>
    /// <param name="deformGroups">Number of runs of input channels with offsets and masks of their own.</param>
    /// <param name="bias">Whether there is a bias.</param>
    /// <exception cref="ArgumentValueException">The groups do not divide both channel counts, or the deform groups the input's.</exception>
    public DeformConv2d(int inChannels, int outChannels, Size2 kernel, Size2? stride = null, Size2? padding = null, Size2? dilation = null, int groups = 1, int deformGroups = 1, bool bias = true)
        : base(inChannels, outChannels, kernel, new(stride ?? 1, padding ?? 0, dilation ?? 1, groups), bias)
    {
        Check.That(deformGroups >= 1 && inChannels % deformGroups == 0, $"DeformConv2d: deform groups must divide {inChannels} input channels, got {deformGroups}.");
        _args = new(Args, deformGroups);
        _taps = deformGroups * kernel.Height * kernel.Width;
        ConvOffset = Child("conv_offset", new Conv2d(inChannels, 3 * _taps, kernel, stride, padding, dilation, weightInit: Init.Zeros, biasInit: Init.Zeros));
    }

    /// <summary>The convolution that finds offsets and masks.</summary>
    public Conv2d ConvOffset { get; }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor input)
    {
        var (offset, mask) = Field(input);
        return F.DeformConv2d(input, Weight.Value, Bias?.Value, offset, mask, Args.Stride, Args.Padding, Args.Dilation, Args.Groups, _args.DeformGroups);
    }

    internal override Tensor Fused(Tensor input, Tensor weight, Tensor bias, Tensor? residual, bool residualEnds, Activation activation)
    {
        var (offset, mask) = Field(input);
        return F.DeformConv2dFused(_args, input, weight, bias, offset, mask, residual, activation);
    }

    // Views of one tensor. Of a half input too these are float32: they are coordinates.
    private (Tensor Offset, Tensor Mask) Field(Tensor input)
    {
        var field = ConvOffset.Call(input.DType.IsHalf() ? input.To(DType.Float32) : input);
        return (field.Narrow(1, 0, 2 * _taps), field.Narrow(1, 2 * _taps, _taps).Sigmoid());
    }
}
