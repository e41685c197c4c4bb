using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Vision.Models;

// Lin et al. 2017, "Feature pyramid networks for object detection". Keys of mmdetection's neck and of torchvision's backbone.fpn.

/// <summary>Whose checkpoints a model loads: the names of its keys, and the details in which the libraries differ.</summary>
public enum CheckpointLayout
{
    /// <summary>mmdetection 2.x: <c>backbone.</c>, <c>neck.</c>, <c>bbox_head.</c></summary>
    Mmdet,
    /// <summary>torchvision: <c>backbone.body.</c>, <c>backbone.fpn.</c>, <c>head.</c></summary>
    Torchvision,
}

/// <summary>What the levels above the top lateral are made from.</summary>
public enum ExtraLevels
{
    /// <summary>Every second cell of the level below (a 1×1 max-pool of stride 2).</summary>
    MaxPool,
    /// <summary>A 3×3 convolution of stride 2 on C5.</summary>
    OnInput,
    /// <summary>… on the top lateral.</summary>
    OnLateral,
    /// <summary>… on the top output.</summary>
    OnOutput,
}

/// <summary>How a pyramid is built.</summary>
public sealed record FpnOptions
{
    /// <summary>Channels of every output.</summary>
    public int Channels { get; init; } = 256;

    /// <summary>The first input used: 1 for C3.</summary>
    public int StartLevel { get; init; } = 1;

    /// <summary>Number of outputs.</summary>
    public int Outputs { get; init; } = 5;

    /// <summary>What the first extra level is made from; later ones follow from the one below.</summary>
    public ExtraLevels Extra { get; init; } = ExtraLevels.OnInput;

    /// <summary>Whether a ReLU stands before the second and later extra levels (never before the first).</summary>
    public bool ReluBeforeExtra { get; init; }

    /// <summary>Names of the keys.</summary>
    public CheckpointLayout Layout { get; init; } = CheckpointLayout.Mmdet;
}

/// <summary>A feature pyramid: laterals, added from the top down, smoothed, and extra levels above.</summary>
public sealed class Fpn : Module<Tensor[], Tensor[]>
{
    private readonly FpnOptions _options;
    private readonly Conv2d[] _laterals, _outputs, _extras;

    /// <summary>Makes the pyramid.</summary>
    /// <param name="inChannels">Channels of all backbone levels, C2 first.</param>
    /// <param name="options">How it is built.</param>
    /// <exception cref="ArgumentValueException">The start level leaves no level, or there are fewer outputs than laterals.</exception>
    public Fpn(IReadOnlyList<int> inChannels, FpnOptions options)
    {
        _options = options;
        var used = inChannels.Count - options.StartLevel;
        Check.That(options.StartLevel >= 0 && used >= 1, $"fpn: the start level must be 0 to {inChannels.Count - 1}, got {options.StartLevel}.");
        Check.That(options.Outputs >= used, $"fpn: {used} laterals need at least as many outputs, got {options.Outputs}.");
        var torchvision = options.Layout == CheckpointLayout.Torchvision;
        var init = torchvision ? Init.KaimingUniform(gain: 1) : Init.XavierUniform();
        _laterals = [.. Enumerable.Range(0, used).Select(i =>
            Child(torchvision ? $"inner_blocks.{i}.0" : $"lateral_convs.{i}.conv", new Conv2d(inChannels[i + options.StartLevel], options.Channels, kernel: 1, weightInit: init, biasInit: Init.Zeros)))];
        _outputs = [.. Enumerable.Range(0, used).Select(i =>
            Child(torchvision ? $"layer_blocks.{i}.0" : $"fpn_convs.{i}.conv", new Conv2d(options.Channels, options.Channels, kernel: 3, padding: 1, weightInit: init, biasInit: Init.Zeros)))];
        var extras = options.Extra == ExtraLevels.MaxPool ? 0 : options.Outputs - used;
        _extras = [.. Enumerable.Range(0, extras).Select(i =>
            Child(torchvision ? $"extra_blocks.p{6 + i}" : $"fpn_convs.{used + i}.conv",
                new Conv2d(i == 0 && options.Extra == ExtraLevels.OnInput ? inChannels[^1] : options.Channels, options.Channels, kernel: 3, stride: 2, padding: 1, weightInit: init, biasInit: Init.Zeros)))];
    }

    /// <summary>The first level that is read: 0 is C2.</summary>
    internal int StartLevel => _options.StartLevel;

    /// <summary>C2 … C5 to P(start) and up, finest first.</summary>
    public override Tensor[] Forward(Tensor[] levels)
    {
        var used = levels[_options.StartLevel..];
        if (used.Length != _laterals.Length) throw new ShapeException("fpn", $"there must be {_laterals.Length + _options.StartLevel} levels", $"{levels.Length}");
        var laterals = new Tensor[used.Length];
        for (var i = used.Length - 1; i >= 0; i--)
        {
            // To the exact size of the finer level, which an odd size makes other than twice; the sum is the lateral convolution's own epilogue.
            var above = i == used.Length - 1 ? null : F.Interpolate(laterals[i + 1], SizeOf(used[i]), InterpolationMode.Nearest, alignCorners: false);
            laterals[i] = ConvNormAct.Apply(used[i], _laterals[i], null, Activation.None, residual: above, residualEnds: true);
            if (i < used.Length - 1) TensorScope.ReleaseEarly(used[i]);
        }
        var outputs = new List<Tensor>();
        for (var i = 0; i < used.Length; i++)
        {
            outputs.Add(ConvNormAct.Apply(laterals[i], _outputs[i], null, Activation.None));
            if (i < used.Length - 1) TensorScope.ReleaseEarly(laterals[i]);
        }
        while (outputs.Count < _options.Outputs)
        {
            var extra = outputs.Count - used.Length;
            outputs.Add(_extras.Length == 0 ? F.MaxPool2d(outputs[^1], kernel: 1, stride: 2, padding: 0) : ConvNormAct.Apply(ExtraInput(extra), _extras[extra], null, Activation.None));
        }
        return [.. outputs];

        Tensor ExtraInput(int extra) => (extra, _options.Extra) switch
        {
            (0, ExtraLevels.OnInput) => levels[^1],
            (0, ExtraLevels.OnLateral) => laterals[^1],
            (0, _) => outputs[^1],
            _ => _options.ReluBeforeExtra ? outputs[^1].Relu() : outputs[^1],
        };
    }

    private static Size2 SizeOf(Tensor level) => new(level.Shape[2], level.Shape[3]);
}
