using LzuCore.Memory;
using LzuCore.Ops;

namespace LzuCore.Testing;

public sealed class AddCases : OpCases
{
    public override string Op => "add";

    public override IEnumerable<OpCase> All() =>
    [
        Case("same shape", [Values([2, 2], 1, 2, 3, 4), Values([2, 2], 10, 20, 30, 40)], x => x[0] + x[1]) with { Expected = [11, 22, 33, 44] },
        Case("a channel vector over an image", [Random([2, 3, 5, 7]), Random([3, 1, 1], seed: 2)], x => x[0] + x[1]),
        Case("both broadcast", [Values([2, 1], 1, 2), Values([1, 3], 10, 20, 30)], x => x[0] + x[1]) with { Expected = [11, 21, 31, 12, 22, 32] },
        Case("a number", [Values([2], 1, 2)], x => 0.5 + x[0]) with { Expected = [1.5f, 2.5f] },
        Case("nothing", [Random([0, 3]), Random([3])], x => x[0] + x[1]) with { Expected = [] },
        Case("sub", [Values([3], 5, 7, 9), Values([3], 1, 2, 4)], x => x[0] - x[1]) with { Expected = [4, 5, 5] },
        Case("sub broadcasts", [Random([4, 1]), Random([2, 1, 3], seed: 2)], x => x[0] - x[1]),
        Case("sub numbers", [Values([2], 1, 2)], x => (10 - x[0]) - 3) with { Expected = [6, 5] },
        Case("neg", [Values([3], 1, -2, 0)], x => -x[0]) with { Expected = [-1, 2, 0] },
        Case("a tensor and itself", [Random([3])], x => x[0] + x[0] - x[0]),
        Case("a transposed view and a narrowed one", [Random([4, 3]), Random([3, 9], seed: 2)], x => x[0].Transpose(0, 1) + x[1].Narrow(1, 2, 4)),
        Rejects("sizes differ", [Random([8, 64]), Random([8, 128])], x => x[0] + x[1], because: "axis 1 is 64 and 128"),
        Rejects("dtypes differ", [Random([2]), Random([2]).To(DType.Float64)], x => x[0] - x[1], because: "sub: operands are float32 and float64"),
        Rejects("integers", [Random([2]).To(DType.Int64), Random([2]).To(DType.Int64)], x => x[0] + x[1], because: "must be floating, got int64"),
    ];
}
