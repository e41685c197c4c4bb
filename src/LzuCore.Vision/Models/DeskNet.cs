using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Vision.Models;

// The networks of the comparisons that one desk can make: 0.6 million weights, trained in minutes on two cores. One trunk for the three tasks, as the paper's three networks share theirs:
// a residual network (He et al. 2016), a pyramid that begins at stride 2 (at 128x80 a cell of stride 4 is wider than a third of the objects), and dense heads after FCOS (Tian et al. 2019).

/// <summary>Residual network and feature pyramid at desk scale: an image to levels at strides 2, 4, 8 and 16.</summary>
public sealed class DeskTrunk : Module<Tensor, Tensor[]>
{
    /// <summary>Channels of every level.</summary>
    public const int Channels = 32;

    private static readonly int[] Stages = [24, 48, 64, 96];
    private readonly ConvBatchNormRelu _stem;
    private readonly Layer[] _stages;
    private readonly Conv2d[] _laterals;
    private readonly ConvBatchNormRelu[] _outputs;
    private readonly PyramidPooling? _pooling;

    /// <summary>Makes the trunk.</summary>
    /// <param name="levels">How many levels are given, finest first: 3 for detection, where the fourth feeds only those below it, or 4.</param>
    /// <param name="pooling">Whether averages over 1, 2² and 4² parts join the coarsest level, as segmentation wants.</param>
    /// <exception cref="ArgumentValueException">The levels are not 1 to 4.</exception>
    public DeskTrunk(int levels, bool pooling)
    {
        Check.That(levels is >= 1 and <= 4, $"desk trunk: levels must be 1 to 4, got {levels}.");
        _stem = Child("stem", new ConvBatchNormRelu(3, 16, kernel: 3));
        _stages = [.. Stages.Select((planes, i) => Child($"layer{i + 1}", Stage(i == 0 ? 16 : Stages[i - 1], planes, blocks: i == 0 ? 1 : 2)))];
        if (pooling) _pooling = Child("pooling", new PyramidPooling(Stages[^1]));
        _laterals = [.. Stages.Select((planes, i) => Child($"laterals.{i}", new Conv2d(planes + (i == 3 && pooling ? PyramidPooling.Added : 0), Channels, kernel: 1)))];
        _outputs = [.. Enumerable.Range(0, levels).Select(i => Child($"outputs.{i}", new ConvBatchNormRelu(Channels, Channels, kernel: 3)))];
    }

    /// <summary>Input pixels a cell of each level.</summary>
    public int[] Strides => [.. Enumerable.Range(1, _outputs.Length).Select(i => 1 << i)];

    /// <summary>[N, 3, H, W] to the levels, finest first.</summary>
    public override Tensor[] Forward(Tensor image)
    {
        var x = _stem.Call(image);
        var features = new Tensor[_stages.Length];
        for (var i = 0; i < features.Length; i++) features[i] = x = _stages[i].Call(x);
        if (_pooling is not null) features[^1] = _pooling.Call(features[^1]);
        var levels = new Tensor[_outputs.Length];
        Tensor? above = null;
        for (var i = features.Length - 1; i >= 0; i--)
        {
            if (above is not null) above = F.Interpolate(above, (features[i].Shape[2], features[i].Shape[3]), InterpolationMode.Nearest, alignCorners: false);
            above = ConvNormAct.Apply(features[i], _laterals[i], null, Activation.None, residual: above);
            if (i < levels.Length) levels[i] = _outputs[i].Call(above);
        }
        return levels;
    }

    private static Sequential Stage(int from, int planes, int blocks) =>
        new([.. Enumerable.Range(0, blocks).Select(i => new BasicBlock(i == 0 ? from : planes, planes, stride: i == 0 ? 2 : 1, eps: 1e-5))]);
}

/// <summary>Averages over 1, 2² and 4² parts of the image, each through a 1×1 convolution, beside the features themselves (Zhao et al. 2017).</summary>
internal sealed class PyramidPooling : Layer
{
    /// <summary>Channels that it adds.</summary>
    public const int Added = 48;

    private static readonly int[] Parts = [1, 2, 4];
    private readonly ConvBatchNormRelu[] _branches;

    public PyramidPooling(int channels) => _branches = [.. Parts.Select((_, i) => Child($"{i}", new ConvBatchNormRelu(channels, Added / Parts.Length, kernel: 1)))];

    public override Tensor Forward(Tensor x)
    {
        var size = new Size2(x.Shape[2], x.Shape[3]);
        return F.Concat([x, .. Parts.Select((parts, i) => F.Interpolate(_branches[i].Call(F.AdaptiveAvgPool2d(x, parts)), size, InterpolationMode.Bilinear, alignCorners: false))], 1);
    }
}

/// <summary>What a dense head gives: every cell's logits and numbers, one row a cell.</summary>
/// <param name="Rows">[N, cells, classes + values], level by level, row by row: class logits first.</param>
/// <param name="Sizes">Height and width of each level.</param>
public readonly record struct DenseOutput(Tensor Rows, IReadOnlyList<Size2> Sizes) : ITensorGroup
{
    /// <inheritdoc/>
    public IEnumerable<Tensor> Tensors => [Rows];
}

/// <summary>A head that all levels share: two 3×3 convolutions with group norm, and one for all of a cell's numbers.</summary>
/// <remarks>Group norm and not batch norm: the levels' statistics differ. One last convolution and not one a kind of number, which at so few channels would cost more than it computes.</remarks>
public sealed class DenseHead : Module<Tensor[], DenseOutput>
{
    // The first logits: a class has a chance of 0.018, so that the many cells without an object do not swamp the first steps.
    private const double RareClass = -4;

