using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Tensors;

namespace LzuCore.Vision.Models;

// Lin et al. 2017, "Focal loss for dense object detection": ResNet, FPN P3 to P7, and one head for all levels. Loads mmdetection 2.x and torchvision checkpoints;
// the two differ in keys, in what P6 is made from, in a ReLU before P7, and in everything that happens after this file (anchors, decoding).

/// <summary>What a detector's head gives, one tensor a pyramid level, finest first.</summary>
/// <param name="Logits">[N, anchors·classes, H, W], anchor-major.</param>
/// <param name="Deltas">[N, anchors·4, H, W], anchor-major: dx, dy, dw, dh.</param>
public readonly record struct DetectorOutput(Tensor[] Logits, Tensor[] Deltas) : ITensorGroup
{
    /// <inheritdoc/>
    public IEnumerable<Tensor> Tensors => Logits.Concat(Deltas);

    /// <summary>Height and width of each level.</summary>
    public Size2[] Sizes => [.. Logits.Select(l => new Size2(l.Shape[2], l.Shape[3]))];
}

/// <summary>Which RetinaNet.</summary>
public sealed record RetinaNetOptions
{
    /// <summary>Object classes; torchvision counts a background class 0 among its 91.</summary>
    public int Classes { get; init; } = 8;

    /// <summary>Depth of the residual network.</summary>
    public int Depth { get; init; } = 50;

    /// <summary>Where a bottleneck's stride is.</summary>
    public ResNetStyle Style { get; init; } = ResNetStyle.Pytorch;

    /// <summary>Whose checkpoints load.</summary>
    public CheckpointLayout Layout { get; init; } = CheckpointLayout.Mmdet;

    /// <summary>What P6 is made from; null for the layout's own: C5 in mmdetection, P5 in torchvision's first version (its second takes C5).</summary>
    public ExtraLevels? Extra { get; init; }

    /// <summary>The batch norms' eps; torchvision's published COCO_V1 weights want 0.</summary>
    public double NormEps { get; init; } = 1e-5;
}

/// <summary>RetinaNet: image to class logits and box deltas.</summary>
public sealed class RetinaNet : Module<Tensor, DetectorOutput>
{
    /// <summary>Anchors of one cell.</summary>
    public const int AnchorsPerCell = 9;

    /// <summary>Makes the network.</summary>
    public RetinaNet(RetinaNetOptions options)
    {
        Options = options;
        var torchvision = options.Layout == CheckpointLayout.Torchvision;
        Backbone = Child(torchvision ? "backbone.body" : "backbone", new ResNet(options.Depth, options.Style, normEps: options.NormEps));
        Neck = Child(torchvision ? "backbone.fpn" : "neck", new Fpn(Backbone.Channels, new FpnOptions
        {
            Extra = options.Extra ?? (torchvision ? ExtraLevels.OnOutput : ExtraLevels.OnInput),
            ReluBeforeExtra = torchvision,
            Layout = options.Layout,
        }));
        Head = Child(torchvision ? "head" : "bbox_head", new RetinaNetHead(options.Classes, options.Layout));
    }

    /// <summary>What was asked for.</summary>
    public RetinaNetOptions Options { get; }

    /// <summary>The residual network.</summary>
    public ResNet Backbone { get; }

    /// <summary>The pyramid.</summary>
    public Fpn Neck { get; }

    /// <summary>The head.</summary>
    public RetinaNetHead Head { get; }

    /// <summary>Zoomed pixels a cell, of P3 … P7.</summary>
    public static int[] Strides => [8, 16, 32, 64, 128];

    /// <summary>[N, 3, H, W] to the head's outputs.</summary>
    public override DetectorOutput Forward(Tensor image) => Head.Call(Neck.Call(Backbone.Call(image).Levels));
}

/// <summary>The head, shared by all levels: two towers of four 3×3 convolutions, for classes and for boxes.</summary>
public sealed class RetinaNetHead : Module<Tensor[], DetectorOutput>
{
    private readonly RetinaNetTower _classes, _boxes;

    internal RetinaNetHead(int classes, CheckpointLayout layout)
    {
        if (layout == CheckpointLayout.Torchvision)
        {
            _classes = Child("classification_head", new RetinaNetTower("conv.{0}.0", "cls_logits", classes));
            _boxes = Child("regression_head", new RetinaNetTower("conv.{0}.0", "bbox_reg", 4));
        }
        else
        {
            _classes = Child("", new RetinaNetTower("cls_convs.{0}.conv", "retina_cls", classes));
            _boxes = Child("", new RetinaNetTower("reg_convs.{0}.conv", "retina_reg", 4));
        }
    }

    /// <summary>The pyramid to logits and deltas.</summary>
    public override DetectorOutput Forward(Tensor[] levels) =>
        new([.. levels.Select(_classes.Call)], [.. levels.Select(_boxes.Call)]);
}

/// <summary>Four convolutions with ReLU and one without.</summary>
internal sealed class RetinaNetTower : Layer
{
    private const int Channels = 256;
    private readonly Conv2d[] _convs;
    private readonly Conv2d _output;

    public RetinaNetTower(string convKey, string outputKey, int valuesPerAnchor)
    {
        _convs = [.. Enumerable.Range(0, 4).Select(k => Child(convKey.Replace("{0}", $"{k}"), new Conv2d(Channels, Channels, kernel: 3, padding: 1)))];
        _output = Child(outputKey, new Conv2d(Channels, RetinaNet.AnchorsPerCell * valuesPerAnchor, kernel: 3, padding: 1));
    }

    public override Tensor Forward(Tensor x)
    {
        foreach (var conv in _convs) x = ConvNormAct.Apply(x, conv, null, Activation.Relu);
        return ConvNormAct.Apply(x, _output, null, Activation.None);
    }
}
