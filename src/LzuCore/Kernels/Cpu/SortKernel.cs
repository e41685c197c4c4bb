using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// Order along an axis. Every element becomes an unsigned key whose order is the wanted one: for float32 the key (32 bits, -0 made +0, NaN above
// infinity, all bits flipped when descending) and the position share one 64-bit word, so ties resolve by position and a plain sort is stable.
// The first k of n come from a bounded heap: one comparison per element once the heap holds good candidates.
internal sealed class SortKernel : ISortKernel
{
    public unsafe void Order(int axis, bool descending, TensorView input, TensorView indices)
    {
        int length = input.Shape[axis], wanted = indices.Shape[axis];
        if (indices.Count == 0) return;
        var loop = new StridedLoop(indices.Layout.Narrow(axis, 0, 1), input.Layout.Narrow(axis, 0, 1));
        long so = loop.InnerStrides[0], si = loop.InnerStrides[1], stepOut = indices.Layout.Strides[axis], stepIn = input.Layout.Strides[axis];
        var to = indices.Pointer<long>() - indices.Layout.Offset;
        var from = ((HostStorage)input.Storage).Pointer;
        loop.Run((at, n) =>
        {
            for (long i = 0; i < n; i++)
            {
                var place = to + at[0] + i * so;
                var start = at[1] + i * si;
                if (input.DType == DType.Float32)
                {
                    var keys = new First<ulong>(wanted, length);
                    var x = (float*)from + start;
                    for (var j = 0; j < length; j++) keys.Offer((ulong)Key(x[j * stepIn], descending) << 32 | (uint)j);
                    foreach (var key in keys.InOrder())
                    {
                        *place = (uint)key;
                        place += stepOut;
                    }
                }
                else
                {
                    var keys = new First<(ulong Key, int Position)>(wanted, length);
                    for (var j = 0; j < length; j++)
                    {
                        var key = input.DType == DType.Float64 ? Key(((double*)from + start)[j * stepIn], descending) : Key(((long*)from + start)[j * stepIn], descending);
                        keys.Offer((key, j));
                    }
                    foreach (var (_, position) in keys.InOrder())
                    {
                        *place = position;
                        place += stepOut;
                    }
                }
            }
        }, length);
    }

    public unsafe void Extreme(int axis, bool largest, TensorView input, TensorView indices)
    {
        var length = input.Shape[axis];
        if (indices.Count == 0) return;
        var loop = new StridedLoop(indices.Layout, input.Layout.Narrow(axis, 0, 1));
        long so = loop.InnerStrides[0], si = loop.InnerStrides[1], step = input.Layout.Strides[axis];
        var to = indices.Pointer<long>() - indices.Layout.Offset;
        var from = ((HostStorage)input.Storage).Pointer;
        loop.Run((at, n) =>
        {
            for (long i = 0; i < n; i++)
            {
                var start = at[1] + i * si;
                to[at[0] + i * so] = input.DType switch
                {
                    DType.Float32 => Best((float*)from + start, length, step, largest),
                    DType.Float64 => Best((double*)from + start, length, step, largest),
                    _ => Best((long*)from + start, length, step, largest),
                };
            }
        }, length);
    }

    private static unsafe long Best<T>(T* x, int length, long step, bool largest) where T : unmanaged, System.Numerics.INumber<T>
    {
        long best = 0;
        var value = x[0];
        for (long j = 1; j < length && !T.IsNaN(value); j++)
        {
            var v = x[j * step];
            if (!(largest ? v > value : v < value) && !T.IsNaN(v)) continue;
            (best, value) = (j, v);
        }
        return best;
    }

    private static uint Key(float x, bool descending)
    {
        var bits = BitConverter.SingleToUInt32Bits(x == 0 ? 0 : x);
        var key = float.IsNaN(x) ? uint.MaxValue : (bits & 0x8000_0000) != 0 ? ~bits : bits | 0x8000_0000;
        return descending ? ~key : key;
    }

    private static ulong Key(double x, bool descending)
    {
        var bits = BitConverter.DoubleToUInt64Bits(x == 0 ? 0 : x);
        var key = double.IsNaN(x) ? ulong.MaxValue : (bits >> 63) != 0 ? ~bits : bits | 1UL << 63;
        return descending ? ~key : key;
    }

    private static ulong Key(long x, bool descending)
    {
        var key = (ulong)x ^ 1UL << 63;
        return descending ? ~key : key;
    }

    // The smallest k keys of those offered: all of them in an array when k is all, else a heap with the largest kept key on top.
    private struct First<T>(int k, int total) where T : struct, IComparable<T>
    {
        private readonly T[] _kept = new T[k];
        private readonly bool _all = k == total;
        private int _count;

        public void Offer(T key)
        {
            if (_count < _kept.Length)
            {
                _kept[_count++] = key;
                if (_count == _kept.Length && !_all)
                    for (var i = _count / 2 - 1; i >= 0; i--) SiftDown(i);
            }
            else if (_count > 0 && key.CompareTo(_kept[0]) < 0)
            {
                _kept[0] = key;
                SiftDown(0);
            }
        }

        public readonly T[] InOrder()
        {
            Array.Sort(_kept);
            return _kept;
        }

        private readonly void SiftDown(int at)
        {
            var key = _kept[at];
            while (2 * at + 1 < _kept.Length)
            {
                var child = 2 * at + 1;
                if (child + 1 < _kept.Length && _kept[child].CompareTo(_kept[child + 1]) < 0) child++;
                if (key.CompareTo(_kept[child]) >= 0) break;
                _kept[at] = _kept[child];
                at = child;
            }
            _kept[at] = key;
        }
    }
}
