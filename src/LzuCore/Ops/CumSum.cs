using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Ops;

public static partial class F
{
    extension(Tensor x)
    {
        /// <summary><c>output[i] = x[0] + … + x[i]</c> along an axis, carried in float64. Gradient: the running sum of dOutput from the end.</summary>
        /// <exception cref="ShapeException">The axis is outside the shape.</exception>
        public Tensor CumSum(int dim)
        {
            Check.Floating("cumsum: input", x.DType);
            return Op.Apply(new CumSumOp(Check.Axis("cumsum", x.Shape, dim)), x);
        }
    }
}

internal sealed class CumSumOp(int axis) : Op("cumsum")
{
    protected internal override OpAttributes Attributes => new() { { "dim", axis } };

    protected override Tensor Forward(ReadOnlySpan<Tensor> inputs)
    {
        var output = Tensor.Empty(inputs[0].Shape, inputs[0]);
        inputs[0].Backend.Kernel<IScanKernel>().CumulativeSum(axis, reversed: false, inputs[0].View, output.View);
        return output;
    }

    protected internal override void Backward(Tensor dOutput, GradSink sink)
    {
        if (sink.Empty(0) is { } dInput) dOutput.Backend.Kernel<IScanKernel>().CumulativeSum(axis, reversed: true, dOutput.View, dInput.View);
    }
}
