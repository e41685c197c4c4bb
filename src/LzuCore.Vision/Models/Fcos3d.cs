using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Vision.Models;

// Wang et al. 2021, "FCOS3D: Fully convolutional one-stage monocular 3D object detection", as mmdetection3d 1.0rc has it and the method's authors configured it:
// ResNet-50 with caffe strides (though its first weights are torchvision's), DCNv2 in stages 3 and 4 and at the end of each tower, FPN P3 to P7, group norm in the head.
// Loads mmdetection3d's checkpoints and the method's own.

/// <summary>What a monocular 3-D detector's head gives, one tensor a pyramid level, finest first.</summary>
/// <param name="Classes">[N, classes, H, W] logits.</param>
/// <param name="Boxes">[N, 9, H, W]: offset (2), depth, size (3), local yaw, velocity (2). Offsets are point − centre, in pixels in evaluation, in strides in training;
/// depth and size are metres.</param>
/// <param name="Directions">[N, 2, H, W] logits: which half turn the yaw is in.</param>
/// <param name="Attributes">[N, attributes, H, W] logits; the last is none.</param>
/// <param name="Centerness">[N, 1, H, W] logits.</param>
public readonly record struct Fcos3dOutput(Tensor[] Classes, Tensor[] Boxes, Tensor[] Directions, Tensor[] Attributes, Tensor[] Centerness) : ITensorGroup
{
    /// <inheritdoc/>
    public IEnumerable<Tensor> Tensors => [.. Classes, .. Boxes, .. Directions, .. Attributes, .. Centerness];

    /// <summary>Height and width of each level.</summary>
    public Size2[] Sizes => [.. Classes.Select(l => new Size2(l.Shape[2], l.Shape[3]))];
}

/// <summary>Which FCOS3D.</summary>
public sealed record Fcos3dOptions
{
    /// <summary>Object classes; 10 in nuScenes.</summary>
    public int Classes { get; init; } = 10;

    /// <summary>Attributes, the last of which is none; 9 in nuScenes.</summary>
    public int Attributes { get; init; } = 9;

    /// <summary>Depth of the residual network.</summary>
    public int Depth { get; init; } = 50;

    /// <summary>Where a bottleneck's stride is. Nothing in a checkpoint tells.</summary>
    public ResNetStyle Style { get; init; } = ResNetStyle.Caffe;

    /// <summary>What training leaves as it is; the published networks were trained with <see cref="ResNetFreeze.AllNorms"/>.</summary>
    public ResNetFreeze Freeze { get; init; } = ResNetFreeze.None;
}

/// <summary>FCOS3D: image to classes, 3-D boxes, directions, attributes and centreness of every cell.</summary>
public sealed class Fcos3d : Module<Tensor, Fcos3dOutput>
{
    /// <summary>Numbers of one box: offset (2), depth, size (3), rotation, velocity (2).</summary>
    public const int BoxValues = 9;

    /// <summary>Makes the network.</summary>
    public Fcos3d(Fcos3dOptions options)
    {
        Options = options;
        Backbone = Child("backbone", new ResNet(new ResNetOptions { Depth = options.Depth, Style = options.Style, DeformableFrom = 3, Freeze = options.Freeze }));
        Neck = Child("neck", new Fpn(Backbone.Channels, new FpnOptions { Extra = ExtraLevels.OnOutput, ReluBeforeExtra = true }));
        Features = new PyramidBackbone(Backbone, Neck);
        Head = Child("bbox_head", new Fcos3dHead(options.Classes, options.Attributes));
    }

    /// <summary>What was asked for.</summary>
    public Fcos3dOptions Options { get; }

    /// <summary>The residual network.</summary>
    public ResNet Backbone { get; }

    /// <summary>The pyramid.</summary>
    public Fpn Neck { get; }

    /// <summary>Both, from image to P3 … P7.</summary>
    public PyramidBackbone Features { get; }

    /// <summary>The head.</summary>
    public Fcos3dHead Head { get; }

    /// <summary>Input pixels a cell, of P3 … P7.</summary>
    public static int[] Strides => [8, 16, 32, 64, 128];

    /// <summary>[N, 3, H, W] to the head's outputs.</summary>
    public override Fcos3dOutput Forward(Tensor image) => Head.Call(Features.Call(image));
}

/// <summary>The head, shared by all levels but for three scales: two towers, and a branch for each quantity.</summary>
public sealed class Fcos3dHead : Module<Tensor[], Fcos3dOutput>
{
    private const int Channels = 256;
    private readonly Fcos3dTower _classTower, _boxTower;
    private readonly Fcos3dBranch _classes, _attributes, _offset, _depth, _size, _rotation, _velocity, _direction, _centerness;
    private readonly LearnedScale[][] _scales;

