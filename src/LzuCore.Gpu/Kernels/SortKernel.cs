using ILGPU;
using LzuCore.Gpu.Runtime;
using LzuCore.Kernels;
using LzuCore.Memory;
using Bits = ILGPU.Interop;

namespace LzuCore.Gpu.Kernels;

// Order along an axis by merging, all lines at once. Every element becomes an unsigned key in the wanted order (as on the CPU: -0 is +0, NaN above infinity, all bits
// flipped when descending). log2(n) passes of one thread per element: its place in the merged run is its place in its own run plus the number of elements of the
// sibling run before it, by bisection; those of the left run come first among equals, so the order is stable.
internal sealed class SortKernel(Launcher launcher, Backend backend) : ISortKernel
{
    public void Order(int axis, bool descending, TensorView input, TensorView indices)
    {
        if (indices.Count == 0) return;
        var walk = new StridedWalk(indices.Layout.Narrow(axis, 0, 1), input.Layout.Narrow(axis, 0, 1));
        var lines = new Lines(input.Shape[axis], walk.Sizes, walk[1], input.Layout.Strides[axis], descending ? 1 : 0);
        var count = checked((int)walk.Count * lines.Length);
        using Scratch keysA = new(backend, DType.Int64, count), keysB = new(backend, DType.Int64, count);
        using Scratch placesA = new(backend, DType.Int32, count), placesB = new(backend, DType.Int32, count);
        var (keys, places) = (keysA.Elements<ulong>(), placesA.Elements<int>());
        var (nextKeys, nextPlaces) = (keysB.Elements<ulong>(), placesB.Elements<int>());
        switch (input.DType)
        {
            case DType.Float32: launcher.Launch(count, new KeyBody<float, SingleKey>(lines, input.Elements<float>(), keys, places)); break;
            case DType.Float64: launcher.Launch(count, new KeyBody<double, DoubleKey>(lines, input.Elements<double>(), keys, places)); break;
            default: launcher.Launch(count, new KeyBody<long, Int64Key>(lines, input.Elements<long>(), keys, places)); break;
        }
        for (long run = 1; run < lines.Length; run *= 2)
        {
            launcher.Launch(count, new MergeBody(lines.Length, (int)run, keys, places, nextKeys, nextPlaces), grain: 1024);
            (keys, places, nextKeys, nextPlaces) = (nextKeys, nextPlaces, keys, places);
        }
        var wanted = indices.Shape[axis];
        launcher.Launch(walk.Count * wanted, new TakeBody(lines.Length, wanted, walk.Sizes, walk[0], indices.Layout.Strides[axis], places, indices.Elements<long>()));
    }

    public void Extreme(int axis, bool largest, TensorView input, TensorView indices)
    {
        if (indices.Count == 0) return;
        // The largest is the first in descending order: the first of equal ones either way, and NaN, which is above all numbers, wins both.
        switch (input.DType)
        {
            case DType.Float32: Extreme<float, SingleKey>(axis, largest, input, indices); break;
            case DType.Float64: Extreme<double, DoubleKey>(axis, largest, input, indices); break;
            default: Extreme<long, Int64Key>(axis, largest, input, indices); break;
        }
    }

    private void Extreme<T, TKey>(int axis, bool largest, TensorView input, TensorView indices) where T : unmanaged where TKey : struct, ISortKey<T>
    {
        var walk = new StridedWalk(indices.Layout, input.Layout.Narrow(axis, 0, 1));
        var lines = new Lines(input.Shape[axis], walk.Sizes, walk[1], input.Layout.Strides[axis], largest ? 1 : 0);
        var cut = Chunks.Of(lines.Length);
        using var best = new Scratch(backend, DType.Int32, walk.Count * cut.Number);
        launcher.Launch(walk.Count * cut.Number, new ChunkExtreme<T, TKey>(lines, cut.Length, (int)walk.Count, input.Elements<T>(), best.Elements<int>()), grain: 64);
        launcher.Launch(walk.Count, new LineExtreme<T, TKey>(lines, cut.Number, (int)walk.Count, walk[0], input.Elements<T>(), best.Elements<int>(), indices.Elements<long>()), grain: 256);
    }

    /// <summary>An element as an unsigned number that ascends with it.</summary>
    internal interface ISortKey<T>
    {
        static abstract ulong Ascending(T v);
        static abstract bool IsNaN(T v);
    }

    internal readonly struct SingleKey : ISortKey<float>
    {
        public static ulong Ascending(float v)
        {
            if (float.IsNaN(v)) return uint.MaxValue;
            var bits = Bits.FloatAsInt(v == 0 ? 0 : v);
            return (bits & 0x8000_0000) != 0 ? ~bits : bits | 0x8000_0000;
        }

        public static bool IsNaN(float v) => float.IsNaN(v);
    }

