using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Cli.Bench;

/// <summary>Matrix products: correctness first, in a sample of elements computed in float64, then the time.</summary>
internal static class GemmBench
{
    private const double AllowedError = 1e-5;
    private const int SampledElements = 64;

    /// <summary>Rows, columns, terms of each product.</summary>
    public static IReadOnlyList<(int M, int N, int K)> Sizes { get; } = [(256, 256, 256), (512, 512, 512), (1024, 1024, 1024), (2280, 256, 2304), (16, 1000, 2048)];

    /// <summary>Checks and measures each product whose name (<c>1024x1024x1024</c>) contains <paramref name="filter"/>.</summary>
    /// <exception cref="LzuException">A result is wrong; nothing is timed then.</exception>
    public static IEnumerable<BenchRow> Run(Device device, string? filter = null)
    {
        foreach (var (m, n, k) in Sizes)
            if (filter is null || $"{m}x{n}x{k}".Contains(filter, StringComparison.Ordinal)) yield return Measure(m, n, k, device);
    }

    private static BenchRow Measure(int m, int n, int k, Device device)
    {
        using var off = Grad.Off();
        Tensor a = Tensor.Uniform([m, k], RandomSource.FromSeed(1), -1, 1), b = Tensor.Uniform([k, n], RandomSource.FromSeed(2), -1, 1);
        Tensor left = a.To(device), right = b.To(device);
        float[] x = a.ToArray<float>(), y = b.ToArray<float>(), z = left.MatMul(right).To(Device.Cpu).ToArray<float>();
        double worst = 0, largest = 0;
        for (var s = 0; s < SampledElements; s++)
        {
            var at = s == 0 ? 0 : s == 1 ? z.Length - 1 : (int)(RandomSource.FromSeed(3).Uniform((ulong)s) * z.Length);
            double sum = 0;
            for (var p = 0; p < k; p++) sum += (double)x[at / n * k + p] * y[p * n + at % n];
            worst = Math.Max(worst, Math.Abs(z[at] - sum));
            largest = Math.Max(largest, Math.Abs(sum));
        }
        if (!(worst <= AllowedError * largest)) throw new LzuException($"bench gemm: {m}x{n}x{k} differs from the definition by {worst / largest:g3} of its largest value, more than {AllowedError:g1}. Nothing was timed.");

        var timing = Timing.Of(() =>
        {
            using var scope = new TensorScope();
            left.MatMul(right);
            left.Backend.Synchronize();
        }, peak: device == Device.Cpu ? Peak.Sample : null);
        double flops = 2.0 * m * n * k, bytes = 4.0 * ((double)m * k + (double)k * n + (double)m * n), rate = timing.RateMs * 1e6;
        return new($"{m}x{n}x{k}", ParallelRows.Threads, device.ToString(), timing.MedianMs, timing.MinMs, timing.CpuMs, flops / rate, bytes / rate, 100 * flops / timing.PossibleFlops, worst / largest);
    }
}
