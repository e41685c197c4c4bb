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

        /// <summary><c>a − b</c>, elementwise with broadcasting. Gradient: 1 and −1, summed over broadcast axes.</summary>
        /// <exception cref="ShapeException">The shapes do not broadcast.</exception>
        /// <exception cref="DTypeException">The dtypes differ or are not floating.</exception>
        public static Tensor operator -(Tensor a, Tensor b) => Op.Apply(new SubtractOp(), a, b);

        /// <summary><c>a − b</c> with a number.</summary>
        public static Tensor operator -(Tensor a, double b) => Map("sub", a, new Affine(1, -b));

        /// <summary><c>a − b</c> with a number.</summary>
        public static Tensor operator -(double a, Tensor b) => Map("sub", b, new Affine(-1, a));

        /// <summary><c>−x</c>, elementwise.</summary>
        public static Tensor operator -(Tensor x) => Map("neg", x, new Scale(-1));
    }
}

internal sealed class AddOp() : ZipOp<Add>("add", default)
{
    protected override void KeepForBackward(Tensor a, Tensor b, Tensor output) { }

    protected internal override void Backward(Tensor dOutput, GradSink sink)
    {
        sink.Add(0, dOutput);
        sink.Add(1, dOutput);
    }
}

internal sealed class SubtractOp() : ZipOp<Subtract>("sub", default)
{
    protected override void KeepForBackward(Tensor a, Tensor b, Tensor output) { }

    protected internal override void Backward(Tensor dOutput, GradSink sink)
    {
        sink.Add(0, dOutput);
        if (sink.Wants(1)) sink.Add(1, Map(new Scale(-1), dOutput));
    }
}
