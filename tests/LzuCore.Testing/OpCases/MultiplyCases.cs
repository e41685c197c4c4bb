using LzuCore.Ops;

namespace LzuCore.Testing;

public sealed class MultiplyCases : OpCases
{
    public override string Op => "mul";

    public override IEnumerable<OpCase> All() =>
    [
        Case("same shape", [Values([3], 1, -2, 3), Values([3], 4, 5, 0.5f)], x => x[0] * x[1]) with { Expected = [4, -10, 1.5f] },
        Case("broadcast over an image", [Random([2, 3, 4, 5]), Random([1, 3, 1, 1], seed: 2)], x => x[0] * x[1]),
        Case("a scalar tensor", [Random([2, 3]), Random([], seed: 2)], x => x[0] * x[1]),
        Case("numbers", [Values([2], 1, -2)], x => 3 * x[0] * 0.5) with { Expected = [1.5f, -3] },
        Case("a square", [Random([3, 2])], x => x[0] * x[0]),
        Case("div", [Values([3], 1, -2, 3), Values([3], 4, 0.5f, 3)], x => x[0] / x[1]) with { Expected = [0.25f, -4, 1] },
        Case("div broadcasts", [Random([4, 1, 3]), Random([2, 1], 0.5, 2, seed: 2)], x => x[0] / x[1]),
        Case("div by a number and into one", [Values([2], 2, -4)], x => 3 / (x[0] / 2)) with { Expected = [3, -1.5f] },
        Case("div by zero", [Values([3], 1, -1, 0), Values([3], 0, 0, 0)], x => x[0] / x[1]) with { Expected = [float.PositiveInfinity, float.NegativeInfinity, float.NaN], Smooth = false },
        Case("nothing", [Random([2, 0]), Random([1], seed: 2)], x => x[0] * x[1]) with { Expected = [] },
        Case("long runs with a broadcast side", [Random([37, 1], 0.5, 2), Random([53], 0.5, 2, seed: 2)], x => x[0] / x[1] * x[0]),
        Rejects("sizes differ", [Random([2, 3]), Random([4])], x => x[0] * x[1], because: "mul: shapes must broadcast"),
        Rejects("div sizes differ", [Random([2, 3]), Random([4])], x => x[0] / x[1], because: "div: shapes must broadcast"),
    ];
}
