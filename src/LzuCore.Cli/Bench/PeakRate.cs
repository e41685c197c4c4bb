using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using LzuCore.Memory;

namespace LzuCore.Cli.Bench;

/// <summary>The most float32 multiply-adds that this machine does: independent chains in registers, no memory.</summary>
internal static class PeakRate
{
    private const int Steps = 1 << 20;
    private const int Chains = 12;

    /// <summary>GFLOP/s of some threads together: the best of a few runs of one thread, times the threads.</summary>
    public static double Gflops(int threads)
    {
        var lanes = Vector512.IsHardwareAccelerated ? 16 : Vector256.IsHardwareAccelerated ? 8 : 4;
        var best = double.PositiveInfinity;
        for (var i = 0; i < 12; i++)
        {
            var start = Stopwatch.GetTimestamp();
            var result = lanes switch { 16 => Wide(), 8 => Middle(), _ => Narrow() };
            var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            if (!float.IsFinite(result)) throw new NonFiniteException("bench: the peak measurement left its range; report this.");
            best = Math.Min(best, seconds);
        }
        return 2.0 * Steps * Chains * lanes / best / 1e9 * threads;
    }

    // Twelve chains: latency 4 on two ports needs eight; locals stay in registers. The factor keeps values in range for any number of steps.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static float Wide()
    {
        Vector512<float> m = Vector512.Create(0.5f), one = Vector512<float>.One;
        Vector512<float> a = one, b = one, c = one, d = one, e = one, f = one, g = one, h = one, i = one, j = one, k = one, l = one;
        for (var step = 0; step < Steps; step++)
        {
            a = Vector512.FusedMultiplyAdd(a, m, one); b = Vector512.FusedMultiplyAdd(b, m, one); c = Vector512.FusedMultiplyAdd(c, m, one);
            d = Vector512.FusedMultiplyAdd(d, m, one); e = Vector512.FusedMultiplyAdd(e, m, one); f = Vector512.FusedMultiplyAdd(f, m, one);
            g = Vector512.FusedMultiplyAdd(g, m, one); h = Vector512.FusedMultiplyAdd(h, m, one); i = Vector512.FusedMultiplyAdd(i, m, one);
            j = Vector512.FusedMultiplyAdd(j, m, one); k = Vector512.FusedMultiplyAdd(k, m, one); l = Vector512.FusedMultiplyAdd(l, m, one);
        }
        return Vector512.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static float Middle()
    {
        Vector256<float> m = Vector256.Create(0.5f), one = Vector256<float>.One;
        Vector256<float> a = one, b = one, c = one, d = one, e = one, f = one, g = one, h = one, i = one, j = one, k = one, l = one;
        for (var step = 0; step < Steps; step++)
        {
            a = Vector256.FusedMultiplyAdd(a, m, one); b = Vector256.FusedMultiplyAdd(b, m, one); c = Vector256.FusedMultiplyAdd(c, m, one);
            d = Vector256.FusedMultiplyAdd(d, m, one); e = Vector256.FusedMultiplyAdd(e, m, one); f = Vector256.FusedMultiplyAdd(f, m, one);
            g = Vector256.FusedMultiplyAdd(g, m, one); h = Vector256.FusedMultiplyAdd(h, m, one); i = Vector256.FusedMultiplyAdd(i, m, one);
            j = Vector256.FusedMultiplyAdd(j, m, one); k = Vector256.FusedMultiplyAdd(k, m, one); l = Vector256.FusedMultiplyAdd(l, m, one);
        }
        return Vector256.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static float Narrow()
    {
        Vector128<float> m = Vector128.Create(0.5f), one = Vector128<float>.One;
        Vector128<float> a = one, b = one, c = one, d = one, e = one, f = one, g = one, h = one, i = one, j = one, k = one, l = one;
        for (var step = 0; step < Steps; step++)
        {
            a = Vector128.FusedMultiplyAdd(a, m, one); b = Vector128.FusedMultiplyAdd(b, m, one); c = Vector128.FusedMultiplyAdd(c, m, one);
            d = Vector128.FusedMultiplyAdd(d, m, one); e = Vector128.FusedMultiplyAdd(e, m, one); f = Vector128.FusedMultiplyAdd(f, m, one);
            g = Vector128.FusedMultiplyAdd(g, m, one); h = Vector128.FusedMultiplyAdd(h, m, one); i = Vector128.FusedMultiplyAdd(i, m, one);
            j = Vector128.FusedMultiplyAdd(j, m, one); k = Vector128.FusedMultiplyAdd(k, m, one); l = Vector128.FusedMultiplyAdd(l, m, one);
        }
        return Vector128.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }
}
