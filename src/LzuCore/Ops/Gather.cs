using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Ops;

public static partial class F
{
    extension(Tensor x)
    {
        /// <summary><c>output[…, i, …] = x[…, index[…, i, …], …]</c> along <paramref name="dim"/>; the output has the index' shape.
        /// Gradient: added up at the places read, in order.</summary>
        /// <param name="dim">The axis that is indexed.</param>
        /// <param name="index">Int64; the input's rank, and at most its size on every other axis. Negative indices are errors, as in PyTorch.</param>
        /// <exception cref="ShapeException">The index' shape does not fit.</exception>
        /// <exception cref="ArgumentValueException">An index is outside the axis.</exception>
        /// <exception cref="DTypeException">The index is not Int64.</exception>
        public Tensor Gather(int dim, Tensor index)
        {
            var axis = Check.Axis("gather", x.Shape, dim);
            CheckIndexShape("gather", "input", axis, x.Shape, index);
            CheckIndexRange("gather", index, axis, x.Shape);
            return Op.Apply(new GatherOp("gather", axis), x, index);
        }

        /// <summary>Entries of an axis by number: <c>output[…, i, …] = x[…, index[i], …]</c>. Gradient: added up at the entries read, in order.</summary>
        /// <param name="dim">The axis that is indexed.</param>
        /// <param name="index">Int64, one axis.</param>
        /// <exception cref="ShapeException">The index does not have one axis.</exception>
        /// <exception cref="ArgumentValueException">An index is outside the axis.</exception>
        /// <exception cref="DTypeException">The index is not Int64.</exception>
        public Tensor IndexSelect(int dim, Tensor index)
        {
            var axis = Check.Axis("index_select", x.Shape, dim);
            Check.Rank("index_select: index", index.Shape, 1);
            CheckIndexRange("index_select", index, axis, x.Shape);
            return Op.Apply(new GatherOp("index_select", axis), x, AlongAxis(index, axis, x.Shape));
        }

        // For indices that this library made: nothing is checked.
        private Tensor GatherChecked(int dim, Tensor index) => Op.Apply(new GatherOp("gather", Check.Axis("gather", x.Shape, dim)), x, index);

        /// <summary>A copy of x with <c>output[…, index[…, i, …], …] = source[…, i, …]</c>; of equal indices the last wins.
        /// Gradient: to the source where it was written and won, to x elsewhere.</summary>
        /// <exception cref="ShapeException">The shapes do not fit.</exception>
        /// <exception cref="ArgumentValueException">An index is outside the axis.</exception>
        /// <exception cref="DTypeException">The index is not Int64, or the source's dtype is not x's.</exception>
        public Tensor Scatter(int dim, Tensor index, Tensor source) => Scatter("scatter", x, dim, index, source, add: false);

        /// <summary>A copy of x with <c>output[…, index[…, i, …], …] += source[…, i, …]</c>, added in the order of i. Gradient: dOutput to x, gathered to the source.</summary>
        /// <exception cref="ShapeException">The shapes do not fit.</exception>
        /// <exception cref="ArgumentValueException">An index is outside the axis.</exception>
        /// <exception cref="DTypeException">The index is not Int64, or x and the source are not of one floating dtype.</exception>
        public Tensor ScatterAdd(int dim, Tensor index, Tensor source) => Scatter("scatter_add", x, dim, index, source, add: true);
    }

    private static Tensor Scatter(string name, Tensor x, int dim, Tensor index, Tensor source, bool add)
    {
        var axis = Check.Axis(name, x.Shape, dim);
        Check.SameDType(name, x.DType, source.DType);
        if (add) Check.Floating($"{name}: input", x.DType);
        CheckIndexShape(name, "input", axis, x.Shape, index);
        if (source.Shape != index.Shape) throw new ShapeException(name, $"source must have the index' shape {index.Shape}", source.Shape.ToString());
        CheckIndexRange(name, index, axis, x.Shape);
        return add ? Op.Apply(new ScatterAddOp(axis), x, index, source) : Op.Apply(new ScatterOp(axis), x, index, source);
    }

    // A one-axis index repeated over every other axis without copying.
    private static Tensor AlongAxis(Tensor index, int axis, Shape shape)
    {
        var (alone, all) = (new int[shape.Rank], shape.ToArray());
        Array.Fill(alone, 1);
        alone[axis] = all[axis] = index.Shape[0];
        return index.Reshape(alone).Expand(all);
    }

    private static void CheckIndexShape(string name, string what, int axis, Shape shape, Tensor index)
    {
        var fits = index.Rank == shape.Rank;
        for (var i = 0; fits && i < shape.Rank; i++) fits = i == axis || index.Shape[i] <= shape[i];
        if (!fits) throw new ShapeException(name, $"index must have the rank of {what} {shape} and at most its size on every axis but {axis}", index.Shape.ToString());
    }

