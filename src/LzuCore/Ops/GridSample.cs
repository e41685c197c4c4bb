using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Ops;

public static partial class F
{
    /// <summary>Samples images at given points: output[n, :, i, j] = input[n, :, iy, ix] interpolated, where (x, y) = grid[n, i, j].</summary>
    /// <param name="input">[N, C, H, W], H and W at least 1.</param>
    /// <param name="grid">[N, H_out, W_out, 2], last axis (x to the right, y down), normalised: the image spans [-1, 1].</param>
    /// <param name="mode">Bilinear, or the nearest pixel (halves to even).</param>
    /// <param name="padding">What points outside the image read.</param>
    /// <param name="alignCorners">Whether ±1 are the centres of the outermost pixels, index = (v + 1)/2 · (D - 1), rather than their edges,
    /// index = ((v + 1) · D - 1)/2. The papers' code means true.</param>
    /// <returns>[N, C, H_out, W_out].</returns>
    /// <remarks>Gradients: to the input, the weights scattered; to the grid, the slope of the bilinear surface between the four neighbours (0 for nearest, and where a
    /// padding mode clamps, limits included). NaN coordinates give 0 with zeros padding and pixel 0 otherwise, with no gradient; infinite and huge ones are outside like any other.
    /// Source: Jaderberg et al. 2015, "Spatial transformer networks", eq. 5; conventions of PyTorch.</remarks>
    /// <exception cref="ShapeException">A rank, the batch, or the last axis of the grid does not fit, or the image is empty.</exception>
    /// <exception cref="DTypeException">The dtypes differ or are not floating.</exception>
    public static Tensor GridSample(Tensor input, Tensor grid, SamplingMode mode, PaddingMode padding, bool alignCorners)
    {
        const string op = "grid_sample";
        Check.Floating($"{op}: input", input.DType);
        Check.Parameter(op, input.DType, grid.DType);
        Check.Rank($"{op}: input", input.Shape, 4);
        if (input.Shape[2] == 0 || input.Shape[3] == 0) throw new ShapeException($"{op}: input", "must have at least one row and one column", input.Shape.ToString());
        Check.Shape($"{op}: grid", grid.Shape, [input.Shape[0], Check.Any, Check.Any, 2], "Its axes are [N, H_out, W_out, (x, y)] with the input's N; use grid.Expand to share one grid across the batch.");
        return Op.Apply(new GridSampleOp(new GridSampleArgs(mode, padding, alignCorners)), input, grid);
    }
}

internal sealed class GridSampleOp(GridSampleArgs args) : Op("grid_sample")
{
    protected internal override OpAttributes Attributes => new() { { "mode", args.Mode.ToString() }, { "padding_mode", args.Padding.ToString() }, { "align_corners", args.AlignCorners } };

    protected override Tensor Forward(ReadOnlySpan<Tensor> inputs)
    {
        Tensor input = inputs[0].Contiguous(), grid = inputs[1];
        var output = Tensor.Empty([input.Shape[0], input.Shape[1], grid.Shape[1], grid.Shape[2]], input);
        input.Backend.Kernel<IGridSampleKernel>().Forward(args, input.View, grid.View, output.View);
        Save(input, grid);
        return output;
    }

    protected internal override void Backward(Tensor dOutput, GradSink sink)
    {
        Tensor input = Saved(0), grid = Saved(1), gradient = dOutput.Contiguous();
        // Row-major, so that the two coordinates of a point are neighbours; the default rank-4 layout would take the grid's rows for channels.
        var dGrid = sink.Wants(1) ? Tensor.EmptyWithLayout(Layout.RowMajor(grid.Shape), grid.DType, grid.Device) : null;
        input.Backend.Kernel<IGridSampleKernel>().Backward(args, input.View, grid.View, gradient.View, sink.Empty(0)?.View, dGrid?.View);
        if (dGrid is not null) sink.Add(1, dGrid);
    }
}
