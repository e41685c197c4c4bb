using System.Numerics;
using System.Runtime.CompilerServices;
using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// The way back of a separable sample, one image at a time. To the input: every input row gathers from the output rows that touch it, ascending, so rows are independent.
// To the coordinates: each output row sums its own y; the terms of x are kept per row and added in order of rows.
internal static unsafe class SeparableSampleGradient<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    public static void Run(SimdWidth width, PaddingMode padding, int n, TensorView input, TensorView xs, TensorView ys, TensorView dOutput,
        TensorView? dInput, TensorView? dXs, TensorView? dYs)
    {
        int c = input.Shape[1], h = input.Shape[2], w = input.Shape[3], outH = dOutput.Shape[2], outW = dOutput.Shape[3];
        SampleTable<T> columns = new(padding, xs, n, w), rows = new(padding, ys, n, h);
        var dy = dOutput.Pointer<T>() + (long)n * outH * outW * c;
        if (dInput is { } di) ToInput(width, columns, rows, dy, di.Pointer<T>() + (long)n * h * w * c, h, w, c);
        if (dXs is null && dYs is null) return;
        var terms = new T[(long)outH * outW];
        var dRows = dYs is { } dv ? dv.Pointer<T>() + (long)n * outH : null;
        ToCoordinates(columns, rows, input.Pointer<T>() + (long)n * h * w * c, dy, w, c, terms, dRows);
        if (dXs is not { } du) return;
        var dColumns = du.Pointer<T>() + (long)n * outW;
        for (var j = 0; j < outW; j++)
        {
            var sum = 0.0;
            for (var i = 0; i < outH; i++) sum += double.CreateTruncating(terms[(long)i * outW + j]);
            dColumns[j] = T.CreateTruncating(sum);
        }
    }

    private static void ToInput(SimdWidth width, SampleTable<T> columns, SampleTable<T> rows, T* dy, T* dx, int h, int w, int c)
    {
        var (starts, outputs) = rows.Touching(h);
        var outW = columns.Count;
        ParallelRows.For(h, (int)Math.Max(1, 16384L / Math.Max(1, (long)w * c)), (begin, end) =>
        {
            for (var r = begin; r < end; r++)
            {
                var to = dx + (long)r * w * c;
                new Span<T>(to, w * c).Clear();
                for (var k = starts[r]; k < starts[r + 1]; k++)
                {
                    var i = outputs[k];
                    var wy = rows.Weight(i, r);
                    var from = dy + (long)i * outW * c;
                    for (var j = 0; j < outW; j++, from += c)
                    {
                        if (columns.First[j] >= 0) ChannelVectors.AddScaled(width, to + (long)columns.First[j] * c, from, wy * (T.One - columns.Fraction[j]), c);
                        if (columns.Second[j] >= 0) ChannelVectors.AddScaled(width, to + (long)columns.Second[j] * c, from, wy * columns.Fraction[j], c);
                    }
                }
            }
        });
    }

    private static void ToCoordinates(SampleTable<T> columns, SampleTable<T> rows, T* x, T* dy, int w, int c, T[] terms, T* dRows)
    {
        var zeros = ChannelVectors.Zeros<T>(c);
        var outside = (T*)Unsafe.AsPointer(ref zeros[0]);
        var outW = columns.Count;
        ParallelRows.For(rows.Count, (int)Math.Max(1, 8192L / Math.Max(1, (long)outW * c)), (begin, end) =>
        {
            for (var i = begin; i < end; i++)
            {
                int top = rows.First[i], bottom = rows.Second[i];
                T* upper = x + (long)top * w * c, lower = x + (long)bottom * w * c, g = dy + (long)i * outW * c;
                var sum = 0.0;
                for (var j = 0; j < outW; j++, g += c)
                {
                    int left = columns.First[j], right = columns.Second[j];
                    ChannelVectors.Slopes((top | left) < 0 ? outside : upper + (long)left * c, (top | right) < 0 ? outside : upper + (long)right * c,
                        (bottom | left) < 0 ? outside : lower + (long)left * c, (bottom | right) < 0 ? outside : lower + (long)right * c,
                        g, c, columns.Fraction[j], rows.Fraction[i], out var gx, out var gy);
                    terms[(long)i * outW + j] = columns.Slope[j] == T.Zero ? T.Zero : gx;
                    sum += double.CreateTruncating(gy);
                }
                if (dRows is not null) dRows[i] = rows.Slope[i] == T.Zero ? T.Zero : T.CreateTruncating(sum);
            }
        });
        GC.KeepAlive(zeros);
    }
}
