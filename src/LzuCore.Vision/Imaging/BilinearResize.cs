using System.Buffers;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using LzuCore.Memory;

namespace LzuCore.Vision.Imaging;

/// <summary>Pictures in another size for networks: two taps an axis at half-pixel centres, no averaging when shrinking. OpenCV's INTER_LINEAR and mmcv's imresize, to one level.</summary>
/// <remarks>Rounded once, half up, from 21 fraction bits (OpenCV keeps 11 and rounds between the axes). Equal bits with and without SIMD and for any number of threads.
/// For pictures to look at, <see cref="Resize"/> averages.</remarks>
public static class BilinearResize
{
    // Down first, so that what is left for the slower step across is only the rows that are wanted.
    // Down:   value = a + (b - a)w with 7 fraction bits in int16; w has 15 bits, one pmulhrsw does it.
    // Across: one 16-byte load holds the pixels x0 and x0 + 1; a shuffle pairs their channels, pmaddwd blends with 14-bit weights: 21 fraction bits in int32.
    // Edges:  the row buffer is 8 values longer than the row, for the load at its last pixel, whose second weight is 0.
    private const int RowsAChunk = 16;
    private const int DownBits = 7;
    private const int AcrossBits = 14;
    private const int Shift = DownBits + AcrossBits;
    private const int Slack = 16;

    /// <summary>A picture in another size.</summary>
    /// <exception cref="ArgumentValueException">A side is below 1, or there are more than 268 megapixels.</exception>
    public static Image ResizeBilinear(this Image image, Size2 size)
    {
        var result = Image.Unwritten(size);
        if (size == image.Size)
        {
            image.Pixels.CopyTo(result.Pixels);
            return result;
        }
        ForRows(image, size, into: y => result.Row(y));
        return result;
    }

    internal delegate void UseRow(int y, ReadOnlySpan<byte> row);

    internal delegate Span<byte> RowOf(int y);

    // Every row of the resized picture, in chunks on several threads: written into the span that `into` gives, or into a buffer that `use` is shown.
    internal static void ForRows(Image image, Size2 size, RowOf? into = null, UseRow? use = null)
    {
        var down = Taps(image.Height, size.Height, 1 << 15);
        var across = Taps(image.Width, size.Width, 1 << AcrossBits);
        var (starts, weights) = (new int[size.Width], new int[size.Width]);
        for (var x = 0; x < size.Width; x++)
        {
            starts[x] = 3 * across[x].Start;
            weights[x] = ((1 << AcrossBits) - across[x].Weight) | (across[x].Weight << 16);
        }
        ParallelRows.For(size.Height, RowsAChunk, (begin, end) =>
        {
            var blended = ArrayPool<short>.Shared.Rent(3 * image.Width + Slack);
            var bytes = into is null ? ArrayPool<byte>.Shared.Rent(3 * size.Width) : null;
            blended.AsSpan(3 * image.Width, Slack).Clear();
            for (var y = begin; y < end; y++)
            {
                var (top, weight) = down[y];
                Blend(image.Row(top), image.Row(Math.Min(top + 1, image.Height - 1)), weight, blended);
                var to = into is null ? bytes.AsSpan(0, 3 * size.Width) : into(y);
                Narrow(blended, starts, weights, to);
                use?.Invoke(y, to);
            }
            ArrayPool<short>.Shared.Return(blended);
            if (bytes is not null) ArrayPool<byte>.Shared.Return(bytes);
        });
    }

    // For every output position the first input position, and the second one's weight. cv::resize: (i + 1/2) scale - 1/2, clamped at both ends.
    private static (int Start, int Weight)[] Taps(int from, int to, int one)
    {
        var taps = new (int, int)[to];
        var scale = (double)from / to;
        for (var i = 0; i < to; i++)
        {
            var at = Math.Clamp((i + 0.5) * scale - 0.5, 0, from - 1);
            var start = (int)at;
            taps[i] = start >= from - 1 ? (from - 1, 0) : (start, Math.Min((int)Math.Round((at - start) * one), one - 1));
        }
        return taps;
    }

