using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Ops;

public static partial class F
{
    extension(Tensor x)
    {
        /// <summary>The indices (Int64) that sort an axis. Stable; NaN counts as larger than every number, as in PyTorch. Not differentiable.</summary>
        /// <exception cref="ShapeException">The axis is outside the shape.</exception>
        public Tensor ArgSort(int dim = -1, bool descending = false)
        {
            var axis = Check.Axis("sort", x.Shape, dim);
            return Op.Apply(new OrderOp("sort", axis, x.Shape[axis], descending), Sortable("sort", x));
        }

        /// <summary>An axis in order, and where each element was. Stable; NaN counts as larger than every number. Gradient: to where each value came from.</summary>
        /// <exception cref="ShapeException">The axis is outside the shape.</exception>
        public (Tensor Values, Tensor Indices) Sort(int dim = -1, bool descending = false)
        {
            var indices = x.ArgSort(dim, descending);
            return (x.GatherChecked(dim, indices), indices);
        }

        /// <summary>The k largest (or smallest) values of an axis in order, and where they were; of equal ones the first come first.
        /// NaN counts as larger than every number. Gradient: to where each value came from.</summary>
        /// <exception cref="ShapeException">The axis is outside the shape, or has fewer than k elements.</exception>
        public (Tensor Values, Tensor Indices) TopK(int k, int dim = -1, bool largest = true)
        {
            var axis = Check.Axis("topk", x.Shape, dim);
            if (k < 0 || k > x.Shape[axis]) throw new ShapeException("topk", $"k must be within [0, {x.Shape[axis]}], the size of axis {axis} of {x.Shape}", $"{k}");
            var indices = Op.Apply(new OrderOp("topk", axis, k, largest), Sortable("topk", x));
            return (x.GatherChecked(axis, indices), indices);
        }
    }

    // The three dtypes that the kernel orders; the other integers convert without loss.
    private static Tensor Sortable(string name, Tensor x) => x.DType switch
    {
        DType.Float32 or DType.Float64 or DType.Int64 => x.Detach(),
        DType.Float16 or DType.BFloat16 => throw new DTypeException($"{name}: input must be float32, float64 or an integer, got {x.DType.Name()}. Convert with .To(DType.Float32)."),
        _ => x.To(DType.Int64),
    };
}

internal sealed class OrderOp(string name, int axis, int count, bool descending) : Op(name)
{
    protected internal override OpAttributes Attributes => new() { { "dim", axis }, { "k", count }, { "largest", descending } };

    protected override Tensor Forward(ReadOnlySpan<Tensor> inputs)
    {
        var output = Tensor.Empty(inputs[0].Shape.With(axis, count), DType.Int64, inputs[0].Device);
        inputs[0].Backend.Kernel<ISortKernel>().Order(axis, descending, inputs[0].View, output.View);
        return output;
    }

    protected internal override void Backward(Tensor dOutput, GradSink sink) { }
}
