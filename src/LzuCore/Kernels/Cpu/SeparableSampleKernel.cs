using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// Bilinear sampling at a product of two coordinate tables, channels-last. Feature maps (many channels): four contiguous channel vectors are blended a pixel, straight from the
// image: one read and one write of memory. Pictures (few channels): the two source rows are first blended into a row that stays in L1, with full vectors
// whatever the number of channels; columns are then gathered from it, a pixel of up to four floats in one 128-bit vector. Bytes are widened in the same
// row blend. A neighbour outside is a vector of zeros (features) or a pixel of zeros behind the row (pictures).
internal sealed unsafe class SeparableSampleKernel(SimdWidth width) : ISeparableSampleKernel
{
    private const int FewChannels = 8;

    public void Forward(PaddingMode padding, TensorView input, TensorView xs, TensorView ys, TensorView output)
    {
        if (output.Count == 0) return;
        if (input.DType == DType.Float64) Forward<double>(padding, input, xs, ys, output);
        else Forward<float>(padding, input, xs, ys, output);
    }

    public void Backward(PaddingMode padding, TensorView input, TensorView xs, TensorView ys, TensorView dOutput, TensorView? dInput, TensorView? dXs, TensorView? dYs)
    {
        for (var n = 0; n < input.Shape[0]; n++)
        {
            if (input.DType == DType.Float64) SeparableSampleGradient<double>.Run(width, padding, n, input, xs, ys, dOutput, dInput, dXs, dYs);
            else SeparableSampleGradient<float>.Run(width, padding, n, input, xs, ys, dOutput, dInput, dXs, dYs);
        }
    }

    public void ForwardFromBytes(PaddingMode padding, TensorView pixels, TensorView xs, TensorView ys, ReadOnlySpan<float> scale, ReadOnlySpan<float> shift, TensorView output)
    {
        if (output.Count == 0) return;
        int h = pixels.Shape[0], w = pixels.Shape[1];
        SampleTable<float> columns = new(padding, xs, 0, w), rows = new(padding, ys, 0, h);
        var from = pixels.Pointer<byte>();
        var picture = new Picture<float>(width, columns, rows, w, 3, output.Pointer<float>())
        {
            Scale = Vector128.Create(scale[0], scale[1], scale[2], 0),
            Shift = Vector128.Create(shift[0], shift[1], shift[2], 0),
        };
        picture.Run((row, first, count, to) => ByteRows.Blend(
            rows.First[row] < 0 ? null : from + ((long)rows.First[row] * w + first) * 3,
            rows.Second[row] < 0 ? null : from + ((long)rows.Second[row] * w + first) * 3, rows.Fraction[row], to, count * 3));
    }

    private void Forward<T>(PaddingMode padding, TensorView input, TensorView xs, TensorView ys, TensorView output) where T : unmanaged, IFloatingPointIeee754<T>
    {
        int c = input.Shape[1], h = input.Shape[2], w = input.Shape[3], outH = output.Shape[2], outW = output.Shape[3];
        T* x = input.Pointer<T>(), y = output.Pointer<T>();
        for (var n = 0; n < input.Shape[0]; n++, x += (long)h * w * c, y += (long)outH * outW * c)
        {
            SampleTable<T> columns = new(padding, xs, n, w), rows = new(padding, ys, n, h);
            var image = x;
            if (c > FewChannels) Features(columns, rows, image, w, c, y);
            else
                new Picture<T>(width, columns, rows, w, c, y).Run((row, first, count, to) => BlendRows(
                    rows.First[row] < 0 ? null : image + ((long)rows.First[row] * w + first) * c,
                    rows.Second[row] < 0 ? null : image + ((long)rows.Second[row] * w + first) * c, rows.Fraction[row], to, count * c));
        }
    }

