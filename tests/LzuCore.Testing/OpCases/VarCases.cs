using LzuCore.Ops;

namespace LzuCore.Testing;

public sealed class VarCases : OpCases
{
    public override string Op => "var";

    public override IEnumerable<OpCase> All() =>
    [
        Case("of a row", [Values([4], 1, 2, 3, 6)], x => x[0].Var(0)) with { Expected = [4.6666667f] },
        Case("of the population", [Values([4], 1, 2, 3, 6)], x => x[0].Var([], correction: 0)) with { Expected = [3.5f] },
        Case("far from zero", [Values([3], 10000, 10001, 10002)], x => x[0].Var(0)) with { Expected = [1], Smooth = false },
        Case("over an image", [Random([2, 3, 4, 5])], x => x[0].Var([0, 2, 3])),
        Case("of one", [Values([1], 3)], x => x[0].Var(0)) with { Expected = [float.NaN], Smooth = false },
        Case("std", [Values([2, 2], 1, 3, 2, 8)], x => x[0].Std([1], keepDim: true, correction: 0)) with { Expected = [1, 3] },
        Case("norm", [Values([2, 2], 3, 4, 5, 12)], x => x[0].Norm([1])) with { Expected = [5, 13] },
        Case("norm of all", [Random([3, 5])], x => x[0].Norm([])),
        Case("all", [Values([2, 2], 1, 0, 2, 3)], x => x[0].All(1)) with { Expected = [0, 1], Smooth = false },
        Case("any", [Values([2, 2], 0, 0, 0, float.NaN)], x => x[0].Any(1)) with { Expected = [0, 1], Smooth = false },
        Case("all of nothing", [Random([0])], x => x[0].All()) with { Expected = [1], Smooth = false },
        Case("any of nothing", [Random([0])], x => x[0].Any()) with { Expected = [0], Smooth = false },
        Rejects("no such axis", [Random([2])], x => x[0].Var(1), because: "var: dim must be within"),
    ];
}
