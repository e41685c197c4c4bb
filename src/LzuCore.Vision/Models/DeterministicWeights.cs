using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Vision.Models;

/// <summary>Weights that anyone can make again: each value depends on its parameter's key, a seed and its position only, and keeps activations in range.
/// Goldens and <c>random:SEED</c> models use them.</summary>
/// <remarks>Element i of parameter <c>name</c> is made from s = the i-th signed number of the stream <c>name#SEED</c>: weights of rank 2 and more <c>m·√(6/fan-in)·s</c>,
/// norm weights <c>g·(1 + s/10)</c>, biases <c>b + s/10</c>, running means <c>s/10</c>, running variances <c>1 + s/4</c>; computed in float64, rounded once.
/// The factors m, b and g are tabled for the layers whose outputs would otherwise leave their range.</remarks>
public static class DeterministicWeights
{
    private const int NumbersAChunk = 1 << 16;

    // Layer, factor of the weight, offset of the bias. The first that is part of the key counts.
    private static readonly (string Part, double Weight, double Bias)[] Overrides =
    [
        ("retina_cls", 0.5, -3), ("cls_logits", 0.5, -3), ("retina_reg", 0.1, 0), ("bbox_reg", 0.1, 0), ("conv_offset", 0.125, 0),
        ("lateral_convs", 0.25, 0), ("inner_blocks", 0.25, 0), ("conv_cls", 1, -3), ("conv_regs.0", 0.5, 0), ("conv_regs.1", 0.3, 2.5),
        ("conv_regs.2", 0.2, 0.5), ("conv_regs.3", 1, 0), ("conv_regs.4", 0.5, 0),
    ];

    /// <summary>Writes the weights of a seed into a model, which then lies on a device: the CPU unless said.</summary>
    public static void Fill(Module model, int seed, Device? device = null)
    {
        var weights = Make(model, seed);
        model.LoadStateDict(device is { } to && to != Device.Cpu ? new StateDict(weights.Select(w => KeyValuePair.Create(w.Key, w.Value.To(to)))) : weights);
    }

    /// <summary>The weights of a seed for a model.</summary>
    public static StateDict Make(Module model, int seed)
    {
        var weights = Make(model.Keys, seed);
        // Its input is not divided by a deviation: bytes up to 255 less their mean.
        if (model is Fcos3d) weights["backbone.conv1.weight"] *= 1.0 / 64;
        return weights;
    }

    /// <summary>The weights of a seed for some keys.</summary>
    public static StateDict Make(IEnumerable<(string Key, Shape Shape)> keys, int seed) =>
        new(keys.Select(k => KeyValuePair.Create(k.Key, Make(k.Key, k.Shape, seed))));

    /// <summary>One parameter's or buffer's value: made when it is read, and again if it was forgotten meanwhile (<see cref="Tensor.Computed"/>).</summary>
    /// <exception cref="ArgumentValueException">The key's last part is not one that networks here have.</exception>
    public static Tensor Make(string key, Shape shape, int seed)
    {
        var leaf = key[(key.LastIndexOf('.') + 1)..];
        if (leaf == "num_batches_tracked") return Tensor.Zeros(shape, DType.Int64);
        var (part, m, b) = Overrides.FirstOrDefault(o => $".{key}.".Contains($".{o.Part}.", StringComparison.Ordinal));
        if (part is null) (m, b) = (1, 0);
        var fanIn = 1L;
        for (var axis = 1; axis < shape.Rank; axis++) fanIn *= shape[axis];
        var norm = key.EndsWith("bn3.weight", StringComparison.Ordinal) ? 0.25 : 1;
        var (offset, scale) = leaf switch
        {
            "weight" when shape.Rank >= 2 => (0, m * Math.Sqrt(6.0 / fanIn)),
            "weight" => (norm, norm * 0.1),
            "bias" => (b, 0.1),
            "running_mean" => (0, 0.1),
            "running_var" => (1, 0.25),
            "scale" => (1, 0.1),
            _ => throw new ArgumentValueException($"deterministic weights: no rule for '{key}'; its last part must be weight, bias, running_mean, running_var, scale or num_batches_tracked."),
        };
        var stream = RandomSource.FromKey($"{key}#{seed}");
        return Tensor.Computed(shape, DType.Float32, view => Fill(view, stream, offset, scale));
    }

    // Straight into the channels-last order of rank 4, without a second pass: outputs, taps, then channels.
    private static unsafe void Fill(TensorView view, RandomSource stream, double offset, double scale)
    {
        var shape = view.Shape;
        var (rows, taps, channels) = shape.Rank == 4 ? (shape[0], shape[2] * shape[3], shape[1]) : (1, 1, (int)shape.Count);
        if (shape.Rank != 4 && channels > NumbersAChunk && shape.Rank > 1) (rows, channels) = (shape[0], channels / shape[0]);
        var address = (nint)view.Pointer<float>();
        ParallelRows.For(rows, Math.Max(1, NumbersAChunk / Math.Max(1, taps * channels)), (begin, end) =>
        {
            for (var row = begin; row < end; row++)
            {
                var to = (float*)address + (long)row * taps * channels;
                var first = (ulong)row * (ulong)taps * (ulong)channels;
                for (var tap = 0; tap < taps; tap++)
                    for (var c = 0; c < channels; c++)
                        *to++ = (float)(offset + scale * stream.Signed(first + (ulong)c * (ulong)taps + (ulong)tap));
            }
        });
    }
}