    private static void CheckIndexRange(string name, Tensor index, int axis, Shape shape)
    {
        if (index.DType != DType.Int64) throw new DTypeException($"{name}: index must be int64, got {index.DType.Name()}. Convert with .To(DType.Int64).");
        if (index.Shape.Count == 0) return;
        var (min, max) = index.Backend.Kernel<IGatherKernel>().Range(index.View);
        GC.KeepAlive(index);
        if (min < 0 || max >= shape[axis])
            throw new ArgumentValueException($"{name}: every index must be within [0, {shape[axis]}), the size of axis {axis} of {shape}, got {(min < 0 ? min : max)}.");
    }
}

internal sealed class GatherOp(string name, int axis) : Op(name)
{
    protected internal override OpAttributes Attributes => new() { { "dim", axis } };

    protected override Tensor Forward(ReadOnlySpan<Tensor> inputs)
    {
        var (x, index) = (inputs[0], inputs[1]);
        var output = Tensor.Empty(index.Shape, x);
        x.Backend.Kernel<IGatherKernel>().Gather(axis, x.View, index.View, output.View);
        Save(index);
        return output;
    }

    protected internal override void Backward(Tensor dOutput, GradSink sink)
    {
        if (sink.Zeros(0) is { } dInput) dOutput.Backend.Kernel<IGatherKernel>().ScatterAdd(axis, Saved(0).View, dOutput.View, dInput.View);
    }
}

internal sealed class ScatterOp(int axis) : Op("scatter")
{
    protected internal override OpAttributes Attributes => new() { { "dim", axis } };

    protected override Tensor Forward(ReadOnlySpan<Tensor> inputs)
    {
        var (x, index, source) = (inputs[0], inputs[1], inputs[2]);
        var output = Tensor.Empty(x.Shape, x);
        x.Backend.Kernel<ICopyKernel>().Copy(x.View, output.View);
        x.Backend.Kernel<IGatherKernel>().Scatter(axis, index.View, source.View, output.View);
        Save(index);
        return output;
    }

    protected internal override void Backward(Tensor dOutput, GradSink sink)
    {
        var index = Saved(0);
        var kernel = dOutput.Backend.Kernel<IGatherKernel>();
        var copy = dOutput.Backend.Kernel<ICopyKernel>();
        if (sink.Empty(0) is { } dInput)
        {
            copy.Copy(dOutput.View, dInput.View);
            kernel.Scatter(axis, index.View, Tensor.Scalar(0, dOutput.DType, dOutput.Device).View.With(new Layout(index.Shape, new long[index.Rank])), dInput.View);
        }
        if (!sink.Wants(2)) return;
        // Who won: write every entry's number along the axis, read it back, and keep the gradient where the number came back unchanged.
        var length = index.Shape[axis];
        var strides = new long[index.Rank];
        strides[axis] = 1;
        var number = Tensor.Arange(length, DType.Int64).To(dOutput.Device);
        var numbers = new TensorView(number.View.Storage, new Layout(index.Shape, strides), DType.Int64);
        var winner = Tensor.Empty(dOutput.Shape, DType.Int64, dOutput.Device);
        var back = Tensor.Empty(index.Shape, DType.Int64, dOutput.Device);
        var won = Tensor.Empty(index.Shape, DType.Bool, dOutput.Device);
        var read = Tensor.Empty(index.Shape, dOutput);
        var dSource = Tensor.Empty(index.Shape, dOutput);
        kernel.Scatter(axis, index.View, numbers, winner.View);
        kernel.Gather(axis, winner.View, index.View, back.View);
        kernel.Gather(axis, dOutput.View, index.View, read.View);
        var compare = dOutput.Backend.Kernel<ICompareKernel>();
        compare.Compare(Relation.Equal, back.View, numbers, won.View);
        compare.Select(won.View, read.View, Tensor.Scalar(0, dOutput.DType, dOutput.Device).View, dSource.View);
        sink.Add(2, dSource);
    }
}

internal sealed class ScatterAddOp(int axis) : Op("scatter_add")
{
    protected internal override OpAttributes Attributes => new() { { "dim", axis } };

    protected override Tensor Forward(ReadOnlySpan<Tensor> inputs)
    {
        var (x, index, source) = (inputs[0], inputs[1], inputs[2]);
        var output = Tensor.Empty(x.Shape, x);
        x.Backend.Kernel<ICopyKernel>().Copy(x.View, output.View);
        x.Backend.Kernel<IGatherKernel>().ScatterAdd(axis, index.View, source.View, output.View);
        Save(index);
        return output;
    }

    protected internal override void Backward(Tensor dOutput, GradSink sink)
    {
        sink.Add(0, dOutput);
        if (sink.Empty(2) is { } dSource) dOutput.Backend.Kernel<IGatherKernel>().Gather(axis, dOutput.View, Saved(0).View, dSource.View);
    }
}