    private readonly Conv2d[] _convs;
    private readonly GroupNorm[] _norms;
    private readonly Conv2d _output;

    /// <summary>Makes the head.</summary>
    /// <param name="classes">Object classes.</param>
    /// <param name="values">Other numbers of a cell.</param>
    public DenseHead(int classes, int values)
    {
        Check.That(classes >= 1 && values >= 0, $"dense head: there must be a class, got {classes} classes and {values} values.");
        _convs = [.. Enumerable.Range(0, 2).Select(i => Child($"convs.{i}", new Conv2d(DeskTrunk.Channels, DeskTrunk.Channels, kernel: 3, padding: 1, bias: false)))];
        _norms = [.. Enumerable.Range(0, 2).Select(i => Child($"norms.{i}", new GroupNorm(8, DeskTrunk.Channels)))];
        _output = Child("output", new Conv2d(DeskTrunk.Channels, classes + values, kernel: 3, padding: 1, weightInit: Init.Normal(0, 0.01),
            biasInit: (shape, _) => Tensor.Generate(shape, i => i < classes ? RareClass : 0)));
        (Classes, Values) = (classes, values);
    }

    /// <summary>Object classes.</summary>
    public int Classes { get; }

    /// <summary>Other numbers of a cell.</summary>
    public int Values { get; }

    /// <summary>The levels to rows.</summary>
    public override DenseOutput Forward(Tensor[] levels) =>
        new(Pyramid.Rows([.. levels.Select(One)], Classes + Values), [.. levels.Select(l => new Size2(l.Shape[2], l.Shape[3]))]);

    private Tensor One(Tensor x)
    {
        for (var i = 0; i < _convs.Length; i++) x = ConvNormAct.Apply(x, _convs[i], _norms[i], Activation.Relu);
        return ConvNormAct.Apply(x, _output, null, Activation.None);
    }
}

/// <summary>Trunk and dense head: 2-D detection with 4 numbers a cell (offset and logarithm of the size), monocular 3-D detection with 13.</summary>
public sealed class DeskDetector : Module<Tensor, DenseOutput>
{
    /// <summary>Numbers of a box: dx, dy, log w, log h.</summary>
    public const int BoxValues = 4;

    /// <summary>Numbers of a box in space, after those of the box: offset of the centre (2), log depth, log dimensions (3), sine and cosine of twice the observation angle, logit of its half turn.</summary>
    public const int SpaceValues = 9;

    /// <summary>Makes the network.</summary>
    /// <param name="classes">Object classes.</param>
    /// <param name="inSpace">Whether boxes in space are predicted too.</param>
    public DeskDetector(int classes, bool inSpace = false)
    {
        Trunk = Child("trunk", new DeskTrunk(levels: 3, pooling: false));
        Head = Child("head", new DenseHead(classes, BoxValues + (inSpace ? SpaceValues : 0)));
    }

    /// <summary>Residual network and pyramid.</summary>
    public DeskTrunk Trunk { get; }

    /// <summary>The head.</summary>
    public DenseHead Head { get; }

    /// <summary>[N, 3, H, W] to a row of numbers for every cell.</summary>
    public override DenseOutput Forward(Tensor image) => Head.Call(Trunk.Call(image));
}

/// <summary>Trunk and a head over all levels: semantic segmentation.</summary>
public sealed class DeskSegmenter : Module<Tensor, Tensor>
{
    /// <summary>Makes the network.</summary>
    /// <param name="classes">Classes of pixels.</param>
    public DeskSegmenter(int classes)
    {
        Trunk = Child("trunk", new DeskTrunk(levels: 4, pooling: true));
        Head = Child("head", new DeskSegmentationHead(classes));
    }

    /// <summary>Residual network and pyramid.</summary>
    public DeskTrunk Trunk { get; }

    /// <summary>The head.</summary>
    public DeskSegmentationHead Head { get; }

    /// <summary>[N, 3, H, W] to logits [N, classes, H/2, W/2].</summary>
    public override Tensor Forward(Tensor image) => Head.Call(Trunk.Call(image));
}

/// <summary>All levels at the finest one's size, side by side, a 3×3 convolution and a 1×1 one.</summary>
public sealed class DeskSegmentationHead : Module<Tensor[], Tensor>
{
    private readonly ConvBatchNormRelu _conv;
    private readonly Conv2d _logits;

    internal DeskSegmentationHead(int classes)
    {
        _conv = Child("conv", new ConvBatchNormRelu(4 * DeskTrunk.Channels, DeskTrunk.Channels, kernel: 3));
        _logits = Child("logits", new Conv2d(DeskTrunk.Channels, classes, kernel: 1));
    }

    /// <summary>The levels, which may be larger than the trunk's (unzoomed to more cells), to logits at the first one's size.</summary>
    public override Tensor Forward(Tensor[] levels)
    {
        var size = new Size2(levels[0].Shape[2], levels[0].Shape[3]);
        var all = F.Concat([.. levels.Select(l => (l.Shape[2], l.Shape[3]) == (size.Height, size.Width) ? l : F.Interpolate(l, size, InterpolationMode.Bilinear, alignCorners: false))], 1);
        return ConvNormAct.Apply(_conv.Call(all), _logits, null, Activation.None);
    }
}
