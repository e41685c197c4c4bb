using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Vision.Models;

// He et al. 2016, "Deep residual learning for image recognition". Keys are torchvision's (layer1.0.conv1.weight); mmdetection's are the same behind "backbone.".
// Nothing in a checkpoint tells the two styles apart: they have the same shapes.

/// <summary>Where a bottleneck that shrinks the image has its stride.</summary>
public enum ResNetStyle
{
    /// <summary>On the 3×3 convolution: torchvision, and mmdetection's <c>style='pytorch'</c>.</summary>
    Pytorch,
    /// <summary>On the first 1×1 convolution: the paper, and mmdetection's <c>style='caffe'</c>.</summary>
    Caffe,
}

/// <summary>What training leaves as it is. Published detectors start from a classifier's weights and keep its lowest layers and all of its batch statistics.</summary>
/// <param name="Stages">Stages whose weights stay: 0 the stem alone, 1 the stem and layer1, and so on; -1 for none.</param>
/// <param name="NormStatistics">Whether every batch norm keeps its running statistics and normalises by them in training too.</param>
/// <param name="NormWeights">Whether every batch norm keeps scale and shift.</param>
public sealed record ResNetFreeze(int Stages, bool NormStatistics, bool NormWeights)
{
    /// <summary>Everything is trained.</summary>
    public static ResNetFreeze None { get; } = new(-1, false, false);

    /// <summary>mmdetection's RetinaNet: <c>frozen_stages=1</c>, <c>norm_eval=True</c>.</summary>
    public static ResNetFreeze Mmdet { get; } = new(1, true, false);

    /// <summary>FCOS3D, whose batch norms have <c>requires_grad=False</c> as well; and torchvision's detectors, whose norms are frozen.</summary>
    public static ResNetFreeze AllNorms { get; } = new(1, true, true);
}

/// <summary>Which residual network.</summary>
public sealed record ResNetOptions
{
    /// <summary>18, 34, 50, 101 or 152.</summary>
    public int Depth { get; init; } = 50;

    /// <summary>Where the stride of a bottleneck is.</summary>
    public ResNetStyle Style { get; init; } = ResNetStyle.Pytorch;

    /// <summary>Outputs of the classifier; 0 for none.</summary>
    public int Classes { get; init; }

    /// <summary>The batch norms' eps; torchvision's published RetinaNet weights want 0.</summary>
    public double NormEps { get; init; } = 1e-5;

    /// <summary>Whether three 3×3 convolutions stand for the 7×7 one (ResNet-C of Bag of Tricks; mmsegmentation's V1c). Keys are then <c>stem.0</c> … for <c>conv1</c>, <c>bn1</c>.</summary>
    public bool DeepStem { get; init; }

    /// <summary>Input pixels a cell of C5: 32, 16 or 8. Below 32 the last stages keep their input's size and spread their taps instead; the first block of such a
    /// stage spreads them half as far (mmsegmentation's <c>contract_dilation</c>, torchvision's <c>replace_stride_with_dilation</c>).</summary>
    public int OutputStride { get; init; } = 32;

    /// <summary>The first stage, 1 to 4, whose 3×3 convolutions are deformable (DCNv2); 0 for none.</summary>
    public int DeformableFrom { get; init; }

    /// <summary>What training leaves as it is.</summary>
    public ResNetFreeze Freeze { get; init; } = ResNetFreeze.None;
}

/// <summary>What a residual network gives.</summary>
/// <param name="Stem">After the max-pool: [N, 64, H/4, W/4].</param>
/// <param name="Levels">C2 … C5, at strides 4, 8, 16, 32.</param>
/// <param name="Logits">[N, classes], or null without a classifier.</param>
public readonly record struct ResNetOutput(Tensor Stem, Tensor[] Levels, Tensor? Logits) : ITensorGroup
{
    /// <inheritdoc/>
    public IEnumerable<Tensor> Tensors => Logits is null ? [Stem, .. Levels] : [Stem, .. Levels, Logits];
}

/// <summary>A residual network: stem, four stages, and a classifier if classes are asked for.</summary>
public sealed class ResNet : Module<Tensor, ResNetOutput>
{
    private readonly ResNetFreeze _freeze;
    private readonly ResNetStem _stem;
    private readonly ResNetStage[] _stages = new ResNetStage[4];
    private readonly Linear? _fc;

