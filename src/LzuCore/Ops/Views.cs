using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Ops;

// The views share one op: a forward map of layouts, and for the gradient the same map applied to a zeroed input, which is then filled.
public static partial class F
{
    extension(Tensor x)
    {
        /// <summary>Another shape over the same elements in logical order; one size may be -1 and is inferred. A view where the layout allows, else a copy.</summary>
        /// <exception cref="ShapeException">The number of elements differs.</exception>
        public Tensor Reshape(params ReadOnlySpan<int> dims)
        {
            var shape = InferShape(x.Shape, dims);
            if (shape == x.Shape) return x;
            var dense = x.Layout.TryReshape(shape) is not null ? x : Op.Apply(new CopyOp("reshape", x.DType, Layout.RowMajor), x);
            return Op.Apply(new ViewOp("reshape", l => l.TryReshape(shape)!), dense);
        }

        /// <summary>Axes in another order: axis i of the result is axis <c>order[i]</c>. A view.</summary>
        /// <exception cref="ShapeException">The order is not a permutation of the axes.</exception>
        public Tensor Permute(params int[] order)
        {
            var axes = order.Select(d => Check.Axis("permute", x.Shape, d)).ToArray();
            if (axes.Length != x.Rank || axes.Distinct().Count() != x.Rank)
                throw new ShapeException("permute", $"order must name each of the {x.Rank} axes once", $"[{string.Join(", ", order)}]");
            return Op.Apply(new ViewOp("permute", l => l.Permute(axes)) { Dims = axes }, x);
        }

        /// <summary>Two axes swapped. A view.</summary>
        public Tensor Transpose(int dim0, int dim1)
        {
            var order = Enumerable.Range(0, x.Rank).ToArray();
            int a = Check.Axis("transpose", x.Shape, dim0), b = Check.Axis("transpose", x.Shape, dim1);
            (order[a], order[b]) = (order[b], order[a]);
            return x.Permute(order);
        }

        /// <summary>Entries [start, start + length) of an axis. A view.</summary>
        /// <exception cref="ShapeException">The range leaves the axis.</exception>
        public Tensor Narrow(int dim, int start, int length)
        {
            var axis = Check.Axis("narrow", x.Shape, dim);
            if (start < 0 || length < 0 || start > x.Shape[axis] - length)
                throw new ShapeException("narrow", $"range must lie within axis {axis} of {x.Shape}", $"start {start}, length {length}");
            return Op.Apply(new ViewOp("narrow", l => l.Narrow(axis, start, length)) { Dim = axis, Start = start }, x);
        }

        /// <summary>One entry of an axis, which disappears. A view.</summary>
        /// <exception cref="ShapeException">The index leaves the axis.</exception>
        public Tensor Select(int dim, int index)
        {
            var axis = Check.Axis("select", x.Shape, dim);
            var at = index < 0 ? index + x.Shape[axis] : index;
            if (at < 0 || at >= x.Shape[axis]) throw new ShapeException("select", $"index must lie within axis {axis} of {x.Shape}", $"{index}");
            return Op.Apply(new ViewOp("select", l => l.Select(axis, at)) { Dim = axis, Start = at }, x);
        }

        /// <summary>Size-1 axes repeated, and axes added in front, without copying; -1 keeps a size. Gradient: summed over repeats.</summary>
        /// <exception cref="ShapeException">The shapes do not broadcast.</exception>
        public Tensor Expand(params ReadOnlySpan<int> dims)
        {
            var sizes = dims.ToArray();
            var lead = sizes.Length - x.Rank;
            for (var i = 0; i < sizes.Length; i++)
                if (sizes[i] == -1 && i >= lead && lead >= 0) sizes[i] = x.Shape[i - lead];
            var shape = new Shape(sizes);
            if (Shape.Broadcast("expand", x.Shape, shape) != shape) throw new ShapeException("expand", $"{x.Shape} must broadcast to the new shape", shape.ToString());
            return shape == x.Shape ? x : Op.Apply(new ExpandOp(shape), x);
        }

        /// <summary>A size-1 axis inserted at <paramref name="dim"/>. A view.</summary>
        public Tensor Unsqueeze(int dim)
        {
            var axis = dim < 0 ? dim + x.Rank + 1 : dim;
            if (axis < 0 || axis > x.Rank) throw new ShapeException("unsqueeze", $"dim must be within [{-x.Rank - 1}, {x.Rank}]", $"{dim}");
            return Op.Apply(new ViewOp("unsqueeze", l => InsertAxis(l, axis)), x);
        }

