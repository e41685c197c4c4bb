using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Testing;

public sealed class ViewsCases : OpCases
{
    public override string Op => "views";

    public override IEnumerable<OpCase> All() =>
    [
        Case("permute", [Values([2, 3], 1, 2, 3, 4, 5, 6)], x => x[0].Permute(1, 0)) with { Expected = [1, 4, 2, 5, 3, 6] },
        Case("reshape of a channels-last tensor keeps logical order", [Tensor.Arange(24).To(Memory.DType.Float32).Reshape(1, 2, 3, 4)], x => x[0].Reshape(24))
            with { Expected = [.. Enumerable.Range(0, 24).Select(i => (float)i)] },
        Case("reshape that splits", [Random([4, 6])], x => x[0].Reshape(2, 2, 3, 2)),
        Case("reshape that merges channels and rows", [Random([2, 3, 4, 5])], x => x[0].Reshape(2, 12, 5)),
        Case("spatial flatten of an activation", [Random([2, 3, 4, 5])], x => x[0].Flatten(2).Transpose(1, 2)),
        Case("narrow", [Values([2, 3], 1, 2, 3, 4, 5, 6)], x => x[0].Narrow(1, 1, 2)) with { Expected = [2, 3, 5, 6] },
        Case("select", [Values([2, 3], 1, 2, 3, 4, 5, 6)], x => x[0].Select(0, -1)) with { Expected = [4, 5, 6] },
        Case("expand", [Values([2, 1], 1, 2)], x => x[0].Expand(3, 2, 2)) with { Expected = [1, 1, 2, 2, 1, 1, 2, 2, 1, 1, 2, 2] },
        Case("unsqueeze and squeeze", [Values([2], 1, 2)], x => x[0].Unsqueeze(0).Unsqueeze(-1).Squeeze(0)) with { Expected = [1, 2] },
        Case("a chain", [Random([2, 3, 4])], x => x[0].Permute(2, 0, 1).Narrow(0, 1, 2).Reshape(2, 6).Transpose(0, 1)),
        Rejects("reshape loses elements", [Random([2, 3])], x => x[0].Reshape(5), because: "must keep the 6 elements"),
        Rejects("narrow leaves the axis", [Random([2, 3])], x => x[0].Narrow(1, 2, 2), because: "axis 1"),
        Rejects("permute repeats an axis", [Random([2, 3])], x => x[0].Permute(0, 0), because: "each of the 2 axes once"),
    ];
}
