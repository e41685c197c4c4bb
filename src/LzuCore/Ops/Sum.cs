using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Ops;

public static partial class F
{
    extension(Tensor x)
    {
        /// <summary>The sum over the given axes, which disappear; over all when none are given. Of nothing: 0.
        /// Carried in float64 in an order that the shape alone decides. Gradient: dOutput to every summand.</summary>
        /// <exception cref="ShapeException">An axis is outside the shape or named twice.</exception>
        public Tensor Sum(params ReadOnlySpan<int> dims) => Reduce("sum", ReduceKind.Sum, x, dims, keepDim: false);

        /// <summary>The sum over one axis.</summary>
        public Tensor Sum(int dim, bool keepDim) => Reduce("sum", ReduceKind.Sum, x, [dim], keepDim);

        /// <summary>The sum over axes, which keep size 1 when <paramref name="keepDim"/>.</summary>
        public Tensor Sum(ReadOnlySpan<int> dims, bool keepDim) => Reduce("sum", ReduceKind.Sum, x, dims, keepDim);

        /// <summary>The mean over the given axes, which disappear; over all when none are given. Of nothing: NaN.
        /// Gradient: dOutput / count to every element.</summary>
        /// <exception cref="ShapeException">An axis is outside the shape or named twice.</exception>
        public Tensor Mean(params ReadOnlySpan<int> dims) => Reduce("mean", ReduceKind.Mean, x, dims, keepDim: false);

        /// <summary>The mean over one axis.</summary>
        public Tensor Mean(int dim, bool keepDim) => Reduce("mean", ReduceKind.Mean, x, [dim], keepDim);

        /// <summary>The mean over axes, which keep size 1 when <paramref name="keepDim"/>.</summary>
        public Tensor Mean(ReadOnlySpan<int> dims, bool keepDim) => Reduce("mean", ReduceKind.Mean, x, dims, keepDim);
    }

    private static Tensor Reduce(string name, ReduceKind kind, Tensor x, ReadOnlySpan<int> dims, bool keepDim)
    {
        Check.Floating($"{name}: input", x.DType);
        var axes = ReducedAxes(name, x.Shape, dims);
        var kept = Op.Apply(new ReduceOp(name, kind, Kept(x.Shape, axes)), x);
        return keepDim ? kept : kept.Reshape([.. Enumerable.Range(0, x.Rank).Where(i => !axes.Contains(i)).Select(i => x.Shape[i])]);
    }

    internal static int[] ReducedAxes(string name, Shape shape, ReadOnlySpan<int> dims)
    {
        if (dims.Length == 0) return [.. Enumerable.Range(0, shape.Rank)];
        var axes = new int[dims.Length];
        for (var i = 0; i < dims.Length; i++) axes[i] = Check.Axis(name, shape, dims[i]);
        if (axes.Distinct().Count() != axes.Length) throw new ShapeException(name, "every dim may be named once", $"[{string.Join(", ", dims.ToArray())}] for shape {shape}");
        return axes;
    }

    private static Shape Kept(Shape shape, int[] axes)
    {
        var dims = shape.ToArray();
        foreach (var axis in axes) dims[axis] = 1;
        return new Shape(dims);
    }
}

internal sealed class ReduceOp(string name, ReduceKind kind, Shape kept) : Op(name)
{
    private Shape _from;

    protected override Tensor Forward(ReadOnlySpan<Tensor> inputs)
    {
        var input = inputs[0];
        _from = input.Shape;
        var output = Tensor.Empty(kept, input);
        input.Backend.Kernel<IReduceKernel>().Forward(kind, input.View, output.View);
        return output;
    }

    protected internal override void Backward(Tensor dOutput, GradSink sink)
    {
        var each = dOutput;
        if (kind == ReduceKind.Mean)
        {
            each = Tensor.Empty(kept, dOutput);
            dOutput.Backend.Kernel<IMapKernel>().Forward(new DivideBy((double)_from.Count / Math.Max(1, kept.Count)), dOutput.View, each.View);
        }
        sink.Add(0, new Tensor(each.Storage, each.Layout.Expand(_from), each.DType));
    }
}
