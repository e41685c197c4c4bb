using System.Numerics;
using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// Reductions, accumulated in float64 whatever the input is.
// Axes are split into kept and reduced ones, ordered by the input's strides and merged. Where the innermost axis is kept and dense (sums per channel
// of a channels-last map), a tile of Columns neighbouring outputs is accumulated row by row; elsewhere a tile is one output, accumulated along runs
// in vectors when they are dense. Either way the reduced elements are cut into segments of a length that the shape decides; segments and tiles are
// shared out among threads and the segments' results joined in order, so the bits do not depend on the thread count.
internal sealed unsafe class ReduceKernel : IReduceKernel
{
    private const int SegmentElements = 65536, Columns = 256;

    // How two partial results become one.
    private interface IJoin
    {
        static abstract double Start { get; }
        static abstract double Join(double a, double b);
        static abstract Vector<double> Join(Vector<double> a, Vector<double> b);
    }

    private readonly record struct Axis(long Size, long Input, long Output);

    public void Forward(ReduceKind kind, TensorView input, TensorView output)
    {
        switch (kind)
        {
            case ReduceKind.Max: ByType<Larger>(input, output, 1); break;
            case ReduceKind.Min: ByType<Smaller>(input, output, 1); break;
            case ReduceKind.Mean: ByType<Total>(input, output, output.Count == 0 ? 1 : (double)input.Count / output.Count); break;
            default: ByType<Total>(input, output, 1); break;
        }
    }

    public long CountNonFinite(TensorView input)
    {
        if (input.DType is not (DType.Float32 or DType.Float64)) return 0;
        long count = 0;
        var loop = new StridedLoop(input.Layout);
        var stride = loop.InnerStrides[0];
        var start = ((HostStorage)input.Storage).Pointer;
        loop.Run((at, n) =>
        {
            var bad = input.DType == DType.Float64 ? NonFinite((double*)start + at[0], n, stride) : NonFinite((float*)start + at[0], n, stride);
            if (bad > 0) Interlocked.Add(ref count, bad);
        });
        return count;
    }

    private static long NonFinite<T>(T* x, int n, long stride) where T : unmanaged, IFloatingPointIeee754<T>, IMinMaxValue<T>
    {
        var i = 0;
        long good = 0;
        if (stride == 1)
        {
            var limit = new Vector<T>(T.MaxValue);
            for (; i <= n - Vector<T>.Count; i += Vector<T>.Count)
            {
                if (Vector.LessThanOrEqualAll(Vector.Abs(Vector.Load(x + i)), limit)) good += Vector<T>.Count;
                else for (var k = 0; k < Vector<T>.Count; k++) good += T.IsFinite(x[i + k]) ? 1 : 0;
            }
        }
        for (; i < n; i++) good += T.IsFinite(x[i * stride]) ? 1 : 0;
        return n - good;
    }

    private static void ByType<TJoin>(TensorView input, TensorView output, double divisor) where TJoin : struct, IJoin
    {
        if (output.DType == DType.Float64) Run<TJoin, double>(input, output, divisor);
        else Run<TJoin, float>(input, output, divisor);
    }

