using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Testing;

public sealed class GroupNormCases : OpCases
{
    public override string Op => "group_norm";

    public override IEnumerable<OpCase> All() =>
    [
        Groups("one group", [2, 6, 3, 4], 1),
        Groups("three groups", [2, 6, 3, 4], 3),
        Groups("each channel by itself", [2, 6, 3, 4], 6),
        Groups("many channels", [1, 40, 2, 3], 2),
        Groups("rows", [3, 8], 2),
        Case("without weight and bias", [Values([1, 2, 1, 2], 1, 3, 10, 30)], x => F.GroupNorm(x[0], 2, null, null, eps: 0)) with { Expected = [-1, 1, -1, 1], Smooth = false },
        Case("layer norm", [Random([2, 3, 9]), Random([9], 0.5, 2, 3), Random([9], seed: 4)], x => F.LayerNorm(x[0], x[1], x[2]))
            with { Reference = x => BatchNormCases.Definition(x[0].Reshape(6, 9).Transpose(0, 1), null, null, null, null).Transpose(0, 1).Reshape(2, 3, 9).Times(x[1]) + x[2].To(DType.Float64) },
        Rejects("groups that do not divide", [Random([1, 6, 2, 2])], x => F.GroupNorm(x[0], 4, null, null), because: "groups must divide 6 channels, got 4"),
        Rejects("weight of another size", [Random([1, 6, 2, 2]), Random([3])], x => F.GroupNorm(x[0], 3, x[1], null), because: "must be [6]"),
    ];

    // A group is a channel of batch norm when images are put one below the other.
    private OpCase Groups(string name, Shape shape, int groups) =>
        Case(name, [Random(shape), Random([shape[1]], 0.5, 2, 3), Random([shape[1]], seed: 4)], x => F.GroupNorm(x[0], groups, x[1], x[2])) with
        {
            Reference = x =>
            {
                var flat = BatchNormCases.Definition(x[0].Reshape(1, shape[0] * groups, -1), null, null, null, null).Reshape(shape.Dims);
                var column = shape.Rank == 4 ? new[] { shape[1], 1, 1 } : [shape[1]];
                return flat.Times(x[1].Reshape(column)) + x[2].Reshape(column).To(DType.Float64);
            },
        };
}

internal static class Products
{
    /// <summary>The product in float64, broadcasting.</summary>
    public static Tensor Times(this Tensor a, Tensor b)
    {
        var result = Tensor.Empty(a.Shape, DType.Float64);
        a.Backend.Kernel<Kernels.IZipKernel>().Forward(default(Kernels.Multiply), a.View, b.To(DType.Float64).View, result.View);
        return result;
    }
}
