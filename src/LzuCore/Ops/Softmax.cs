using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Ops;

public static partial class F
{
    extension(Tensor x)
    {
        /// <summary><c>e^x / Σ e^x</c> along an axis, computed relative to the largest, so that nothing overflows. An entry of −∞ gives 0;
        /// a line of nothing but −∞, or one that holds NaN or +∞, gives NaN, as in PyTorch. Gradient: y (dy − Σ dy y).</summary>
        /// <exception cref="ShapeException">The axis is outside the shape.</exception>
        public Tensor Softmax(int dim) => Softmax("softmax", x, dim, logarithm: false);

        /// <summary><c>x − ln Σ e^x</c> along an axis, computed relative to the largest. An entry of −∞ gives −∞; a line of nothing but −∞,
        /// or one that holds NaN or +∞, gives NaN, as in PyTorch. Gradient: dy − e^y Σ dy.</summary>
        /// <exception cref="ShapeException">The axis is outside the shape.</exception>
        public Tensor LogSoftmax(int dim) => Softmax("log_softmax", x, dim, logarithm: true);
    }

    private static Tensor Softmax(string name, Tensor x, int dim, bool logarithm)
    {
        Check.Floating($"{name}: input", x.DType);
        return Op.Apply(new SoftmaxOp(name, Check.Axis(name, x.Shape, dim), logarithm), x);
    }
}

internal sealed class SoftmaxOp(string name, int axis, bool logarithm) : Op(name)
{
    protected internal override OpAttributes Attributes => new() { { "dim", axis } };

    protected override Tensor Forward(ReadOnlySpan<Tensor> inputs)
    {
        var output = Tensor.Empty(inputs[0].Shape, inputs[0]);
        inputs[0].Backend.Kernel<ISoftmaxKernel>().Forward(axis, logarithm, inputs[0].View, output.View);
        Save(output);
        return output;
    }

    protected internal override void Backward(Tensor dOutput, GradSink sink)
    {
        if (sink.Empty(0) is { } dInput) dOutput.Backend.Kernel<ISoftmaxKernel>().Backward(axis, logarithm, Saved(0).View, dOutput.View, dInput.View);
    }
}