    /// <summary>Makes the network.</summary>
    /// <exception cref="ArgumentValueException">An option is not one of those named.</exception>
    public ResNet(ResNetOptions options)
    {
        int[] blocks = options.Depth switch
        {
            18 => [2, 2, 2, 2],
            34 or 50 => [3, 4, 6, 3],
            101 => [3, 4, 23, 3],
            152 => [3, 8, 36, 3],
            _ => throw new ArgumentValueException($"resnet: depth must be 18, 34, 50, 101 or 152, got {options.Depth}."),
        };
        Check.That(options.OutputStride is 8 or 16 or 32, $"resnet: output stride must be 8, 16 or 32, got {options.OutputStride}.");
        Check.That(options.DeformableFrom is >= 0 and <= 4, $"resnet: deformable convolutions must begin at stage 1 to 4, or 0 for none, got {options.DeformableFrom}.");
        Check.That(options.Depth >= 50 || (options.DeformableFrom == 0 && options.OutputStride == 32), $"resnet: depth {options.Depth} has no deformable or dilated form; take 50 or more.");
        var expansion = options.Depth < 50 ? 1 : 4;
        _freeze = options.Freeze;
        _stem = Child("", new ResNetStem(options.DeepStem, options.NormEps));
        Channels = new int[4];
        for (int i = 0, channels = 64, stride = 4, dilation = 1; i < 4; i++, channels = Channels[i - 1])
        {
            var step = i > 0 && stride < options.OutputStride ? 2 : 1;
            stride *= step;
            var first = dilation;
            if (i > 0 && step == 1) dilation *= 2;
            Channels[i] = (64 << i) * expansion;
            _stages[i] = Child($"layer{i + 1}", new ResNetStage(options, blocks[i], channels, 64 << i, expansion, new(step, first), new(1, dilation), options.DeformableFrom is > 0 and var from && i + 1 >= from));
        }
        if (options.Classes > 0) _fc = Child("fc", new Linear(Channels[3], options.Classes));
        foreach (var norm in Norms)
            if (_freeze.NormWeights) norm.RequireGrad(false);
        for (var i = 0; i <= _freeze.Stages; i++) FrozenPart(i).RequireGrad(false);
        Train();
    }

    /// <summary>Channels of C2 … C5.</summary>
    public int[] Channels { get; }

    /// <summary>What torchvision and mmdetection start convolutions from: He's normal rule over the outputs.</summary>
    internal static Initializer Kaiming => Init.KaimingNormal(fanOut: true);

    private IEnumerable<BatchNorm2d> Norms => Modules.OfType<BatchNorm2d>();

    /// <summary>[N, 3, H, W] to its features.</summary>
    public override ResNetOutput Forward(Tensor image) => Forward(image, firstRead: 0);

    /// <summary>The same for a caller that reads neither the stem nor levels before one: under <see cref="Tensors.Autograd.Grad.Off"/> they go back to the pool as soon as the next level is there.</summary>
    internal ResNetOutput Forward(Tensor image, int firstRead)
    {
        var stem = _stem.Call(image);                                                   // [N, 64, H/4, W/4]
        var levels = new Tensor[4];
        var x = stem;
        for (var i = 0; i < 4; i++)
        {
            var before = x;
            levels[i] = x = _stages[i].Call(before);
            if (firstRead > 0 && i <= firstRead) TensorScope.ReleaseEarly(before);
        }
        return new ResNetOutput(stem, levels, _fc?.Call(F.AdaptiveAvgPool2d(x, 1).Flatten(1)));
    }

    /// <summary>Sets training or evaluation behaviour; what is frozen stays in evaluation.</summary>
    public override void Train(bool training = true)
    {
        base.Train(training);
        if (_freeze.NormStatistics)
            foreach (var norm in Norms) norm.Eval();
        for (var i = 0; i <= _freeze.Stages; i++) FrozenPart(i).Eval();
    }

    private Layer FrozenPart(int stage) => stage == 0 ? _stem : _stages[stage - 1];
}

/// <summary>Image to a quarter of its size: one 7×7 convolution, or three 3×3 ones, and a max-pool.</summary>
internal sealed class ResNetStem : Layer
{
    private readonly (Conv2d Conv, BatchNorm2d Norm)[] _convs;

    public ResNetStem(bool deep, double eps)
    {
        if (!deep)
        {
            _convs = [(Child("conv1", new Conv2d(3, 64, kernel: 7, stride: 2, padding: 3, bias: false, weightInit: ResNet.Kaiming)), Child("bn1", new BatchNorm2d(64, eps)))];
            return;
        }
        // Numbers 2, 5 and 8 are the activations.
        _convs = [.. new[] { (3, 32, 2), (32, 32, 1), (32, 64, 1) }.Select(((int From, int To, int Stride) c, int i) =>
            (Child($"stem.{3 * i}", new Conv2d(c.From, c.To, kernel: 3, stride: c.Stride, padding: 1, bias: false, weightInit: ResNet.Kaiming)), Child($"stem.{3 * i + 1}", new BatchNorm2d(c.To, eps))))];
    }

    public override Tensor Forward(Tensor x)
    {
        foreach (var (conv, norm) in _convs) x = ConvNormAct.Apply(x, conv, norm, Activation.Relu);
        return F.MaxPool2d(x, kernel: 3, stride: 2, padding: 1);
    }
}

/// <summary>How far a block's 3×3 taps step and spread.</summary>
internal readonly record struct BlockGeometry(int Stride, int Dilation);

/// <summary>Blocks of one resolution; the first one may shrink.</summary>
internal sealed class ResNetStage : Layer
{
    private readonly Sequential _blocks;

