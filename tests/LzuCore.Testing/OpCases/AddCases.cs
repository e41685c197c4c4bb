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
        Rejects("sizes differ", [Random([8, 64]), Random([8, 128])], x => x[0] + x[1], because: "axis 1 is 64 and 128"),
    ];
}
