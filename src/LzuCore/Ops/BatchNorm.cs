using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Ops;

public static partial class F
{
    /// <summary>Batch norm: output = (x - mean) / √(variance + eps) · weight + bias, per channel.</summary>
    /// <param name="x">[N, C], [N, C, L] or [N, C, H, W].</param>
    /// <param name="runningMean">[C]. Used as the mean when not training; needed then.</param>
    /// <param name="runningVar">[C]. Used as the variance when not training; needed then.</param>
    /// <param name="weight">[C], or null for 1.</param>
    /// <param name="bias">[C], or null for 0.</param>
    /// <param name="training">Whether mean and biased variance are the batch's own, over N, H and W.</param>
    /// <param name="momentum">Share of the batch in the new running statistics.</param>
    /// <param name="eps">Added to the variance.</param>
    /// <param name="update">When training with running statistics: is given the new ones, (1 - momentum) · running + momentum · batch, where the batch's
    /// variance is the unbiased one. Tensors are immutable, so the owner (a module) stores them.</param>
    /// <returns>The shape of <paramref name="x"/>.</returns>
    /// <remarks>Gradients: to x (through the batch statistics when training), weight and bias. Sums are float64. Source: Ioffe, Szegedy 2015; conventions of PyTorch.</remarks>
    /// <exception cref="ShapeException">A shape does not fit, or training has fewer than two values a channel.</exception>
    /// <exception cref="ArgumentValueException">Not training, and a running statistic is missing.</exception>
    public static Tensor BatchNorm(Tensor x, Tensor? runningMean, Tensor? runningVar, Tensor? weight, Tensor? bias, bool training,
        double momentum = 0.1, double eps = 1e-5, Action<Tensor, Tensor>? update = null)
    {
        const string op = "batch_norm";
        Check.Floating($"{op}: input", x.DType);
        if (x.Rank is < 2 or > 4) throw new ShapeException($"{op}: input", "must have 2 to 4 axes", x.Shape.ToString());
        var channels = x.Shape[1];
        CheckVectors(op, x, channels, ("weight", weight), ("bias", bias), ("running_mean", runningMean), ("running_var", runningVar));
        if (!training && (runningMean is null || runningVar is null))
            throw new ArgumentValueException($"{op}: running_mean and running_var must be given when not training, got none. Train first, load a checkpoint, or pass training: true.");
        if (training && x.Shape.Count > 0 && x.Shape.Count == channels)
            throw new ShapeException(op, "training needs more than one value per channel", x.Shape.ToString(), "Use a larger batch or image, or .Eval().");
        if (x.Rank == 3) return BatchNorm(x.Unsqueeze(-1), runningMean, runningVar, weight, bias, training, momentum, eps, update).Squeeze(-1);

        Action<Tensor, Tensor>? seen = training && update is not null && runningMean is not null && runningVar is not null && x.Shape.Count > 0 ? Update : null;
        var norm = new NormOp(op, new NormArgs(channels, PerImage: false, eps), weight is not null, bias is not null, fixedStatistics: !training, seen);
        return Op.Apply(norm, [x, .. new[] { weight, bias, training ? null : runningMean, training ? null : runningVar }.OfType<Tensor>()]);

        void Update(Tensor mean, Tensor variance)
        {
            double count = x.Shape.Count / channels;
            update!(Mixed(runningMean!, mean, momentum), Mixed(runningVar!, variance, momentum * count / (count - 1)));
        }

        Tensor Mixed(Tensor running, Tensor batch, double share) => (Map(op, running, new Affine(1 - momentum, 0)) + Map(op, batch, new Affine(share, 0))).Persist();
    }
}

// Batch and group norm. Inputs: x, weight and bias where there are any, fixed mean and variance. Batch statistics are shown to `seen`.
internal sealed class NormOp(string name, NormArgs args, bool hasWeight, bool hasBias, bool fixedStatistics, Action<Tensor, Tensor>? seen = null) : Op(name)
{
    protected internal override OpAttributes Attributes => new()
    {
        { "num_groups", args.Groups }, { "eps", args.Eps }, { "weight", hasWeight }, { "bias", hasBias }, { "training", !args.PerImage && !fixedStatistics },
        { "activation", Activation.ToString() },
    };

    // Has no gradient: for Grad.Off() only.
    public Activation Activation { get; init; }

    protected override Tensor Forward(ReadOnlySpan<Tensor> inputs)
    {
        var x = inputs[0].Contiguous();
        var kernel = x.Backend.Kernel<INormKernel>();
        var output = Tensor.Empty(x.Shape, x);
        Tensor mean, variance;
        if (fixedStatistics) (mean, variance) = (inputs[^2].Contiguous(), inputs[^1].Contiguous());
        else
        {
            Shape count = [args.PerImage ? x.Shape[0] * args.Groups : args.Groups];
            (mean, variance) = (Tensor.Empty(count, x), Tensor.Empty(count, x));
            kernel.Statistics(args, x.View, mean.View, variance.View);
            seen?.Invoke(mean, variance);
        }
        Tensor? weight = hasWeight ? inputs[1].Contiguous() : null, bias = hasBias ? inputs[hasWeight ? 2 : 1].Contiguous() : null;
        kernel.Forward(args, x.View, mean.View, variance.View, weight?.View, bias?.View, output.View, Activation);
        if (weight is null) Save(x, mean, variance);
        else Save(x, mean, variance, weight);
        return output;
    }

    protected internal override void Backward(Tensor dOutput, GradSink sink)
    {
        Tensor? dInput = sink.Empty(0), dWeight = hasWeight ? sink.Empty(1) : null, dBias = hasBias ? sink.Empty(hasWeight ? 2 : 1) : null;
        dOutput.Backend.Kernel<INormKernel>().Backward(args, fixedStatistics, Saved(0).View, Saved(1).View, Saved(2).View, hasWeight ? Saved(3).View : null,
            dOutput.Contiguous().View, dInput?.View, dWeight?.View, dBias?.View);
    }
}
