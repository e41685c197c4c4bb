using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Testing;

public sealed class WhereCases : OpCases
{
    public override string Op => "where";

    public override IEnumerable<OpCase> All() =>
    [
        Case("chooses", [Flags([3], true, false, true), Values([3], 1, 2, 3), Values([3], 10, 20, 30)], x => F.Where(x[0], x[1], x[2])) with { Expected = [1, 20, 3] },
        Case("everything broadcasts", [Flags([2, 1], true, false), Random([1, 3]), Random([4, 1, 1], seed: 2)], x => F.Where(x[0], x[1], x[2])),
        Case("a number", [Flags([2, 2], true, false, false, true), Values([2, 2], 1, 2, 3, 4)], x => F.Where(x[0], x[1], -1)) with { Expected = [1, -1, -1, 4] },
        Case("a number first", [Flags([2], true, false), Values([2], 1, 2)], x => F.Where(x[0], 7, x[1])) with { Expected = [7, 2] },
        Case("the other branch's NaN stays away", [Flags([2], true, false), Values([2], 1, float.NaN), Values([2], float.NaN, 2)], x => F.Where(x[0], x[1], x[2]))
            with { Expected = [1, 2], Smooth = false },
        Case("integers", [Flags([2], true, false), Values([2], 1, 2).To(DType.Int64)], x => F.Where(x[0], x[1], 9)) with { Expected = [1, 9], Smooth = false },
        Rejects("condition is not bool", [Values([1], 1), Values([1], 1), Values([1], 1)], x => F.Where(x[0], x[1], x[2]), because: "where: condition must be bool, got float32"),
        Rejects("dtypes differ", [Flags([1], true), Values([1], 1), Values([1], 1).To(DType.Int64)], x => F.Where(x[0], x[1], x[2]), because: "where: operands are float32 and int64"),
        Rejects("shapes differ", [Flags([2], true, false), Values([3], 1, 2, 3), Values([1], 1)], x => F.Where(x[0], x[1], x[2]), because: "where: shapes must broadcast"),
    ];

    private static Tensor Flags(Shape shape, params bool[] values) => Tensor.From(values, shape);
}
