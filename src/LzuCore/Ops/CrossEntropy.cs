using LzuCore.Memory;
using LzuCore.Tensors;

namespace LzuCore.Ops;

/// <summary>What the mean of a classification loss divides by.</summary>
public enum MeanOver
{
    /// <summary>The targets that are not ignored (their weights, if given): PyTorch. NaN when all are ignored.</summary>
    Counted,
    /// <summary>All targets, the ignored ones included: mmseg's default.</summary>
    All,
}

public static partial class F
{
    /// <summary>Cross-entropy of logits and class indices: <c>−log_softmax(logits)[n, target[n, …], …]</c>, 0 where the target is ignored.</summary>
    /// <remarks>Logits [N, C, …], targets [N, …] of class numbers (any integer dtype). With weights, each element is multiplied by its class' weight.
    /// Gradient: to the logits, (softmax − one-hot) of the targets that count.
    /// Source: torch.nn.functional.cross_entropy; mmseg's cross_entropy for <see cref="MeanOver.All"/>.</remarks>
    /// <param name="logits">[N, C, …].</param>
    /// <param name="target">[N, …].</param>
    /// <param name="ignoreIndex">A target that does not count; need not be a class.</param>
    /// <param name="reduction">None gives [N, …].</param>
    /// <param name="meanOver">What the mean divides by.</param>
    /// <param name="weight">[C], or null for ones.</param>
    /// <exception cref="ShapeException">The shapes do not fit.</exception>
    /// <exception cref="ArgumentValueException">A target is neither a class nor ignored.</exception>
    public static Tensor CrossEntropy(Tensor logits, Tensor target, int ignoreIndex = -100, Reduction reduction = Reduction.Mean, MeanOver meanOver = MeanOver.Counted, Tensor? weight = null)
    {
        CheckClasses("cross_entropy", logits, target, weight);
        return Nll("cross_entropy", logits.LogSoftmax(1), target, ignoreIndex, reduction, meanOver, weight);
    }

    /// <summary>The negative log-likelihood of class indices under log-probabilities: <c>−logProbabilities[n, target[n, …], …]</c>. See <see cref="CrossEntropy"/>.</summary>
    /// <exception cref="ShapeException">The shapes do not fit.</exception>
    /// <exception cref="ArgumentValueException">A target is neither a class nor ignored.</exception>
    public static Tensor Nll(Tensor logProbabilities, Tensor target, int ignoreIndex = -100, Reduction reduction = Reduction.Mean, MeanOver meanOver = MeanOver.Counted, Tensor? weight = null)
    {
        CheckClasses("nll_loss", logProbabilities, target, weight);
        return Nll("nll_loss", logProbabilities, target, ignoreIndex, reduction, meanOver, weight);
    }

    private static void CheckClasses(string name, Tensor logits, Tensor target, Tensor? weight)
    {
        Check.Floating($"{name}: logits", logits.DType);
        if (target.DType.IsFloating()) throw new DTypeException($"{name}: target must hold class numbers, got {target.DType.Name()}. Convert with .To(DType.Int64).");
        var wanted = logits.Rank < 2 ? [Check.Any, Check.Any] : logits.Shape.ToArray().Where((_, i) => i != 1).ToArray();
        if (logits.Rank < 2) Check.Shape($"{name}: logits", logits.Shape, wanted);
        Check.Shape($"{name}: target", target.Shape, wanted, $"Logits are {logits.Shape}, with the classes on axis 1.");
        if (weight is null) return;
        Check.Shape($"{name}: weight", weight.Shape, [logits.Shape[1]]);
        Check.SameDType(name, logits.DType, weight.DType);
    }

    private static Tensor Nll(string name, Tensor logProbabilities, Tensor target, int ignoreIndex, Reduction reduction, MeanOver meanOver, Tensor? weight)
    {
        var classes = target.To(DType.Int64);
        var counts = classes.NotEqual(ignoreIndex);
        var safe = Where(counts, classes, 0);
        CheckIndexRange($"{name} target", safe, 1, logProbabilities.Shape);
        var losses = -logProbabilities.GatherChecked(1, safe.Unsqueeze(1)).Squeeze(1);
        var shares = weight?.GatherChecked(0, safe.Reshape(-1)).Reshape(safe.Shape.Dims);
        var each = Where(counts, shares is null ? losses : losses * shares, 0);
        if (reduction != Reduction.Mean || meanOver == MeanOver.All) return Reduced(each, reduction);
        var total = shares is null ? counts.To(logProbabilities.DType) : Where(counts, shares, 0);
        return each.Sum() / total.Sum();
    }
}
