using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Ops;

namespace LzuCore.Testing;

public sealed class PadCases : OpCases
{
    public override string Op => "pad";

    public override IEnumerable<OpCase> All() =>
    [
        Case("a number", [Values([1, 2], 1, 2)], x => F.Pad(x[0], 1, 2, 1, 0, PadMode.Constant, 9)) with { Expected = [9, 9, 9, 9, 9, 9, 1, 2, 9, 9] },
        Case("mirrored", [Values([4], 1, 2, 3, 4)], x => F.Pad(x[0], 3, 2, PadMode.Reflect)) with { Expected = [4, 3, 2, 1, 2, 3, 4, 3, 2] },
        Case("repeated", [Values([3], 1, 2, 3)], x => F.Pad(x[0], 2, 3, PadMode.Replicate)) with { Expected = [1, 1, 1, 2, 3, 3, 3, 3] },
        Case("images, mirrored", [Values([1, 1, 2, 2], 1, 2, 3, 4)], x => F.Pad(x[0], 1, 1, 1, 1, PadMode.Reflect))
            with { Expected = [4, 3, 4, 3, 2, 1, 2, 1, 4, 3, 4, 3, 2, 1, 2, 1] },
        Case("channels travel together", [Values([1, 2, 1, 2], 1, 2, 3, 4)], x => F.Pad(x[0], 1, 0, 0, 1, PadMode.Replicate))
            with { Expected = [1, 1, 2, 1, 1, 2, 3, 3, 4, 3, 3, 4] },
        Case("gradients, constant", [Random([2, 19, 3, 4])], x => F.Pad(x[0], 2, 1, 0, 3, PadMode.Constant, 1)),
        Case("gradients, reflect", [Random([2, 3, 4, 5])], x => F.Pad(x[0], 4, 3, 3, 2, PadMode.Reflect)),
        Case("gradients, replicate", [Random([2, 3, 4])], x => F.Pad(x[0], 5, 1, 2, 2, PadMode.Replicate)),
        Case("nothing added", [Random([2, 3])], x => F.Pad(x[0], 0, 0, 0, 0, PadMode.Reflect)) with { Reference = x => x[0] },
        Case("around nothing", [Random([1, 0])], x => F.Pad(x[0], 1, 1, 0, 0, PadMode.Constant, 5)) with { Expected = [5, 5], Smooth = false },
        Rejects("a mirror too small", [Random([1, 1, 3, 3])], x => F.Pad(x[0], 3, 0, 0, 0, PadMode.Reflect), because: "more than 3 columns to reflect"),
        Rejects("cropping", [Random([3])], x => F.Pad(x[0], -1, 0, PadMode.Constant), because: "amounts must be 0 or more"),
        Rejects("nothing to repeat", [Random([0])], x => F.Pad(x[0], 1, 0, PadMode.Replicate), because: "must have elements to replicate"),
    ];
}
