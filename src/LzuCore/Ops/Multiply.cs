using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Ops;

public static partial class F
{
    extension(Tensor)
    {
        /// <summary><c>a · b</c>, elementwise with broadcasting. Gradient: b to a and a to b, summed over broadcast axes.</summary>
        /// <exception cref="ShapeException">The shapes do not broadcast.</exception>
        /// <exception cref="DTypeException">The dtypes differ or are not floating.</exception>
        public static Tensor operator *(Tensor a, Tensor b) => Op.Apply(new MultiplyOp(), a, b);

        /// <summary><c>a · b</c> with a number.</summary>
        public static Tensor operator *(Tensor a, double b) => Map("mul", a, new Scale(b));

        /// <summary><c>a · b</c> with a number.</summary>
        public static Tensor operator *(double a, Tensor b) => Map("mul", b, new Scale(a));

        /// <summary><c>a / b</c>, elementwise with broadcasting, rounded once. Gradient: 1/b to a, −a/b² to b, summed over broadcast axes.</summary>
        /// <exception cref="ShapeException">The shapes do not broadcast.</exception>
        /// <exception cref="DTypeException">The dtypes differ or are not floating.</exception>
        public static Tensor operator /(Tensor a, Tensor b) => Op.Apply(new DivideOp(), a, b);

        /// <summary><c>a / b</c> with a number.</summary>
        public static Tensor operator /(Tensor a, double b) => Map("div", a, new DivideBy(b));

        /// <summary><c>a / b</c> with a number.</summary>
        public static Tensor operator /(double a, Tensor b) => Map("div", b, new DivideInto(a));
    }
}

internal sealed class MultiplyOp() : ZipOp<Multiply>("mul", default)
{
    protected override void KeepForBackward(Tensor a, Tensor b, Tensor output) => Save(a, b);

    protected internal override void Backward(Tensor dOutput, GradSink sink)
    {
        if (sink.Wants(0)) sink.Add(0, Zip(default(Multiply), dOutput, Saved(1)));
        if (sink.Wants(1)) sink.Add(1, Zip(default(Multiply), dOutput, Saved(0)));
    }
}

internal sealed class DivideOp() : ZipOp<Divide>("div", default)
{
    protected override void KeepForBackward(Tensor a, Tensor b, Tensor output) => Save(b, output);

    protected internal override void Backward(Tensor dOutput, GradSink sink)
    {
        var quotient = Zip(default(Divide), dOutput, Saved(0));
        sink.Add(0, quotient);
        if (sink.Wants(1)) sink.Add(1, Zip(default(NegativeProduct), quotient, Saved(1)));
    }
}