    public ResNetStage(ResNetOptions options, int blocks, int channels, int planes, int expansion, BlockGeometry first, BlockGeometry others, bool deformable)
    {
        _blocks = Child("", new Sequential([.. Enumerable.Range(0, blocks).Select(i =>
        {
            var (from, geometry) = i == 0 ? (channels, first) : (planes * expansion, others);
            return expansion == 1 ? (Layer)new BasicBlock(from, planes, geometry.Stride, options.NormEps) : new Bottleneck(from, planes, geometry, options, deformable);
        })]));
    }

    public override Tensor Forward(Tensor x) => _blocks.Call(x);
}

/// <summary>1×1, 3×3, 1×1, plus the input.</summary>
internal sealed class Bottleneck : Layer
{
    private const int Expansion = 4;
    private readonly Conv2d _conv1, _conv3;
    private readonly ConvLayer _conv2;
    private readonly BatchNorm2d _bn1, _bn2, _bn3;
    private readonly Shortcut? _downsample;
    private readonly bool _widens;

    public Bottleneck(int channels, int planes, BlockGeometry geometry, ResNetOptions options, bool deformable)
    {
        var (stride, dilation) = geometry;
        var eps = options.NormEps;
        var (first, second) = options.Style == ResNetStyle.Caffe ? (stride, 1) : (1, stride);
        _conv1 = Child("conv1", new Conv2d(channels, planes, kernel: 1, stride: first, bias: false, weightInit: ResNet.Kaiming));
        _bn1 = Child("bn1", new BatchNorm2d(planes, eps));
        _conv2 = Child("conv2", deformable
            ? (ConvLayer)new DeformConv2d(planes, planes, kernel: 3, stride: second, padding: dilation, dilation: dilation, bias: false)
            : new Conv2d(planes, planes, kernel: 3, stride: second, padding: dilation, dilation: dilation, bias: false, weightInit: ResNet.Kaiming));
        _bn2 = Child("bn2", new BatchNorm2d(planes, eps));
        _conv3 = Child("conv3", new Conv2d(planes, planes * Expansion, kernel: 1, bias: false, weightInit: ResNet.Kaiming));
        _bn3 = Child("bn3", new BatchNorm2d(planes * Expansion, eps));
        if (stride != 1 || channels != planes * Expansion) _downsample = Child("downsample", new Shortcut(channels, planes * Expansion, stride, eps));
        _widens = _downsample is not null && stride == 1;
    }

    public override Tensor Forward(Tensor x)
    {
        // The widest buffer first, while the pool has the bytes of the one before it in one piece.
        var shortcut = _widens ? _downsample!.Call(x) : null;
        var narrow = ConvNormAct.Apply(x, _conv1, _bn1, Activation.Relu);
        var y = ConvNormAct.Apply(narrow, _conv2, _bn2, Activation.Relu);
        TensorScope.ReleaseEarly(narrow);
        return ConvNormAct.Apply(y, _conv3, _bn3, Activation.Relu, residual: shortcut ?? _downsample?.Call(x) ?? x, residualEnds: true);
    }
}

/// <summary>3×3, 3×3, plus the input: the block of depths 18 and 34.</summary>
internal sealed class BasicBlock : Layer
{
    private readonly Conv2d _conv1, _conv2;
    private readonly BatchNorm2d _bn1, _bn2;
    private readonly Shortcut? _downsample;

    public BasicBlock(int channels, int planes, int stride, double eps)
    {
        _conv1 = Child("conv1", new Conv2d(channels, planes, kernel: 3, stride: stride, padding: 1, bias: false, weightInit: ResNet.Kaiming));
        _bn1 = Child("bn1", new BatchNorm2d(planes, eps));
        _conv2 = Child("conv2", new Conv2d(planes, planes, kernel: 3, padding: 1, bias: false, weightInit: ResNet.Kaiming));
        _bn2 = Child("bn2", new BatchNorm2d(planes, eps));
        if (stride != 1 || channels != planes) _downsample = Child("downsample", new Shortcut(channels, planes, stride, eps));
    }

    public override Tensor Forward(Tensor x)
    {
        var y = ConvNormAct.Apply(x, _conv1, _bn1, Activation.Relu);
        return ConvNormAct.Apply(y, _conv2, _bn2, Activation.Relu, residual: _downsample?.Call(x) ?? x, residualEnds: true);
    }
}

/// <summary>The input brought to a block's output shape.</summary>
internal sealed class Shortcut : Layer
{
    private readonly Conv2d _conv;
    private readonly BatchNorm2d _norm;

    public Shortcut(int from, int to, int stride, double eps)
    {
        _conv = Child("0", new Conv2d(from, to, kernel: 1, stride: stride, bias: false, weightInit: ResNet.Kaiming));
        _norm = Child("1", new BatchNorm2d(to, eps));
    }

    public override Tensor Forward(Tensor x) => ConvNormAct.Apply(x, _conv, _norm, Activation.None);
}
