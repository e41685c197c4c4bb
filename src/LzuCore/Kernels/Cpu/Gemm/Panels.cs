using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

/// <summary>The right-hand operand of the micro-kernel: a depth x columns matrix cut into slivers of a tile's width, each stored as [depth][width], so that
/// the innermost loop reads it front to back. The last sliver is as narrow as vectors allow, and filled with zeros.</summary>
internal sealed unsafe class Panels
{
    private readonly HostStorage _storage;

    /// <summary>Uninitialised panels.</summary>
    public Panels(MicroKernel micro, long depth, int columns)
    {
        (Depth, Cut) = (depth, new ColumnCut(micro, columns));
        _storage = new HostStorage(Device.Cpu, Math.Max(1, Cut.Stored * depth) * sizeof(float), BufferPool.Shared, lasts: true);
    }

    /// <summary>Rows: terms of the sum.</summary>
    public long Depth { get; }

    /// <summary>Where the slivers lie.</summary>
    public ColumnCut Cut { get; }

    /// <summary>First element of a sliver.</summary>
    public float* this[int sliver] => (float*)_storage.Pointer + Cut.Start(sliver) * Depth;

    /// <summary>Copies the matrix whose element (s, k, column) is <c>source[segmentOffsets[s] + k · depthStride + column · columnStride]</c>; the depth is
    /// segments x length.</summary>
    public Panels Fill(float* source, nint columnStride, nint depthStride, nint[] segmentOffsets, int length)
    {
        ParallelRows.For(Cut.Slivers, 1, (begin, end) =>
        {
            for (var sliver = begin; sliver < end; sliver++)
                for (var s = 0; s < segmentOffsets.Length; s++)
                    Pack(source + segmentOffsets[s] + Cut.Start(sliver) * columnStride, columnStride, depthStride, length, Cut.Valid(sliver), this[sliver] + (long)s * length * Cut.Width(sliver), Cut.Width(sliver));
        });
        GC.KeepAlive(this);
        return this;
    }

    // Loops over data skip the JIT's slow first tier: they would dominate the first inference.
    /// <summary>target[k · width + column] = source[k · depthStride + column · columnStride], zeros beyond <paramref name="columns"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Pack(float* source, nint columnStride, nint depthStride, nint depth, int columns, float* target, int width)
    {
        if (columns < width) new Span<float>(target, checked((int)(depth * width))).Clear();
        if (columnStride == 1)
        {
            for (nint k = 0; k < depth; k++) Copy(source + k * depthStride, target + k * width, columns);
            return;
        }
        // Blocks of 64 rows stay in the first-level cache while the columns fill them; four columns by four rows are turned in registers.
        const int Block = 64;
        for (nint first = 0; first < depth; first += Block)
        {
            var last = Math.Min(depth, first + Block);
            var column = 0;
            if (depthStride == 1)
                for (; column + 4 <= columns; column += 4) Turn(source + column * columnStride, columnStride, first, last, target + column, width);
            for (; column < columns; column++)
            {
                var from = source + column * columnStride;
                for (var k = first; k < last; k++) target[k * width + column] = from[k * depthStride];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Turn(float* source, nint columnStride, nint first, nint last, float* target, int width)
    {
        float* p0 = source, p1 = p0 + columnStride, p2 = p1 + columnStride, p3 = p2 + columnStride;
        var k = first;
        for (; k + 4 <= last; k += 4)
        {
            Vector128<float> a = Vector128.Load(p0 + k), b = Vector128.Load(p1 + k), c = Vector128.Load(p2 + k), d = Vector128.Load(p3 + k);
            var to = target + k * width;
            if (Sse.IsSupported)
            {
                Vector128<float> low0 = Sse.UnpackLow(a, b), low1 = Sse.UnpackLow(c, d), high0 = Sse.UnpackHigh(a, b), high1 = Sse.UnpackHigh(c, d);
                Sse.MoveLowToHigh(low0, low1).Store(to);
                Sse.MoveHighToLow(low1, low0).Store(to + width);
                Sse.MoveLowToHigh(high0, high1).Store(to + 2 * width);
                Sse.MoveHighToLow(high1, high0).Store(to + 3 * width);
                continue;
            }
            Vector128.Create(a[0], b[0], c[0], d[0]).Store(to);
            Vector128.Create(a[1], b[1], c[1], d[1]).Store(to + width);
            Vector128.Create(a[2], b[2], c[2], d[2]).Store(to + 2 * width);
            Vector128.Create(a[3], b[3], c[3], d[3]).Store(to + 3 * width);
        }
        for (; k < last; k++)
        {
            var to = target + k * width;
            (to[0], to[1], to[2], to[3]) = (p0[k], p1[k], p2[k], p3[k]);
        }
    }

    /// <summary>A short run of floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Copy(float* from, float* to, int count)
    {
        var i = 0;
        if (Vector512.IsHardwareAccelerated)
            for (; i + 16 <= count; i += 16) Vector512.Load(from + i).Store(to + i);
        if (Vector256.IsHardwareAccelerated)
            for (; i + 8 <= count; i += 8) Vector256.Load(from + i).Store(to + i);
        for (; i + 4 <= count; i += 4) Vector128.Load(from + i).Store(to + i);
        for (; i < count; i++) to[i] = from[i];
    }
}
