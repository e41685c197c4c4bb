using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Ops;

public static partial class F
{
    /// <summary>Binary cross-entropy of logits: <c>−t ln σ(x) − (1 − t) ln(1 − σ(x))</c>, computed as <c>max(x, 0) − xt + ln(1 + e^−|x|)</c>.</summary>
    /// <remarks>Shapes are equal; targets are probabilities. Gradient: σ(x) − t to the logits, −x to the targets.
    /// Source: torch.nn.functional.binary_cross_entropy_with_logits.</remarks>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    /// <exception cref="DTypeException">The dtypes differ or are not floating.</exception>
    public static Tensor BinaryCrossEntropyWithLogits(Tensor logits, Tensor targets, Reduction reduction = Reduction.Mean) =>
        Reduced(SameShape("binary_cross_entropy_with_logits", logits, targets, (x, t) => Op.Apply(new LogitEntropyOp(), x, t)), reduction);

    /// <summary>Focal loss of logits: binary cross-entropy · (αt + (1−α)(1−t)) · ((1−p)t + p(1−t))^γ with p = σ(x).</summary>
    /// <remarks>Shapes are equal; targets are 0 or 1 (<see cref="OneHot"/>; background is a row of zeros). Gradient: to the logits, through the modulating factor too;
    /// none to the targets. No logit overflows it. Source: Lin et al. 2017, eq. 5; torchvision.ops.sigmoid_focal_loss.</remarks>
    /// <param name="logits">Any shape.</param>
    /// <param name="targets">The same shape and dtype.</param>
    /// <param name="alpha">Weight of positives, 1 − α of negatives; negative means no weights.</param>
    /// <param name="gamma">How strongly easy examples are played down.</param>
    /// <param name="reduction">Detectors sum and divide by the number of positives themselves.</param>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    /// <exception cref="DTypeException">The dtypes differ or are not floating.</exception>
    /// <exception cref="ArgumentValueException">γ is negative or NaN.</exception>
    public static Tensor SigmoidFocalLoss(Tensor logits, Tensor targets, double alpha = 0.25, double gamma = 2, Reduction reduction = Reduction.Sum)
    {
        Check.That(gamma >= 0, $"sigmoid_focal_loss: gamma must be 0 or more, got {gamma}.");
        return Reduced(SameShape("sigmoid_focal_loss", logits, targets, (x, t) => Op.Apply(new SigmoidFocalOp(alpha, gamma), x, t.Detach())), reduction);
    }

    /// <summary>Indices as rows of zeros with a one: <c>output[…, c] = index[…] = c</c>. An index outside the classes, such as a background label, gives zeros.</summary>
    /// <exception cref="DTypeException">The index is floating.</exception>
    public static Tensor OneHot(Tensor index, int classes, DType dtype = DType.Float32)
    {
        if (index.DType.IsFloating()) throw new DTypeException($"one_hot: index must be an integer tensor, got {index.DType.Name()}. Convert with .To(DType.Int64).");
        Check.That(classes >= 0, $"one_hot: classes must be 0 or more, got {classes}.");
        return index.To(DType.Int64).Unsqueeze(-1).Equal(Tensor.Arange(classes, DType.Int64).To(index.Device)).To(dtype);
    }
}

internal sealed class LogitEntropyOp() : ZipOp<LogitEntropy>("binary_cross_entropy_with_logits", default)
{
    protected override void KeepForBackward(Tensor a, Tensor b, Tensor output) => Save(a, b);

    protected internal override void Backward(Tensor dOutput, GradSink sink)
    {
        if (sink.Wants(0)) sink.Add(0, Zip(default(Multiply), dOutput, Zip(default(LogitEntropySlope), Saved(0), Saved(1))));
        if (sink.Wants(1)) sink.Add(1, Zip(default(NegativeProduct), dOutput, Saved(0)));
    }
}

internal sealed class SigmoidFocalOp(double alpha, double gamma) : ZipOp<SigmoidFocal>("sigmoid_focal_loss", new SigmoidFocal(alpha, gamma))
{
    protected internal override OpAttributes Attributes => new() { { "alpha", alpha }, { "gamma", gamma } };

    protected override void KeepForBackward(Tensor a, Tensor b, Tensor output) => Save(a, b);

    protected internal override void Backward(Tensor dOutput, GradSink sink)
    {
        if (sink.Wants(0)) sink.Add(0, Zip(default(Multiply), dOutput, Zip(new SigmoidFocalSlope(alpha, gamma), Saved(0), Saved(1))));
    }
}
