using System.Numerics;
using System.Runtime.InteropServices;
using ILGPU;
using LzuCore.Gpu.Runtime;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu.Kernels;

// Indexed reads and writes. Reads: one thread per output element.
// Writes without atomics: a thread owns a band of the output's axis in one line (all other coordinates fixed), walks all of the line's indices in order and takes those
// that fall into its band, so the last of equal indices wins and sums have the order of the indices, whatever the number of bands. Neighbouring threads follow
// neighbouring lines.
internal sealed class GatherKernel(Launcher launcher, Backend backend) : IGatherKernel
{
    private const int DeviceThreads = 1 << 16;

    public (long Min, long Max) Range(TensorView index)
    {
        var walk = new StridedWalk(index.Layout);
        var cut = Chunks.Of(walk.Count);
        using var scratch = new Scratch(backend, DType.Int64, 2L * cut.Number);
        launcher.Launch(cut.Number, new RangePass(walk.Sizes, walk[0], (int)walk.Count, cut.Length, index.Elements<long>(), scratch.Elements<long>()), grain: 16);
        var ends = new long[2 * cut.Number];
        backend.Download(scratch.View.Storage, MemoryMarshal.AsBytes(ends.AsSpan()));
        long min = long.MaxValue, max = long.MinValue;
        for (var i = 0; i < cut.Number; i++) (min, max) = (Math.Min(min, ends[2 * i]), Math.Max(max, ends[2 * i + 1]));
        return (min, max);
    }

    public void Gather(int axis, TensorView input, TensorView index, TensorView output)
    {
        switch (output.DType.Size())
        {
            case 1: Gather<byte>(axis, input, index, output); break;
            case 2: Gather<ushort>(axis, input, index, output); break;
            case 4: Gather<uint>(axis, input, index, output); break;
            default: Gather<ulong>(axis, input, index, output); break;
        }
    }

    public void Scatter(int axis, TensorView index, TensorView source, TensorView output)
    {
        switch (output.DType.Size())
        {
            case 1: Scatter<byte>(axis, index, source, output); break;
            case 2: Scatter<ushort>(axis, index, source, output); break;
            case 4: Scatter<uint>(axis, index, source, output); break;
            default: Scatter<ulong>(axis, index, source, output); break;
        }
    }

    public void ScatterAdd(int axis, TensorView index, TensorView source, TensorView output)
    {
        if (output.DType == DType.Float64) ScatterAdd<double, DoubleReal>(axis, index, source, output);
        else ScatterAdd<float, SingleReal>(axis, index, source, output);
    }

    private void Gather<T>(int axis, TensorView input, TensorView index, TensorView output) where T : unmanaged
    {
        // The input at index 0 of the axis, for every output element.
        var strides = input.Layout.Strides.ToArray();
        strides[axis] = 0;
        var walk = new StridedWalk(output.Layout, index.Layout, new Layout(output.Shape, strides, input.Layout.Offset));
        launcher.Launch(walk.Count, new GatherBody<T>(walk.Sizes, walk[1], walk[2], walk[0], input.Layout.Strides[axis], index.Elements<long>(), input.Elements<T>(), output.Elements<T>()));
    }

    private void Scatter<T>(int axis, TensorView index, TensorView source, TensorView output) where T : unmanaged
    {
        if (index.Count == 0) return;
        var lines = Plan(axis, index, source, output, out var threads);
        launcher.Launch(threads, new ScatterBody<T>(lines, index.Elements<long>(), source.Elements<T>(), output.Elements<T>()), grain: 1);
    }

    private void ScatterAdd<T, TReal>(int axis, TensorView index, TensorView source, TensorView output) where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        if (index.Count == 0) return;
        var lines = Plan(axis, index, source, output, out var threads);
        launcher.Launch(threads, new ScatterAddBody<T, TReal>(lines, index.Elements<long>(), source.Elements<T>(), output.Elements<T>()), grain: 1);
    }

    private ScatterLines Plan(int axis, TensorView index, TensorView source, TensorView output, out long threads)
    {
        var target = new Layout(index.Shape.With(axis, 1), output.Layout.Strides, output.Layout.Offset);
        var walk = new StridedWalk(target, index.Layout.Narrow(axis, 0, 1), source.Layout.Narrow(axis, 0, 1));
        var wanted = launcher.OnHost ? 2 * ParallelRows.Threads : DeviceThreads;
        var bands = (int)Math.Clamp(wanted / walk.Count, 1, output.Shape[axis]);
        threads = walk.Count * bands;
        return new ScatterLines(index.Shape[axis], output.Shape[axis], bands, (int)walk.Count, walk.Sizes, walk[0], walk[1], walk[2],
            output.Layout.Strides[axis], index.Layout.Strides[axis], source.Layout.Strides[axis]);
    }

    internal readonly struct RangePass(Sizes sizes, Strides sx, int count, int chunk, ArrayView<long> x, ArrayView<long> ends) : IKernelBody
    {
        public void Run(int index)
        {
            var begin = index * chunk;
            var end = count - begin < chunk ? count : begin + chunk;
            long min = long.MaxValue, max = long.MinValue;
            for (var i = begin; i < end; i++)
            {
                var v = x[sx.Of(sizes.At(i))];
                min = v < min ? v : min;
                max = v > max ? v : max;
            }
            ends[2L * index] = min;
            ends[2L * index + 1] = max;
        }
    }

    internal readonly struct GatherBody<T>(Sizes sizes, Strides si, Strides sx, Strides sy, long step, ArrayView<long> index, ArrayView<T> x, ArrayView<T> y) : IKernelBody where T : unmanaged
    {
        public void Run(int number)
        {
            var at = sizes.At(number);
            y[sy.Of(at)] = x[sx.Of(at) + index[si.Of(at)] * step];
        }
    }

    /// <summary>The lines and bands of a scatter: thread = band · lines + line.</summary>
    internal readonly record struct ScatterLines(int Length, int Size, int Bands, int Count, Sizes Sizes, Strides Output, Strides Index, Strides Source, long StepOutput, long StepIndex, long StepSource);

    internal readonly struct ScatterBody<T>(ScatterLines lines, ArrayView<long> index, ArrayView<T> source, ArrayView<T> y) : IKernelBody where T : unmanaged
    {
        public void Run(int thread)
        {
            var band = thread / lines.Count;
            var at = lines.Sizes.At(thread - band * lines.Count);
            long to = lines.Output.Of(at), from = lines.Source.Of(at), number = lines.Index.Of(at);
            long low = (long)lines.Size * band / lines.Bands, high = (long)lines.Size * (band + 1) / lines.Bands;
            for (var j = 0; j < lines.Length; j++)
            {
                var place = index[number + j * lines.StepIndex];
                if (place >= low && place < high) y[to + place * lines.StepOutput] = source[from + j * lines.StepSource];
            }
        }
    }

    internal readonly struct ScatterAddBody<T, TReal>(ScatterLines lines, ArrayView<long> index, ArrayView<T> source, ArrayView<T> y) : IKernelBody
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        public void Run(int thread)
        {
            var band = thread / lines.Count;
            var at = lines.Sizes.At(thread - band * lines.Count);
            long to = lines.Output.Of(at), from = lines.Source.Of(at), number = lines.Index.Of(at);
            long low = (long)lines.Size * band / lines.Bands, high = (long)lines.Size * (band + 1) / lines.Bands;
            for (var j = 0; j < lines.Length; j++)
            {
                var place = index[number + j * lines.StepIndex];
                if (place >= low && place < high) y[to + place * lines.StepOutput] += source[from + j * lines.StepSource];
            }
        }
    }
}
