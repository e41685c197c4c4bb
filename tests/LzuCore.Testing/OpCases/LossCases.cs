using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Testing;

/// <summary>Losses; recorded PyTorch values are in <c>LossGoldenTests</c>.</summary>
public sealed class LossCases : OpCases
{
    public override string Op => "loss";

    private static readonly Tensor Classes = Tensor.From([0L, 2, 255, 1, 1, 255], [2, 3]);

    private static readonly Tensor Flags = Tensor.From([1f, 0, 0, 1, 0, 1], [2, 3]);

    public override IEnumerable<OpCase> All() =>
    [
        Case("l1", [Values([3], 1, 2, 5), Values([3], 2, 2, 1)], x => F.L1(x[0], x[1], Reduction.None)) with { Expected = [1, 0, 4], Smooth = false },
        Case("l1 mean", [Random([2, 3]), Random([2, 3], seed: 2)], x => F.L1(x[0], x[1])),
        Case("mse", [Values([2], 1, 4), Values([2], 2, 1)], x => F.Mse(x[0], x[1])) with { Expected = [5] },
        Case("smooth l1", [Values([3], 0.5f, -3, 0), Values([3], 0, 0, 0)], x => F.SmoothL1(x[0], x[1], 1, Reduction.None)) with { Expected = [0.125f, 2.5f, 0] },
        Case("smooth l1 sum, long", [Random([5, 19]), Random([5, 19], seed: 2)], x => F.SmoothL1(x[0], x[1], 0.3, Reduction.Sum)),
        Case("smooth l1 with beta 0 is l1", [Values([3], 0.5f, -3, 0), Values([3], 0, 0, 0)], x => F.SmoothL1(x[0], x[1], 0, Reduction.None)) with { Expected = [0.5f, 3, 0], Smooth = false },
        Case("sum of nothing", [Random([0, 4]), Random([0, 4])], x => F.SmoothL1(x[0], x[1], reduction: Reduction.Sum)) with { Expected = [0] },
        Case("binary cross-entropy", [Random([2, 3], -4, 4), Random([2, 3], 0, 1, seed: 2)], x => F.BinaryCrossEntropyWithLogits(x[0], x[1]))
            with { Reference = x => -(x[1] * x[0].Sigmoid().Log() + (1 - x[1]) * (1 - x[0].Sigmoid()).Log()).Mean() },
        Case("binary cross-entropy far out", [Values([4], -1e4f, 1e4f, 1e4f, -1e4f), Values([4], 0, 1, 0, 1)], x => F.BinaryCrossEntropyWithLogits(x[0], x[1], Reduction.None))
            with { Expected = [0, 0, 1e4f, 1e4f], Smooth = false },
        Case("focal", [Random([2, 3], -4, 4), Flags], x => F.SigmoidFocalLoss(x[0], x[1], reduction: Reduction.None)) with { Reference = x => Focal(x[0], x[1], 0.25, 2), Differentiable = [0] },
        Case("focal, other numbers, long", [Random([7, 31], -4, 4), Random([7, 31]).Greater(0).To(DType.Float32)], x => F.SigmoidFocalLoss(x[0], x[1], 0.6, 1.3, Reduction.None))
            with { Reference = x => Focal(x[0], x[1], 0.6, 1.3), Differentiable = [0] },
        Case("focal without weights and focus is cross-entropy", [Random([2, 3], -4, 4), Flags], x => F.SigmoidFocalLoss(x[0], x[1], -1, 0, Reduction.None))
            with { Reference = x => F.BinaryCrossEntropyWithLogits(x[0], x[1], Reduction.None), Differentiable = [0] },
        Case("cross-entropy", [Random([2, 4, 3], -3, 3)], x => F.CrossEntropy(x[0], Classes.To(x[0].Device), 255)),
        Case("cross-entropy over all targets", [Random([2, 4, 3], -3, 3)], x => F.CrossEntropy(x[0], Classes.To(x[0].Device), 255, meanOver: MeanOver.All))
            with { Reference = x => F.CrossEntropy(x[0], Classes.To(x[0].Device), 255) * (4.0 / 6) },
        Case("cross-entropy with weights", [Random([2, 4, 3], -3, 3)], x => F.CrossEntropy(x[0], Classes.To(x[0].Device), 255, weight: Values([4], 1, 2, 3, 4).To(x[0].DType).To(x[0].Device)))
            with { Reference = x => WeightedMean(F.CrossEntropy(x[0], Classes.To(x[0].Device), 255, Reduction.None)) },
        Case("cross-entropy of uniform logits", [Tensor.Zeros([1, 8])], x => F.CrossEntropy(x[0], Tensor.From([3L], [1]).To(x[0].Device))) with { Expected = [2.0794415f] },
        Case("cross-entropy of a label image in bytes", [Random([1, 3, 2, 2])], x => F.CrossEntropy(x[0], Tensor.From(new byte[] { 0, 1, 2, 255 }, [1, 2, 2]).To(x[0].Device), 255)),
        Case("all ignored", [Random([2, 3])], x => F.CrossEntropy(x[0], Tensor.From([9L, 9], [2]).To(x[0].Device), 9)) with { Expected = [float.NaN], Smooth = false },
        Case("an impossible class under an ignored target", [Values([1, 2, 2], 0, 0, float.NegativeInfinity, float.NegativeInfinity)], x => F.CrossEntropy(x[0], Tensor.From([0L, 7], [1, 2]).To(x[0].Device), 7))
            with { Expected = [0], Smooth = false },
        Case("nll", [Values([2, 2], -1, -2, -3, -4)], x => F.Nll(x[0], Tensor.From([1L, 0], [2]).To(x[0].Device))) with { Expected = [2.5f] },
        Case("one-hot with background", [Tensor.From([1L, 3, 0], [3])], x => F.OneHot(x[0], 3)) with { Expected = [0, 1, 0, 0, 0, 0, 1, 0, 0], Smooth = false },
        Rejects("shapes differ", [Random([2]), Random([1])], x => F.L1(x[0], x[1]), because: "l1_loss: target must have input's shape [2], got [1]"),
        Rejects("beta", [Random([2]), Random([2])], x => F.SmoothL1(x[0], x[1], -1), because: "beta must be 0 or more, got -1"),
        Rejects("gamma", [Random([2]), Random([2])], x => F.SigmoidFocalLoss(x[0], x[1], gamma: double.NaN), because: "gamma must be 0 or more"),
        Rejects("a class that is not there", [Random([2, 3])], x => F.CrossEntropy(x[0], Tensor.From([0L, 3], [2]).To(x[0].Device)), because: "cross_entropy target: every index must be within [0, 3)"),
        Rejects("targets' shape", [Random([2, 3, 4])], x => F.CrossEntropy(x[0], Tensor.From([0L, 1], [2]).To(x[0].Device)), because: "cross_entropy: target: must be [2, 4], got [2]"),
        Rejects("floating targets", [Random([2, 3]), Random([2])], x => F.CrossEntropy(x[0], x[1]), because: "target must hold class numbers, got float32"),
        Rejects("weights' shape", [Random([2, 3]), Random([2])], x => F.CrossEntropy(x[0], Tensor.From([0L, 1], [2]).To(x[0].Device), weight: x[1]), because: "weight: must be [3], got [2]"),
    ];

    private static Tensor Focal(Tensor x, Tensor t, double alpha, double gamma)
    {
        var p = x.Sigmoid();
        var miss = (1 - p) * t + p * (1 - t);
        return F.BinaryCrossEntropyWithLogits(x, t, Reduction.None) * (alpha * t + (1 - alpha) * (1 - t)) * miss.Pow(gamma);
    }

    private static Tensor WeightedMean(Tensor each)
    {
        var weights = Tensor.From([1f, 3, 0, 2, 2, 0], [2, 3]);
        return (each * weights).Sum() / 8;
    }
}
