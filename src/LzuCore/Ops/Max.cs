using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Ops;

public static partial class F
{
    extension(Tensor x)
    {
        /// <summary>The largest value over the given axes, which disappear; over all when none are given. NaN wins.
        /// Gradient: shared evenly among equal largest values (torch.amax).</summary>
        /// <exception cref="ShapeException">An axis is outside the shape, named twice, or has no elements.</exception>
        public Tensor Max(params ReadOnlySpan<int> dims) => Extreme("amax", ReduceKind.Max, x, dims, keepDim: false);

        /// <summary>The largest value over one axis.</summary>
        public Tensor Max(int dim, bool keepDim) => Extreme("amax", ReduceKind.Max, x, [dim], keepDim);

        /// <summary>The smallest value over the given axes, which disappear; over all when none are given. NaN wins.
        /// Gradient: shared evenly among equal smallest values (torch.amin).</summary>
        /// <exception cref="ShapeException">An axis is outside the shape, named twice, or has no elements.</exception>
        public Tensor Min(params ReadOnlySpan<int> dims) => Extreme("amin", ReduceKind.Min, x, dims, keepDim: false);

        /// <summary>The smallest value over one axis.</summary>
        public Tensor Min(int dim, bool keepDim) => Extreme("amin", ReduceKind.Min, x, [dim], keepDim);

        /// <summary>Where the largest value of an axis is (Int64); the first of equal ones, and the first NaN. Not differentiable.</summary>
        /// <exception cref="ShapeException">The axis is outside the shape or has no elements.</exception>
        public Tensor ArgMax(int dim, bool keepDim = false) => ArgExtreme("argmax", true, x, dim, keepDim);

        /// <summary>Where the smallest value of an axis is (Int64); the first of equal ones, and the first NaN. Not differentiable.</summary>
        /// <exception cref="ShapeException">The axis is outside the shape or has no elements.</exception>
        public Tensor ArgMin(int dim, bool keepDim = false) => ArgExtreme("argmin", false, x, dim, keepDim);
    }

    private static Tensor Extreme(string name, ReduceKind kind, Tensor x, ReadOnlySpan<int> dims, bool keepDim)
    {
        Check.Floating($"{name}: input", x.DType);
        var axes = ReducedAxes(name, x.Shape, dims);
        NonEmpty(name, x.Shape, axes);
        var kept = Op.Apply(new ExtremeReduceOp(name, kind, Kept(x.Shape, axes)), x);
        return keepDim ? kept : kept.Reshape([.. Enumerable.Range(0, x.Rank).Where(i => !axes.Contains(i)).Select(i => x.Shape[i])]);
    }

    private static Tensor ArgExtreme(string name, bool largest, Tensor x, int dim, bool keepDim)
    {
        var axis = Check.Axis(name, x.Shape, dim);
        NonEmpty(name, x.Shape, [axis]);
        var indices = Op.Apply(new ArgExtremeOp(name, axis, largest), Sortable(name, x));
        return keepDim ? indices : indices.Squeeze(axis);
    }

    private static void NonEmpty(string name, Shape shape, int[] axes)
    {
        foreach (var axis in axes)
            if (shape[axis] == 0) throw new ShapeException(name, "the reduced axes must have elements, because nothing has no largest or smallest", $"axis {axis} of {shape}");
    }
}

internal sealed class ExtremeReduceOp(string name, ReduceKind kind, Shape kept) : Op(name)
{
    protected override Tensor Forward(ReadOnlySpan<Tensor> inputs)
    {
        var output = Tensor.Empty(kept, inputs[0]);
        inputs[0].Backend.Kernel<IReduceKernel>().Forward(kind, inputs[0].View, output.View);
        Save(inputs[0], output);
        return output;
    }

    protected internal override void Backward(Tensor dOutput, GradSink sink)
    {
        // mask = (x = extreme), as numbers; every winner gets dOutput / number of winners. Where NaN won, the mask is of NaNs.
        var (x, extreme) = (Saved(0), Saved(1));
        var backend = dOutput.Backend;
        var equal = Tensor.Empty(x.Shape, DType.Bool, x.Device);
        var mask = Tensor.Empty(x.Shape, x);
        var winners = Tensor.Empty(kept, x);
        var share = Tensor.Empty(kept, x);
        var dInput = Tensor.Empty(x.Shape, x);
        backend.Kernel<ICompareKernel>().Compare(Relation.Equal, x.View, extreme.View, equal.View);
        backend.Kernel<ICopyKernel>().Copy(equal.View, mask.View);
        backend.Kernel<IReduceKernel>().Forward(ReduceKind.Sum, mask.View, winners.View);
        backend.Kernel<IZipKernel>().Forward(default(Divide), dOutput.View, winners.View, share.View);
        backend.Kernel<IZipKernel>().Forward(default(Multiply), share.View, mask.View, dInput.View);
        sink.Add(0, dInput);
    }
}

internal sealed class ArgExtremeOp(string name, int axis, bool largest) : Op(name)
{
    protected internal override OpAttributes Attributes => new() { { "dim", axis } };

    protected override Tensor Forward(ReadOnlySpan<Tensor> inputs)
    {
        var output = Tensor.Empty(inputs[0].Shape.With(axis, 1), DType.Int64, inputs[0].Device);
        inputs[0].Backend.Kernel<ISortKernel>().Extreme(axis, largest, inputs[0].View, output.View);
        return output;
    }

    protected internal override void Backward(Tensor dOutput, GradSink sink) { }
}
