using System.Numerics;
using System.Runtime.CompilerServices;
using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// Pools over channels-last images: vectors run over channels, taps are the inner loop, so a window's value stays in a register.
// Backward works on bands of input rows: every window that touches the band is visited in order and gives to the rows inside it, so a window on a border
// between bands is visited twice, nobody writes another's rows, and the order of additions does not depend on threads.
internal sealed unsafe class Pool2dKernel : IPool2dKernel
{
    private const int BandRows = 8;

    public void Forward(in Pool2dArgs args, TensorView input, TensorView output)
    {
        if (output.Count == 0) return;
        if (input.DType == DType.Float64) Forward<double>(args, input, output);
        else Forward<float>(args, input, output);
    }

    public void Backward(in Pool2dArgs args, TensorView? input, TensorView dOutput, TensorView dInput)
    {
        if (dInput.Count == 0) return;
        if (dInput.DType == DType.Float64) Backward<double>(args, input, dOutput, dInput);
        else Backward<float>(args, input, dOutput, dInput);
    }

    private static void Forward<T>(Pool2dArgs args, TensorView input, TensorView output) where T : unmanaged, IFloatingPointIeee754<T>
    {
        int c = input.Shape[1], inH = input.Shape[2], inW = input.Shape[3], h = output.Shape[2], w = output.Shape[3];
        T* x = input.Pointer<T>(), y = output.Pointer<T>();
        var (rows, columns) = (args.Rows, args.Columns);
        var average = args.Kind == PoolKind.Average;
        ParallelRows.For(output.Shape[0] * h, (int)Math.Max(1, 8192L / Math.Max(1, (long)w * c)), (begin, end) =>
        {
            for (var row = begin; row < end; row++)
            {
                var (n, i) = Math.DivRem(row, h);
                var to = y + (long)row * w * c;
                for (var j = 0; j < w; j++, to += c)
                {
                    var window = new Window<T>(x + (((long)n * inH + rows.Start(i)) * inW + columns.Start(j)) * c, (long)inW * c, c,
                        rows.End(i) - rows.Start(i), columns.End(j) - columns.Start(j));
                    if (average) window.Mean(to, T.One / T.CreateChecked((long)rows.Divisor(i) * columns.Divisor(j)));
                    else window.Max(to);
                }
            }
        });
    }

    private static void Backward<T>(Pool2dArgs args, TensorView? input, TensorView dOutput, TensorView dInput) where T : unmanaged, IFloatingPointIeee754<T>
    {
        int c = dInput.Shape[1], inH = dInput.Shape[2], inW = dInput.Shape[3], h = dOutput.Shape[2], w = dOutput.Shape[3];
        T* dy = dOutput.Pointer<T>(), dx = dInput.Pointer<T>();
        var x = args.Kind == PoolKind.Max ? input!.Value.Pointer<T>() : null;
        var (rows, columns) = (args.Rows, args.Columns);
        var bands = (inH + BandRows - 1) / BandRows;
        ParallelRows.For(dInput.Shape[0] * bands, 1, (begin, end) =>
        {
            var taps = new T[c];
            for (var unit = begin; unit < end; unit++)
            {
                var (n, band) = Math.DivRem(unit, bands);
                int top = band * BandRows, bottom = Math.Min(inH, top + BandRows);
                for (var r = top; r < bottom; r++) new Span<T>(dx + ((long)n * inH + r) * inW * c, inW * c).Clear();
                for (var i = 0; i < h; i++)
                {
                    if (rows.End(i) <= top) continue;
                    if (rows.Start(i) >= bottom) break;
                    var from = dy + ((long)n * h + i) * w * c;
                    for (var j = 0; j < w; j++, from += c)
                    {
                        int width = columns.End(j) - columns.Start(j), first = Math.Max(top, rows.Start(i)) - rows.Start(i), last = Math.Min(bottom, rows.End(i)) - rows.Start(i);
                        var at = (((long)n * inH + rows.Start(i)) * inW + columns.Start(j)) * c;
                        fixed (T* best = taps)
                        {
                            if (x is not null) new Window<T>(x + at, (long)inW * c, c, rows.End(i) - rows.Start(i), width).ArgMax(best);
                            var share = T.One / T.CreateChecked((long)rows.Divisor(i) * columns.Divisor(j));
                            for (var tap = first * width; tap < last * width; tap++)
                            {
                                var to = dx + at + tap / width * (long)inW * c + tap % width * (long)c;
                                if (x is null) AddScaled(to, from, share, c);
                                else AddWhere(to, from, best, T.CreateChecked(tap), c);
                            }
                        }
                    }
                }
            }
        });
    }

