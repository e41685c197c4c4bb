using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Vision.Models;
using LzuCore.Warping;

namespace LzuCore.Cli.Bench;

/// <summary>Zooming 1200x1920 to 600x960 and unzooming the five levels of a detector, 256 channels each: the round trip of coordinates first, then the time.</summary>
internal static class WarpBench
{
    private const double AllowedPixels = 1e-3;

    /// <summary>Measures each step whose name contains <paramref name="filter"/>.</summary>
    /// <exception cref="LzuException">Coordinates do not come back; nothing is timed then.</exception>
    public static IEnumerable<BenchRow> Run(Device device, string? filter = null)
    {
        Size2 original = new(1200, 1920), zoomed = new(600, 960);
        var options = new SaliencyToGridOptions();
        var map = new RoadPriorSaliency(new Size2(31, 51)).Map(new SaliencyContext(1, original)).To(device);
        var warp = SaliencyToGrid.Apply(map, options).Persist();
        var error = WarpDiagnostics.Of(warp, zoomed).RoundTripPixels;
        if (!(error <= AllowedPixels)) throw new LzuException($"bench warp: coordinates come back {error:g3} pixels off, more than {AllowedPixels:g1}. Nothing was timed.");

        var image = Tensor.Uniform([1, 3, original.Height, original.Width], RandomSource.FromSeed(1), -1, 1).To(device);
        Tensor[] levels = [.. RetinaNet.Strides.Select(s => Tensor.Uniform([1, 256, (zoomed.Height + s - 1) / s, (zoomed.Width + s - 1) / s], RandomSource.FromSeed((ulong)s), -1, 1).To(device))];
        // A bilinear zoom reads about two rows and two columns of the original for every pixel: all of it at a scale of a half.
        var (zoomBytes, unzoomBytes) = (4.0 * (image.Shape.Count + 3L * zoomed.Height * zoomed.Width), levels.Sum(l => 8.0 * l.Shape.Count));
        var frame = new WarpFrame(original, zoomed, RetinaNet.Strides);
        var density = new KernelDensitySaliency(new Size2(31, 51));
        var picture = Tensor.Generate([original.Height, original.Width, 3], i => i * 31 % 256, DType.UInt8).To(device);
        float[] mean = [123.675f, 116.28f, 103.53f], std = [58.395f, 57.12f, 57.375f];
        var dense = warp.Upsample(zoomed).Persist();
        var plane = WarpGrid.FromNodes(warp.Nodes.Persist());
        var boxes = Tensor.Generate([20, 4], i => i % 4 is 0 or 1 ? 40 * (i / 4 + 1) : 40 * (i / 4 + 1) + 60).To(device);
        (string Name, double Bytes, Action Work)[] steps =
        [
            ("20 boxes to saliency 31x51", 0, () => density.Map(boxes, original)),
            ("saliency 31x51 to grid", 0, () => SaliencyToGrid.Apply(map, options)),
            ("saliency 31x51 to tables", 0, () => SaliencyToGrid.Apply(map, options, frame)),
            ("20 boxes to saliency to tables", 0, () => SaliencyToGrid.Apply(density.Map(boxes, original), options, frame)),
            ("plane inverse 31x51 at 600x960", 0, () => WarpGrid.FromNodes(plane.Nodes).Invert(zoomed)),
            ("zoom bytes 3x1200x1920 to 600x960", picture.Shape.Count + 12.0 * zoomed.Height * zoomed.Width, () => warp.Zoom(picture, zoomed, mean, std)),
            ("zoom 3x1200x1920 to 600x960", zoomBytes, () => warp.Zoom(image, zoomed)),
            ("grid_sample 3x1200x1920 to 600x960", zoomBytes + 8.0 * zoomed.Height * zoomed.Width, () => F.GridSample(image, dense, SamplingMode.Bilinear, PaddingMode.Zeros, alignCorners: true)),
            ("unzoom five levels of 256", unzoomBytes, () => warp.Unzoom(levels, RetinaNet.Strides, zoomed)),
            ("fixed: zoom, unzoom", zoomBytes + unzoomBytes, () => Both(warp)),
            ("adaptive: grid, zoom, unzoom", zoomBytes + unzoomBytes, () => Both(SaliencyToGrid.Apply(map, options, frame))),
            ("adaptive: boxes, tables, zoom, unzoom", zoomBytes + unzoomBytes, () => Both(SaliencyToGrid.Apply(density.Map(boxes, original), options, frame))),
        ];
        foreach (var (name, bytes, work) in steps)
            if (filter is null || name.Contains(filter, StringComparison.OrdinalIgnoreCase))
                foreach (var row in Measure(name, device, error, bytes, work)) yield return row;

        void Both(WarpGrid grid)
        {
            grid.Zoom(image, zoomed);
            grid.Unzoom(levels, RetinaNet.Strides, zoomed);
        }
    }

    private static IEnumerable<BenchRow> Measure(string name, Device device, double error, double bytes, Action work)
    {
        void Scoped()
        {
            using var off = Grad.Off();
            using var scope = new TensorScope();
            work();
        }
        var timing = Timing.Of(() =>
        {
            Scoped();
            BackendRegistry.Get(device).Synchronize();
        });
        yield return new(name, ParallelRows.Threads, device.ToString(), timing.MedianMs, timing.MinMs, timing.CpuMs, double.NaN, bytes > 0 ? bytes / timing.RateMs / 1e6 : double.NaN, double.NaN, error);
        if (GraphTiming.MedianMs(device, Scoped) is { } ms)
            yield return new(name + ", as a graph", ParallelRows.Threads, device.ToString(), ms, ms, 0, double.NaN, bytes > 0 ? bytes / ms / 1e6 : double.NaN, double.NaN, error);
    }
}
