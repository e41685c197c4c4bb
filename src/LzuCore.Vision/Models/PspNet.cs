using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Vision.Models;

// Zhao et al. 2017, "Pyramid scene parsing network", in two forms:
//   dilated  mmsegmentation's r50-d8, whose checkpoints load: V1c stem, C4 and C5 at stride 8, an auxiliary head on C4
//   pyramid  the paper's own network for zooming: ResNet-50 and FPN, the head on P2. Its code is not published; docs/models.md says how the paper's words were read

/// <summary>Which backbone a PSPNet has.</summary>
public enum PspNetForm
{
    /// <summary>A residual network that keeps stride 8 by dilation; the heads read C5 and, in training, C4.</summary>
    Dilated,
    /// <summary>A residual network and a feature pyramid; the head reads P2.</summary>
    Pyramid,
}

/// <summary>Which PSPNet.</summary>
public sealed record PspNetOptions
{
    /// <summary>Classes; 19 in Cityscapes.</summary>
    public int Classes { get; init; } = 19;

    /// <summary>Depth of the residual network.</summary>
    public int Depth { get; init; } = 50;

    /// <summary>Which backbone.</summary>
    public PspNetForm Form { get; init; } = PspNetForm.Dilated;

    /// <summary>Channels of the head and of each pooled branch; null for the form's own: 512 dilated, 256 on a pyramid.</summary>
    public int? Channels { get; init; }

    /// <summary>Probability with which a channel is dropped before the last convolution, in training.</summary>
    public double Dropout { get; init; } = 0.1;

    /// <summary>What training leaves as it is.</summary>
    public ResNetFreeze Freeze { get; init; } = ResNetFreeze.None;
}

/// <summary>What a segmentation network gives.</summary>
/// <param name="Logits">[N, classes, h, w] at the features' resolution.</param>
/// <param name="Auxiliary">The same from the auxiliary head, in training; else null.</param>
public readonly record struct SegmentationOutput(Tensor Logits, Tensor? Auxiliary) : ITensorGroup
{
    /// <inheritdoc/>
    public IEnumerable<Tensor> Tensors => Auxiliary is null ? [Logits] : [Logits, Auxiliary];
}

/// <summary>PSPNet: image to class logits of every cell.</summary>
public sealed class PspNet : Module<Tensor, SegmentationOutput>
{
    /// <summary>Makes the network.</summary>
    public PspNet(PspNetOptions options)
    {
        Options = options;
        var dilated = options.Form == PspNetForm.Dilated;
        Backbone = Child("backbone", new ResNet(new ResNetOptions { Depth = options.Depth, DeepStem = dilated, OutputStride = dilated ? 8 : 32, Freeze = options.Freeze }));
        if (!dilated) Neck = Child("neck", new Fpn(Backbone.Channels, new FpnOptions { StartLevel = 0, Outputs = 4 }));
        var channels = options.Channels ?? (dilated ? 512 : 256);
        DecodeHead = Child("decode_head", new PspHead(dilated ? Backbone.Channels[3] : 256, channels, options.Classes, options.Dropout));
        if (dilated) AuxiliaryHead = Child("auxiliary_head", new FcnHead(Backbone.Channels[2], 256, options.Classes, options.Dropout));
    }

    /// <summary>What was asked for.</summary>
    public PspNetOptions Options { get; }

    /// <summary>The residual network.</summary>
    public ResNet Backbone { get; }

    /// <summary>The pyramid; null in the dilated form.</summary>
    public Fpn? Neck { get; }

    /// <summary>The head that answers.</summary>
    public PspHead DecodeHead { get; }

    /// <summary>The head on C4 that only helps training; null in the pyramid form.</summary>
    public FcnHead? AuxiliaryHead { get; }

    /// <summary>Input pixels a cell of each of <see cref="Features"/>.</summary>
    public int[] Strides => Neck is null ? (IsTraining ? [8, 8] : [8]) : [4];

