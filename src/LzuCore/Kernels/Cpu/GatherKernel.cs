using System.Numerics;
using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// Indexed reads and writes. Reads are independent, so all elements are shared out among threads; where one index serves a whole unit-stride run
// (index_select over an outer axis) the run is copied at once. Writes walk the indexed axis in order within a line (all other coordinates fixed);
// two lines never meet, so lines are shared out and sums have one order.
internal sealed unsafe class GatherKernel : IGatherKernel
{
    private const int NeighbouringLines = 16;

    public (long Min, long Max) Range(TensorView index)
    {
        long min = long.MaxValue, max = long.MinValue;
        var loop = new StridedLoop(index.Layout);
        var stride = loop.InnerStrides[0];
        var x = index.Pointer<long>() - index.Layout.Offset;
        var gate = new Lock();
        loop.Run((at, n) =>
        {
            long low = long.MaxValue, high = long.MinValue;
            for (long i = 0; i < n; i++)
            {
                var v = x[at[0] + i * stride];
                low = Math.Min(low, v);
                high = Math.Max(high, v);
            }
            lock (gate) (min, max) = (Math.Min(min, low), Math.Max(max, high));
        });
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
        if (output.DType == DType.Float64) ScatterAdd<double>(axis, index, source, output);
        else ScatterAdd<float>(axis, index, source, output);
    }

    private static void Gather<T>(int axis, TensorView input, TensorView index, TensorView output) where T : unmanaged
    {
        // The input at index 0 of the axis, for every output element.
        var strides = input.Layout.Strides.ToArray();
        var step = strides[axis];
        strides[axis] = 0;
        var loop = new StridedLoop(output.Layout, index.Layout, new Layout(output.Shape, strides, input.Layout.Offset));
        long so = loop.InnerStrides[0], sx = loop.InnerStrides[1], si = loop.InnerStrides[2];
        T* y = Bits<T>(output), x = Bits<T>(input);
        var at0 = index.Pointer<long>() - index.Layout.Offset;
        loop.Run((at, n) =>
        {
            T* py = y + at[0], px = x + at[2];
            var pi = at0 + at[1];
            if (sx == 0 && so == 1 && si == 1) new ReadOnlySpan<T>(px + *pi * step, n).CopyTo(new Span<T>(py, n));
            else for (long i = 0; i < n; i++) py[i * so] = px[i * si + pi[i * sx] * step];
        });
    }

    private static void Scatter<T>(int axis, TensorView index, TensorView source, TensorView output) where T : unmanaged =>
        Lines(axis, index, source, output, (j, at, n, s) =>
        {
            T* py = Bits<T>(output) + at[0], px = Bits<T>(source) + at[2] + j * s.AxisSource;
            var pi = index.Pointer<long>() - index.Layout.Offset + at[1] + j * s.AxisIndex;
            for (long i = 0; i < n; i++) py[i * s.Output + pi[i * s.Index] * s.AxisOutput] = px[i * s.Source];
        });

    private static void ScatterAdd<T>(int axis, TensorView index, TensorView source, TensorView output) where T : unmanaged, INumber<T> =>
        Lines(axis, index, source, output, (j, at, n, s) =>
        {
            T* py = Bits<T>(output) + at[0], px = Bits<T>(source) + at[2] + j * s.AxisSource;
            var pi = index.Pointer<long>() - index.Layout.Offset + at[1] + j * s.AxisIndex;
            for (long i = 0; i < n; i++) py[i * s.Output + pi[i * s.Index] * s.AxisOutput] += px[i * s.Source];
        });

    private readonly record struct Steps(long Output, long Index, long Source, long AxisOutput, long AxisIndex, long AxisSource);

    private delegate void Step(int j, ReadOnlySpan<long> at, int n, Steps steps);

    private static void Lines(int axis, TensorView index, TensorView source, TensorView output, Step step)
    {
        var length = index.Shape[axis];
        if (index.Count == 0) return;
        var shape = index.Shape.With(axis, 1);
        var target = new Layout(shape, output.Layout.Strides, output.Layout.Offset);
        var loop = new StridedLoop(target, index.Layout.Narrow(axis, 0, 1), source.Layout.Narrow(axis, 0, 1));
        var steps = new Steps(loop.InnerStrides[0], loop.InnerStrides[1], loop.InnerStrides[2],
            output.Layout.Strides[axis], index.Layout.Strides[axis], source.Layout.Strides[axis]);
        loop.Run((at, n) =>
        {
            for (var j = 0; j < length; j++) step(j, at, n, steps);
        }, length, NeighbouringLines);
    }

    private static T* Bits<T>(TensorView view) where T : unmanaged => (T*)((HostStorage)view.Storage).Pointer;
}
