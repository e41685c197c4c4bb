using LzuCore.Ops;

namespace LzuCore.Testing;

public sealed class MatMulCases : OpCases
{
    public override string Op => "matmul";

    public override IEnumerable<OpCase> All() =>
    [
        Case("by hand", [Values([2, 2], 1, 2, 3, 4), Values([2, 2], 5, 6, 7, 8)], x => x[0].MatMul(x[1])) with { Expected = [19, 22, 43, 50] },
        Case("odd sizes", [Random([5, 7]), Random([7, 3], seed: 2)], x => x[0].MatMul(x[1])) with { Reference = x => ConvReference.MatMul(x[0], x[1]) },
        Case("a batch", [Random([2, 3, 4, 5]), Random([2, 3, 5, 2], seed: 2)], x => x[0].MatMul(x[1])) with { Reference = x => ConvReference.MatMul(x[0], x[1]) },
        Case("one matrix for all", [Random([3, 4, 5]), Random([5, 2], seed: 2)], x => x[0].MatMul(x[1])) with { Reference = x => ConvReference.MatMul(x[0], x[1].Expand(3, 5, 2)) },
        Case("both transposed", [Random([7, 5]), Random([3, 7], seed: 2)], x => x[0].Transpose(0, 1).MatMul(x[1].Transpose(0, 1)))
            with { Reference = x => ConvReference.MatMul(x[0].Transpose(0, 1), x[1].Transpose(0, 1)) },
        Case("one column", [Random([9, 6]), Random([6, 1], seed: 2)], x => x[0].MatMul(x[1])) with { Reference = x => ConvReference.MatMul(x[0], x[1]) },
        Case("large", [Random([130, 70]), Random([70, 101], seed: 2)], x => x[0].MatMul(x[1])) with { Reference = x => ConvReference.MatMul(x[0], x[1]), Smooth = false },
        Case("a long sum", [Random([13, 2100], -0.2, 0.2), Random([2100, 40], seed: 2)], x => x[0].MatMul(x[1])) with { Reference = x => ConvReference.MatMul(x[0], x[1]), Smooth = false },
        Case("an empty sum is 0", [Random([2, 0]), Random([0, 3])], x => x[0].MatMul(x[1])) with { Expected = [0, 0, 0, 0, 0, 0], Smooth = false },
        Rejects("inner sizes differ", [Random([2, 3]), Random([4, 2])], x => x[0].MatMul(x[1]), because: "a [2, 3] expects 3 rows in b, got b [4, 2]"),
        Rejects("a vector", [Random([3]), Random([3, 2])], x => x[0].MatMul(x[1]), because: "at least 2 axes"),
        Rejects("batches differ", [Random([2, 3, 4]), Random([3, 4, 5])], x => x[0].MatMul(x[1]), because: "must broadcast"),
    ];
}
