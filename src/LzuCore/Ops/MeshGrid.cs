using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Ops;

public static partial class F
{
    /// <summary>The product of two axes: x [N, w] and y [N, h] to [N, h, w, 2] with last axis (x, y), row-major. Gradient: summed over the other axis.</summary>
    internal static Tensor MeshGrid(Tensor x, Tensor y) => Op.Apply(new MeshGridOp(), x, y);
}

internal sealed class MeshGridOp() : Op("meshgrid")
{
    protected override Tensor Forward(ReadOnlySpan<Tensor> inputs)
    {
        var (x, y) = (inputs[0], inputs[1]);
        int n = x.Shape[0], h = y.Shape[1], w = x.Shape[1];
        var layout = Layout.RowMajor([n, h, w, 2]);
        var output = Tensor.EmptyWithLayout(layout, x.DType, x.Device);
        var kernel = x.Backend.Kernel<ICopyKernel>();
        kernel.Copy(x.View.With(new Layout([n, 1, w], [x.Layout.Strides[0], 0, x.Layout.Strides[1]], x.Layout.Offset)), output.View.With(layout.Select(3, 0)));
        kernel.Copy(y.View.With(new Layout([n, h, 1], [y.Layout.Strides[0], y.Layout.Strides[1], 0], y.Layout.Offset)), output.View.With(layout.Select(3, 1)));
        return output;
    }

    protected internal override void Backward(Tensor dOutput, GradSink sink)
    {
        sink.Add(0, Collapse(dOutput, axis: 1, coordinate: 0));
        sink.Add(1, Collapse(dOutput, axis: 2, coordinate: 1));
    }

    private static Tensor Collapse(Tensor dOutput, int axis, int coordinate)
    {
        var plane = dOutput.Layout.Select(3, coordinate);
        var kept = plane.Shape[axis == 1 ? 2 : 1];
        var sum = Tensor.EmptyWithLayout(Layout.RowMajor(plane.Shape.With(axis, 1)), dOutput.DType, dOutput.Device);
        dOutput.Backend.Kernel<IReduceKernel>().Forward(ReduceKind.Sum, dOutput.View.With(plane), sum.View);
        return new Tensor(sum.Storage, Layout.RowMajor([plane.Shape[0], kept]), sum.DType);
    }
}
