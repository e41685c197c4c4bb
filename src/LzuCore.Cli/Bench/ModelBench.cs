using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Warping;

namespace LzuCore.Cli.Bench;

/// <summary>A whole network with deterministic weights, in one piece and, for detectors, by stages. Run under <see cref="Grad.Off"/>.</summary>
internal static class ModelBench
{
    /// <summary>Measures one network.</summary>
    /// <param name="name">Which.</param>
    /// <param name="size">The network's input.</param>
    /// <param name="batch">Images at once.</param>
    /// <param name="warp">none, fixed or adaptive.</param>
    /// <param name="dtype">How activations are stored; weights are float32, and rounded once.</param>
    /// <param name="device">Where.</param>
    public static IEnumerable<BenchRow> Run(string name, Size2 size, int batch, string warp, DType dtype, Device device)
    {
        var input = Tensor.Uniform([batch, 3, size.Height, size.Width], RandomSource.FromKey("bench/input"), -2, 2).To(dtype).To(device).Persist();
        var network = BenchNetwork.Of(name, device);
        // Not before a part reads them: they are not a frame's memory.
        var features = new Lazy<Tensor[]>(() => Kept(network.Features(input)));
        double featureFlops = Flops(() => network.Features(input)), headFlops = Flops(() => network.Head(network.Features(input))) - featureFlops;
        var parts = new List<(string Name, Action Work, double Flops)>();
        if (warp == "none") parts.Add(("forward", () => Scoped(() => network.Head(network.Features(input))), featureFlops + headFlops));
        else
        {
            // The original has twice the sides: the scale of 0.5 that the papers zoom at.
            var original = new Size2(2 * size.Height, 2 * size.Width);
            var image = Tensor.Uniform([batch, 3, original.Height, original.Width], RandomSource.FromKey("bench/original"), -2, 2).To(dtype).To(device).Persist();
            var options = new SaliencyToGridOptions();
            var map = new RoadPriorSaliency(new Size2(31, 51)).Map(new SaliencyContext(1, original)).To(device);
            var kept = SaliencyToGrid.Apply(map, options).Persist();
            var frame = new WarpFrame(original, size, network.Strides);
            WarpGrid Grid() => warp == "fixed" ? kept : SaliencyToGrid.Apply(map, options, frame);
            parts.Add(($"{warp} zoom, forward, unzoom", () => Scoped(() =>
            {
                var grid = Grid();
                return network.Head(grid.Unzoom(network.Features(grid.Zoom(image, size)), network.Strides, size));
            }), featureFlops + headFlops));
            parts.Add(("zoom", () => Scoped(() => Grid().Zoom(image, size)), double.NaN));
            parts.Add(("unzoom", () => Scoped(() => Grid().Unzoom(features.Value, network.Strides, size)), double.NaN));
        }
        if (network.Strides.Length > 0)
        {
            parts.Add(("backbone and pyramid", () => Scoped(() => network.Features(input)), featureFlops));
            parts.Add(("head", () => Scoped(() => network.Head(features.Value)), headFlops));
        }
        foreach (var (part, work, flops) in parts)
            foreach (var row in Row(part, work, flops)) yield return row;

        IEnumerable<BenchRow> Row(string part, Action work, double flops)
        {
            var timing = Timing.Of(() =>
            {
                work();
                BackendRegistry.Get(device).Synchronize();
            }, peak: device == Device.Cpu && double.IsFinite(flops) ? Peak.Sample : null);
            var what = NameOf(name, size, batch, dtype, part);
            yield return new(what, ParallelRows.Threads, device.ToString(), timing.MedianMs, timing.MinMs, timing.CpuMs, flops / timing.RateMs / 1e6, double.NaN, 100 * flops / timing.PossibleFlops, 0);
            if (GraphTiming.MedianMs(device, work) is { } ms)
                yield return new(what + ", as a graph", ParallelRows.Threads, device.ToString(), ms, ms, 0, flops / ms / 1e6, double.NaN, double.NaN, 0);
        }
    }

    /// <summary>What a row of a network is called.</summary>
    public static string NameOf(string name, Size2 size, int batch, DType dtype, string part) =>
        $"{name} {size.Height}x{size.Width}{(batch > 1 ? $" x{batch}" : "")}{(dtype == DType.Float32 ? "" : $" {dtype.Name()}")} {part}";

    private static Tensor[] Kept(Tensor[] tensors)
    {
        foreach (var tensor in tensors) tensor.Persist();
        return tensors;
    }

    // Counts the arithmetic of one run, and checks that its results are made of numbers.
    private static double Flops(Func<Tensor[]> work)
    {
        using var scope = new TensorScope();
        using var trace = OpTrace.Begin();
        foreach (var result in work().Select(r => r.To(DType.Float32)))
            if (result.Backend.Kernel<IReduceKernel>().CountNonFinite(result.View) > 0) throw new NonFiniteException("bench model: the output holds values that are not numbers; report this.");
        return trace.Entries.Sum(e => (double)e.Flops);
    }

    private static void Scoped<T>(Func<T> work)
    {
        using var off = Grad.Off();
        using var scope = new TensorScope();
        work();
    }
}
