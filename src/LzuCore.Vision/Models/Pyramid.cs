using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Vision.Models;

/// <summary>A head's outputs of all pyramid levels as one table.</summary>
public static class Pyramid
{
    /// <summary>[N, A·V, H, W] of every level to [N, ΣHWA, V]: level by level, row by row, cell by cell, anchor by anchor.</summary>
    /// <param name="levels">One tensor a level, channels anchor-major.</param>
    /// <param name="values">V: numbers of one anchor.</param>
    public static Tensor Rows(IReadOnlyList<Tensor> levels, int values) =>
        F.Concat([.. levels.Select(l => l.Permute(0, 2, 3, 1).Reshape(l.Shape[0], l.Shape[2] * l.Shape[3] * (l.Shape[1] / values), values))], 1);
}
