using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Ops;

public static partial class F
{
    /// <summary>The piecewise bilinear map through nodes [N, h, w, 2], tabulated: [N, H, W, 2], row-major. See <see cref="AxisTable"/>. Gradient: to the nodes.</summary>
    internal static Tensor EvaluateNodes(Tensor nodes, Size2 size, AxisTable x, AxisTable y, DType dtype) => Op.Apply(new EvaluateNodesOp(size, x, y, dtype), nodes);

    /// <summary>The inverse of the piecewise bilinear map through nodes [N, h, w, 2], tabulated: [N, H, W, 2], row-major. Gradient: to the nodes, 0 from entries that no tile
    /// covers.</summary>
    internal static Tensor InvertNodes(Tensor nodes, Size2 size, AxisTable x, AxisTable y, DType dtype) => Op.Apply(new InvertNodesOp(size, x, y, dtype), nodes);

    /// <summary>The inverse of the piecewise bilinear map through nodes [N, h, w, 2] at points [N, m, 2], normalised; points that no tile holds go to the nearest side of one.
    /// Gradient: to both, 0 from such points.</summary>
    internal static Tensor InvertNodesAt(Tensor nodes, Tensor points) => Op.Apply(new InvertNodesAtOp(), nodes, points);
}

internal sealed class EvaluateNodesOp(Size2 size, AxisTable x, AxisTable y, DType dtype) : Op("upsample_grid")
{
    protected override Tensor Forward(ReadOnlySpan<Tensor> inputs)
    {
        var nodes = inputs[0];
        var output = Tensor.EmptyWithLayout(Layout.RowMajor([nodes.Shape[0], size.Height, size.Width, 2]), dtype, nodes.Device);
        nodes.Backend.Kernel<IPlaneWarpKernel>().Evaluate(x, y, nodes.View, output.View);
        return output;
    }

    protected internal override void Backward(Tensor dOutput, GradSink sink)
    {
        if (sink.Empty(0) is { } dNodes) dOutput.Backend.Kernel<IPlaneWarpKernel>().EvaluateBackward(x, y, dOutput.View, dNodes.View);
    }
}

internal sealed class InvertNodesOp(Size2 size, AxisTable x, AxisTable y, DType dtype) : Op("invert_grid")
{
    protected override Tensor Forward(ReadOnlySpan<Tensor> inputs)
    {
        var nodes = inputs[0];
        var output = Tensor.EmptyWithLayout(Layout.RowMajor([nodes.Shape[0], size.Height, size.Width, 2]), dtype, nodes.Device);
        nodes.Backend.Kernel<IPlaneWarpKernel>().Invert(x, y, nodes.View, output.View);
        Save(nodes);
        return output;
    }

    protected internal override void Backward(Tensor dOutput, GradSink sink)
    {
        if (sink.Empty(0) is { } dNodes) dOutput.Backend.Kernel<IPlaneWarpKernel>().InvertBackward(x, y, Saved(0).View, dOutput.View, dNodes.View);
    }
}

internal sealed class InvertNodesAtOp() : Op("invert_grid")
{
    protected override Tensor Forward(ReadOnlySpan<Tensor> inputs)
    {
        var output = Tensor.Empty(inputs[1].Shape, inputs[1]);
        output.Backend.Kernel<IPlaneWarpKernel>().InvertAt(inputs[0].View, inputs[1].View, output.View);
        Save(inputs[0], inputs[1]);
        return output;
    }

    protected internal override void Backward(Tensor dOutput, GradSink sink) =>
        dOutput.Backend.Kernel<IPlaneWarpKernel>().InvertAtBackward(Saved(0).View, Saved(1).View, dOutput.View, sink.Empty(0)?.View, sink.Empty(1)?.View);
}