    internal readonly struct DoubleKey : ISortKey<double>
    {
        public static ulong Ascending(double v)
        {
            if (double.IsNaN(v)) return ulong.MaxValue;
            var bits = Bits.FloatAsInt(v == 0 ? 0 : v);
            return (bits & 0x8000_0000_0000_0000) != 0 ? ~bits : bits | 0x8000_0000_0000_0000;
        }

        public static bool IsNaN(double v) => double.IsNaN(v);
    }

    internal readonly struct Int64Key : ISortKey<long>
    {
        public static ulong Ascending(long v) => (ulong)v ^ 0x8000_0000_0000_0000;

        public static bool IsNaN(long v) => false;
    }

    /// <summary>The lines of an input: length, where they start, the step along them, and the direction.</summary>
    internal readonly record struct Lines(int Length, Sizes Sizes, Strides Start, long Step, int Descending);

    internal readonly struct KeyBody<T, TKey>(Lines lines, ArrayView<T> x, ArrayView<ulong> keys, ArrayView<int> places) : IKernelBody where T : unmanaged where TKey : struct, ISortKey<T>
    {
        public void Run(int index)
        {
            var line = index / lines.Length;
            var place = index - line * lines.Length;
            var key = TKey.Ascending(x[lines.Start.Of(lines.Sizes.At(line)) + place * lines.Step]);
            keys[index] = lines.Descending != 0 ? ~key : key;
            places[index] = place;
        }
    }

    internal readonly struct MergeBody(int length, int run, ArrayView<ulong> keys, ArrayView<int> places, ArrayView<ulong> toKeys, ArrayView<int> toPlaces) : IKernelBody
    {
        public void Run(int index)
        {
            var line = index / length;
            long start = (long)line * length;
            var place = index - line * length;
            var number = place / run;
            var right = (number & 1) != 0;
            long pair = (long)(number - (number & 1)) * run, sibling = right ? pair : pair + run;
            var end = sibling + run < length ? sibling + run : length;
            var key = keys[index];
            // Elements of the sibling run that come before this one: equal ones only if they are on the left.
            long low = sibling, high = end > sibling ? end : sibling;
            while (low < high)
            {
                var middle = (low + high) / 2;
                var other = keys[start + middle];
                if (other < key || (right && other == key)) low = middle + 1;
                else high = middle;
            }
            var to = start + pair + (place - (long)number * run) + (low - sibling);
            toKeys[to] = key;
            toPlaces[to] = places[index];
        }
    }

    internal readonly struct TakeBody(int length, int wanted, Sizes sizes, Strides sy, long step, ArrayView<int> places, ArrayView<long> y) : IKernelBody
    {
        public void Run(int index)
        {
            var line = index / wanted;
            var i = index - line * wanted;
            y[sy.Of(sizes.At(line)) + i * step] = places[(long)line * length + i];
        }
    }

    internal readonly struct ChunkExtreme<T, TKey>(Lines lines, int chunk, int count, ArrayView<T> x, ArrayView<int> best) : IKernelBody where T : unmanaged where TKey : struct, ISortKey<T>
    {
        public void Run(int index)
        {
            var number = index / count;
            var from = lines.Start.Of(lines.Sizes.At(index - number * count));
            var begin = number * chunk;
            var end = lines.Length - begin < chunk ? lines.Length : begin + chunk;
            best[index] = Search<T, TKey>.First(lines, x, from, begin, end);
        }
    }

    internal readonly struct LineExtreme<T, TKey>(Lines lines, int chunks, int count, Strides sy, ArrayView<T> x, ArrayView<int> best, ArrayView<long> y) : IKernelBody
        where T : unmanaged where TKey : struct, ISortKey<T>
    {
        public void Run(int index)
        {
            var at = lines.Sizes.At(index);
            var from = lines.Start.Of(at);
            var place = best[index];
            for (var chunk = 1; chunk < chunks; chunk++)
            {
                var candidate = best[(long)chunk * count + index];
                if (Search<T, TKey>.Beats(lines, x[from + candidate * lines.Step], x[from + place * lines.Step])) place = candidate;
            }
            y[sy.Of(at)] = place;
        }
    }

    private static class Search<T, TKey> where T : unmanaged where TKey : struct, ISortKey<T>
    {
        public static int First(Lines lines, ArrayView<T> x, long from, int begin, int end)
        {
            var best = begin;
            for (var j = begin + 1; j < end; j++)
                if (Beats(lines, x[from + j * lines.Step], x[from + best * lines.Step])) best = j;
            return best;
        }

        public static bool Beats(Lines lines, T candidate, T best)
        {
            if (TKey.IsNaN(best)) return false;
            if (TKey.IsNaN(candidate)) return true;
            return lines.Descending != 0 ? TKey.Ascending(candidate) > TKey.Ascending(best) : TKey.Ascending(candidate) < TKey.Ascending(best);
        }
    }
}
