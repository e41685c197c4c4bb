using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Testing;

public sealed class SortCases : OpCases
{
    public override string Op => "sort";

    private static readonly float NaN = float.NaN, Infinity = float.PositiveInfinity;

    public override IEnumerable<OpCase> All() =>
    [
        Case("ascending, NaN last", [Values([6], 3, NaN, -1, Infinity, -Infinity, 2)], x => x[0].Sort().Values) with { Expected = [-Infinity, -1, 2, 3, Infinity, NaN], Smooth = false },
        Case("descending, NaN first", [Values([4], 3, NaN, -1, Infinity)], x => x[0].Sort(0, descending: true).Values) with { Expected = [NaN, Infinity, 3, -1], Smooth = false },
        Case("equal elements keep their order", [Values([6], 1, 0, 1, -0f, 0, 1)], x => x[0].ArgSort()) with { Expected = [1, 3, 4, 0, 2, 5], Smooth = false },
        Case("equal elements keep their order, descending", [Values([5], 1, 0, 1, 0, 1)], x => x[0].ArgSort(0, descending: true)) with { Expected = [0, 2, 4, 1, 3], Smooth = false },
        Case("columns", [Values([3, 2], 3, 1, 1, 2, 2, 0)], x => x[0].Sort(0).Values) with { Expected = [1, 0, 2, 1, 3, 2] },
        Case("along channels of an activation", [Random([2, 6, 3, 4])], x => x[0].Sort(1).Values),
        Case("integers", [Values([4], 3, -7, 0, 2).To(DType.Int64)], x => x[0].Sort().Values) with { Expected = [-7, 0, 2, 3], Smooth = false },
        Case("float64 indices", [Values([4], 3, -7, 0, 2).To(DType.Float64)], x => x[0].ArgSort()) with { Expected = [1, 2, 3, 0], Smooth = false },
        Case("nothing", [Random([0])], x => x[0].Sort().Values) with { Expected = [] },
        Case("top k", [Values([2, 4], 4, 1, 3, 2, 5, 8, 7, 6)], x => x[0].TopK(2).Values) with { Expected = [4, 3, 8, 7] },
        Case("top k indices, first of equals first", [Values([6], 1, 2, 2, 0, 2, 1)], x => x[0].TopK(4).Indices) with { Expected = [1, 2, 4, 0], Smooth = false },
        Case("smallest k", [Values([5], 4, 1, 3, 2, NaN)], x => x[0].TopK(3, largest: false).Values) with { Expected = [1, 2, 3], Smooth = false },
        Case("top k of many", [Random([3, 500])], x => x[0].TopK(7, 1).Values) with { Reference = x => x[0].Sort(1, descending: true).Values.Narrow(1, 0, 7) },
        Case("top k of all", [Random([9])], x => x[0].TopK(9).Values) with { Reference = x => x[0].Sort(0, descending: true).Values },
        Case("top none", [Random([4])], x => x[0].TopK(0).Values) with { Expected = [], Smooth = false },
        Rejects("more than there are", [Random([3])], x => x[0].TopK(4).Values, because: "topk: k must be within [0, 3], the size of axis 0"),
        Rejects("no such axis", [Random([3])], x => x[0].Sort(1).Values, because: "sort: dim must be within [-1, 0]"),
    ];
}
