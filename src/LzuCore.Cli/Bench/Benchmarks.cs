using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Vision.Models;
using LzuCore.Warping;

namespace LzuCore.Cli.Bench;

/// <summary>What is measured; each checks its result before the clock starts. Run under <see cref="Grad.Off"/>.</summary>
internal static class Benchmarks
{
    private sealed record ConvCase(string Name, int In, int Out, int Kernel, int Stride, Size2 Size);

    // The shapes that RetinaNet's time goes into, at 300x480 and 600x960.
    private static readonly ConvCase[] Convolutions =
    [
        new("3x3 256->256 @38x60", 256, 256, 3, 1, new(38, 60)), new("3x3 256->256 @75x120", 256, 256, 3, 1, new(75, 120)), new("3x3 64->64 @75x120", 64, 64, 3, 1, new(75, 120)),
        new("3x3 128->128 s2 @75x120", 128, 128, 3, 2, new(75, 120)), new("1x1 64->256 @75x120", 64, 256, 1, 1, new(75, 120)), new("1x1 1024->256 @19x30", 1024, 256, 1, 1, new(19, 30)),
        new("7x7 3->64 s2 @300x480", 3, 64, 7, 2, new(300, 480)),
    ];

    /// <summary>Matrix products.</summary>
    public static IEnumerable<BenchRow> Gemm(Device device, double seconds)
    {
        var peak = PeakRate.Gflops(ParallelRows.Threads);
        foreach (var n in new[] { 256, 512, 1024 })
        {
            var (a, b) = (Noise([n, n], $"a{n}").To(device), Noise([n, n], $"b{n}").To(device));
            Check(a, b, a.MatMul(b), n);
            yield return Measurement.Of($"gemm {n}x{n}x{n}", device, () => Discard(() => a.MatMul(b)), 2.0 * n * n * n, 12.0 * n * n, peak, seconds);
        }
    }

    /// <summary>Convolutions.</summary>
    public static IEnumerable<BenchRow> Conv(Device device, double seconds)
    {
        var peak = PeakRate.Gflops(ParallelRows.Threads);
        foreach (var c in Convolutions)
        {
            var x = Noise([1, c.In, c.Size.Height, c.Size.Width], c.Name + "/x").To(device);
            var w = Noise([c.Out, c.In, c.Kernel, c.Kernel], c.Name + "/w").To(device);
            var pad = c.Kernel / 2;
            var y = F.Conv2d(x, w, null, c.Stride, pad);
            Check(c, x, w, y, pad);
            var flops = 2.0 * y.Shape.Count * c.In * c.Kernel * c.Kernel;
            yield return Measurement.Of("conv " + c.Name, device, () => Discard(() => F.Conv2d(x, w, null, c.Stride, pad)), flops, 4.0 * (x.Shape.Count + w.Shape.Count + y.Shape.Count), peak, seconds);
        }
    }

    /// <summary>The steps of zooming 1200x1920 to 600x960 and unzooming five levels of 256 channels.</summary>
    public static IEnumerable<BenchRow> Warp(Device device, double seconds)
    {
        Size2 original = new(1200, 1920), zoomed = new(600, 960);
        var image = Noise([1, 3, original.Height, original.Width], "image").To(device);
        var map = new RoadPriorSaliency(new Size2(31, 51)).Map(new SaliencyContext(1, original)).To(device);
        var options = new SaliencyToGridOptions();
        var warp = SaliencyToGrid.Apply(map, options).Persist();
        if (WarpDiagnostics.Of(warp, zoomed).RoundTripPixels is > 1e-3 and var distance) throw new LzuException($"bench warp: coordinates come back {distance} px off; report this.");
        Tensor[] levels = [.. RetinaNet.Strides.Select(s => Noise([1, 256, (zoomed.Height + s - 1) / s, (zoomed.Width + s - 1) / s], $"level{s}").To(device))];
        var bytes = levels.Sum(l => 8.0 * l.Shape.Count);
        yield return Measurement.Of("saliency 31x51 -> grid", device, () => Scoped(() => SaliencyToGrid.Apply(map, options)), seconds: seconds);
        yield return Measurement.Of("zoom 3x1200x1920 -> 600x960", device, () => Discard(() => warp.Zoom(image, zoomed)), bytes: 4.0 * 3 * (original.Height * original.Width + zoomed.Height * zoomed.Width), seconds: seconds);
        yield return Measurement.Of("unzoom 256 channels, five levels", device, () => Scoped(() => warp.Unzoom(levels, RetinaNet.Strides, zoomed)), bytes: bytes, seconds: seconds);
        yield return Measurement.Of("zoom and unzoom, fixed", device, () => Scoped(() => (warp.Zoom(image, zoomed), warp.Unzoom(levels, RetinaNet.Strides, zoomed))), bytes: bytes, seconds: seconds);
        yield return Measurement.Of("zoom and unzoom, adaptive", device, () => Scoped(() =>
        {
            var own = SaliencyToGrid.Apply(map, options);
            return (own.Zoom(image, zoomed), own.Unzoom(levels, RetinaNet.Strides, zoomed));
        }), bytes: bytes, seconds: seconds);
    }

    private static Tensor Noise(Shape shape, string stream) => Tensor.Uniform(shape, RandomSource.FromKey(stream), -1, 1).Persist();

    private static void Discard(Func<Tensor> work) => Scoped(work);

    private static void Scoped<T>(Func<T> work)
    {
        using var scope = new TensorScope();
        work();
    }

    // A few entries against their sums in float64.
    private static void Check(Tensor a, Tensor b, Tensor product, int n)
    {
        var (p, q, r) = (a.ToArray<float>(), b.ToArray<float>(), product.ToArray<float>());
        foreach (var (i, j) in new[] { (0, 0), (n / 2, n / 3), (n - 1, n - 1) })
        {
            var sum = 0.0;
            for (var k = 0; k < n; k++) sum += (double)p[i * n + k] * q[k * n + j];
            Require("gemm", r[i * n + j], sum, n);
        }
    }

    private static void Check(ConvCase c, Tensor x, Tensor w, Tensor y, int pad)
    {
        var (p, q, r) = (x.ToArray<float>(), w.ToArray<float>(), y.ToArray<float>());
        int height = y.Shape[2], width = y.Shape[3];
        foreach (var (o, i, j) in new[] { (0, 0, 0), (c.Out / 2, height / 2, width / 3), (c.Out - 1, height - 1, width - 1) })
        {
            var sum = 0.0;
            for (var k = 0; k < c.In; k++)
                for (var u = 0; u < c.Kernel; u++)
                    for (var v = 0; v < c.Kernel; v++)
                    {
                        var (row, column) = (i * c.Stride + u - pad, j * c.Stride + v - pad);
                        if (row < 0 || column < 0 || row >= c.Size.Height || column >= c.Size.Width) continue;
                        sum += (double)p[(k * c.Size.Height + row) * c.Size.Width + column] * q[((o * c.In + k) * c.Kernel + u) * c.Kernel + v];
                    }
            Require("conv " + c.Name, r[(o * height + i) * width + j], sum, c.In * c.Kernel * c.Kernel);
        }
    }

    private static void Require(string what, double got, double expected, int terms)
    {
        if (!(Math.Abs(got - expected) <= 1e-6 * terms)) throw new LzuException($"bench {what}: the result is {got}, expected {expected}; report this.");
    }
}
