using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Ops;

public static partial class F
{
    extension(Tensor)
    {
        /// <summary><c>a + b</c>, elementwise with broadcasting. Gradient: 1 to both, summed over broadcast axes.</summary>
        /// <exception cref="ShapeException">The shapes do not broadcast.</exception>
        /// <exception cref="DTypeException">The dtypes differ or are not floating.</exception>
        public static Tensor operator +(Tensor a, Tensor b) => Op.Apply(new AddOp(), a, b);

        /// <summary><c>a + b</c> with a number.</summary>
        public static Tensor operator +(Tensor a, double b) => Map("add", a, new Affine(1, b));

        /// <summary><c>a + b</c> with a number.</summary>
        public static Tensor operator +(double a, Tensor b) => Map("add", b, new Affine(1, a));
    }
}

internal sealed class AddOp() : Op("add")
{
    protected override Tensor Forward(ReadOnlySpan<Tensor> inputs)
    {
        var (a, b) = (inputs[0], inputs[1]);
        Check.SameDType(Name, a.DType, b.DType);
        Check.Floating("add: operands", a.DType);
        var output = Tensor.Empty(Shape.Broadcast(Name, a.Shape, b.Shape), a);
        a.Backend.Kernel<IZipKernel>().Forward(default(Add), a.View, b.View, output.View);
        return output;
    }

    protected internal override void Backward(Tensor dOutput, GradSink sink)
    {
        sink.Add(0, dOutput);
        sink.Add(1, dOutput);
    }
}
