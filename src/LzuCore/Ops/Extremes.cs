using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Ops;

public static partial class F
{
    /// <summary>The larger of two tensors, elementwise with broadcasting; NaN wins. Gradient: to the larger; half to each on a tie, as in PyTorch.</summary>
    /// <exception cref="ShapeException">The shapes do not broadcast.</exception>
    /// <exception cref="DTypeException">The dtypes differ or are not floating.</exception>
    public static Tensor Maximum(Tensor a, Tensor b) => Op.Apply(new ExtremeOp<Maximum>("maximum", default, larger: true), a, b);

    /// <summary>The smaller of two tensors, elementwise with broadcasting; NaN wins. Gradient: to the smaller; half to each on a tie, as in PyTorch.</summary>
    /// <exception cref="ShapeException">The shapes do not broadcast.</exception>
    /// <exception cref="DTypeException">The dtypes differ or are not floating.</exception>
    public static Tensor Minimum(Tensor a, Tensor b) => Op.Apply(new ExtremeOp<Minimum>("minimum", default, larger: false), a, b);

    extension(Tensor x)
    {
        /// <summary><c>min(max(x, low), high)</c>; a missing limit is none; NaN stays NaN; <paramref name="high"/> wins where the limits cross.
        /// Gradient: 1 inside and at the limits, 0 outside, as in PyTorch.</summary>
        public Tensor Clamp(double? low = null, double? high = null) =>
            Map("clamp", x, new Clamp(low ?? double.NegativeInfinity, high ?? double.PositiveInfinity));

        /// <summary><c>|x|</c>. The derivative at 0 is 0.</summary>
        public Tensor Abs() => Map("abs", x, default(Abs));

        /// <summary>−1, 0 or 1; 0 for NaN. Gradient 0.</summary>
        public Tensor Sign() => Map("sign", x, default(Sign));

        /// <summary>The largest integer not above x. Gradient 0.</summary>
        public Tensor Floor() => Map("floor", x, default(Floor));

        /// <summary>The smallest integer not below x. Gradient 0.</summary>
        public Tensor Ceil() => Map("ceil", x, default(Ceil));

        /// <summary>The nearest integer, halves to even. Gradient 0.</summary>
        public Tensor Round() => Map("round", x, default(Round));
    }
}

internal sealed class ExtremeOp<TFormula>(string name, TFormula formula, bool larger) : ZipOp<TFormula>(name, formula) where TFormula : struct, IZipFormula
{
    protected override void KeepForBackward(Tensor a, Tensor b, Tensor output) => Save(a, b);

    protected internal override void Backward(Tensor dOutput, GradSink sink)
    {
        var (a, b) = (Saved(0), Saved(1));
        if (!larger) (a, b) = (b, a);
        if (sink.Wants(0)) sink.Add(0, Zip(default(Multiply), dOutput, Zip(default(ShareOfLarger), a, b)));
        if (sink.Wants(1)) sink.Add(1, Zip(default(Multiply), dOutput, Zip(default(ShareOfLarger), b, a)));
    }
}
