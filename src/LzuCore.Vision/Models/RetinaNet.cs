using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Tensors;

namespace LzuCore.Vision.Models;

// Lin et al. 2017, "Focal loss for dense object detection": ResNet, FPN P3 to P7, and one head for all levels. Loads mmdetection 2.x and torchvision checkpoints;
// the two differ in keys, in what P6 is made from, in a ReLU before P7, in the head's norms (torchvision's second version), and in everything that happens after this file (anchors, decoding).

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

    /// <summary>Groups of a group norm after each convolution of the head's towers, which then have no bias: 32 in torchvision's second version; 0 for none.</summary>
    public int HeadNormGroups { get; init; }

    /// <summary>What training leaves as it is; the published detectors were trained with <see cref="ResNetFreeze.Mmdet"/> and <see cref="ResNetFreeze.AllNorms"/>.</summary>
    public ResNetFreeze Freeze { get; init; } = ResNetFreeze.None;
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
        Backbone = Child(torchvision ? "backbone.body" : "backbone", new ResNet(new ResNetOptions { Depth = options.Depth, Style = options.Style, NormEps = options.NormEps, Freeze = options.Freeze }));
        Neck = Child(torchvision ? "backbone.fpn" : "neck", new Fpn(Backbone.Channels, new FpnOptions
        {
            Extra = options.Extra ?? (torchvision ? ExtraLevels.OnOutput : ExtraLevels.OnInput),
            ReluBeforeExtra = torchvision,
            Layout = options.Layout,
        }));
        Features = new PyramidBackbone(Backbone, Neck);
        Head = Child(torchvision ? "head" : "bbox_head", new RetinaNetHead(options));
    }

    /// <summary>What was asked for.</summary>
    public RetinaNetOptions Options { get; }

    /// <summary>The residual network.</summary>
    public ResNet Backbone { get; }

    /// <summary>The pyramid.</summary>
    public Fpn Neck { get; }

    /// <summary>Both, from image to P3 … P7.</summary>
    public PyramidBackbone Features { get; }

    /// <summary>The head.</summary>
    public RetinaNetHead Head { get; }

    /// <summary>Zoomed pixels a cell, of P3 … P7.</summary>
    public static int[] Strides => [8, 16, 32, 64, 128];

    /// <summary>[N, 3, H, W] to the head's outputs.</summary>
    public override DetectorOutput Forward(Tensor image) => Head.Call(Features.Call(image));
}

/// <summary>The head, shared by all levels: two towers of four 3×3 convolutions, for classes and for boxes.</summary>
public sealed class RetinaNetHead : Module<Tensor[], DetectorOutput>
{
    private readonly RetinaNetTower _classes, _boxes;

    internal RetinaNetHead(RetinaNetOptions options)
    {
        var torchvision = options.Layout == CheckpointLayout.Torchvision;
        var (classes, boxes, classConvs, boxConvs, logits, deltas) = torchvision
            ? ("classification_head", "regression_head", "conv", "conv", "cls_logits", "bbox_reg")
            : ("", "", "cls_convs", "reg_convs", "retina_cls", "retina_reg");
        _classes = Child(classes, new RetinaNetTower(classConvs, logits, torchvision, options.Classes, options.HeadNormGroups, RareClass));
        _boxes = Child(boxes, new RetinaNetTower(boxConvs, deltas, torchvision, 4, options.HeadNormGroups, Init.Zeros));
    }

    /// <summary>First bias of class logits: every class has probability 0.01, so that the many negatives do not swamp the first steps.</summary>
    internal static Initializer RareClass => Init.Constant(-Math.Log((1 - 0.01) / 0.01));

    /// <summary>The pyramid to logits and deltas.</summary>
    public override DetectorOutput Forward(Tensor[] levels) =>
        new(_classes.Call(levels), _boxes.Call(levels));
}

/// <summary>Four convolutions with ReLU and one without, of all levels.</summary>
internal sealed class RetinaNetTower : Module<Tensor[], Tensor[]>
{
    private readonly ModuleList<RetinaNetTowerConv> _convs;
    private readonly Conv2d _output;

    public RetinaNetTower(string convsKey, string outputKey, bool numbered, int valuesPerAnchor, int normGroups, Initializer outputBias)
    {
        _convs = Child(convsKey, new ModuleList<RetinaNetTowerConv>(Enumerable.Range(0, 4).Select(_ => new RetinaNetTowerConv(numbered, normGroups))));
        _output = Child(outputKey, new Conv2d(RetinaNetTowerConv.Channels, RetinaNet.AnchorsPerCell * valuesPerAnchor, kernel: 3, padding: 1, weightInit: Init.Normal(0, 0.01), biasInit: outputBias));
    }

    public override Tensor[] Forward(Tensor[] levels)
    {
        var x = levels;
        foreach (var conv in _convs)
        {
            var before = x;
            x = conv.Call(before);
            if (before == levels) continue;
            foreach (var level in before) TensorScope.ReleaseEarly(level);
        }
        return ConvNormAct.Apply(x, _output, null, Activation.None);
    }
}

/// <summary>A 3×3 convolution, a group norm if asked for, and ReLU. torchvision numbers the parts, 0 and 1; mmdetection names them, <c>conv</c> and <c>gn</c>.</summary>
internal sealed class RetinaNetTowerConv : Module<Tensor[], Tensor[]>
{
    public const int Channels = 256;
    private readonly Conv2d _conv;
    private readonly GroupNorm? _norm;

    public RetinaNetTowerConv(bool numbered, int normGroups)
    {
        _conv = Child(numbered ? "0" : "conv", new Conv2d(Channels, Channels, kernel: 3, padding: 1, bias: normGroups == 0, weightInit: Init.Normal(0, 0.01), biasInit: Init.Zeros));
        if (normGroups > 0) _norm = Child(numbered ? "1" : "gn", new GroupNorm(normGroups, Channels));
    }

    public override Tensor[] Forward(Tensor[] levels) => ConvNormAct.Apply(levels, _conv, _norm, Activation.Relu);
}
