using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// Reductions. The output's elements are walked in parallel; each reduces its own elements in logical order, in float64, so the result depends
// on the shape alone. Reduced axes are merged into as few nested loops as their strides allow.
internal sealed unsafe class ReduceKernel : IReduceKernel
{
    public void Forward(ReduceKind kind, TensorView input, TensorView output)
    {
        var (kept, reduced) = Split(input, output);
        var inner = new Walk(reduced);
        var loop = new StridedLoop(output.Layout, kept);
        long so = loop.InnerStrides[0], si = loop.InnerStrides[1];
        if (output.DType == DType.Float64)
        {
            double* x = input.Pointer<double>() - input.Layout.Offset, y = output.Pointer<double>() - output.Layout.Offset;
            loop.Run((at, n) =>
            {
                for (long i = 0; i < n; i++) y[at[0] + i * so] = Reduce(kind, x + at[1] + i * si, inner);
            });
            return;
        }
        float* xf = input.Pointer<float>() - input.Layout.Offset, yf = output.Pointer<float>() - output.Layout.Offset;
        loop.Run((at, n) =>
        {
            for (long i = 0; i < n; i++) yf[at[0] + i * so] = (float)Reduce(kind, xf + at[1] + i * si, inner);
        });
    }

    public long CountNonFinite(TensorView input)
    {
        long count = 0;
        if (!input.DType.IsFloating()) return 0;
        var loop = new StridedLoop(input.Layout);
        var stride = loop.InnerStrides[0];
        if (input.DType == DType.Float64)
        {
            var x = input.Pointer<double>() - input.Layout.Offset;
            loop.Run((at, n) =>
            {
                long bad = 0;
                for (long i = 0; i < n; i++) if (!double.IsFinite(x[at[0] + i * stride])) bad++;
                if (bad > 0) Interlocked.Add(ref count, bad);
            });
        }
        else if (input.DType == DType.Float32)
        {
            var x = input.Pointer<float>() - input.Layout.Offset;
            loop.Run((at, n) =>
            {
                long bad = 0;
                for (long i = 0; i < n; i++) if (!float.IsFinite(x[at[0] + i * stride])) bad++;
                if (bad > 0) Interlocked.Add(ref count, bad);
            });
        }
        return count;
    }

    // The input's layout over the output's shape (reduced axes of size 1), and the reduced axes alone.
    private static (Layout Kept, Layout Reduced) Split(TensorView input, TensorView output)
    {
        var rank = input.Shape.Rank;
        var kept = new int[rank];
        var dims = new List<int>();
        var strides = new List<long>();
        for (var i = 0; i < rank; i++)
        {
            kept[i] = output.Shape[i];
            if (output.Shape[i] == input.Shape[i]) continue;
            dims.Add(input.Shape[i]);
            strides.Add(input.Layout.Strides[i]);
        }
        return (new Layout(new Shape(kept), input.Layout.Strides, input.Layout.Offset), new Layout(new Shape(dims.ToArray()), strides.ToArray()));
    }

    private static double Reduce(ReduceKind kind, float* x, Walk walk)
    {
        var total = Start(kind);
        foreach (var row in walk.Rows)
            for (long i = 0, at = row; i < walk.Length; i++, at += walk.Stride) total = Combine(kind, total, x[at]);
        return kind == ReduceKind.Mean ? total / walk.Count : total;
    }

    private static double Reduce(ReduceKind kind, double* x, Walk walk)
    {
        var total = Start(kind);
        foreach (var row in walk.Rows)
            for (long i = 0, at = row; i < walk.Length; i++, at += walk.Stride) total = Combine(kind, total, x[at]);
        return kind == ReduceKind.Mean ? total / walk.Count : total;
    }

    private static double Start(ReduceKind kind) => kind switch
    {
        ReduceKind.Max => double.NegativeInfinity,
        ReduceKind.Min => double.PositiveInfinity,
        _ => 0,
    };

    private static double Combine(ReduceKind kind, double total, double v) => kind switch
    {
        ReduceKind.Max => v > total || double.IsNaN(v) ? v : total,
        ReduceKind.Min => v < total || double.IsNaN(v) ? v : total,
        _ => total + v,
    };

    // The reduced axes as rows of equal length and stride.
    private sealed class Walk
    {
        public Walk(Layout reduced)
        {
            var shape = reduced.Shape;
            Count = shape.Count;
            Length = shape.Rank == 0 ? 1 : shape[shape.Rank - 1];
            Stride = shape.Rank == 0 ? 0 : reduced.Strides[^1];
            var rows = new List<long> { 0 };
            for (var axis = 0; axis < shape.Rank - 1; axis++)
            {
                var stride = reduced.Strides[axis];
                var size = shape[axis];
                rows = [.. rows.SelectMany(r => Enumerable.Range(0, size).Select(i => r + i * stride))];
            }
            Rows = Count == 0 ? [] : [.. rows];
        }

        public long Count { get; }
        public long Length { get; }
        public long Stride { get; }
        public long[] Rows { get; }
    }
}
