using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Ops;

public static partial class F
{
    extension(Tensor x)
    {
        /// <summary><c>x = other</c>, elementwise with broadcasting, as a Bool tensor. NaN equals nothing. Not differentiable, like every comparison.</summary>
        /// <exception cref="ShapeException">The shapes do not broadcast.</exception>
        /// <exception cref="DTypeException">The dtypes differ.</exception>
        public Tensor Equal(Tensor other) => Compare("eq", Relation.Equal, x, other);

        /// <summary><c>x = value</c>, elementwise.</summary>
        public Tensor Equal(double value) => Compare("eq", Relation.Equal, x, value, swap: false);

        /// <summary><c>x ≠ other</c>, elementwise with broadcasting; true for NaN.</summary>
        public Tensor NotEqual(Tensor other) => Compare("ne", Relation.NotEqual, x, other);

        /// <summary><c>x ≠ value</c>, elementwise.</summary>
        public Tensor NotEqual(double value) => Compare("ne", Relation.NotEqual, x, value, swap: false);

        /// <summary><c>x &lt; other</c>, elementwise with broadcasting; false where either is NaN.</summary>
        public Tensor Less(Tensor other) => Compare("lt", Relation.Less, x, other);

        /// <summary><c>x &lt; value</c>, elementwise.</summary>
        public Tensor Less(double value) => Compare("lt", Relation.Less, x, value, swap: false);

        /// <summary><c>x ≤ other</c>, elementwise with broadcasting; false where either is NaN.</summary>
        public Tensor LessOrEqual(Tensor other) => Compare("le", Relation.LessOrEqual, x, other);

        /// <summary><c>x ≤ value</c>, elementwise.</summary>
        public Tensor LessOrEqual(double value) => Compare("le", Relation.LessOrEqual, x, value, swap: false);

        /// <summary><c>x &gt; other</c>, elementwise with broadcasting; false where either is NaN.</summary>
        public Tensor Greater(Tensor other) => Compare("gt", Relation.Less, other, x);

        /// <summary><c>x &gt; value</c>, elementwise.</summary>
        public Tensor Greater(double value) => Compare("gt", Relation.Less, x, value, swap: true);

        /// <summary><c>x ≥ other</c>, elementwise with broadcasting; false where either is NaN.</summary>
        public Tensor GreaterOrEqual(Tensor other) => Compare("ge", Relation.LessOrEqual, other, x);

        /// <summary><c>x ≥ value</c>, elementwise.</summary>
        public Tensor GreaterOrEqual(double value) => Compare("ge", Relation.LessOrEqual, x, value, swap: true);

        /// <summary>True where both differ from 0.</summary>
        public Tensor And(Tensor other) => Compare("logical_and", Relation.And, x, other);

        /// <summary>True where at least one differs from 0.</summary>
        public Tensor Or(Tensor other) => Compare("logical_or", Relation.Or, x, other);

        /// <summary>True where x is 0.</summary>
        public Tensor Not() => Compare("logical_not", Relation.Equal, x, 0, swap: false);

        /// <summary>True where x is NaN.</summary>
        public Tensor IsNaN() => Compare("isnan", Relation.NotEqual, x, x);
    }

    private static Tensor Compare(string name, Relation relation, Tensor a, Tensor b)
    {
        Check.SameDType(name, a.DType, b.DType);
        return Op.Apply(new CompareOp(name, relation), Comparable(a), Comparable(b));
    }

    private static Tensor Compare(string name, Relation relation, Tensor x, double value, bool swap)
    {
        // An integer tensor meets a fraction, or a number beyond its dtype, as float64, so that nothing is rounded.
        var a = Comparable(x);
        var largest = a.DType switch { DType.Bool => 1, DType.UInt8 => 255, _ => 1L << 53 };
        if (!a.DType.IsFloating() && !(Math.Floor(value) == value && value <= largest && value >= (a.DType == DType.Int64 ? -largest : 0))) a = a.To(DType.Float64);
        var b = Tensor.Scalar(value, a.DType, a.Device);
        return Op.Apply(new CompareOp(name, relation), swap ? b : a, swap ? a : b);
    }

    // The five dtypes that the kernel compares; the others convert without loss.
    private static Tensor Comparable(Tensor x) => x.DType switch
    {
        DType.Float32 or DType.Float64 or DType.Int64 or DType.UInt8 or DType.Bool => x.Detach(),
        DType.Float16 or DType.BFloat16 => x.Detach().To(DType.Float32),
        _ => x.To(DType.Int64),
    };
}

internal sealed class CompareOp(string name, Relation relation) : Op(name)
{
    protected internal override OpAttributes Attributes => new() { { "relation", relation.ToString() } };

    protected override Tensor Forward(ReadOnlySpan<Tensor> inputs)
    {
        var (a, b) = (inputs[0], inputs[1]);
        var output = Tensor.Empty(Shape.Broadcast(Name, a.Shape, b.Shape), DType.Bool, a.Device);
        a.Backend.Kernel<ICompareKernel>().Compare(relation, a.View, b.View, output.View);
        return output;
    }

    protected internal override void Backward(Tensor dOutput, GradSink sink) { }
}
