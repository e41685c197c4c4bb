using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Cli.Bench;

/// <summary>Single convolutions of RetinaNet-ResNet-50, deformable ones of FCOS3D, and dilated ones of PSPNet: correctness first, in a sample of outputs computed in float64, then the time.</summary>
internal static class ConvBench
{
    private const double AllowedError = 1e-5;
    private const int SampledOutputs = 64;

    /// <summary>One layer at one input size.</summary>
    /// <param name="Name">Where it stands in the network.</param>
    /// <param name="In">Input channels.</param>
    /// <param name="Size">Input pixels.</param>
    /// <param name="Out">Output channels.</param>
    /// <param name="Kernel">Taps each way.</param>
    /// <param name="Stride">Stride each way.</param>
    /// <param name="Dilation">Pixels between taps; the padding keeps the size.</param>
    /// <param name="Deform">Whether the taps are displaced, by up to two pixels, and masked.</param>
    internal sealed record Layer(string Name, int In, Size2 Size, int Out, int Kernel, int Stride = 1, int Dilation = 1, bool Deform = false)
    {
        /// <summary>Further maps that it convolves in the same call: a pyramid's other levels.</summary>
        public Size2[] Below { get; init; } = [];

        /// <summary>All maps.</summary>
        public Size2[] Sizes => [Size, .. Below];
    }

    private static readonly Size2[] BelowP3 = [new(19, 30), new(10, 15), new(5, 8), new(3, 4)], LargeBelowP3 = [new(38, 60), new(19, 30), new(10, 15), new(5, 8)];

    /// <summary>The distinct layers of a detector for an image of 300x480, its head level by level and as the network runs it, all at once; FCOS3D's deformable ones for 450x800; PSPNet's dilated ones for 512x512.</summary>
    public static IReadOnlyList<Layer> Layers { get; } =
    [
        new("stem 7x7 s2 3-64", 3, (300, 480), 64, 7, 2),
        new("l1 1x1 64-256", 64, (75, 120), 256, 1),
        new("l1 1x1 256-64", 256, (75, 120), 64, 1),
        new("l1 3x3 64-64", 64, (75, 120), 64, 3),
        new("l2 1x1 s2 256-512", 256, (75, 120), 512, 1, 2),
        new("l2 3x3 s2 128-128", 128, (75, 120), 128, 3, 2),
        new("l2 1x1 512-128", 512, (38, 60), 128, 1),
        new("l2 3x3 128-128", 128, (38, 60), 128, 3),
        new("l3 1x1 1024-256", 1024, (19, 30), 256, 1),
        new("l3 1x1 256-1024", 256, (19, 30), 1024, 1),
        new("l3 3x3 256-256", 256, (19, 30), 256, 3),
        new("l4 1x1 2048-512", 2048, (10, 15), 512, 1),
        new("l4 3x3 512-512", 512, (10, 15), 512, 3),
        new("fpn p6 3x3 s2 2048-256", 2048, (10, 15), 256, 3, 2),
        new("head p3 3x3 256-256", 256, (38, 60), 256, 3),
        new("head p3 3x3 256-256 of 600x960", 256, (75, 120), 256, 3),
        new("head p5 3x3 256-256", 256, (10, 15), 256, 3),
        new("head p6 3x3 256-256", 256, (5, 8), 256, 3),
        new("head p7 3x3 256-256", 256, (3, 4), 256, 3),
        new("head p3-p7 3x3 256-256", 256, (38, 60), 256, 3) { Below = BelowP3 },
        new("head p3-p7 3x3 256-72", 256, (38, 60), 72, 3) { Below = BelowP3 },
        new("head p3-p7 3x3 256-36", 256, (38, 60), 36, 3) { Below = BelowP3 },
        new("head p3-p7 3x3 256-256 of 600x960", 256, (75, 120), 256, 3) { Below = LargeBelowP3 },
        new("head p3-p7 3x3 256-72 of 600x960", 256, (75, 120), 72, 3) { Below = LargeBelowP3 },
        new("head p3-p7 3x3 256-36 of 600x960", 256, (75, 120), 36, 3) { Below = LargeBelowP3 },
        new("head p3 3x3 256-72", 256, (38, 60), 72, 3),
        new("head p3 3x3 256-36", 256, (38, 60), 36, 3),
        new("psp l3 3x3 d2 256-256", 256, (64, 64), 256, 3, Dilation: 2),
        new("psp l4 3x3 d4 512-512", 512, (64, 64), 512, 3, Dilation: 4),
        new("psp bottleneck 3x3 4096-512", 4096, (64, 64), 512, 3),
        new("deform l3 3x3 256-256", 256, (29, 50), 256, 3, Deform: true),
        new("deform l4 3x3 512-512", 512, (15, 25), 512, 3, Deform: true),
        new("deform tower p3 3x3 256-256", 256, (57, 100), 256, 3, Deform: true),
        new("deform tower p5 3x3 256-256", 256, (15, 25), 256, 3, Deform: true),
        new("deform tower p6 3x3 256-256", 256, (8, 13), 256, 3, Deform: true),
        new("deform tower p7 3x3 256-256", 256, (4, 7), 256, 3, Deform: true),
    ];

    /// <summary>Checks and measures each layer whose name contains <paramref name="filter"/>.</summary>
    /// <exception cref="LzuException">A result is wrong; nothing is timed then.</exception>
    public static IEnumerable<BenchRow> Run(Device device, string? filter = null)
    {
        foreach (var layer in Layers)
            if (filter is null || layer.Name.Contains(filter, StringComparison.OrdinalIgnoreCase)) yield return Measure(layer, device);
    }

