using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Ops;

public static partial class F
{
    /// <summary>Group norm: output = (x - mean) / √(variance + eps) · weight + bias, with mean and biased variance of each image over each run of C/groups channels
    /// and all pixels.</summary>
    /// <param name="x">[N, C] or [N, C, H, W].</param>
    /// <param name="groups">Runs of channels; 1 normalises whole images, C each channel by itself (instance norm).</param>
    /// <param name="weight">[C], or null for 1.</param>
    /// <param name="bias">[C], or null for 0.</param>
    /// <param name="eps">Added to the variance.</param>
    /// <returns>The shape of <paramref name="x"/>.</returns>
    /// <remarks>Gradients: to x, through the statistics, to weight and bias. Sums are float64. Source: Wu, He 2018.</remarks>
    /// <exception cref="ShapeException">A shape does not fit.</exception>
    /// <exception cref="ArgumentValueException">The groups do not divide the channels.</exception>
    public static Tensor GroupNorm(Tensor x, int groups, Tensor? weight, Tensor? bias, double eps = 1e-5) => GroupNormThen(Activation.None, x, groups, weight, bias, eps);

    // The fused door of ConvNormAct: with an activation it records nothing, so it is for Grad.Off() only.
    internal static Tensor GroupNormThen(Activation activation, Tensor x, int groups, Tensor? weight, Tensor? bias, double eps)
    {
        if (activation != Activation.None && Grad.IsOn) throw new ArgumentValueException("group_norm: the fused form has no gradient; use it under Grad.Off().");
        const string op = "group_norm";
        Check.Floating($"{op}: input", x.DType);
        if (x.Rank is not (2 or 4)) throw new ShapeException($"{op}: input", "must have 2 or 4 axes", x.Shape.ToString());
        var channels = x.Shape[1];
        Check.That(groups >= 1 && channels % groups == 0, $"{op}: groups must divide {channels} channels, got {groups}.");
        CheckVectors(op, x, channels, ("weight", weight), ("bias", bias));
        return Op.Apply(new NormOp(op, new NormArgs(groups, PerImage: true, eps), weight is not null, bias is not null, fixedStatistics: false) { Activation = activation }, [x, .. new[] { weight, bias }.OfType<Tensor>()]);
    }

    /// <summary>Layer norm over the last axis: output = (x - mean) / √(variance + eps) · weight + bias, with mean and biased variance of each row.</summary>
    /// <param name="x">[…, D].</param>
    /// <param name="weight">[D], or null for 1.</param>
    /// <param name="bias">[D], or null for 0.</param>
    /// <param name="eps">Added to the variance.</param>
    /// <returns>The shape of <paramref name="x"/>.</returns>
    /// <remarks>Gradients: to x, through the statistics, to weight and bias. Source: Ba, Kiros, Hinton 2016.</remarks>
    /// <exception cref="ShapeException">A shape does not fit, or there is no last axis.</exception>
    public static Tensor LayerNorm(Tensor x, Tensor? weight, Tensor? bias, double eps = 1e-5)
    {
        const string op = "layer_norm";
        Check.Floating($"{op}: input", x.DType);
        if (x.Rank == 0) throw new ShapeException($"{op}: input", "must have at least one axis", x.Shape.ToString());
        var width = x.Shape[x.Rank - 1];
        CheckVectors(op, x, width, ("weight", weight), ("bias", bias));
        if (x.Shape.Count == 0) return x;
        var rows = x.Reshape((int)(x.Shape.Count / width), width);
        var norm = new NormOp(op, new NormArgs(1, PerImage: true, eps), weight is not null, bias is not null, fixedStatistics: false);
        return Op.Apply(norm, [rows, .. new[] { weight, bias }.OfType<Tensor>()]).Reshape(x.Shape.Dims);
    }

    private static void CheckVectors(string op, Tensor x, int size, params ReadOnlySpan<(string Name, Tensor? Vector)> vectors)
    {
        foreach (var (name, vector) in vectors)
        {
            if (vector is null) continue;
            Check.Shape($"{op}: {name}", vector.Shape, [size], "One value for each channel of the input.");
            Check.Parameter(op, x.DType, vector.DType);
        }
    }
}
