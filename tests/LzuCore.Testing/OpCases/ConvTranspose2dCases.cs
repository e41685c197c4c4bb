using LzuCore.Memory;
using LzuCore.Ops;

namespace LzuCore.Testing;

public sealed class ConvTranspose2dCases : OpCases
{
    public override string Op => "conv_transpose2d";

    public override IEnumerable<OpCase> All() =>
    [
        Case("one pixel spreads the kernel", [Values([1, 1, 1, 1], 2), Values([1, 1, 2, 2], 1, 2, 3, 4), Values([1], 1)], x => F.ConvTranspose2d(x[0], x[1], x[2])) with { Expected = [3, 5, 7, 9] },
        Same("4x4, stride 2, padding 1", [2, 3, 4, 5], [3, 4, 4, 4], stride: 2, padding: 1),
        Same("output padding", [1, 3, 4, 5], [3, 2, 3, 3], stride: 2, padding: 1, extra: 1),
        Same("two groups", [1, 4, 3, 4], [4, 3, 3, 3], stride: 2, padding: 1, extra: 1, groups: 2),
        Same("dilation", [1, 3, 4, 5], [3, 2, 3, 3], dilation: 2),
        Same("depthwise", [1, 5, 4, 3], [5, 1, 3, 3], stride: 2, padding: 1, groups: 5),
        Same("gaps between spread pixels hold the bias", [1, 2, 3, 3], [2, 3, 2, 2], stride: 3),
        Same("asymmetric", [1, 3, 4, 3], [3, 2, 3, 2], stride: (1, 2), padding: (2, 0), dilation: (2, 1)),
        Same("many channels", [1, 33, 5, 6], [33, 40, 2, 2], stride: 2) with { Smooth = false },
        Rejects("channels differ", [Random([1, 3, 4, 4]), Random([4, 2, 3, 3])], x => F.ConvTranspose2d(x[0], x[1]), because: "expects 4 input channels"),
        Rejects("output padding too large", [Random([1, 1, 4, 4]), Random([1, 1, 3, 3])], x => F.ConvTranspose2d(x[0], x[1], outputPadding: 1), because: "output_padding must be"),
        Rejects("nothing left", [Random([1, 1, 1, 1]), Random([1, 1, 1, 1])], x => F.ConvTranspose2d(x[0], x[1], padding: 1), because: "at least one pixel"),
    ];

    private OpCase Same(string name, Shape input, Shape weight, Size2? stride = null, Size2? padding = null, Size2? extra = null, Size2? dilation = null, int groups = 1) =>
        Case(name, [Random(input), Random(weight, seed: 2), Random([weight[1] * groups], seed: 3)], x => F.ConvTranspose2d(x[0], x[1], x[2], stride, padding, extra, groups, dilation)) with
        {
            Reference = x => ConvReference.ConvTranspose2d(x[0], x[1], x[2], stride ?? 1, padding ?? 0, extra ?? 0, groups, dilation ?? 1),
        };
}