    private static unsafe void Blend(ReadOnlySpan<byte> upper, ReadOnlySpan<byte> lower, int weight, short[] blended)
    {
        fixed (byte* a = upper, b = lower)
        fixed (short* to = blended)
        {
            int i = 0, n = upper.Length;
            if (Avx512BW.IsSupported)
            {
                for (var w = Vector512.Create((short)weight); i <= n - 32; i += 32)
                {
                    var va = Avx512BW.ShiftLeftLogical(Avx512BW.ConvertToVector512Int16(Vector256.Load(a + i)), DownBits);
                    var vb = Avx512BW.ShiftLeftLogical(Avx512BW.ConvertToVector512Int16(Vector256.Load(b + i)), DownBits);
                    (va + Avx512BW.MultiplyHighRoundScale(vb - va, w)).Store(to + i);
                }
            }
            else if (Avx2.IsSupported)
            {
                for (var w = Vector256.Create((short)weight); i <= n - 16; i += 16)
                {
                    var va = Avx2.ShiftLeftLogical(Avx2.ConvertToVector256Int16(Vector128.Load(a + i)), DownBits);
                    var vb = Avx2.ShiftLeftLogical(Avx2.ConvertToVector256Int16(Vector128.Load(b + i)), DownBits);
                    (va + Avx2.MultiplyHighRoundScale(vb - va, w)).Store(to + i);
                }
            }
            for (; i < n; i++) to[i] = (short)((a[i] << DownBits) + ((((b[i] - a[i]) << DownBits) * weight + (1 << 14)) >> 15));
        }
    }

    private static unsafe void Narrow(short[] blended, int[] starts, int[] weights, Span<byte> row)
    {
        fixed (short* from = blended)
        fixed (int* start = starts, weight = weights)
        fixed (byte* to = row)
        {
            int x = 0, width = weights.Length;
            if (Avx2.IsSupported)
            {
                var pairs = Vector256.Create((byte)0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11, 0x80, 0x80, 0x80, 0x80, 0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11, 0x80, 0x80, 0x80, 0x80);
                var dense = Vector128.Create((byte)0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 0x80, 0x80, 0x80, 0x80);
                var half = Vector256.Create(1 << (Shift - 1));
                // Four pixels a step; the 16-byte store spills 4 bytes, which the next step or the loop below overwrites, never beyond the row.
                for (; 3 * x + 16 <= 3 * width; x += 4)
                {
                    var even = Blended(from, start, weight, x, x + 2, pairs, half);
                    var odd = Blended(from, start, weight, x + 1, x + 3, pairs, half);
                    var words = Avx2.PackSignedSaturate(even, odd);
                    var four = Sse2.PackUnsignedSaturate(words.GetLower(), words.GetUpper());
                    Ssse3.Shuffle(four, dense).Store(to + 3 * x);
                }
            }
            for (; x < width; x++)
            {
                var p = from + start[x];
                int first = weight[x] & 0xFFFF, second = weight[x] >> 16;
                for (var c = 0; c < 3; c++) to[3 * x + c] = (byte)((p[c] * first + p[c + 3] * second + (1 << (Shift - 1))) >> Shift);
            }
        }
    }

    // Two pixels: red, green, blue and nothing in each half.
    private static unsafe Vector256<int> Blended(short* from, int* start, int* weight, int a, int b, Vector256<byte> pairs, Vector256<int> half)
    {
        var pixels = Vector256.Create(Vector128.Load(from + start[a]), Vector128.Load(from + start[b]));
        var w = Vector256.Create(Vector128.Create(weight[a]), Vector128.Create(weight[b])).AsInt16();
        var sums = Avx2.MultiplyAddAdjacent(Avx2.Shuffle(pixels.AsByte(), pairs).AsInt16(), w);
        return Avx2.ShiftRightArithmetic(sums + half, Shift);
    }
}
