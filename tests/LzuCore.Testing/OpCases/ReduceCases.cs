using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Testing;

public sealed class ReduceCases : OpCases
{
    public override string Op => "reduce";

    private static readonly float NaN = float.NaN;

    public override IEnumerable<OpCase> All() =>
    [
        Case("sum of all", [Values([2, 3], 1, 2, 3, 4, 5, 6)], x => x[0].Sum()) with { Expected = [21] },
        Case("sum of rows", [Values([2, 3], 1, 2, 3, 4, 5, 6)], x => x[0].Sum(1)) with { Expected = [6, 15] },
        Case("sum of columns, kept", [Values([2, 3], 1, 2, 3, 4, 5, 6)], x => x[0].Sum(0, keepDim: true)) with { Expected = [5, 7, 9] },
        Case("mean of all", [Values([4], 1, 2, 3, 6)], x => x[0].Mean()) with { Expected = [3] },
        Case("mean over an image", [Random([2, 3, 5, 7])], x => x[0].Mean([2, 3], keepDim: true)),
        Case("per channel", [Random([2, 3, 5, 7])], x => x[0].Sum(0, 2, 3)),
        Case("over channels", [Random([2, 3, 5, 7])], x => x[0].Sum(1)),
        Case("over the middle of three", [Random([3, 4, 5])], x => x[0].Sum(-2)),
        Case("a strided view", [Random([9, 6])], x => x[0].Transpose(0, 1).Narrow(1, 2, 5).Mean(1)),
        Case("an expanded view", [Random([3, 1])], x => x[0].Expand(3, 4).Sum(1)),
        Case("a scalar", [Values([], 3)], x => x[0].Sum()) with { Expected = [3] },
        Case("sum of nothing", [Random([2, 0])], x => x[0].Sum(1)) with { Expected = [0, 0] },
        Case("mean of nothing", [Random([2, 0])], x => x[0].Mean(1)) with { Expected = [NaN, NaN] },
        Case("nothing left", [Random([0, 3])], x => x[0].Sum(1)) with { Expected = [] },
        Case("small numbers beside a large one", [Values([4], 1e8f, 1, 1, -1e8f)], x => x[0].Sum()) with { Expected = [2], Smooth = false },
        Case("max", [Values([2, 3], 1, 5, 3, 9, 2, 8)], x => x[0].Max(1)) with { Expected = [5, 9] },
        Case("min of all", [Values([2, 3], 1, 5, 3, 9, 2, 8)], x => x[0].Min()) with { Expected = [1] },
        Case("max over an image", [Random([2, 3, 4, 5])], x => x[0].Max(2, 3)),
        Case("min kept", [Random([3, 17])], x => x[0].Min(1, keepDim: true)),
        Case("NaN wins", [Values([2, 3], 1, NaN, 3, -1, -2, -3)], x => x[0].Max(1)) with { Expected = [NaN, -1], Smooth = false },
        Case("argmax takes the first of equals, and NaN", [Values([3, 3], 1, 5, 5, 9, 2, 8, 1, NaN, 3)], x => x[0].ArgMax(1)) with { Expected = [1, 0, 1], Smooth = false },
        Case("argmin over channels", [Values([1, 3, 1, 2], 4, 1, 2, 7, 3, 0)], x => x[0].ArgMin(1)) with { Expected = [1, 2], Smooth = false },
        Case("argmax of integers", [Values([3], 3, 9, 4).To(DType.Int64)], x => x[0].ArgMax(0, keepDim: true)) with { Expected = [1], Smooth = false },
        Rejects("max of nothing", [Random([2, 0])], x => x[0].Max(1), because: "amax: the reduced axes must have elements"),
        Rejects("argmax of nothing", [Random([2, 0])], x => x[0].ArgMax(1), because: "argmax: the reduced axes must have elements"),
        Rejects("an axis that is not there", [Random([2, 3])], x => x[0].Sum(2), because: "sum: dim must be within [-2, 1]"),
        Rejects("an axis twice", [Random([2, 3])], x => x[0].Mean(1, -1), because: "mean: every dim may be named once"),
        Rejects("integers", [Random([2]).To(DType.Int64)], x => x[0].Sum(), because: "sum: input must be floating"),
    ];
}
