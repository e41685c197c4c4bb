using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Ops;

public static partial class F
{
    /// <summary>The inverse of a piecewise bilinear warp grid [N, h, w, 2]: [N, H, W, 2], row-major. Gradient: to the grid, 0 from entries that no tile covers.</summary>
    internal static Tensor InvertGrid(Tensor grid, Size2 size, AxisTable x, AxisTable y) => Op.Apply(new InvertGridOp(size, x, y), grid);
}

internal sealed class InvertGridOp(Size2 size, AxisTable x, AxisTable y) : Op("invert_grid")
{
    protected override Tensor Forward(ReadOnlySpan<Tensor> inputs)
    {
        var grid = inputs[0];
        var inverse = Tensor.EmptyWithLayout(Layout.RowMajor([grid.Shape[0], size.Height, size.Width, 2]), grid.DType, grid.Device);
        grid.Backend.Kernel<IGridInversionKernel>().Forward(x, y, grid.View, inverse.View);
        Save(grid);
        return inverse;
    }

    protected internal override void Backward(Tensor dOutput, GradSink sink)
    {
        if (sink.Empty(0) is { } dGrid) dOutput.Backend.Kernel<IGridInversionKernel>().Backward(x, y, Saved(0).View, dOutput.View, dGrid.View);
    }
}