    private static void AddScaled<T>(T* y, T* x, T share, int n) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var k = 0;
        for (var v = new Vector<T>(share); k <= n - Vector<T>.Count; k += Vector<T>.Count) (Vector.Load(y + k) + Vector.Load(x + k) * v).Store(y + k);
        for (; k < n; k++) y[k] += x[k] * share;
    }

    private static void AddWhere<T>(T* y, T* x, T* best, T tap, int n) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var k = 0;
        for (var v = new Vector<T>(tap); k <= n - Vector<T>.Count; k += Vector<T>.Count)
            (Vector.Load(y + k) + Vector.ConditionalSelect(Vector.Equals(Vector.Load(best + k), v), Vector.Load(x + k), Vector<T>.Zero)).Store(y + k);
        for (; k < n; k++)
            if (best[k] == tap) y[k] += x[k];
    }

    // One window of the input: rows × columns taps of `channels` values.
    private readonly struct Window<T>(T* first, long rowStride, int channels, int rows, int columns) where T : unmanaged, IFloatingPointIeee754<T>
    {
        public void Mean(T* y, T share)
        {
            var k = 0;
            for (; k <= channels - Vector<T>.Count; k += Vector<T>.Count)
            {
                var sum = Vector<T>.Zero;
                for (var r = 0; r < rows; r++)
                    for (var q = 0; q < columns; q++) sum += Vector.Load(first + r * rowStride + (long)q * channels + k);
                (sum * share).Store(y + k);
            }
            for (; k < channels; k++)
            {
                var sum = T.Zero;
                for (var r = 0; r < rows; r++)
                    for (var q = 0; q < columns; q++) sum += first[r * rowStride + (long)q * channels + k];
                y[k] = sum * share;
            }
        }

        // Four vectors a turn: what a tap's address costs is more than its comparison.
        public void Max(T* y)
        {
            int k = 0, lanes = Vector<T>.Count;
            for (; k <= channels - 4 * lanes; k += 4 * lanes)
            {
                Vector<T> a = new(T.NegativeInfinity), b = a, c = a, d = a;
                var row = first + k;
                for (var r = 0; r < rows; r++, row += rowStride)
                {
                    var tap = row;
                    for (var q = 0; q < columns; q++, tap += channels)
                    {
                        a = Larger(Vector.Load(tap), a);
                        b = Larger(Vector.Load(tap + lanes), b);
                        c = Larger(Vector.Load(tap + 2 * lanes), c);
                        d = Larger(Vector.Load(tap + 3 * lanes), d);
                    }
                }
                a.Store(y + k);
                b.Store(y + k + lanes);
                c.Store(y + k + 2 * lanes);
                d.Store(y + k + 3 * lanes);
            }
            for (; k <= channels - lanes; k += lanes)
            {
                var best = new Vector<T>(T.NegativeInfinity);
                for (var r = 0; r < rows; r++)
                    for (var q = 0; q < columns; q++) best = Larger(Vector.Load(first + r * rowStride + (long)q * channels + k), best);
                best.Store(y + k);
            }
            for (; k < channels; k++) y[k] = BestOf(k, out _);
        }

        // NaN is larger than anything, and stays.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector<T> Larger(Vector<T> v, Vector<T> best) => Vector.ConditionalSelect(Vector.GreaterThan(v, best) | ~Vector.Equals(v, v), v, best);

        /// <summary>Which tap holds each channel's maximum, as a number.</summary>
        public void ArgMax(T* tap)
        {
            var k = 0;
            for (; k <= channels - Vector<T>.Count; k += Vector<T>.Count)
            {
                Vector<T> best = new(T.NegativeInfinity), where = Vector<T>.Zero, at = Vector<T>.Zero;
                for (var r = 0; r < rows; r++)
                    for (var q = 0; q < columns; q++, at += Vector<T>.One)
                    {
                        var v = Vector.Load(first + r * rowStride + (long)q * channels + k);
                        var better = Vector.GreaterThan(v, best) | ~Vector.Equals(v, v);
                        best = Vector.ConditionalSelect(better, v, best);
                        where = Vector.ConditionalSelect(better, at, where);
                    }
                where.Store(tap + k);
            }
            for (; k < channels; k++)
            {
                BestOf(k, out var at);
                tap[k] = T.CreateChecked(at);
            }
        }

        private T BestOf(int k, out int tap)
        {
            var best = T.NegativeInfinity;
            tap = 0;
            for (var r = 0; r < rows; r++)
                for (var q = 0; q < columns; q++)
                {
                    var v = first[r * rowStride + (long)q * channels + k];
                    if (v > best || T.IsNaN(v)) (best, tap) = (v, r * columns + q);
                }
            return best;
        }
    }
}
