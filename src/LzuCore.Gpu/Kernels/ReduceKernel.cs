using System.Runtime.InteropServices;
using ILGPU;
using LzuCore.Gpu.Runtime;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu.Kernels;

// Reductions in two passes, without atomics or barriers, so that the order is fixed by the shape alone.
// Pass 1: one thread per (output, chunk) reduces a run of the reduced elements, in float64, into a scratch of partial results.
// Pass 2: one thread per output combines its chunks in order.
// Chunks are as long as they are many (about the square root), so a total of 10^7 elements is two passes of about 3,000 steps.
internal sealed class ReduceKernel(Launcher launcher, Backend backend) : IReduceKernel
{
    public void Forward(ReduceKind kind, TensorView input, TensorView output)
    {
        if (output.DType == DType.Float64) Reduce<double, Float64Element>(kind, input, output);
        else Reduce<float, Float32Element>(kind, input, output);
    }

    public long CountNonFinite(TensorView input)
    {
        if (input.Count == 0) return 0;
        return input.DType switch
        {
            DType.Float64 => Count<double, Float64Element>(input),
            DType.Float32 => Count<float, Float32Element>(input),
            _ => 0,
        };
    }

    private void Reduce<T, TElement>(ReduceKind kind, TensorView input, TensorView output) where T : unmanaged where TElement : struct, IElement<T>
    {
        if (output.Count == 0) return;
        var (kept, reduced) = Split(input, output);
        var outer = new StridedWalk(output.Layout, kept);
        var inner = new StridedWalk(reduced);
        var (chunk, chunks) = Chunks.Of(inner.Count);
        using var scratch = new Scratch(backend, DType.Float64, outer.Count * chunks);
        var partial = scratch.Elements<double>();
        launcher.Launch(outer.Count * chunks, new PartialPass<T, TElement>((int)kind, outer.Sizes, outer[1], inner.Sizes, inner[0], (int)inner.Count, chunk, (int)outer.Count, input.Elements<T>(), partial), grain: 64);
        launcher.Launch(outer.Count, new FinalPass<T, TElement>((int)kind, outer.Sizes, outer[0], inner.Count, chunks, (int)outer.Count, partial, output.Elements<T>()), grain: 256);
    }

    private long Count<T, TElement>(TensorView input) where T : unmanaged where TElement : struct, IElement<T>
    {
        var walk = new StridedWalk(input.Layout);
        var (chunk, chunks) = Chunks.Of(walk.Count);
        using var scratch = new Scratch(backend, DType.Float64, chunks);
        launcher.Launch(chunks, new NonFinitePass<T, TElement>(walk.Sizes, walk[0], (int)walk.Count, chunk, input.Elements<T>(), scratch.Elements<double>()), grain: 64);
        var counts = new double[chunks];
        backend.Download(scratch.View.Storage, MemoryMarshal.AsBytes(counts.AsSpan()));
        return (long)counts.Sum();
    }

    // The input's layout over the output's shape, and the reduced axes alone (their offset is 0: it is in the first).
    private static (Layout Kept, Layout Reduced) Split(TensorView input, TensorView output)
    {
        var axes = Enumerable.Range(0, input.Shape.Rank).Where(i => output.Shape[i] != input.Shape[i]).ToArray();
        var dims = axes.Select(i => input.Shape[i]).ToArray();
        var strides = axes.Select(i => input.Layout.Strides[i]).ToArray();
        return (new Layout(output.Shape, input.Layout.Strides, input.Layout.Offset), new Layout(new Shape(dims), strides));
    }

    private static double Start(int kind) =>
        kind == (int)ReduceKind.Max ? double.NegativeInfinity : kind == (int)ReduceKind.Min ? double.PositiveInfinity : 0;

    // Max and Min keep a NaN once they have met one.
    private static double Combine(int kind, double total, double v) =>
        kind == (int)ReduceKind.Max ? (v > total || double.IsNaN(v) ? v : total) :
        kind == (int)ReduceKind.Min ? (v < total || double.IsNaN(v) ? v : total) : total + v;

    internal readonly struct PartialPass<T, TElement>(int kind, Sizes outer, Strides kept, Sizes inner, Strides reduced, int count, int chunk, int outputs,
        ArrayView<T> x, ArrayView<double> partial) : IKernelBody
        where T : unmanaged where TElement : struct, IElement<T>
    {
        public void Run(int index)
        {
            // Neighbouring threads take neighbouring outputs, which for channels-last reductions over space are neighbouring channels.
            var piece = index / outputs;
            var start = kept.Of(outer.At(index - piece * outputs));
            var begin = piece * chunk;
            var end = count - begin < chunk ? count : begin + chunk;
            var total = Start(kind);
            for (var i = begin; i < end; i++) total = Combine(kind, total, TElement.ToDouble(x[start + reduced.Of(inner.At(i))]));
            partial[index] = total;
        }
    }

    internal readonly struct FinalPass<T, TElement>(int kind, Sizes outer, Strides sy, long count, int chunks, int outputs,
        ArrayView<double> partial, ArrayView<T> y) : IKernelBody
        where T : unmanaged where TElement : struct, IElement<T>
    {
        public void Run(int index)
        {
            var total = Start(kind);
            for (var piece = 0; piece < chunks; piece++) total = Combine(kind, total, partial[(long)piece * outputs + index]);
            if (kind == (int)ReduceKind.Mean) total /= count;
            y[sy.Of(outer.At(index))] = TElement.FromDouble(total);
        }
    }

    internal readonly struct NonFinitePass<T, TElement>(Sizes sizes, Strides sx, int count, int chunk, ArrayView<T> x, ArrayView<double> partial) : IKernelBody
        where T : unmanaged where TElement : struct, IElement<T>
    {
        public void Run(int index)
        {
            var begin = index * chunk;
            var end = count - begin < chunk ? count : begin + chunk;
            double bad = 0;
            for (var i = begin; i < end; i++)
            {
                var v = TElement.ToDouble(x[sx.Of(sizes.At(i))]);
                // Infinity and NaN are the values whose difference with themselves is not 0.
                if (!(v - v == 0)) bad++;
            }
            partial[index] = bad;
        }
    }
}
