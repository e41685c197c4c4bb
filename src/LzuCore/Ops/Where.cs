using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Ops;

public static partial class F
{
    /// <summary><c>condition ? a : b</c>, elementwise with broadcasting; the branch not taken does not leak NaN, neither forward nor backward.
    /// Gradient: dOutput to the branch taken, 0 to the other.</summary>
    /// <exception cref="ShapeException">The shapes do not broadcast.</exception>
    /// <exception cref="DTypeException">condition is not Bool, or a and b differ in dtype.</exception>
    public static Tensor Where(Tensor condition, Tensor a, Tensor b)
    {
        if (condition.DType != DType.Bool) throw new DTypeException($"where: condition must be bool, got {condition.DType.Name()}. Make it with a comparison, or .To(DType.Bool).");
        Check.SameDType("where", a.DType, b.DType);
        return Op.Apply(new WhereOp(), condition, a, b);
    }

    /// <summary><c>condition ? a : b</c> with a number.</summary>
    public static Tensor Where(Tensor condition, Tensor a, double b) => Where(condition, a, Tensor.Scalar(b, a.DType, a.Device));

    /// <summary><c>condition ? a : b</c> with a number.</summary>
    public static Tensor Where(Tensor condition, double a, Tensor b) => Where(condition, Tensor.Scalar(a, b.DType, b.Device), b);
}

internal sealed class WhereOp() : Op("where")
{
    protected override Tensor Forward(ReadOnlySpan<Tensor> inputs)
    {
        var (condition, a, b) = (inputs[0], inputs[1], inputs[2]);
        var output = Tensor.Empty(Shape.Broadcast(Name, Shape.Broadcast(Name, a.Shape, b.Shape), condition.Shape), a);
        a.Backend.Kernel<ICompareKernel>().Select(condition.View, a.View, b.View, output.View);
        Save(condition);
        return output;
    }

    protected internal override void Backward(Tensor dOutput, GradSink sink)
    {
        var zero = Tensor.Scalar(0, dOutput.DType, dOutput.Device);
        if (sink.Wants(1)) sink.Add(1, Masked(dOutput, zero));
        if (sink.Wants(2)) sink.Add(2, Masked(zero, dOutput));

        Tensor Masked(Tensor yes, Tensor no)
        {
            var result = Tensor.Empty(dOutput.Shape, dOutput);
            dOutput.Backend.Kernel<ICompareKernel>().Select(Saved(0).View, yes.View, no.View, result.View);
            return result;
        }
    }
}
