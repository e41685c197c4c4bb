namespace LzuCore.Memory;

/// <summary>How a shape lies in a flat buffer: strides and offset, in elements. Immutable; views are pure metadata.</summary>
/// <remarks>Logical order is always the shape's (<c>[N, C, H, W]</c>). Physically, rank-4 tensors made by this library are
/// channels-last (N, H, W, C), everything else row-major: <see cref="Default"/> is that rule, and the only place that knows it.</remarks>
public sealed class Layout
{
    private readonly long[] _strides;

    /// <summary>A layout from its parts.</summary>
    public Layout(Shape shape, ReadOnlySpan<long> strides, long offset = 0)
    {
        if (strides.Length != shape.Rank) throw new ShapeException("layout", $"needs {shape.Rank} strides", $"{strides.Length}");
        Shape = shape;
        _strides = strides.ToArray();
        Offset = offset;
    }

    /// <summary>The logical sizes.</summary>
    public Shape Shape { get; }

    /// <summary>Elements between neighbours along each axis; 0 repeats one element.</summary>
    public ReadOnlySpan<long> Strides => _strides;

    /// <summary>Elements before the first one.</summary>
    public long Offset { get; }

    /// <summary>Last axis fastest.</summary>
    public static Layout RowMajor(Shape shape)
    {
        var strides = new long[shape.Rank];
        long s = 1;
        for (var i = shape.Rank - 1; i >= 0; i--)
        {
            strides[i] = s;
            s *= Math.Max(1, shape[i]);
        }
        return new Layout(shape, strides);
    }

    /// <summary>Axis 1 fastest, then the last: N, H, W, C for <c>[N, C, H, W]</c>.</summary>
    public static Layout ChannelsLast(Shape shape)
    {
        long c = Math.Max(1, shape[1]), h = Math.Max(1, shape[2]), w = Math.Max(1, shape[3]);
        return new Layout(shape, [h * w * c, 1, w * c, c]);
    }

    /// <summary>What every op's output has: channels-last for rank 4, row-major otherwise.</summary>
    public static Layout Default(Shape shape) => shape.Rank == 4 ? ChannelsLast(shape) : RowMajor(shape);

    /// <summary>Whether elements lie without gaps in row-major order (size-1 axes may have any stride).</summary>
    public bool IsRowMajor => SameOrder(RowMajor(Shape));

    /// <summary>Whether a rank-4 tensor lies without gaps in channels-last order.</summary>
    public bool IsChannelsLast => Shape.Rank == 4 && SameOrder(ChannelsLast(Shape));

    /// <summary>Whether the layout is <see cref="Default"/> up to its offset.</summary>
    public bool IsDefault => Shape.Rank == 4 ? IsChannelsLast : IsRowMajor;

    private bool SameOrder(Layout other)
    {
        if (Shape.Count == 0) return true;
        for (var i = 0; i < Shape.Rank; i++)
            if (Shape[i] != 1 && _strides[i] != other._strides[i]) return false;
        return true;
    }

    /// <summary>Reorders axes: axis i of the result is axis <c>order[i]</c> of this.</summary>
    public Layout Permute(ReadOnlySpan<int> order)
    {
        var dims = new int[order.Length];
        var strides = new long[order.Length];
        for (var i = 0; i < order.Length; i++) (dims[i], strides[i]) = (Shape[order[i]], _strides[order[i]]);
        return new Layout(new Shape(dims), strides, Offset);
    }

    /// <summary>Keeps <paramref name="length"/> entries of an axis, from <paramref name="start"/>.</summary>
    public Layout Narrow(int axis, int start, int length) =>
        new(Shape.With(axis, length), _strides, Offset + start * _strides[axis]);

    /// <summary>Drops an axis by taking one of its entries.</summary>
    public Layout Select(int axis, int index)
    {
        var dims = Shape.ToArray().ToList();
        var strides = _strides.ToList();
        dims.RemoveAt(axis);
        strides.RemoveAt(axis);
        return new Layout(new Shape(dims.ToArray()), strides.ToArray(), Offset + index * _strides[axis]);
    }

    /// <summary>Repeats size-1 axes (stride 0) and adds axes in front, to <paramref name="shape"/>. The shapes must broadcast.</summary>
    public Layout Expand(Shape shape)
    {
        var strides = new long[shape.Rank];
        var lead = shape.Rank - Shape.Rank;
        for (var i = lead; i < shape.Rank; i++)
            strides[i] = Shape[i - lead] == shape[i] ? _strides[i - lead] : 0;
        return new Layout(shape, strides, Offset);
    }

    /// <summary>Another shape over the same elements in logical order, if no copy is needed; null otherwise.</summary>
    public Layout? TryReshape(Shape shape)
    {
        if (shape.Count != Shape.Count) throw new ShapeException("reshape", $"must keep the {Shape.Count} elements of {Shape}", shape.ToString());
        if (Shape.Count == 0) return RowMajor(shape).WithOffset(Offset);
        // Walk the old axes from the back, growing a run while it stays evenly strided; at the end of each run the new axes must fill it exactly.
        var strides = new long[shape.Rank];
        var n = shape.Rank - 1;
        if (Shape.Rank == 0) Array.Fill(strides, 1);
        long run = 1, filled = 1, runStride = Shape.Rank == 0 ? 1 : _strides[^1];
        for (var o = Shape.Rank - 1; o >= 0; o--)
        {
            run *= Shape[o];
            if (o > 0 && (Shape[o - 1] == 1 || _strides[o - 1] == run * runStride)) continue;
            while (n >= 0 && (filled < run || shape[n] == 1))
            {
                strides[n] = filled * runStride;
                filled *= shape[n--];
            }
            if (filled != run) return null;
            if (o > 0) (runStride, run, filled) = (_strides[o - 1], 1, 1);
        }
        return new Layout(shape, strides, Offset);
    }

    /// <summary>The same layout at another offset.</summary>
    public Layout WithOffset(long offset) => new(Shape, _strides, offset);

    /// <summary>Elements of buffer that the layout spans, offset included.</summary>
    public long Extent
    {
        get
        {
            if (Shape.Count == 0) return Offset;
            var last = Offset;
            for (var i = 0; i < Shape.Rank; i++) last += (Shape[i] - 1) * _strides[i];
            return last + 1;
        }
    }

    /// <summary>Shape, strides and offset.</summary>
    public override string ToString() => $"{Shape} strides [{string.Join(", ", _strides)}] offset {Offset}";
}
