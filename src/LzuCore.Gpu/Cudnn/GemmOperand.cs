using LzuCore.Gpu.Interop;
using LzuCore.Memory;

namespace LzuCore.Gpu.Cudnn;

/// <summary>A batch of matrices as a BLAS takes it: stored column-major, perhaps to be transposed.</summary>
/// <param name="Operation">What turns the stored matrix into the operand.</param>
/// <param name="Rows">Of the stored matrix.</param>
/// <param name="Columns">Of the stored matrix.</param>
/// <param name="Leading">Elements between stored columns.</param>
/// <param name="BatchStride">Elements between matrices; 0 shares one.</param>
internal readonly record struct GemmOperand(CublasOperation Operation, long Rows, long Columns, long Leading, long BatchStride)
{
    /// <summary>The transpose of each matrix of a view [B, R, C]: a row-major product is the column-major product of the transposes in the other order.
    /// Null when neither axis is contiguous, or columns overlap: BLAS cannot say that.</summary>
    public static GemmOperand? TransposeOf(TensorView view)
    {
        long rows = view.Shape[1], columns = view.Shape[2];
        var strides = view.Layout.Strides;
        // An axis of one element may have any stride; the packed one always fits.
        long across = columns == 1 ? 1 : strides[2], down = rows == 1 ? Math.Max(1, columns) : strides[1];
        var batch = view.Shape[0] == 1 ? 0 : strides[0];
        if (across == 1 && down >= columns) return new GemmOperand(CublasOperation.None, columns, rows, down, batch);
        if (rows == 1) down = 1;
        if (columns == 1) across = Math.Max(across, rows);
        return down == 1 && across >= rows ? new GemmOperand(CublasOperation.Transpose, rows, columns, across, batch) : null;
    }
}
