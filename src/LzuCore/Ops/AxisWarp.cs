using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Ops;

public static partial class F
{
    /// <summary>The piecewise linear map through knots [N, n], tabulated: [N, count]. See <see cref="AxisTable"/>. Gradient: to the knots.</summary>
    internal static Tensor EvaluateKnots(Tensor knots, int count, AxisTable table, DType dtype) =>
        Op.Apply(new EvaluateKnotsOp(count, table, dtype), CheckKnots("warp_axis", knots));

    /// <summary>The inverse of the piecewise linear map through knots [N, n], tabulated: [N, count]. Gradient: to the knots, 0 from filled entries.</summary>
    internal static Tensor InvertKnots(Tensor knots, int count, AxisTable table, DType dtype) =>
        Op.Apply(new InvertKnotsOp(count, table, dtype), CheckKnots("invert_separable", knots));

    /// <summary>The inverse of the piecewise linear map through knots [N, n] at points [N, m], normalised; points outside go to the nearest end. Gradient: to both.</summary>
    internal static Tensor InvertKnotsAt(Tensor knots, Tensor points) => Op.Apply(new InvertKnotsAtOp(), CheckKnots("invert_separable", knots), points);

    private static Tensor CheckKnots(string op, Tensor knots)
    {
        Check.Floating($"{op}: knots", knots.DType);
        Check.Rank($"{op}: knots", knots.Shape, 2);
        if (knots.Shape[1] < 2) throw new ShapeException($"{op}: knots", "must hold at least 2 knots an axis", knots.Shape.ToString());
        return knots;
    }
}

internal sealed class EvaluateKnotsOp(int count, AxisTable table, DType dtype) : Op("warp_axis")
{
    protected override Tensor Forward(ReadOnlySpan<Tensor> inputs)
    {
        var output = Tensor.Empty([inputs[0].Shape[0], count], dtype, inputs[0].Device);
        output.Backend.Kernel<IAxisWarpKernel>().Evaluate(table, inputs[0].View, output.View);
        return output;
    }

    protected internal override void Backward(Tensor dOutput, GradSink sink)
    {
        if (sink.Empty(0) is { } dKnots) dOutput.Backend.Kernel<IAxisWarpKernel>().EvaluateBackward(table, dOutput.View, dKnots.View);
    }
}

internal sealed class InvertKnotsOp(int count, AxisTable table, DType dtype) : Op("invert_separable")
{
    protected override Tensor Forward(ReadOnlySpan<Tensor> inputs)
    {
        var output = Tensor.Empty([inputs[0].Shape[0], count], dtype, inputs[0].Device);
        output.Backend.Kernel<IAxisWarpKernel>().Invert(table, inputs[0].View, output.View);
        Save(inputs[0]);
        return output;
    }

    protected internal override void Backward(Tensor dOutput, GradSink sink)
    {
        if (sink.Empty(0) is { } dKnots) dOutput.Backend.Kernel<IAxisWarpKernel>().InvertBackward(table, Saved(0).View, dOutput.View, dKnots.View);
    }
}

internal sealed class InvertKnotsAtOp() : Op("invert_separable")
{
    protected override Tensor Forward(ReadOnlySpan<Tensor> inputs)
    {
        var output = Tensor.Empty(inputs[1].Shape, inputs[1]);
        output.Backend.Kernel<IAxisWarpKernel>().InvertAt(inputs[0].View, inputs[1].View, output.View);
        Save(inputs[0], inputs[1]);
        return output;
    }

    protected internal override void Backward(Tensor dOutput, GradSink sink) =>
        dOutput.Backend.Kernel<IAxisWarpKernel>().InvertAtBackward(Saved(0).View, Saved(1).View, dOutput.View, sink.Empty(0)?.View, sink.Empty(1)?.View);
}
