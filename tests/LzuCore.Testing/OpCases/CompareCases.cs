using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Testing;

public sealed class CompareCases : OpCases
{
    public override string Op => "compare";

    private static readonly float[] A = [1, 2, 3, float.NaN, float.NaN];
    private static readonly float[] B = [2, 2, 2, 1, float.NaN];

    public override IEnumerable<OpCase> All() =>
    [
        Relation("eq", (a, b) => a.Equal(b), 0, 1, 0, 0, 0),
        Relation("ne", (a, b) => a.NotEqual(b), 1, 0, 1, 1, 1),
        Relation("lt", (a, b) => a.Less(b), 1, 0, 0, 0, 0),
        Relation("le", (a, b) => a.LessOrEqual(b), 1, 1, 0, 0, 0),
        Relation("gt", (a, b) => a.Greater(b), 0, 0, 1, 0, 0),
        Relation("ge", (a, b) => a.GreaterOrEqual(b), 0, 1, 1, 0, 0),
        Number("eq 2", x => x.Equal(2), 0, 1, 0, 0, 0),
        Number("ne 2", x => x.NotEqual(2), 1, 0, 1, 1, 1),
        Number("lt 2", x => x.Less(2), 1, 0, 0, 0, 0),
        Number("le 2", x => x.LessOrEqual(2), 1, 1, 0, 0, 0),
        Number("gt 2", x => x.Greater(2), 0, 0, 1, 0, 0),
        Number("ge 2", x => x.GreaterOrEqual(2), 0, 1, 1, 0, 0),
        Number("isnan", x => x.IsNaN(), 0, 0, 0, 1, 1),
        Number("not", x => x.Less(2).Not(), 0, 1, 1, 1, 1),
        Number("and", x => x.Greater(1).And(x.Less(3)), 0, 1, 0, 0, 0),
        Number("or", x => x.Less(2).Or(x.Greater(2)), 1, 0, 1, 0, 0),
        Case("large integers are not rounded", [Tensor.From([(1L << 60) + 1, 1L << 60], [2])], x => x[0].Equal(Tensor.From([1L << 60], [1]).To(x[0].Device))) with { Expected = [0, 1], Smooth = false },
        Case("an integer and a fraction", [Tensor.From([1L, 2], [2])], x => x[0].Greater(1.5)) with { Expected = [0, 1], Smooth = false },
        Case("bytes and a number beyond them", [Tensor.From(new byte[] { 0, 44, 255 }, [3])], x => x[0].Less(300)) with { Expected = [1, 1, 1], Smooth = false },
        Case("broadcasting", [Values([2, 1], 1, 2), Values([3], 0, 1.5f, 3)], x => x[0].Less(x[1])) with { Expected = [0, 1, 1, 0, 0, 1], Smooth = false },
        Case("nothing", [Random([0])], x => x[0].Less(1)) with { Expected = [], Smooth = false },
        Rejects("dtypes differ", [Values([1], 1), Values([1], 1).To(DType.Int64)], x => x[0].Less(x[1]), because: "lt: operands are float32 and int64"),
    ];

    private OpCase Relation(string name, Func<Tensor, Tensor, Tensor> apply, params float[] expected) =>
        Case(name, [Tensor.From(A, [5]), Tensor.From(B, [5])], x => apply(x[0], x[1])) with { Expected = expected, Smooth = false };

    private OpCase Number(string name, Func<Tensor, Tensor> apply, params float[] expected) =>
        Case(name, [Tensor.From(A, [5])], x => apply(x[0])) with { Expected = expected, Smooth = false };
}