    private void Features<T>(SampleTable<T> columns, SampleTable<T> rows, T* image, int w, int c, T* y) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var zeros = ChannelVectors.Zeros<T>(c);
        var outside = (T*)Unsafe.AsPointer(ref zeros[0]);
        int outW = columns.Count;
        ParallelRows.For(rows.Count, (int)Math.Max(1, 32768L / ((long)outW * c)), (begin, end) =>
        {
            for (var i = begin; i < end; i++)
            {
                int top = rows.First[i], bottom = rows.Second[i];
                T* upper = image + (long)top * w * c, lower = image + (long)bottom * w * c;
                T ty = rows.Fraction[i], uy = T.One - ty;
                var to = y + (long)i * outW * c;
                for (var j = 0; j < outW; j++, to += c)
                {
                    int left = columns.First[j], right = columns.Second[j];
                    T tx = columns.Fraction[j], ux = T.One - tx;
                    ChannelVectors.Blend(width, to,
                        (top | left) < 0 ? outside : upper + (long)left * c, (top | right) < 0 ? outside : upper + (long)right * c,
                        (bottom | left) < 0 ? outside : lower + (long)left * c, (bottom | right) < 0 ? outside : lower + (long)right * c,
                        ux * uy, tx * uy, ux * ty, tx * ty, c);
                }
            }
        });
        GC.KeepAlive(zeros);
    }

    // to = (1 - t)·a + t·b; null rows are zeros.
    private static void BlendRows<T>(T* a, T* b, T t, T* to, int n) where T : unmanaged, IFloatingPointIeee754<T>
    {
        T wa = T.One - t, wb = t;
        if (a is null || b is null)
        {
            new Span<T>(to, n).Clear();
            if (a is not null) ChannelVectors.AddScaled(SimdWidth.Portable, to, a, wa, n);
            if (b is not null) ChannelVectors.AddScaled(SimdWidth.Portable, to, b, wb, n);
            return;
        }
        var i = 0;
        Vector<T> va = new(wa), vb = new(wb);
        for (; i <= n - Vector<T>.Count; i += Vector<T>.Count) (Vector.Load(a + i) * va + Vector.Load(b + i) * vb).Store(to + i);
        for (; i < n; i++) to[i] = a[i] * wa + b[i] * wb;
    }

    // Fills `to` with source columns [first, first + count) of an output row, blended from two source rows.
    private delegate void RowBlend<T>(int row, int first, int count, T* to) where T : unmanaged;

    // Few channels: row by row through a buffer.
    private sealed class Picture<T> where T : unmanaged, IFloatingPointIeee754<T>
    {
        private readonly SampleTable<T> _columns, _rows;
        private readonly int[] _left, _right;
        private readonly float[] _fraction, _inside;
        private readonly int _channels, _first, _count;
        private readonly bool _inFours;
        private readonly T* _output;

        public Picture(SimdWidth width, SampleTable<T> columns, SampleTable<T> rows, int w, int channels, T* output)
        {
            (_columns, _rows, _channels) = (columns, rows, channels);
            _inFours = width == SimdWidth.Bits512;
            _output = output;
            int low = w, high = -1;
            for (var j = 0; j < columns.Count; j++)
                foreach (var k in (ReadOnlySpan<int>)[columns.First[j], columns.Second[j]])
                    if (k >= 0) (low, high) = (Math.Min(low, k), Math.Max(high, k));
            (_first, _count) = high < 0 ? (0, 0) : (low, high - low + 1);
            _left = [.. columns.First.Select(k => (k < 0 ? _count : k - _first) * channels)];
            _right = [.. columns.Second.Select(k => (k < 0 ? _count : k - _first) * channels)];
            _fraction = [.. columns.Fraction.Select(float.CreateTruncating)];
            _inside = [.. Enumerable.Range(0, columns.Count).Select(j => Inside(columns, j))];
        }

        /// <summary>Applied to three-channel float32 pictures at the end: value · Scale + coverage · Shift.</summary>
        public Vector128<float>? Scale { get; init; }

        public Vector128<float> Shift { get; init; }

        public void Run(RowBlend<T> blend)
        {
            var outW = _columns.Count;
            ParallelRows.For(_rows.Count, Math.Max(1, 65536 / Math.Max(1, outW * _channels)), (begin, end) =>
            {
                // One pixel of zeros behind the row, and room for the last 128-bit load.
                var count = (_count + 1) * _channels + 4;
                using var buffer = new Scratch((long)count * sizeof(T));
                var row = (T*)buffer.Pointer;
                new Span<T>(row, count).Clear();
                for (var i = begin; i < end; i++)
                {
                    var to = _output + (long)i * outW * _channels;
                    blend(i, _first, _count, row);
                    if (typeof(T) == typeof(float) && Scale is { } scale) Normalized((float*)row, (float*)to, i, scale);
                    else if (typeof(T) == typeof(float) && _channels == 3) Triples((float*)row, (float*)to);
                    else Gather(row, to);
                }
            });
        }

        private void Gather(T* row, T* to)
        {
            for (var j = 0; j < _left.Length; j++)
            {
                T* a = row + _left[j], b = row + _right[j];
                T t = _columns.Fraction[j], u = T.One - t;
                for (var k = 0; k < _channels; k++) *to++ = a[k] * u + b[k] * t;
            }
        }

        // Every pixel but the last is stored as four floats; the fourth is overwritten by the next pixel. With AVX-512 four pixels at a time.
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void Triples(float* row, float* to)
        {
            int j = 0, last = _left.Length - 1;
            fixed (int* left = _left, right = _right)
            fixed (float* fraction = _fraction)
            {
                for (; Avx512F.IsSupported && _inFours && j + 4 <= last; j += 4, to += 12) StoreFour(FourAt(row, left + j, right + j, fraction + j), to);
                for (; j < last; j++, to += 3) At(row + left[j], row + right[j], fraction[j]).Store(to);
                Last(At(row + left[last], row + right[last], fraction[last]), to);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void Normalized(float* row, float* to, int i, Vector128<float> scale)
        {
            var shift = Shift * Inside(_rows, i);
            int j = 0, last = _left.Length - 1;
            fixed (int* left = _left, right = _right)
            fixed (float* fraction = _fraction, inside = _inside)
            {
                if (Avx512F.IsSupported && _inFours)
                {
                    Vector512<float> scales = Vector512.Create(Vector256.Create(scale, scale), Vector256.Create(scale, scale)), shifts = Vector512.Create(Vector256.Create(shift, shift), Vector256.Create(shift, shift));
                    for (; j + 4 <= last; j += 4, to += 12) StoreFour(Avx512F.FusedMultiplyAdd(FourAt(row, left + j, right + j, fraction + j), scales, shifts * EachFour(inside + j)), to);
                }
                for (; j < last; j++, to += 3) Vector128.MultiplyAddEstimate(At(row + left[j], row + right[j], fraction[j]), scale, shift * inside[j]).Store(to);
                Last(Vector128.MultiplyAddEstimate(At(row + left[last], row + right[last], fraction[last]), scale, shift * inside[last]), to);
            }
        }

        // Four samples of four floats each. Weighted, not a + t (b - a): the difference of equal infinities is no number, and that of large floats infinite.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector512<float> FourAt(float* row, int* left, int* right, float* fraction)
        {
            var t = EachFour(fraction);
            return Avx512F.FusedMultiplyAdd(Four(row, right), t, Four(row, left) * (Vector512<float>.One - t));
        }

        // By insertion: made of halves, the runtime keeps the whole in memory, and that costs more than everything else.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector512<float> Four(float* row, int* at)
        {
            var first = Vector128.Load(row + at[0]).ToVector256Unsafe().ToVector512Unsafe();
            return Avx512F.InsertVector128(Avx512F.InsertVector128(Avx512F.InsertVector128(first, Vector128.Load(row + at[1]), 1), Vector128.Load(row + at[2]), 2), Vector128.Load(row + at[3]), 3);
        }

        // Four numbers, each in four lanes.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector512<float> EachFour(float* values) =>
            Avx512F.PermuteVar16x32(Vector128.Load(values).ToVector256Unsafe().ToVector512Unsafe(), Vector512.Create(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3));

        // The first three of every four lanes: twelve floats.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void StoreFour(Vector512<float> value, float* to)
        {
            var packed = Avx512F.PermuteVar16x32(value, Vector512.Create(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 15, 15, 15, 15));
            packed.GetLower().Store(to);
            packed.GetUpper().GetLower().Store(to + 8);
        }

        // How much of a sample lies inside: the shift belongs to that part only.
        private static float Inside(SampleTable<T> axis, int i)
        {
            var t = float.CreateTruncating(axis.Fraction[i]);
            return (axis.First[i] < 0 ? 0 : 1 - t) + (axis.Second[i] < 0 ? 0 : t);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector128<float> At(float* a, float* b, float t) => Vector128.MultiplyAddEstimate(Vector128.Load(b), Vector128.Create(t), Vector128.Load(a) * Vector128.Create(1 - t));

        private static void Last(Vector128<float> value, float* to) => (to[0], to[1], to[2]) = (value[0], value[1], value[2]);
    }
}
