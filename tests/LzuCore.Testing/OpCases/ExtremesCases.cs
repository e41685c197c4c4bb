using LzuCore.Ops;

namespace LzuCore.Testing;

public sealed class ExtremesCases : OpCases
{
    public override string Op => "maximum";

    public override IEnumerable<OpCase> All() =>
    [
        Case("maximum", [Values([3], 1, 5, -2), Values([3], 4, 2, -3)], x => F.Maximum(x[0], x[1])) with { Expected = [4, 5, -2] },
        Case("minimum", [Values([3], 1, 5, -2), Values([3], 4, 2, -3)], x => F.Minimum(x[0], x[1])) with { Expected = [1, 2, -3] },
        Case("NaN wins on either side", [Values([3], float.NaN, 1, float.NaN), Values([3], 1, float.NaN, float.NaN)], x => F.Maximum(x[0], x[1]) + F.Minimum(x[0], x[1]))
            with { Expected = [float.NaN, float.NaN, float.NaN], Smooth = false },
        Case("maximum broadcasts", [Random([4, 40]), Random([4, 1], seed: 2)], x => F.Maximum(x[0], x[1])),
        Case("minimum broadcasts", [Random([2, 3, 4, 5]), Random([3, 1, 1], seed: 2)], x => F.Minimum(x[0], x[1])),
        Rejects("sizes differ", [Random([3]), Random([4])], x => F.Maximum(x[0], x[1]), because: "maximum: shapes must broadcast"),
    ];
}
