using LzuCore.Memory;
using LzuCore.Ops;

namespace LzuCore.Testing;

public sealed class ConcatCases : OpCases
{
    public override string Op => "cat";

    public override IEnumerable<OpCase> All() =>
    [
        Case("rows", [Values([1, 2], 1, 2), Values([2, 2], 3, 4, 5, 6)], x => F.Concat(x, 0)) with { Expected = [1, 2, 3, 4, 5, 6] },
        Case("columns", [Values([2, 1], 1, 2), Values([2, 2], 3, 4, 5, 6)], x => F.Concat(x, -1)) with { Expected = [1, 3, 4, 2, 5, 6] },
        Case("channels of activations", [Random([2, 3, 4, 5]), Random([2, 2, 4, 5], seed: 2)], x => F.Concat(x, 1)),
        Case("with an empty part", [Random([2, 0]), Random([2, 3], seed: 2)], x => F.Concat(x, 1)),
        Case("one tensor", [Values([2], 1, 2)], x => F.Concat(x, 0)) with { Expected = [1, 2] },
        Case("a tensor with itself", [Random([2, 3])], x => F.Concat([x[0], x[0]], 0)),
        Case("integers", [Values([1], 1).To(DType.Int64), Values([1], 2).To(DType.Int64)], x => F.Concat(x, 0)) with { Expected = [1, 2], Smooth = false },
        Case("stack in front", [Values([2], 1, 2), Values([2], 3, 4)], x => F.Stack(x, 0)) with { Expected = [1, 2, 3, 4] },
        Case("stack behind", [Values([2], 1, 2), Values([2], 3, 4)], x => F.Stack(x, -1)) with { Expected = [1, 3, 2, 4] },
        Case("stack of images", [Random([3, 4, 5]), Random([3, 4, 5], seed: 2)], x => F.Stack(x, 0)),
        Rejects("no tensors", [], x => F.Concat(x, 0), because: "cat: needs at least one tensor"),
        Rejects("sizes differ", [Random([2, 3]), Random([3, 3])], x => F.Concat(x, 1), because: "tensor 1 must have the shape [2, 3] on every axis but 1, got [3, 3]"),
        Rejects("stack of different shapes", [Random([2]), Random([3])], x => F.Stack(x, 0), because: "stack: every tensor must have the first one's shape [2]"),
        Rejects("dtypes differ", [Random([2]), Random([2]).To(DType.Float64)], x => F.Concat(x, 0), because: "cat: operands are float32 and float64"),
    ];
}
