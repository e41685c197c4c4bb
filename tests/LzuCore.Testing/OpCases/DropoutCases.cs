using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Testing;

public sealed class DropoutCases : OpCases
{
    private static readonly RandomSource Source = RandomSource.FromSeed(3);

    public override string Op => "dropout";

    public override IEnumerable<OpCase> All() =>
    [
        Elements("rows", [50, 20], 0.3),
        Elements("images, whatever their layout", [2, 5, 4, 3], 0.5),
        Case("whole channels", [Random([3, 4, 2, 5])], x => F.Dropout2d(x[0], 0.5, true, Source)) with { Reference = x => Definition(x[0], 0.5, i => i / 10) },
        Case("nothing dropped when not training", [Random([7])], x => F.Dropout(x[0], 0.9, false, Source)) with { Reference = x => x[0] },
        Case("everything dropped", [Values([2], float.PositiveInfinity, 1)], x => F.Dropout(x[0], 1, true, Source)) with { Expected = [0, 0], Smooth = false },
        Case("nothing", [Random([0, 2])], x => F.Dropout(x[0], 0.5, true, Source)) with { Expected = [] },
        Rejects("p above 1", [Random([2])], x => F.Dropout(x[0], 1.5, true, Source), because: "p must lie in [0, 1], got 1.5"),
        Rejects("channels of a row", [Random([2, 3])], x => F.Dropout2d(x[0], 0.5, true, Source), because: "must have 4 axes"),
    ];

    private OpCase Elements(string name, Shape shape, double p) => Case(name, [Random(shape)], x => F.Dropout(x[0], p, true, Source)) with { Reference = x => Definition(x[0], p, i => i) };

    private static Tensor Definition(Tensor input, double p, Func<int, int> counter)
    {
        var values = input.To(DType.Float64).ToArray<double>();
        return Tensor.From([.. values.Select((v, i) => Source.Uniform((ulong)counter(i)) < p ? 0 : v / (1 - p))], input.Shape);
    }
}
