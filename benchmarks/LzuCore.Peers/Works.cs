using LzuCore.Cli.Bench;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Vision.Models;
using LzuCore.Warping;

namespace LzuCore.Peers;

/// <summary>One piece of work.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Inputs">What it reads.</param>
/// <param name="Compute">Does it, with gradients off.</param>
internal sealed record Work(string Name, Tensor[] Inputs, Func<Tensor[], Tensor[]> Compute)
{
    /// <summary>What the others read, where that differs.</summary>
    public Tensor[] PeerInputs { get; init; } = Inputs;

    /// <summary>The same in ops that the others have.</summary>
    public Func<Tensor[], Tensor[]> PeerCompute { get; init; } = Compute;
}

/// <summary>The works, made when asked for: whole networks, single convolutions, unzooming.</summary>
internal static class Works
{
    private const string UnzoomName = "unzoom P3 to P7, 256 channels, 600x960", ZoomName = "zoom 8-bit 1200x1920 to 600x960";

    private static readonly Size2 Original = new(1200, 1920), Zoomed = new(600, 960);

    /// <summary>Their names, and what makes them.</summary>
    public static IEnumerable<(string Name, Func<Work> Make)> All()
    {
        foreach (var (name, height, width) in new[] { ("resnet50", 224, 224), ("resnet50", 300, 480), ("resnet50", 600, 960), ("retinanet", 300, 480), ("retinanet", 600, 960), ("pspnet", 512, 512), ("fcos3d", 450, 800) })
            yield return ($"{name} {height}x{width}", () => Network(name, new Size2(height, width)));
        foreach (var layer in ConvBench.Layers)
            if (!layer.Deform) yield return ($"conv {layer.Name} at {layer.Size.Height}x{layer.Size.Width}", () => Convolution(layer));
        yield return (UnzoomName, Unzoom);
        yield return (ZoomName, Zoom);
    }

    private static Work Network(string name, Size2 size)
    {
        var network = BenchNetwork.Of(name, Device.Cpu);
        var image = Tensor.Uniform([1, 3, size.Height, size.Width], RandomSource.FromKey("bench/input"), -2, 2).Persist();
        return new($"{name} {size.Height}x{size.Width}", [image], x => network.Head(network.Features(x[0])));
    }

    private static Work Convolution(ConvBench.Layer layer)
    {
        var deviation = Math.Sqrt(3.0 / (layer.In * layer.Kernel * layer.Kernel));
        Tensor[] maps = [.. layer.Sizes.Select((s, i) => Tensor.Uniform([1, layer.In, s.Height, s.Width], RandomSource.FromSeed(1 + 100 * (ulong)i), -1, 1).Persist())];
        Tensor w = Tensor.Uniform([layer.Out, layer.In, layer.Kernel, layer.Kernel], RandomSource.FromSeed(2), -deviation, deviation).Persist(), b = Tensor.Uniform([layer.Out], RandomSource.FromSeed(3), -1, 1).Persist();
        return new($"conv {layer.Name} at {layer.Size.Height}x{layer.Size.Width}", maps, Each) { Compute = layer.Below.Length > 0 ? ConvBench.Shared(layer, w, b) : Each };

        Tensor[] Each(Tensor[] t) => [.. t.Select(x => F.Conv2d(x, w, b, layer.Stride, layer.Kernel / 2 * layer.Dilation, layer.Dilation))];
    }

    // The others sample each level by a dense grid, which is constant.
    private static Work Unzoom()
    {
        var warp = Warp();
        Tensor[] levels = [.. RetinaNet.Strides.Select(s => Tensor.Uniform([1, 256, (Zoomed.Height + s - 1) / s, (Zoomed.Width + s - 1) / s], RandomSource.FromSeed((ulong)s), -1, 1).Persist())];
        return new(UnzoomName, levels, x => warp.Unzoom(x, RetinaNet.Strides, Zoomed)) { PeerCompute = x => [.. x.Select((level, i) => warp.Unzoom(level, new LevelFrame(RetinaNet.Strides[i], Zoomed)))] };
    }

    // Ours reads bytes and normalises on the way; the others have a float picture that is already normalised.
    private static Work Zoom()
    {
        var warp = Warp();
        float[] mean = [123.675f, 116.28f, 103.53f], std = [58.395f, 57.12f, 57.375f];
        var picture = Tensor.Generate([Original.Height, Original.Width, 3], i => i * 31 % 256, DType.UInt8).Persist();
        var bytes = picture.ToArray<byte>();
        var normalised = Tensor.Generate([1, 3, Original.Height, Original.Width], i =>
        {
            var (channel, pixel) = ((int)(i / (Original.Height * (long)Original.Width)), i % (Original.Height * (long)Original.Width));
            return (bytes[3 * pixel + channel] - mean[channel]) / std[channel];
        }).Persist();
        return new(ZoomName, [picture], x => [warp.Zoom(x[0], Zoomed, mean, std)]) { PeerInputs = [normalised], PeerCompute = x => [warp.Zoom(x[0], Zoomed)] };
    }

    private static WarpGrid Warp() => SaliencyToGrid.Apply(new RoadPriorSaliency(new Size2(31, 51)).Map(new SaliencyContext(1, Original)), new SaliencyToGridOptions()).Persist();
}
