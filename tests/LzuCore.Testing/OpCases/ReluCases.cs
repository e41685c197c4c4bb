using LzuCore.Ops;

namespace LzuCore.Testing;

public sealed class ReluCases : OpCases
{
    public override string Op => "relu";

    public override IEnumerable<OpCase> All() =>
    [
        Case("signs", [Values([5], -2, -0f, 0, 1, 3)], x => x[0].Relu()) with { Expected = [0, 0, 0, 1, 3], Smooth = false },
        Case("an activation", [Random([2, 3, 4, 5])], x => x[0].Relu()),
        Case("a transposed view", [Random([3, 40])], x => x[0].Transpose(0, 1).Relu()),
    ];
}
