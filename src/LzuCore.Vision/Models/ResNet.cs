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
    private readonly Conv2d _conv1;
    private readonly BatchNorm2d _bn1;
    private readonly ResNetStage[] _stages;
    private readonly Linear? _fc;

    /// <summary>Makes the network.</summary>
    /// <param name="depth">18, 34, 50, 101 or 152.</param>
    /// <param name="style">Where the stride of a bottleneck is.</param>
    /// <param name="classes">Outputs of the classifier; 0 for none.</param>
    /// <param name="normEps">The batch norms' eps; torchvision's published RetinaNet weights want 0.</param>
    /// <exception cref="ArgumentValueException">There is no such depth.</exception>
    public ResNet(int depth = 50, ResNetStyle style = ResNetStyle.Pytorch, int classes = 0, double normEps = 1e-5)
    {
        int[] blocks = depth switch
        {
            18 => [2, 2, 2, 2],
            34 or 50 => [3, 4, 6, 3],
            101 => [3, 4, 23, 3],
            152 => [3, 8, 36, 3],
            _ => throw new ArgumentValueException($"resnet: depth must be 18, 34, 50, 101 or 152, got {depth}."),
        };
        var expansion = depth < 50 ? 1 : 4;
        _conv1 = Child("conv1", new Conv2d(3, 64, kernel: 7, stride: 2, padding: 3, bias: false));
        _bn1 = Child("bn1", new BatchNorm2d(64, normEps));
        _stages = new ResNetStage[4];
        Channels = new int[4];
        for (int i = 0, channels = 64; i < 4; i++, channels = Channels[i - 1])
        {
            Channels[i] = (64 << i) * expansion;
            _stages[i] = Child($"layer{i + 1}", new ResNetStage(blocks[i], channels, 64 << i, stride: i == 0 ? 1 : 2, expansion, style, normEps));
        }
        if (classes > 0) _fc = Child("fc", new Linear(Channels[3], classes));
    }

    /// <summary>Channels of C2 … C5.</summary>
    public int[] Channels { get; }

    /// <summary>[N, 3, H, W] to its features.</summary>
    public override ResNetOutput Forward(Tensor image)
    {
        var x = ConvNormAct.Apply(image, _conv1, _bn1, Activation.Relu);                // [N, 64, H/2, W/2]
        var stem = x = F.MaxPool2d(x, kernel: 3, stride: 2, padding: 1);                // [N, 64, H/4, W/4]
        var levels = new Tensor[4];
        for (var i = 0; i < 4; i++) levels[i] = x = _stages[i].Call(x);
        return new ResNetOutput(stem, levels, _fc?.Call(F.AdaptiveAvgPool2d(x, 1).Flatten(1)));
    }
}

/// <summary>Blocks of one resolution; the first one shrinks.</summary>
internal sealed class ResNetStage : Layer
{
    private readonly Layer[] _blocks;

    public ResNetStage(int blocks, int channels, int planes, int stride, int expansion, ResNetStyle style, double eps)
    {
        _blocks = new Layer[blocks];
        for (var i = 0; i < blocks; i++)
        {
            var (from, step) = i == 0 ? (channels, stride) : (planes * expansion, 1);
            _blocks[i] = Child($"{i}", expansion == 1 ? (Layer)new BasicBlock(from, planes, step, eps) : new Bottleneck(from, planes, step, style, eps));
        }
    }

    public override Tensor Forward(Tensor x)
    {
        foreach (var block in _blocks) x = block.Call(x);
        return x;
    }
}

/// <summary>1×1, 3×3, 1×1, plus the input.</summary>
internal sealed class Bottleneck : Layer
{
    private const int Expansion = 4;
    private readonly Conv2d _conv1, _conv2, _conv3;
    private readonly BatchNorm2d _bn1, _bn2, _bn3;
    private readonly Shortcut? _downsample;

    public Bottleneck(int channels, int planes, int stride, ResNetStyle style, double eps)
    {
        var (first, second) = style == ResNetStyle.Caffe ? (stride, 1) : (1, stride);
        _conv1 = Child("conv1", new Conv2d(channels, planes, kernel: 1, stride: first, bias: false));
        _bn1 = Child("bn1", new BatchNorm2d(planes, eps));
        _conv2 = Child("conv2", new Conv2d(planes, planes, kernel: 3, stride: second, padding: 1, bias: false));
        _bn2 = Child("bn2", new BatchNorm2d(planes, eps));
        _conv3 = Child("conv3", new Conv2d(planes, planes * Expansion, kernel: 1, bias: false));
        _bn3 = Child("bn3", new BatchNorm2d(planes * Expansion, eps));
        if (stride != 1 || channels != planes * Expansion) _downsample = Child("downsample", new Shortcut(channels, planes * Expansion, stride, eps));
    }

    public override Tensor Forward(Tensor x)
    {
        var y = ConvNormAct.Apply(x, _conv1, _bn1, Activation.Relu);
        y = ConvNormAct.Apply(y, _conv2, _bn2, Activation.Relu);
        return ConvNormAct.Apply(y, _conv3, _bn3, Activation.Relu, residual: _downsample?.Call(x) ?? x);
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
        _conv1 = Child("conv1", new Conv2d(channels, planes, kernel: 3, stride: stride, padding: 1, bias: false));
        _bn1 = Child("bn1", new BatchNorm2d(planes, eps));
        _conv2 = Child("conv2", new Conv2d(planes, planes, kernel: 3, padding: 1, bias: false));
        _bn2 = Child("bn2", new BatchNorm2d(planes, eps));
        if (stride != 1 || channels != planes) _downsample = Child("downsample", new Shortcut(channels, planes, stride, eps));
    }

    public override Tensor Forward(Tensor x)
    {
        var y = ConvNormAct.Apply(x, _conv1, _bn1, Activation.Relu);
        return ConvNormAct.Apply(y, _conv2, _bn2, Activation.Relu, residual: _downsample?.Call(x) ?? x);
    }
}

/// <summary>The input brought to a block's output shape.</summary>
internal sealed class Shortcut : Layer
{
    private readonly Conv2d _conv;
    private readonly BatchNorm2d _norm;

    public Shortcut(int from, int to, int stride, double eps)
    {
        _conv = Child("0", new Conv2d(from, to, kernel: 1, stride: stride, bias: false));
        _norm = Child("1", new BatchNorm2d(to, eps));
    }

    public override Tensor Forward(Tensor x) => ConvNormAct.Apply(x, _conv, _norm, Activation.None);
}