    private static void Run<TJoin, T>(TensorView input, TensorView output, double divisor) where TJoin : struct, IJoin where T : unmanaged, INumber<T>
    {
        if (output.Count == 0) return;
        T* x = input.Pointer<T>(), y = output.Pointer<T>();
        var kept = Axes(input, output, reduced: false);
        var reduced = Axes(input, output, reduced: true);
        var run = reduced.Count == 0 ? new Axis(1, 0, 0) : reduced[^1];
        if (reduced.Count > 0) reduced.RemoveAt(reduced.Count - 1);
        var byColumns = kept.Count > 0 && kept[^1].Input == 1 && run.Input != 1;
        var columns = byColumns ? kept[^1] : new Axis(1, 0, 0);
        if (byColumns) kept.RemoveAt(kept.Count - 1);
        var width = Math.Min(columns.Size, Columns);
        var strips = (columns.Size + width - 1) / width;
        var outer = kept.Aggregate(1L, (n, a) => n * a.Size);
        var tiles = checked((int)(outer * strips));

        var length = input.Count == 0 ? 0 : run.Size * reduced.Aggregate(1L, (n, a) => n * a.Size);
        var segment = Math.Max(1, SegmentElements / width);
        var segments = (int)Math.Max(1, (length + segment - 1) / segment);
        var partials = new double[segments == 1 ? 0 : checked(tiles * segments * (int)width)];
        Axis[] keptAxes = [.. kept], rowAxes = [.. reduced];
        var grain = (int)Math.Max(1, SegmentElements / Math.Max(1, Math.Min(length, segment) * width));
        ParallelRows.For(checked(tiles * segments), grain, (from, to) =>
        {
            var sums = stackalloc double[(int)width];
            for (var unit = from; unit < to; unit++)
            {
                var (tile, part) = Math.DivRem(unit, segments);
                var (at, _) = Offsets(keptAxes, tile / strips);
                var column = tile % strips * width;
                var count = (int)Math.Min(width, columns.Size - column);
                new Span<double>(sums, count).Fill(TJoin.Start);
                var begin = (long)part * segment;
                Accumulate<TJoin, T>(x + at + column, rowAxes, run, begin, Math.Min(length, begin + segment), sums, count);
                if (segments == 1) Store(tile, sums, count);
                else new Span<double>(sums, count).CopyTo(partials.AsSpan(unit * (int)width));
            }
        });
        if (segments == 1) return;
        ParallelRows.For(tiles, (int)Math.Max(1, SegmentElements / (segments * width)), (from, to) =>
        {
            fixed (double* all = partials)
                for (var tile = from; tile < to; tile++)
                {
                    var count = (int)Math.Min(width, columns.Size - tile % strips * width);
                    var sums = all + (long)tile * segments * width;
                    for (var part = 1; part < segments; part++)
                        for (var k = 0; k < count; k++) sums[k] = TJoin.Join(sums[k], sums[part * width + k]);
                    Store(tile, sums, count);
                }
        });

        void Store(int tile, double* sums, int count)
        {
            var (_, at) = Offsets(keptAxes, tile / strips);
            at += tile % strips * width * columns.Output;
            for (var k = 0; k < count; k++) y[at + k * columns.Output] = T.CreateTruncating(sums[k] / divisor);
        }
    }

    // Adds the reduced elements [begin, end), counted along the runs, of count neighbouring outputs.
    private static void Accumulate<TJoin, T>(T* x, Axis[] rows, Axis run, long begin, long end, double* sums, int count) where TJoin : struct, IJoin where T : unmanaged, INumber<T>
    {
        while (begin < end)
        {
            var (row, start) = Math.DivRem(begin, run.Size);
            var n = Math.Min(run.Size - start, end - begin);
            var p = x + Offsets(rows, row).Input + start * run.Input;
            if (count > 1 || run.Input != 1) Down<TJoin, T>(p, n, run.Input, sums, count);
            else sums[0] = TJoin.Join(sums[0], Along<TJoin, T>(p, n));
            begin += n;
        }
    }

    // One dense run: two vectors of float64 lanes, joined at the end in lane order.
    private static double Along<TJoin, T>(T* x, long n) where TJoin : struct, IJoin where T : unmanaged, INumber<T>
    {
        Vector<double> low = new(TJoin.Start), high = low;
        long i = 0;
        for (; i <= n - Vector<float>.Count; i += Vector<float>.Count)
        {
            Load(x + i, out var l, out var h);
            low = TJoin.Join(low, l);
            high = TJoin.Join(high, h);
        }
        var total = TJoin.Start;
        for (var k = 0; k < Vector<double>.Count; k++) total = TJoin.Join(total, low[k]);
        for (var k = 0; k < Vector<double>.Count; k++) total = TJoin.Join(total, high[k]);
        for (; i < n; i++) total = TJoin.Join(total, double.CreateTruncating(x[i]));
        return total;
    }

