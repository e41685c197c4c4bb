using LzuCore.Memory;
using LzuCore.Ops;

namespace LzuCore.Testing;

public sealed class SplitCases : OpCases
{
    public override string Op => "split";

    public override IEnumerable<OpCase> All() =>
    [
        Case("by sizes", [Values([5], 1, 2, 3, 4, 5)], x => x[0].Split([1, 0, 4], 0)[2]) with { Expected = [2, 3, 4, 5] },
        Case("by size, the rest", [Values([5], 1, 2, 3, 4, 5)], x => x[0].Split(2, 0)[2]) with { Expected = [5] },
        Case("chunks", [Values([2, 5], 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)], x => x[0].Chunk(2, 1)[1]) with { Expected = [4, 5, 9, 10] },
        Case("put together again", [Random([2, 5, 3])], x => F.Concat(x[0].Chunk(3, 1), 1)) with { Reference = x => x[0] },
        Case("flip", [Values([2, 3], 1, 2, 3, 4, 5, 6)], x => x[0].Flip(1)) with { Expected = [3, 2, 1, 6, 5, 4] },
        Case("flip both", [Values([2, 3], 1, 2, 3, 4, 5, 6)], x => x[0].Flip(0, -1)) with { Expected = [6, 5, 4, 3, 2, 1] },
        Case("flip an image", [Random([2, 3, 4, 5])], x => x[0].Flip(3)),
        Case("roll on", [Values([4], 1, 2, 3, 4)], x => x[0].Roll(1, 0)) with { Expected = [4, 1, 2, 3] },
        Case("roll back, more than once round", [Values([4], 1, 2, 3, 4)], x => x[0].Roll(-5, 0)) with { Expected = [2, 3, 4, 1] },
        Case("repeat", [Values([2], 1, 2)], x => x[0].Repeat(2, 3)) with { Expected = [1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2] },
        Case("repeat columns", [Values([2, 2], 1, 2, 3, 4)], x => x[0].Repeat(1, 2)) with { Expected = [1, 2, 1, 2, 3, 4, 3, 4] },
        Case("repeat no times", [Random([2, 2])], x => x[0].Repeat(0, 2)) with { Expected = [] },
        Case("nonzero", [Values([2, 3], 0, 5, 0, float.NaN, 0, -1)], x => x[0].Nonzero()) with { Expected = [0, 1, 1, 0, 1, 2], Smooth = false },
        Case("nonzero of zeros", [Values([2], 0, 0)], x => x[0].Nonzero()) with { Expected = [], Smooth = false },
        Rejects("sizes that do not add up", [Random([5])], x => x[0].Split([2, 2], 0)[0], because: "split: sizes must be 0 or more and add up to 5"),
        Rejects("no parts", [Random([5])], x => x[0].Chunk(0, 0)[0], because: "chunk: count must be above 0"),
        Rejects("too few numbers", [Random([5, 2])], x => x[0].Repeat(2), because: "repeat: one number per axis"),
        Rejects("flip twice", [Random([5, 2])], x => x[0].Flip(0, 0), because: "flip: every dim may be named once"),
    ];
}
