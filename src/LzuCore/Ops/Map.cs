using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Ops;

public static partial class F
{
    /// <summary>An elementwise op from its formula; the one place that turns formulas into ops.</summary>
    internal static Tensor Map<TFormula>(string name, Tensor x, TFormula formula) where TFormula : struct, IMapFormula
    {
        Check.Floating($"{name}: input", x.DType);
        return Op.Apply(new MapOp<TFormula>(name, formula), x);
    }
}

internal sealed class MapOp<TFormula>(string name, TFormula formula) : Op(name) where TFormula : struct, IMapFormula
{
    protected override Tensor Forward(ReadOnlySpan<Tensor> inputs)
    {
        var input = inputs[0];
        var output = Tensor.Empty(input.Shape, input);
        input.Backend.Kernel<IMapKernel>().Forward(formula, input.View, output.View);
        Save(input, output);
        return output;
    }

    protected internal override void Backward(Tensor dOutput, GradSink sink)
    {
        if (sink.Empty(0) is { } dInput)
            dOutput.Backend.Kernel<IMapKernel>().Backward(formula, Saved(0).View, Saved(1).View, dOutput.View, dInput.View);
    }
}