    // n rows of count neighbours, four rows at a time so that the sums are touched a quarter as often.
    private static void Down<TJoin, T>(T* x, long n, long stride, double* sums, int count) where TJoin : struct, IJoin where T : unmanaged, INumber<T>
    {
        long i = 0;
        if (count >= Vector<float>.Count)
            for (; i <= n - 4; i += 4)
            {
                T* p0 = x + i * stride, p1 = p0 + stride, p2 = p1 + stride, p3 = p2 + stride;
                var k = 0;
                for (; k <= count - Vector<float>.Count; k += Vector<float>.Count)
                {
                    Load(p0 + k, out var l0, out var h0);
                    Load(p1 + k, out var l1, out var h1);
                    Load(p2 + k, out var l2, out var h2);
                    Load(p3 + k, out var l3, out var h3);
                    var at = sums + k;
                    TJoin.Join(Vector.Load(at), TJoin.Join(TJoin.Join(l0, l1), TJoin.Join(l2, l3))).Store(at);
                    at += Vector<double>.Count;
                    TJoin.Join(Vector.Load(at), TJoin.Join(TJoin.Join(h0, h1), TJoin.Join(h2, h3))).Store(at);
                }
                for (; k < count; k++)
                    sums[k] = TJoin.Join(sums[k], TJoin.Join(
                        TJoin.Join(double.CreateTruncating(p0[k]), double.CreateTruncating(p1[k])), TJoin.Join(double.CreateTruncating(p2[k]), double.CreateTruncating(p3[k]))));
            }
        for (; i < n; i++)
            for (var k = 0; k < count; k++) sums[k] = TJoin.Join(sums[k], double.CreateTruncating(x[i * stride + k]));
    }

    // As many elements as a vector of float32 holds, as two vectors of float64.
    private static void Load<T>(T* x, out Vector<double> low, out Vector<double> high) where T : unmanaged
    {
        if (typeof(T) == typeof(float)) Vector.Widen(Vector.Load((float*)x), out low, out high);
        else
        {
            low = Vector.Load((double*)x);
            high = Vector.Load((double*)x + Vector<double>.Count);
        }
    }

    // The kept or the reduced axes, outermost first in the input's memory, merged where both strides allow.
    private static List<Axis> Axes(TensorView input, TensorView output, bool reduced)
    {
        var axes = new List<Axis>();
        for (var i = 0; i < input.Shape.Rank; i++)
            if (input.Shape[i] != output.Shape[i] == reduced && input.Shape[i] != 1)
                axes.Add(new Axis(input.Shape[i], input.Layout.Strides[i], reduced ? 0 : output.Layout.Strides[i]));
        var merged = new List<Axis>();
        foreach (var axis in axes.OrderByDescending(a => a.Input))
        {
            if (merged.Count > 0 && merged[^1].Input == axis.Input * axis.Size && merged[^1].Output == axis.Output * axis.Size)
                merged[^1] = axis with { Size = axis.Size * merged[^1].Size };
            else merged.Add(axis);
        }
        return merged;
    }

    private static (long Input, long Output) Offsets(Axis[] axes, long index)
    {
        long input = 0, output = 0;
        for (var i = axes.Length - 1; i >= 0; i--)
        {
            (index, var at) = Math.DivRem(index, axes[i].Size);
            input += at * axes[i].Input;
            output += at * axes[i].Output;
        }
        return (input, output);
    }

    private readonly struct Total : IJoin
    {
        public static double Start => 0;
        public static double Join(double a, double b) => a + b;
        public static Vector<double> Join(Vector<double> a, Vector<double> b) => a + b;
    }

    private readonly struct Larger : IJoin
    {
        public static double Start => double.NegativeInfinity;
        public static double Join(double a, double b) => a > b || double.IsNaN(a) ? a : b;
        public static Vector<double> Join(Vector<double> a, Vector<double> b) => Vector.ConditionalSelect(Vector.GreaterThan(a, b) | ~Vector.Equals(a, a), a, b);
    }

    private readonly struct Smaller : IJoin
    {
        public static double Start => double.PositiveInfinity;
        public static double Join(double a, double b) => a < b || double.IsNaN(a) ? a : b;
        public static Vector<double> Join(Vector<double> a, Vector<double> b) => Vector.ConditionalSelect(Vector.LessThan(a, b) | ~Vector.Equals(a, a), a, b);
    }
}
