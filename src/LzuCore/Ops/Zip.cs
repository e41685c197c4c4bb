using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Ops;

// An elementwise op of two tensors from its formula; the backward pass is written by the op, as products of such formulas.
internal abstract class ZipOp<TFormula>(string name, TFormula formula) : Op(name) where TFormula : struct, IZipFormula
{
    protected override bool TakesHalves(ReadOnlySpan<Tensor> inputs)
    {
        // Before either is widened, after which they would look alike.
        Check.SameDType(Name, inputs[0].DType, inputs[1].DType);
        return false;
    }

    protected override Tensor Forward(ReadOnlySpan<Tensor> inputs)
    {
        var (a, b) = (inputs[0], inputs[1]);
        Check.SameDType(Name, a.DType, b.DType);
        Check.Floating($"{Name}: operands", a.DType);
        var output = Zip(formula, a, b);
        KeepForBackward(a, b, output);
        return output;
    }

    // Calls Save with what Backward reads, and no more.
    protected abstract void KeepForBackward(Tensor a, Tensor b, Tensor output);

    // Arithmetic of backward passes: not recorded, any broadcasting.
    protected Tensor Zip<T>(T formula, Tensor a, Tensor b) where T : struct, IZipFormula
    {
        var output = Tensor.Empty(Shape.Broadcast(Name, a.Shape, b.Shape), a);
        a.Backend.Kernel<IZipKernel>().Forward(formula, a.View, b.View, output.View);
        return output;
    }

    protected static Tensor Map<T>(T formula, Tensor x) where T : struct, IMapFormula
    {
        var output = Tensor.Empty(x.Shape, x);
        x.Backend.Kernel<IMapKernel>().Forward(formula, x.View, output.View);
        return output;
    }
}
