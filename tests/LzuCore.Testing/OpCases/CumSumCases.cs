using LzuCore.Ops;

namespace LzuCore.Testing;

public sealed class CumSumCases : OpCases
{
    public override string Op => "cumsum";

    public override IEnumerable<OpCase> All() =>
    [
        Case("a row", [Values([4], 1, 2, 3, 4)], x => x[0].CumSum(0)) with { Expected = [1, 3, 6, 10] },
        Case("columns", [Values([2, 3], 1, 2, 3, 4, 5, 6)], x => x[0].CumSum(0)) with { Expected = [1, 2, 3, 5, 7, 9] },
        Case("rows of an activation", [Random([2, 3, 4, 5])], x => x[0].CumSum(2)),
        Case("nothing", [Random([0, 2])], x => x[0].CumSum(1)) with { Expected = [] },
        Rejects("no such axis", [Random([3])], x => x[0].CumSum(1), because: "cumsum: dim must be within [-1, 0]"),
    ];
}
