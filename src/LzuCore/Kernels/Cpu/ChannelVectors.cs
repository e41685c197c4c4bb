using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LzuCore.Kernels.Cpu;

/// <summary>Which vectors a kernel uses. Chosen once; tests construct kernels with each one that the machine has.</summary>
internal enum SimdWidth
{
    /// <summary><see cref="Vector{T}"/>: whatever the runtime offers.</summary>
    Portable,
    /// <summary>AVX2.</summary>
    Bits256,
    /// <summary>AVX-512.</summary>
    Bits512,
}

// Arithmetic on the contiguous channel vectors of channels-last tensors. Products and sums are separate instructions in one fixed order, so every
// width gives the same bits: these loops wait for memory, and fusing them would gain nothing. Vectors of at most four floats use one 128-bit
// load, which may read past the last channel: buffers have 64 readable bytes after their end.
internal static unsafe class ChannelVectors
{
    /// <summary>The widest vectors that this machine runs natively.</summary>
    public static SimdWidth Widest =>
        Vector512.IsHardwareAccelerated ? SimdWidth.Bits512 : Vector256.IsHardwareAccelerated ? SimdWidth.Bits256 : SimdWidth.Portable;

    /// <summary>y = wa·a + wb·b + wc·c + wd·d.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Blend<T>(SimdWidth width, T* y, T* a, T* b, T* c, T* d, T wa, T wb, T wc, T wd, int n) where T : unmanaged, INumberBase<T>
    {
        if (typeof(T) == typeof(float) && n <= 4)
        {
            var v = Vector128.Load(a) * wa + Vector128.Load(b) * wb + Vector128.Load(c) * wc + Vector128.Load(d) * wd;
            if (n == 3)
            {
                ((double*)y)[0] = v.AsDouble()[0];
                y[2] = v[2];
            }
            else
            {
                for (var k = 0; k < n; k++) y[k] = v[k];
            }
            return;
        }
        BlendLong(width, y, a, b, c, d, wa, wb, wc, wd, n);
    }

    // Straight to fast code: the JIT's first tier would dominate the first inference.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void BlendLong<T>(SimdWidth width, T* y, T* a, T* b, T* c, T* d, T wa, T wb, T wc, T wd, int n) where T : unmanaged, INumberBase<T>
    {
        var i = 0;
        if (width == SimdWidth.Bits512)
        {
            Vector512<T> va = Vector512.Create(wa), vb = Vector512.Create(wb), vc = Vector512.Create(wc), vd = Vector512.Create(wd);
            for (; i <= n - Vector512<T>.Count; i += Vector512<T>.Count)
                (Vector512.Load(a + i) * va + Vector512.Load(b + i) * vb + Vector512.Load(c + i) * vc + Vector512.Load(d + i) * vd).Store(y + i);
        }
        if (width >= SimdWidth.Bits256)
        {
            Vector256<T> va = Vector256.Create(wa), vb = Vector256.Create(wb), vc = Vector256.Create(wc), vd = Vector256.Create(wd);
            for (; i <= n - Vector256<T>.Count; i += Vector256<T>.Count)
                (Vector256.Load(a + i) * va + Vector256.Load(b + i) * vb + Vector256.Load(c + i) * vc + Vector256.Load(d + i) * vd).Store(y + i);
        }
        else
        {
            Vector<T> va = new(wa), vb = new(wb), vc = new(wc), vd = new(wd);
            for (; i <= n - Vector<T>.Count; i += Vector<T>.Count)
                (Vector.Load(a + i) * va + Vector.Load(b + i) * vb + Vector.Load(c + i) * vc + Vector.Load(d + i) * vd).Store(y + i);
        }
        for (; i < n; i++) y[i] = a[i] * wa + b[i] * wb + c[i] * wc + d[i] * wd;
    }

    /// <summary>y += w·x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddScaled<T>(SimdWidth width, T* y, T* x, T w, int n) where T : unmanaged, INumberBase<T>
    {
        var i = 0;
        if (width == SimdWidth.Bits512)
            for (var v = Vector512.Create(w); i <= n - Vector512<T>.Count; i += Vector512<T>.Count)
                (Vector512.Load(y + i) + Vector512.Load(x + i) * v).Store(y + i);
        if (width >= SimdWidth.Bits256)
            for (var v = Vector256.Create(w); i <= n - Vector256<T>.Count; i += Vector256<T>.Count)
                (Vector256.Load(y + i) + Vector256.Load(x + i) * v).Store(y + i);
        else
            for (var v = new Vector<T>(w); i <= n - Vector<T>.Count; i += Vector<T>.Count)
                (Vector.Load(y + i) + Vector.Load(x + i) * v).Store(y + i);
        for (; i < n; i++) y[i] += x[i] * w;
    }

    /// <summary>Σ over channels of g · d blend / d (tx, ty), for neighbours a b above c d.</summary>
    public static void Slopes<T>(T* a, T* b, T* c, T* d, T* g, int channels, T tx, T ty, out T gx, out T gy) where T : unmanaged, INumberBase<T>
    {
        T ux = T.One - tx, uy = T.One - ty;
        Vector<T> sx = Vector<T>.Zero, sy = Vector<T>.Zero, vtx = new(tx), vty = new(ty), vux = new(ux), vuy = new(uy);
        var k = 0;
        for (; k <= channels - Vector<T>.Count; k += Vector<T>.Count)
        {
            Vector<T> va = Vector.Load(a + k), vb = Vector.Load(b + k), vc = Vector.Load(c + k), vd = Vector.Load(d + k), vg = Vector.Load(g + k);
            sx += vg * ((vb - va) * vuy + (vd - vc) * vty);
            sy += vg * ((vc - va) * vux + (vd - vb) * vtx);
        }
        (gx, gy) = (Vector.Sum(sx), Vector.Sum(sy));
        for (; k < channels; k++)
        {
            gx += g[k] * ((b[k] - a[k]) * uy + (d[k] - c[k]) * ty);
            gy += g[k] * ((c[k] - a[k]) * ux + (d[k] - b[k]) * tx);
        }
    }

    /// <summary>The sums over channels of a · g, b · g, c · g and d · g.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Dots<T>(T* a, T* b, T* c, T* d, T* g, int channels, out T ag, out T bg, out T cg, out T dg) where T : unmanaged, INumberBase<T>
    {
        Vector<T> sa = Vector<T>.Zero, sb = Vector<T>.Zero, sc = Vector<T>.Zero, sd = Vector<T>.Zero;
        var k = 0;
        for (; k <= channels - Vector<T>.Count; k += Vector<T>.Count)
        {
            var v = Vector.Load(g + k);
            sa += Vector.Load(a + k) * v;
            sb += Vector.Load(b + k) * v;
            sc += Vector.Load(c + k) * v;
            sd += Vector.Load(d + k) * v;
        }
        (ag, bg, cg, dg) = (Vector.Sum(sa), Vector.Sum(sb), Vector.Sum(sc), Vector.Sum(sd));
        for (; k < channels; k++)
        {
            ag += a[k] * g[k];
            bg += b[k] * g[k];
            cg += c[k] * g[k];
            dg += d[k] * g[k];
        }
    }

    /// <summary>A pinned vector of zeros (with room for a wide load), standing for a neighbour outside the image.</summary>
    public static T[] Zeros<T>(int channels) where T : unmanaged => GC.AllocateArray<T>(channels + 64 / sizeof(T), pinned: true);
}
