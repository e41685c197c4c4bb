using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Ops;

public static partial class F
{
    /// <summary>The sum of a tensor over processes: <c>output = Σ_r x_r</c>, the same in all of them.</summary>
    /// <remarks>Gradient: the sum over processes of what each passes back, since each one's loss depends on every summand. All must come here in the same order, forwards and backwards; it is waited for.</remarks>
    /// <param name="x">float32 or float64; of one shape in all processes.</param>
    /// <param name="processes">Whose tensors are summed.</param>
    /// <exception cref="DTypeException">Another dtype.</exception>
    public static Tensor ProcessSum(Tensor x, ProcessGroup processes) => processes.World == 1 ? x : Op.Apply(new ProcessSumOp(processes), x);

    /// <summary>Batch norm in training over the batches of several processes, as over one batch of them all: mean and variance are of all N, H and W of all processes.</summary>
    /// <remarks>Gradients: to x (through the statistics, those of other processes' losses too), weight and bias (this process's share). Source: torch.nn.SyncBatchNorm; conventions of <see cref="BatchNorm"/>.</remarks>
    /// <param name="x">[N, C, H, W]; N may differ between processes.</param>
    /// <param name="processes">Whose batches count.</param>
    /// <param name="runningMean">[C].</param>
    /// <param name="runningVar">[C].</param>
    /// <param name="weight">[C].</param>
    /// <param name="bias">[C].</param>
    /// <param name="momentum">Share of the batch in the new running statistics.</param>
    /// <param name="eps">Added to the variance.</param>
    /// <param name="update">Is given the new running statistics, the same in all processes.</param>
    /// <returns>The shape of <paramref name="x"/>.</returns>
    /// <exception cref="ShapeException">A shape does not fit, or there are fewer than two values a channel.</exception>
    public static Tensor SyncBatchNorm(Tensor x, ProcessGroup processes, Tensor runningMean, Tensor runningVar, Tensor weight, Tensor bias, double momentum, double eps, Action<Tensor, Tensor> update)
    {
        const string op = "batch_norm";
        Check.Floating($"{op}: input", x.DType);
        Check.Rank($"{op}: input", x.Shape, 4);
        var channels = x.Shape[1];
        CheckVectors(op, x, channels, ("weight", weight), ("bias", bias), ("running_mean", runningMean), ("running_var", runningVar));
        var count = processes.Sum((double)(x.Shape.Count / Math.Max(1, channels)));
        if (count < 2) throw new ShapeException(op, "training needs more than one value per channel", x.Shape.ToString(), "Use a larger batch or image, or .Eval().");
        // Statistics of halves are float32, as everything that is summed.
        var wide = x.DType.IsHalf() ? x.To(DType.Float32) : x;
        var mean = ProcessSum(wide.Sum([0, 2, 3], keepDim: true), processes) / count;
        var centred = wide - mean;
        var variance = ProcessSum(centred.Square().Sum([0, 2, 3], keepDim: true), processes) / count;
        using (Grad.Off())
            update(Mixed(runningMean, mean, momentum), Mixed(runningVar, variance, momentum * count / (count - 1)));
        return (centred / (variance + eps).Sqrt() * PerChannel(weight) + PerChannel(bias)).To(x.DType);

        Tensor PerChannel(Tensor vector) => vector.Reshape(1, channels, 1, 1);
        Tensor Mixed(Tensor running, Tensor batch, double share) => (running * (1 - momentum) + batch.Reshape(channels) * share).Persist();
    }
}

internal sealed class ProcessSumOp(ProcessGroup processes) : Op("process_sum")
{
    protected override Tensor Forward(ReadOnlySpan<Tensor> inputs) => Summed(inputs[0]);

    protected internal override void Backward(Tensor dOutput, GradSink sink) => sink.Add(0, Summed(dOutput));

    private Tensor Summed(Tensor x)
    {
        var output = Tensor.Empty(x.Shape, x);
        x.Backend.Kernel<ICopyKernel>().Copy(x.View, output.View);
        processes.Sum(output.View);
        return output;
    }
}
