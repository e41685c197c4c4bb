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
    // A formula's numbers; names whose formula has none need none. Scalars of arithmetic: x·scale + shift, x / divisor, numerator / x.
    protected internal override OpAttributes Attributes => formula switch
    {
        Affine a => new() { { "scale", a.Scale }, { "shift", a.Shift } },
        Scale s => new() { { "scale", s.Factor }, { "shift", 0 } },
        DivideBy d => new() { { "divisor", d.Divisor } },
        DivideInto d => new() { { "numerator", d.Numerator } },
        Clamp c => new() { { "min", c.Low }, { "max", c.High } },
        HardTanh h => new() { { "min", h.Low }, { "max", h.High } },
        LeakyRelu l => new() { { "negative_slope", l.Slope } },
        Elu e => new() { { "alpha", e.Scale } },
        Softplus s => new() { { "beta", s.Beta }, { "threshold", s.Threshold } },
        Square => new() { { "exponent", 2 } },
        Power p => new() { { "exponent", p.Exponent } },
        Kernels.SmoothL1 s => new() { { "beta", s.Beta } },
        _ => OpAttributes.None,
    };

    protected override Tensor Forward(ReadOnlySpan<Tensor> inputs)
    {
        var input = inputs[0];
        var output = Tensor.Empty(input.Shape, input);
        input.Backend.Kernel<IMapKernel>().Forward(formula, input.View, output.View);
        if (TFormula.NeedsInput && TFormula.NeedsOutput) Save(input, output);
        else if (TFormula.NeedsInput) Save(input);
        else if (TFormula.NeedsOutput) Save(output);
        return output;
    }

    protected internal override void Backward(Tensor dOutput, GradSink sink)
    {
        // In place of what was not kept stands dOutput: it has the shape, and the formula does not read it.
        var input = TFormula.NeedsInput ? Saved(0) : dOutput;
        var output = TFormula.NeedsOutput ? Saved(TFormula.NeedsInput ? 1 : 0) : dOutput;
        if (sink.Empty(0) is { } dInput)
            dOutput.Backend.Kernel<IMapKernel>().Backward(formula, input.View, output.View, dOutput.View, dInput.View);
    }
}