    /// <summary>What the heads read: C5 and, in training, C4; or P2.</summary>
    /// <param name="image">[N, 3, H, W].</param>
    public Tensor[] Features(Tensor image)
    {
        var levels = Backbone.Call(image).Levels;
        return Neck is not null ? [Neck.Call(levels)[0]] : IsTraining ? [levels[3], levels[2]] : [levels[3]];
    }

    /// <summary>Features to logits, through the auxiliary head too where its features are given.</summary>
    /// <param name="features">As <see cref="Features"/> gives them; they may have been unzoomed.</param>
    public SegmentationOutput Heads(Tensor[] features) =>
        new(DecodeHead.Call(features[0]), features.Length > 1 ? AuxiliaryHead?.Call(features[1]) : null);

    /// <summary>[N, 3, H, W] to logits at an eighth, or a quarter, of its size.</summary>
    public override SegmentationOutput Forward(Tensor image) => Heads(Features(image));
}

/// <summary>The pyramid pooling head: averages over 1, 2², 3² and 6² parts of the image join each cell's own features.</summary>
public sealed class PspHead : Layer
{
    private static readonly int[] Parts = [1, 2, 3, 6];
    private readonly ConvBatchNormRelu[] _branches;
    private readonly ConvBatchNormRelu _bottleneck;
    private readonly Dropout2d _dropout;
    private readonly Conv2d _logits;

    internal PspHead(int inChannels, int channels, int classes, double dropout)
    {
        _branches = [.. Parts.Select((_, i) => Child($"psp_modules.{i}.1", new ConvBatchNormRelu(inChannels, channels, kernel: 1)))];
        _bottleneck = Child("bottleneck", new ConvBatchNormRelu(inChannels + Parts.Length * channels, channels, kernel: 3));
        _dropout = Child("dropout", new Dropout2d(dropout, seed: 1));
        _logits = Child("conv_seg", new Conv2d(channels, classes, kernel: 1, weightInit: Init.Normal(0, 0.01), biasInit: Init.Zeros));
    }

    /// <summary>[N, C, h, w] to [N, classes, h, w].</summary>
    public override Tensor Forward(Tensor x)
    {
        var size = new Size2(x.Shape[2], x.Shape[3]);
        var pooled = Parts.Select((parts, i) =>
            F.Interpolate(_branches[i].Call(F.AdaptiveAvgPool2d(x, parts)), size, InterpolationMode.Bilinear, alignCorners: false));
        x = _bottleneck.Call(F.Concat([x, .. pooled], 1));
        return ConvNormAct.Apply(_dropout.Call(x), _logits, null, Activation.None);
    }
}

/// <summary>A 3×3 convolution and a 1×1 one: the auxiliary head.</summary>
public sealed class FcnHead : Layer
{
    private readonly ConvBatchNormRelu _conv;
    private readonly Dropout2d _dropout;
    private readonly Conv2d _logits;

    internal FcnHead(int inChannels, int channels, int classes, double dropout)
    {
        _conv = Child("convs.0", new ConvBatchNormRelu(inChannels, channels, kernel: 3));
        _dropout = Child("dropout", new Dropout2d(dropout, seed: 2));
        _logits = Child("conv_seg", new Conv2d(channels, classes, kernel: 1, weightInit: Init.Normal(0, 0.01), biasInit: Init.Zeros));
    }

    /// <summary>[N, C, h, w] to [N, classes, h, w].</summary>
    public override Tensor Forward(Tensor x) => ConvNormAct.Apply(_dropout.Call(_conv.Call(x)), _logits, null, Activation.None);
}

/// <summary>Convolution, batch norm and ReLU under mmcv's names: <c>conv</c>, <c>bn</c>.</summary>
internal sealed class ConvBatchNormRelu : Layer
{
    private readonly Conv2d _conv;
    private readonly BatchNorm2d _bn;

    public ConvBatchNormRelu(int inChannels, int outChannels, int kernel)
    {
        _conv = Child("conv", new Conv2d(inChannels, outChannels, kernel, padding: kernel / 2, bias: false, weightInit: ResNet.Kaiming));
        _bn = Child("bn", new BatchNorm2d(outChannels));
    }

    public override Tensor Forward(Tensor x) => ConvNormAct.Apply(x, _conv, _bn, Activation.Relu);
}
