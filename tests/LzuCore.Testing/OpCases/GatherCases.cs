using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Testing;

public sealed class GatherCases : OpCases
{
    public override string Op => "gather";

    public override IEnumerable<OpCase> All() =>
    [
        Case("columns", [Values([2, 3], 1, 2, 3, 4, 5, 6), Index([2, 2], 2, 0, 1, 1)], x => x[0].Gather(1, x[1])) with { Expected = [3, 1, 5, 5] },
        Case("rows, fewer columns", [Values([2, 3], 1, 2, 3, 4, 5, 6), Index([1, 2], 1, 0)], x => x[0].Gather(0, x[1])) with { Expected = [4, 2] },
        Case("channels of an activation", [Random([2, 5, 3, 4]), Index([2, 2, 3, 4], [.. Enumerable.Range(0, 48).Select(i => i * 7L % 5)])], x => x[0].Gather(1, x[1])),
        Case("index_select rows", [Values([3, 2], 1, 2, 3, 4, 5, 6), Index([4], 2, 0, 2, 1)], x => x[0].IndexSelect(0, x[1])) with { Expected = [5, 6, 1, 2, 5, 6, 3, 4] },
        Case("index_select columns", [Values([2, 3], 1, 2, 3, 4, 5, 6), Index([2], 2, 2)], x => x[0].IndexSelect(1, x[1])) with { Expected = [3, 3, 6, 6] },
        Case("index_select of wide rows", [Random([7, 70]), Index([9], 6, 0, 3, 3, 3, 1, 6, 2, 0)], x => x[0].IndexSelect(0, x[1])),
        Case("index_select of bytes", [Tensor.From(new byte[] { 7, 8, 9 }, [3]), Index([2], 2, 1)], x => x[0].IndexSelect(0, x[1])) with { Expected = [9, 8], Smooth = false },
        Case("nothing", [Random([3, 2]), Index([0])], x => x[0].IndexSelect(0, x[1])) with { Expected = [] },
        Case("scatter", [Values([2, 3], 1, 2, 3, 4, 5, 6), Index([2, 2], 0, 2, 1, 1), Values([2, 2], 10, 20, 30, 40)], x => x[0].Scatter(1, x[1], x[2]))
            with { Expected = [10, 2, 20, 4, 40, 6] },
        Case("scatter_add", [Values([2, 3], 1, 2, 3, 4, 5, 6), Index([2, 2], 0, 2, 1, 1), Values([2, 2], 10, 20, 30, 40)], x => x[0].ScatterAdd(1, x[1], x[2]))
            with { Expected = [11, 2, 23, 4, 75, 6] },
        Case("scatter_add rows of an activation", [Random([2, 3, 4, 5]), Index([2, 3, 2, 5], [.. Enumerable.Range(0, 60).Select(i => i * 3L % 4)]), Random([2, 3, 2, 5], seed: 3)],
            x => x[0].ScatterAdd(2, x[1], x[2])),
        Rejects("too large", [Random([2, 3]), Index([2, 1], 0, 3)], x => x[0].Gather(1, x[1]), because: "gather: every index must be within [0, 3), the size of axis 1 of [2, 3], got 3"),
        Rejects("negative", [Random([2, 3]), Index([1], -1)], x => x[0].IndexSelect(0, x[1]), because: "index_select: every index must be within [0, 2)"),
        Rejects("index into nothing", [Random([0, 3]), Index([1], 0)], x => x[0].IndexSelect(0, x[1]), because: "within [0, 0)"),
        Rejects("not integers", [Random([2, 3]), Random([2, 1])], x => x[0].Gather(1, x[1]), because: "gather: index must be int64, got float32"),
        Rejects("index too tall", [Random([2, 3]), Index([3, 1], 0, 0, 0)], x => x[0].Gather(1, x[1]), because: "gather: index must have the rank of input [2, 3]"),
        Rejects("source's shape", [Random([2, 3]), Index([2, 1], 0, 0), Random([2, 2])], x => x[0].ScatterAdd(1, x[1], x[2]), because: "scatter_add: source must have the index' shape [2, 1]"),
        Rejects("scatter too large", [Random([2, 3]), Index([2, 1], 0, 5), Random([2, 1])], x => x[0].Scatter(1, x[1], x[2]), because: "scatter: every index must be within [0, 3)"),
    ];

    private static Tensor Index(Shape shape, params long[] values) => Tensor.From(values, shape);
}
