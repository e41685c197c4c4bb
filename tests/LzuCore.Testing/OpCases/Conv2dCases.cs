using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Testing;

public sealed class Conv2dCases : OpCases
{
    public override string Op => "conv2d";

    public override IEnumerable<OpCase> All() =>
    [
        Case("a hand-made sum", [Values([1, 1, 2, 3], 1, 2, 3, 4, 5, 6), Values([1, 1, 2, 2], 1, 10, 100, 1000), Values([1], 0.5f)], x => F.Conv2d(x[0], x[1], x[2]))
            with { Expected = [1 + 20 + 400 + 5000 + 0.5f, 2 + 30 + 500 + 6000 + 0.5f] },
        Same("3x3, padding 1", [2, 5, 6, 7], [4, 5, 3, 3], padding: 1),
        Same("1x1", [2, 7, 4, 5], [6, 7, 1, 1]),
        Same("1x1, stride 2", [1, 5, 7, 6], [3, 5, 1, 1], stride: 2),
        Same("3x3, stride 2, padding 1", [1, 4, 7, 8], [5, 4, 3, 3], stride: 2, padding: 1),
        Same("stem: 7x7, stride 2, padding 3, three channels", [1, 3, 11, 14], [4, 3, 7, 7], stride: 2, padding: 3),
        Same("dilation 2", [1, 3, 8, 9], [4, 3, 3, 3], padding: 2, dilation: 2),
        Same("two groups, dilation", [1, 4, 6, 6], [6, 2, 3, 3], padding: 2, dilation: 2, groups: 2),
        Same("depthwise", [2, 6, 5, 6], [6, 1, 3, 3], padding: 1, groups: 6),
        Same("depthwise, stride 2", [1, 18, 5, 6], [18, 1, 3, 3], stride: 2, padding: 1, groups: 18),
        Same("depthwise with two outputs a channel", [1, 3, 5, 4], [6, 1, 3, 3], padding: 1, groups: 3),
        Same("asymmetric kernel, stride, padding, dilation", [2, 3, 9, 8], [4, 3, 2, 3], stride: (2, 1), padding: (1, 2), dilation: (1, 2)),
        Same("padding wider than the kernel", [1, 2, 3, 3], [3, 2, 2, 2], padding: 3),
        Same("stride wider than the kernel", [1, 2, 9, 9], [3, 2, 2, 2], stride: 3, padding: 1),
        Same("one pixel", [1, 3, 1, 1], [2, 3, 3, 3], padding: 1),
        Same("no batch entries", [0, 3, 4, 4], [2, 3, 3, 3], padding: 1),
        Same("channels that fill no vector", [1, 17, 4, 5], [37, 17, 3, 3], padding: 1) with { Smooth = false },
        // Winograd's: within 4e-6 of the largest output, which is about 30 here, and 18 of the wide stem.
        Same("many channels", [1, 70, 7, 9], [72, 70, 3, 3], padding: 1) with { Smooth = false, Tolerance = 4e-6 * 30 },
        Same("1x1 over many channels", [2, 96, 9, 11], [100, 96, 1, 1]) with { Smooth = false },
        Same("1x1 with rows 4 KiB apart", [1, 1024, 5, 6], [40, 1024, 1, 1]) with { Smooth = false },
        Same("wide stem", [1, 3, 37, 50], [64, 3, 7, 7], stride: 2, padding: 3) with { Smooth = false, Tolerance = 4e-6 * 18 },
        Same("grouped 3x3, stride 2", [1, 64, 9, 10], [96, 16, 3, 3], stride: 2, padding: 1, groups: 4) with { Smooth = false },
        Case("a transposed view", [Random([4, 5, 3, 2]), Random([3, 3, 2, 2], seed: 2)], x => F.Conv2d(x[0].Permute(3, 2, 1, 0), x[1]))
            with { Reference = x => ConvReference.Conv2d(x[0].Permute(3, 2, 1, 0), x[1], null, 1, 0, 1, 1) },
        Case("NaN reaches only its neighbours", [Values([1, 1, 1, 4], 1, float.NaN, 3, 4), Values([1, 1, 1, 1], 2)], x => F.Conv2d(x[0], x[1]))
            with { Expected = [2, float.NaN, 6, 8], Smooth = false },
        Rejects("channels differ", [Random([8, 64, 6, 6]), Random([2, 128, 3, 3])], x => F.Conv2d(x[0], x[1]), because: "expects 128 input channels, got input [8, 64, 6, 6]"),
        Rejects("groups do not divide", [Random([1, 4, 6, 6]), Random([3, 2, 3, 3])], x => F.Conv2d(x[0], x[1], groups: 2), because: "groups must divide the 3 output channels"),
        Rejects("bias size", [Random([1, 4, 6, 6]), Random([3, 4, 3, 3]), Random([4])], x => F.Conv2d(x[0], x[1], x[2]), because: "conv2d: bias"),
        Rejects("kernel larger than the input", [Random([1, 1, 2, 2]), Random([1, 1, 3, 3])], x => F.Conv2d(x[0], x[1]), because: "must fit the input"),
        Rejects("stride 0", [Random([1, 1, 4, 4]), Random([1, 1, 3, 3])], x => F.Conv2d(x[0], x[1], stride: 0), because: "stride must be 1 or more, got 0x0"),
        Rejects("negative padding", [Random([1, 1, 4, 4]), Random([1, 1, 3, 3])], x => F.Conv2d(x[0], x[1], padding: (0, -1)), because: "padding must be 0 or more"),
        Rejects("three axes", [Random([1, 4, 4]), Random([1, 1, 3, 3])], x => F.Conv2d(x[0], x[1]), because: "must have 4 axes"),
        Rejects("dtypes differ", [Random([1, 1, 4, 4]), Random([1, 1, 3, 3]).To(DType.Float64)], x => F.Conv2d(x[0], x[1]), because: "operands are float32 and float64"),
    ];

    private OpCase Same(string name, Shape input, Shape weight, Size2? stride = null, Size2? padding = null, Size2? dilation = null, int groups = 1) =>
        Case(name, [Random(input), Random(weight, seed: 2), Random([weight[0]], seed: 3)], x => F.Conv2d(x[0], x[1], x[2], stride, padding, dilation, groups)) with
        {
            Reference = x => ConvReference.Conv2d(x[0], x[1], x[2], stride ?? 1, padding ?? 0, dilation ?? 1, groups),
        };
}
