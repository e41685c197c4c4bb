using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Testing;

public sealed class SoftmaxCases : OpCases
{
    public override string Op => "softmax";

    private static readonly float NaN = float.NaN, None = float.NegativeInfinity;

    public override IEnumerable<OpCase> All() =>
    [
        Case("two equal", [Values([2], 5, 5)], x => x[0].Softmax(0)) with { Expected = [0.5f, 0.5f] },
        Case("large logits", [Values([3], 1000, 1000, 999)], x => x[0].Softmax(0)) with { Expected = [0.42231882f, 0.42231882f, 0.15536241f] }, // torch 2.x
        Case("an absent class", [Values([3], 0, None, 0)], x => x[0].Softmax(0)) with { Expected = [0.5f, 0, 0.5f], Smooth = false },
        Case("nothing but absent classes", [Values([2], None, None)], x => x[0].Softmax(0)) with { Expected = [NaN, NaN], Smooth = false },
        Case("log of an absent class", [Values([2], 0, None)], x => x[0].LogSoftmax(0)) with { Expected = [0, None], Smooth = false },
        Case("log far apart", [Values([2], 0, -200)], x => x[0].LogSoftmax(0)) with { Expected = [0, -200] },
        Case("classes of a map", [Random([2, 19, 3, 4], -4, 4)], x => x[0].Softmax(1)) with { Reference = x => Composed(x[0], 1) },
        Case("log of classes of a map", [Random([2, 19, 3, 4], -4, 4)], x => x[0].LogSoftmax(1)) with { Reference = x => Composed(x[0], 1).Log() },
        Case("last axis", [Random([5, 16], -4, 4)], x => x[0].Softmax(-1)) with { Reference = x => Composed(x[0], 1) },
        Case("first axis", [Random([33, 5], -4, 4)], x => x[0].LogSoftmax(0)) with { Reference = x => Composed(x[0], 0).Log() },
        Case("a strided view", [Random([6, 9])], x => x[0].Transpose(0, 1).Narrow(0, 1, 7).Softmax(0)),
        Case("one class", [Random([4, 1])], x => x[0].Softmax(1)) with { Expected = [1, 1, 1, 1] },
        Case("nothing", [Random([0, 3])], x => x[0].Softmax(1)) with { Expected = [] },
        Rejects("no such axis", [Random([3])], x => x[0].Softmax(1), because: "softmax: dim must be within [-1, 0]"),
    ];

    private static Tensor Composed(Tensor x, int dim)
    {
        var e = (x - x.Max(dim, keepDim: true)).Exp();
        return e / e.Sum(dim, keepDim: true);
    }
}
