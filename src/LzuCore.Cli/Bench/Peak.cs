using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using LzuCore.Memory;

namespace LzuCore.Cli.Bench;

/// <summary>What this machine can do at most: float32 multiply-adds in registers, by the widest vectors it has. Measured, not looked up, because
/// clocks and neighbours change.</summary>
internal static class Peak
{
    private const int Rounds = 400_000;
    private const int Chains = 12;
    private static volatile float _sink;

    /// <summary>One sample, of about a millisecond: 10⁹ floating-point operations a second with <see cref="ParallelRows.Threads"/> threads.</summary>
    public static double Sample()
    {
        var threads = ParallelRows.Threads;
        var lanes = Avx512F.IsSupported ? 16 : Fma.IsSupported ? 8 : Vector<float>.Count;
        var ms = Timing.OnceMs(() => ParallelRows.For(threads, 1, static (begin, end) =>
        {
            for (var i = begin; i < end; i++) _sink = Avx512F.IsSupported ? Wide() : Fma.IsSupported ? Middle() : Portable();
        }));
        return 2.0 * lanes * Chains * Rounds * threads / ms / 1e6;
    }

    /// <summary>The best of some samples: the first one finds cold code.</summary>
    public static double Best() => Enumerable.Range(0, 20).Max(_ => Sample());

    // Twelve independent chains hide the latency of four cycles on two units.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Wide()
    {
        Vector512<float> x = Vector512.Create(0.5f), y = Vector512.Create(1f), a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;
        for (var n = 0; n < Rounds; n++)
        {
            a = Avx512F.FusedMultiplyAdd(a, x, y); b = Avx512F.FusedMultiplyAdd(b, x, y); c = Avx512F.FusedMultiplyAdd(c, x, y); d = Avx512F.FusedMultiplyAdd(d, x, y);
            e = Avx512F.FusedMultiplyAdd(e, x, y); f = Avx512F.FusedMultiplyAdd(f, x, y); g = Avx512F.FusedMultiplyAdd(g, x, y); h = Avx512F.FusedMultiplyAdd(h, x, y);
            i = Avx512F.FusedMultiplyAdd(i, x, y); j = Avx512F.FusedMultiplyAdd(j, x, y); k = Avx512F.FusedMultiplyAdd(k, x, y); l = Avx512F.FusedMultiplyAdd(l, x, y);
        }
        return Vector512.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Middle()
    {
        Vector256<float> x = Vector256.Create(0.5f), y = Vector256.Create(1f), a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;
        for (var n = 0; n < Rounds; n++)
        {
            a = Fma.MultiplyAdd(a, x, y); b = Fma.MultiplyAdd(b, x, y); c = Fma.MultiplyAdd(c, x, y); d = Fma.MultiplyAdd(d, x, y);
            e = Fma.MultiplyAdd(e, x, y); f = Fma.MultiplyAdd(f, x, y); g = Fma.MultiplyAdd(g, x, y); h = Fma.MultiplyAdd(h, x, y);
            i = Fma.MultiplyAdd(i, x, y); j = Fma.MultiplyAdd(j, x, y); k = Fma.MultiplyAdd(k, x, y); l = Fma.MultiplyAdd(l, x, y);
        }
        return Vector256.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Portable()
    {
        Vector<float> x = new(0.5f), y = new(1f), a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;
        for (var n = 0; n < Rounds; n++)
        {
            a = Vector.MultiplyAddEstimate(a, x, y); b = Vector.MultiplyAddEstimate(b, x, y); c = Vector.MultiplyAddEstimate(c, x, y); d = Vector.MultiplyAddEstimate(d, x, y);
            e = Vector.MultiplyAddEstimate(e, x, y); f = Vector.MultiplyAddEstimate(f, x, y); g = Vector.MultiplyAddEstimate(g, x, y); h = Vector.MultiplyAddEstimate(h, x, y);
            i = Vector.MultiplyAddEstimate(i, x, y); j = Vector.MultiplyAddEstimate(j, x, y); k = Vector.MultiplyAddEstimate(k, x, y); l = Vector.MultiplyAddEstimate(l, x, y);
        }
        return Vector.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }
}
