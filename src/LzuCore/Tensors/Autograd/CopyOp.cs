using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Tensors.Autograd;

/// <summary>The same values in another layout or dtype.</summary>
internal sealed class CopyOp(string name, DType dtype, Func<Shape, Layout> layout) : Op(name)
{
    protected internal override OpAttributes Attributes => new() { { "dtype", dtype.Name() } };

    protected override bool TakesHalves(ReadOnlySpan<Tensor> inputs) => true;

    protected override Tensor Forward(ReadOnlySpan<Tensor> inputs)
    {
        var input = inputs[0];
        var output = Tensor.EmptyWithLayout(layout(input.Shape), dtype, input.Device);
        input.Backend.Kernel<ICopyKernel>().Copy(input.View, output.View);
        return output;
    }

    protected internal override void Backward(Tensor dOutput, GradSink sink)
    {
        if (sink.Empty(0) is { } dInput) dOutput.Backend.Kernel<ICopyKernel>().Copy(dOutput.View, dInput.View);
    }
}