        /// <summary>The size-1 axis <paramref name="dim"/> removed. A view.</summary>
        /// <exception cref="ShapeException">The axis' size is not 1.</exception>
        public Tensor Squeeze(int dim)
        {
            var axis = Check.Axis("squeeze", x.Shape, dim);
            if (x.Shape[axis] != 1) throw new ShapeException("squeeze", $"axis {axis} must have size 1", x.Shape.ToString());
            return x.Select(axis, 0);
        }

        /// <summary>Axes <paramref name="start"/> to <paramref name="end"/> (inclusive) merged into one.</summary>
        public Tensor Flatten(int start = 0, int end = -1)
        {
            int a = Check.Axis("flatten", x.Shape, start), b = Check.Axis("flatten", x.Shape, end);
            var dims = x.Shape.ToArray();
            return x.Reshape([.. dims[..a], dims[a..(b + 1)].Aggregate(1, (p, d) => p * d), .. dims[(b + 1)..]]);
        }
    }

    private static Layout InsertAxis(Layout layout, int axis)
    {
        var dims = layout.Shape.ToArray().ToList();
        var strides = layout.Strides.ToArray().ToList();
        dims.Insert(axis, 1);
        strides.Insert(axis, 0);
        return new Layout(new Shape(dims.ToArray()), strides.ToArray(), layout.Offset);
    }

    private static Shape InferShape(Shape from, ReadOnlySpan<int> dims)
    {
        var sizes = dims.ToArray();
        var free = Array.IndexOf(sizes, -1);
        if (free >= 0)
        {
            long known = 1;
            for (var i = 0; i < sizes.Length; i++) if (i != free) known *= sizes[i];
            if (known <= 0 || from.Count % known != 0 || Array.LastIndexOf(sizes, -1) != free)
                throw new ShapeException("reshape", $"one size may be -1, and the others must divide the {from.Count} elements of {from}", $"[{string.Join(", ", sizes)}]");
            sizes[free] = (int)(from.Count / known);
        }
        var shape = new Shape(sizes);
        if (shape.Count != from.Count) throw new ShapeException("reshape", $"must keep the {from.Count} elements of {from}", shape.ToString());
        return shape;
    }
}

internal sealed class ViewOp(string name, Func<Layout, Layout> view) : Op(name)
{
    /// <summary>The order of a permutation.</summary>
    public int[] Dims { get; init; } = [];

    /// <summary>The axis that is cut.</summary>
    public int Dim { get; init; }

    /// <summary>Where the cut begins; how long it is, the result's shape says.</summary>
    public int Start { get; init; }

    protected internal override OpAttributes Attributes => Name switch
    {
        "permute" => new() { { "dims", Dims } },
        "narrow" or "select" => new() { { "dim", Dim }, { "start", Start } },
        _ => OpAttributes.None,
    };

    protected override bool TakesHalves(ReadOnlySpan<Tensor> inputs) => true;

    private Shape _from;

    protected override Tensor Forward(ReadOnlySpan<Tensor> inputs)
    {
        _from = inputs[0].Shape;
        return new Tensor(inputs[0].View.Storage, view(inputs[0].Layout), inputs[0].DType);
    }

    protected internal override void Backward(Tensor dOutput, GradSink sink)
    {
        // Row-major, so that every reshape of it is a view.
        var layout = Layout.RowMajor(_from);
        var dInput = Tensor.EmptyWithLayout(layout, dOutput.DType, dOutput.Device);
        var kernel = dOutput.Backend.Kernel<Kernels.ICopyKernel>();
        var window = view(layout);
        if (window.Shape.Count != _from.Count) kernel.Fill(0, dInput.View);
        kernel.Copy(dOutput.View, dInput.View.With(window));
        sink.Add(0, dInput);
    }
}

internal sealed class ExpandOp(Shape shape) : Op("expand")
{
    protected override bool TakesHalves(ReadOnlySpan<Tensor> inputs) => true;

    protected override Tensor Forward(ReadOnlySpan<Tensor> inputs) =>
        new(inputs[0].View.Storage, inputs[0].Layout.Expand(shape), inputs[0].DType);

    protected internal override void Backward(Tensor dOutput, GradSink sink) => sink.Add(0, dOutput);
}