    internal Fcos3dHead(int classes, int attributes)
    {
        _classTower = Child("cls_convs", new Fcos3dTower(Channels));
        _boxTower = Child("reg_convs", new Fcos3dTower(Channels));
        _classes = Branch("conv_cls_prev.0", "conv_cls", Channels, classes, RetinaNetHead.RareClass);
        _offset = Branch("conv_reg_prevs.0.0", "conv_regs.0", Channels, 2, Init.Zeros);
        _depth = Branch("conv_reg_prevs.1.0", "conv_regs.1", Channels, 1, Init.Zeros);
        _size = Branch("conv_reg_prevs.2.0", "conv_regs.2", Channels, 3, Init.Zeros);
        _rotation = Branch("conv_reg_prevs.3.0", "conv_regs.3", Channels, 1, Init.Zeros);
        _velocity = Branch(null, "conv_regs.4", Channels, 2, Init.Zeros);
        _direction = Branch("conv_dir_cls_prev.0", "conv_dir_cls", Channels, 2, RetinaNetHead.RareClass);
        _attributes = Branch("conv_attr_prev.0", "conv_attr", Channels, attributes, RetinaNetHead.RareClass);
        _centerness = Branch("conv_centerness_prev.0", "conv_centerness", 64, 1, Init.Zeros);
        _scales = [.. Fcos3d.Strides.Select((_, level) => Enumerable.Range(0, 3).Select(i => Child($"scales.{level}.{i}", new LearnedScale())).ToArray())];

        Fcos3dBranch Branch(string? before, string output, int width, int values, Initializer bias) => Child("", new Fcos3dBranch(before, output, Channels, width, values, bias));
    }

    /// <summary>The pyramid to the head's outputs.</summary>
    /// <exception cref="ShapeException">There are not five levels.</exception>
    public override Fcos3dOutput Forward(Tensor[] levels)
    {
        if (levels.Length != _scales.Length) throw new ShapeException("fcos3d head", $"there must be {_scales.Length} levels", $"{levels.Length}");
        Tensor[] ofClass = _classTower.Call(levels), ofBox = _boxTower.Call(levels);
        return new Fcos3dOutput(_classes.Call(ofClass), Boxes(ofBox), _direction.Call(ofBox), _attributes.Call(ofClass), _centerness.Call(ofBox));
    }

    // In training offsets stay in strides, as the targets are.
    private Tensor[] Boxes(Tensor[] features)
    {
        Tensor[] offsets = _offset.Call(features), depths = _depth.Call(features), sizes = _size.Call(features), rotations = _rotation.Call(features), velocities = _velocity.Call(features);
        return [.. _scales.Select((scales, level) =>
        {
            var offset = scales[0].Call(offsets[level]);
            if (!IsTraining) offset *= Fcos3d.Strides[level];
            return F.Concat([offset, scales[1].Call(depths[level]).Exp(), scales[2].Call(sizes[level]).Exp(), rotations[level], velocities[level]], 1);
        })];
    }
}

/// <summary>A convolution and a deformable one, of all levels.</summary>
internal sealed class Fcos3dTower : Module<Tensor[], Tensor[]>
{
    private readonly ConvGroupNormRelu _plain, _deformable;

    public Fcos3dTower(int channels)
    {
        _plain = Child("0", new ConvGroupNormRelu(channels, channels, deformable: false));
        _deformable = Child("1", new ConvGroupNormRelu(channels, channels, deformable: true));
    }

    public override Tensor[] Forward(Tensor[] levels) => _deformable.Call(_plain.Call(levels));
}

/// <summary>A 3×3 convolution of its own, where it has one, and a 1×1 one that gives the numbers, of all levels.</summary>
internal sealed class Fcos3dBranch : Module<Tensor[], Tensor[]>
{
    private readonly ConvGroupNormRelu? _before;
    private readonly Conv2d _output;

    public Fcos3dBranch(string? before, string output, int inChannels, int channels, int values, Initializer bias)
    {
        _before = before is null ? null : Child(before, new ConvGroupNormRelu(inChannels, channels, deformable: false));
        _output = Child(output, new Conv2d(channels, values, kernel: 1, weightInit: Init.Normal(0, 0.01), biasInit: bias));
    }

    public override Tensor[] Forward(Tensor[] levels) => ConvNormAct.Apply(_before?.Call(levels) ?? levels, _output, null, Activation.None);
}

/// <summary>A 3×3 convolution with bias, group norm and ReLU under mmcv's names: <c>conv</c>, <c>gn</c>.</summary>
internal sealed class ConvGroupNormRelu : Module<Tensor[], Tensor[]>
{
    private const int Groups = 32;
    private readonly ConvLayer _conv;
    private readonly GroupNorm _gn;

    public ConvGroupNormRelu(int inChannels, int outChannels, bool deformable)
    {
        _conv = Child("conv", deformable
            ? (ConvLayer)new DeformConv2d(inChannels, outChannels, kernel: 3, padding: 1)
            : new Conv2d(inChannels, outChannels, kernel: 3, padding: 1, weightInit: Init.Normal(0, 0.01), biasInit: Init.Zeros));
        _gn = Child("gn", new GroupNorm(Groups, outChannels));
    }

    public override Tensor[] Forward(Tensor[] levels) => ConvNormAct.Apply(levels, _conv, _gn, Activation.Relu);
}

/// <summary>A learned factor, 1 at first. Key: <c>scale</c> [].</summary>
internal sealed class LearnedScale : Layer
{
    private readonly Parameter _scale;

    public LearnedScale() => _scale = Param("scale", [], Init.Ones);

    public override Tensor Forward(Tensor x) => x * _scale.Value;
}