    private static BenchRow Measure(Layer layer, Device device)
    {
        using var off = Grad.Off();
        var deviation = Math.Sqrt(3.0 / (layer.In * layer.Kernel * layer.Kernel));
        var x = layer.Sizes.Select((s, i) => Tensor.Uniform([1, layer.In, s.Height, s.Width], RandomSource.FromSeed(1 + 100 * (ulong)i), -1, 1)).ToArray();
        var w = Tensor.Uniform([layer.Out, layer.In, layer.Kernel, layer.Kernel], RandomSource.FromSeed(2), -deviation, deviation);
        var b = Tensor.Uniform([layer.Out], RandomSource.FromSeed(3), -1, 1);
        Tensor[] inputs = [.. x.Select(t => t.To(device))];
        Tensor input = inputs[0], weight = w.To(device), bias = b.To(device);
        int taps = layer.Kernel * layer.Kernel, padding = layer.Kernel / 2 * layer.Dilation, height = (layer.Size.Height - 1) / layer.Stride + 1, width = (layer.Size.Width - 1) / layer.Stride + 1;
        Tensor? shifts = layer.Deform ? Tensor.Uniform([1, 2 * taps, height, width], RandomSource.FromSeed(5), -2, 2) : null, mask = layer.Deform ? Tensor.Uniform([1, taps, height, width], RandomSource.FromSeed(6), 0, 1) : null;
        Tensor? offset = shifts?.To(device), factors = mask?.To(device);
        var shared = layer.Below.Length > 0 ? Shared(layer, weight, bias) : null;
        Tensor[] Call() => shared is not null ? shared(inputs) : [offset is null ? F.Conv2d(input, weight, bias, layer.Stride, padding, layer.Dilation) : F.DeformConv2d(input, weight, bias, offset, factors, layer.Stride, padding, layer.Dilation)];

        Tensor[] y = [.. Call().Select(t => t.To(Device.Cpu))];
        var error = x.Zip(y, (from, to) => Error(layer, padding, from, w, b, shifts, mask, to)).Max();
        if (!(error <= AllowedError)) throw new LzuException($"bench conv: {layer.Name} differs from the definition by {error:g3} of its largest value, more than {AllowedError:g1}. Nothing was timed.");

        var timing = Timing.Of(() =>
        {
            using var scope = new TensorScope();
            Call();
            input.Backend.Synchronize();
        }, peak: device == Device.Cpu ? Peak.Sample : null);
        double flops = 2.0 * y.Sum(t => t.Shape.Count) * layer.In * layer.Kernel * layer.Kernel, bytes = 4.0 * (x.Sum(t => t.Shape.Count) + w.Shape.Count + y.Sum(t => t.Shape.Count)), rate = timing.RateMs * 1e6;
        return new(layer.Name, ParallelRows.Threads, device.ToString(), timing.MedianMs, timing.MinMs, timing.CpuMs, flops / rate, bytes / rate, 100 * flops / timing.PossibleFlops, error);
    }

    /// <summary>A convolution of all the layer's maps in one call.</summary>
    public static Func<Tensor[], Tensor[]> Shared(Layer layer, Tensor weight, Tensor bias)
    {
        var conv = new Conv2d(layer.In, layer.Out, layer.Kernel, layer.Stride, layer.Kernel / 2 * layer.Dilation, layer.Dilation, weightInit: (_, _) => weight, biasInit: (_, _) => bias);
        return maps => ConvNormAct.Apply(maps, conv, null, Activation.None);
    }

    // The largest difference from the defining sum, in float64, over a sample that holds the corners; relative to the largest sampled value.
    private static double Error(Layer layer, int padding, Tensor x, Tensor w, Tensor b, Tensor? shifts, Tensor? mask, Tensor y)
    {
        float[] input = x.ToArray<float>(), weight = w.ToArray<float>(), bias = b.ToArray<float>(), output = y.ToArray<float>(), shift = shifts?.ToArray<float>() ?? [], factor = mask?.ToArray<float>() ?? [];
        int height = y.Shape[2], width = y.Shape[3];
        double worst = 0, largest = 0;
        for (var n = 0; n < SampledOutputs; n++)
        {
            var at = n == 0 ? 0 : n == 1 ? output.Length - 1 : (int)(RandomSource.FromSeed(4).Uniform((ulong)n) * output.Length);
            int o = at / (height * width), row = at / width % height, column = at % width;
            double sum = bias[o];
            for (var c = 0; c < layer.In; c++)
                for (var i = 0; i < layer.Kernel; i++)
                    for (var j = 0; j < layer.Kernel; j++)
                    {
                        int tap = i * layer.Kernel + j, pixel = row * width + column;
                        float py = row * layer.Stride - padding + i * layer.Dilation, px = column * layer.Stride - padding + j * layer.Dilation;
                        if (shifts is not null) (py, px) = (py + shift[2 * tap * height * width + pixel], px + shift[(2 * tap + 1) * height * width + pixel]);
                        sum += Bilinear(c, py, px) * (mask is null ? 1 : factor[tap * height * width + pixel]) * weight[((o * layer.In + c) * layer.Kernel + i) * layer.Kernel + j];
                    }
            worst = Math.Max(worst, Math.Abs(output[at] - sum));
            largest = Math.Max(largest, Math.Abs(sum));
        }
        return worst / largest;

        double Bilinear(int c, double py, double px)
        {
            double value = 0;
            for (int i = (int)Math.Floor(py), iEnd = i + 1; i <= iEnd; i++)
                for (int j = (int)Math.Floor(px), jEnd = j + 1; j <= jEnd; j++)
                    if (i >= 0 && i < x.Shape[2] && j >= 0 && j < x.Shape[3]) value += (1 - Math.Abs(py - i)) * (1 - Math.Abs(px - j)) * input[(c * x.Shape[2] + i) * x.Shape[3] + j];
            return value;
        }
    }
}
