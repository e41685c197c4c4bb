using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LzuCore.Kernels.Cpu;

// Rows of 8-bit samples to float32: a vector of bytes becomes four of floats.
internal static unsafe class ByteRows
{
    /// <summary>to = (1 - t)·a + t·b; null rows are zeros.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Blend(byte* a, byte* b, float t, float* to, int n)
    {
        float wa = 1 - t, wb = t;
        if (a is null && b is null)
        {
            new Span<float>(to, n).Clear();
            return;
        }
        if (a is null)
        {
            a = b;
            wa = 0;
        }
        if (b is null)
        {
            b = a;
            wb = 0;
        }
        var i = 0;
        if (Avx512F.IsSupported)
        {
            Vector512<float> wideA = Vector512.Create(wa), wideB = Vector512.Create(wb);
            for (; i <= n - Vector512<float>.Count; i += Vector512<float>.Count)
                Avx512F.FusedMultiplyAdd(Wide(a + i), wideA, Wide(b + i) * wideB).Store(to + i);
        }
        Vector<float> va = new(wa), vb = new(wb);
        for (; i <= n - Vector<byte>.Count; i += Vector<byte>.Count)
        {
            Vector.Widen(Vector.Load(a + i), out var a01, out var a23);
            Vector.Widen(Vector.Load(b + i), out var b01, out var b23);
            Pair(a01, b01, va, vb, to + i);
            Pair(a23, b23, va, vb, to + i + Vector<ushort>.Count);
        }
        for (; i < n; i++) to[i] = a[i] * wa + b[i] * wb;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Wide(byte* from) => Avx512F.ConvertToVector512Single(Avx512F.ConvertToVector512Int32(Vector128.Load(from)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pair(Vector<ushort> a, Vector<ushort> b, Vector<float> wa, Vector<float> wb, float* to)
    {
        Vector.Widen(a, out var a0, out var a1);
        Vector.Widen(b, out var b0, out var b1);
        (Float(a0) * wa + Float(b0) * wb).Store(to);
        (Float(a1) * wa + Float(b1) * wb).Store(to + Vector<float>.Count);
    }

    // As signed: the conversion of unsigned integers is several instructions on machines without AVX-512.
    private static Vector<float> Float(Vector<uint> v) => Vector.ConvertToSingle(Vector.AsVectorInt32(v));
}
