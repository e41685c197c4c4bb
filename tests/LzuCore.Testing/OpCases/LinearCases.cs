using LzuCore.Ops;

namespace LzuCore.Testing;

public sealed class LinearCases : OpCases
{
    public override string Op => "linear";

    public override IEnumerable<OpCase> All() =>
    [
        Case("by hand", [Values([1, 2], 1, 2), Values([3, 2], 1, 0, 0, 1, 1, 1), Values([3], 0.5f, 0, -1)], x => F.Linear(x[0], x[1], x[2])) with { Expected = [1.5f, 2, 2] },
        Case("a batch", [Random([4, 7]), Random([5, 7], seed: 2), Random([5], seed: 3)], x => F.Linear(x[0], x[1], x[2]))
            with { Reference = x => ConvReference.MatMul(x[0], x[1].Transpose(0, 1)) + x[2].To(Memory.DType.Float64) },
        Case("more axes, no bias", [Random([2, 3, 4]), Random([5, 4], seed: 2)], x => F.Linear(x[0], x[1]))
            with { Reference = x => ConvReference.MatMul(x[0].Reshape(6, 4), x[1].Transpose(0, 1)).Reshape(2, 3, 5) },
        Case("one vector", [Random([4]), Random([5, 4], seed: 2)], x => F.Linear(x[0], x[1])) with { Reference = x => ConvReference.MatMul(x[0].Reshape(1, 4), x[1].Transpose(0, 1)).Reshape(5) },
        Rejects("features differ", [Random([2, 3]), Random([4, 5])], x => F.Linear(x[0], x[1]), because: "expects 5 features in the last axis, got input [2, 3]"),
    ];
}
