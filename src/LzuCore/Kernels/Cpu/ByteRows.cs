using System.Numerics;

namespace LzuCore.Kernels.Cpu;

// Rows of 8-bit samples to float32: a vector of bytes becomes four of floats.
internal static unsafe class ByteRows
{
    /// <summary>to = (1 - t)·a + t·b; null rows are zeros.</summary>
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
        Vector<float> va = new(wa), vb = new(wb);
        var i = 0;
        for (; i <= n - Vector<byte>.Count; i += Vector<byte>.Count)
        {
            Vector.Widen(Vector.Load(a + i), out var a01, out var a23);
            Vector.Widen(Vector.Load(b + i), out var b01, out var b23);
            Pair(a01, b01, to + i);
            Pair(a23, b23, to + i + Vector<ushort>.Count);
        }
        for (; i < n; i++) to[i] = a[i] * wa + b[i] * wb;

        void Pair(Vector<ushort> p, Vector<ushort> q, float* at)
        {
            Vector.Widen(p, out var p0, out var p1);
            Vector.Widen(q, out var q0, out var q1);
            (Float(p0) * va + Float(q0) * vb).Store(at);
            (Float(p1) * va + Float(q1) * vb).Store(at + Vector<float>.Count);
        }
    }

    // As signed: the conversion of unsigned integers is several instructions on machines without AVX-512.
    private static Vector<float> Float(Vector<uint> v) => Vector.ConvertToSingle(Vector.AsVectorInt32(v));
}
