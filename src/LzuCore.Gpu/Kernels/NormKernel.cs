using System.Numerics;
using ILGPU;
using LzuCore.Gpu.Runtime;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu.Kernels;

// Batch and group norm over channels-last data, by the CPU's scheme: sums per channel over chunks of pixels, in float64 and relative to the first pixel; the chunks join in
// order, then channels into groups; the passes over the data use per-channel constants. Neighbouring threads take neighbouring channels, so every read is coalesced.
internal sealed class NormKernel(Launcher launcher, Backend backend) : INormKernel
{
    public void Statistics(in NormArgs args, TensorView input, TensorView mean, TensorView variance)
    {
        if (input.DType == DType.Float64) Statistics<double, DoubleReal>(args, input, mean, variance);
        else Statistics<float, SingleReal>(args, input, mean, variance);
    }

    public void Forward(in NormArgs args, TensorView input, TensorView mean, TensorView variance, TensorView? weight, TensorView? bias, TensorView output, Activation activation)
    {
        if (input.DType == DType.Float64) Forward<double, DoubleReal>(args, input, mean, variance, weight, bias, output, activation);
        else Forward<float, SingleReal>(args, input, mean, variance, weight, bias, output, activation);
    }

    public void Backward(in NormArgs args, bool fixedStatistics, TensorView input, TensorView mean, TensorView variance, TensorView? weight,
        TensorView dOutput, TensorView? dInput, TensorView? dWeight, TensorView? dBias)
    {
        if (input.DType == DType.Float64) Backward<double, DoubleReal>(args, fixedStatistics, input, mean, variance, weight, dOutput, dInput, dWeight, dBias);
        else Backward<float, SingleReal>(args, fixedStatistics, input, mean, variance, weight, dOutput, dInput, dWeight, dBias);
    }

    private void Statistics<T, TReal>(in NormArgs args, TensorView input, TensorView mean, TensorView variance) where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        var cut = new NormCut(args, input.Shape);
        using var sums = new Scratch(backend, DType.Float64, cut.Images * 2L * cut.Channels);
        using var parts = new Scratch(backend, DType.Float64, cut.Parts * 2L);
        launcher.Launch(cut.Parts, new MomentsPass<T, TReal>(cut, input.Dense<T>(), parts.Elements<double>()), grain: 16);
        launcher.Launch(cut.Images * (long)cut.Channels, new JoinPass(cut, parts.Elements<double>(), sums.Elements<double>()), grain: 256);
        launcher.Launch(cut.Images * (long)cut.Groups, new StatisticsPass<T, TReal>(cut, input.Dense<T>(), sums.Elements<double>(), mean.Dense<T>(), variance.Dense<T>()), grain: 64);
    }

    private void Forward<T, TReal>(in NormArgs args, TensorView input, TensorView mean, TensorView variance, TensorView? weight, TensorView? bias, TensorView output, Activation activation)
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        if (input.Count == 0) return;
        var cut = new NormCut(args, input.Shape);
        using var constants = new Scratch(backend, input.DType, cut.Images * 3L * cut.Channels);
        launcher.Launch(cut.Images * (long)cut.Channels, new ForwardConstants<T, TReal>(cut, args.Eps, weight is null ? 0 : 1, bias is null ? 0 : 1,
            mean.Dense<T>(), variance.Dense<T>(), (weight ?? mean).Dense<T>(), (bias ?? mean).Dense<T>(), constants.Elements<T>()), grain: 256);
        if (Channels.InFours(cut.Channels, input, output)) Normalize<T, Quad<T>, Four<T>>(cut, 4, activation, input.Fours<T>(), constants.View.Fours<T>(), output.Fours<T>());
        else Normalize<T, T, One<T>>(cut, 1, activation, input.Dense<T>(), constants.Elements<T>(), output.Dense<T>());
    }

    private void Normalize<T, V, TLane>(NormCut cut, int width, Activation activation, ArrayView<V> x, ArrayView<V> constants, ArrayView<V> y)
        where T : unmanaged, IFloatingPointIeee754<T> where V : unmanaged where TLane : struct, ILane<T, V> =>
        launcher.Launch(y.Length, new ForwardBody<T, V, TLane>(cut.Channels / width, cut.Pixels, activation == Activation.Relu ? 1 : 0, x, constants, y));

    private void Backward<T, TReal>(in NormArgs args, bool fixedStatistics, TensorView input, TensorView mean, TensorView variance, TensorView? weight,
        TensorView dOutput, TensorView? dInput, TensorView? dWeight, TensorView? dBias) where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        var cut = new NormCut(args, input.Shape);
        using var sums = new Scratch(backend, DType.Float64, cut.Images * 2L * cut.Channels);
        if (!fixedStatistics || dWeight is not null || dBias is not null)
        {
            using var parts = new Scratch(backend, DType.Float64, cut.Parts * 2L);
            launcher.Launch(cut.Parts, new ProductsPass<T, TReal>(cut, input.Dense<T>(), dOutput.Dense<T>(), mean.Dense<T>(), parts.Elements<double>()), grain: 16);
            launcher.Launch(cut.Images * (long)cut.Channels, new JoinPass(cut, parts.Elements<double>(), sums.Elements<double>()), grain: 256);
        }
        if (dWeight is { } dw) launcher.Launch(cut.Channels, new WeightPass<T, TReal>(cut, args.Eps, 1, variance.Dense<T>(), sums.Elements<double>(), dw.Dense<T>()), grain: 256);
        if (dBias is { } db) launcher.Launch(cut.Channels, new WeightPass<T, TReal>(cut, args.Eps, 0, variance.Dense<T>(), sums.Elements<double>(), db.Dense<T>()), grain: 256);
        if (dInput is not { } di || di.Count == 0) return;
        using var constants = new Scratch(backend, input.DType, cut.Images * 4L * cut.Channels);
        launcher.Launch(cut.Images * (long)cut.Channels, new BackwardConstants<T, TReal>(cut, args.Eps, fixedStatistics ? 1 : 0, weight is null ? 0 : 1,
            mean.Dense<T>(), variance.Dense<T>(), (weight ?? mean).Dense<T>(), sums.Elements<double>(), constants.Elements<T>()), grain: 64);
        if (Channels.InFours(cut.Channels, input, dOutput, di)) Combine<T, Quad<T>, Four<T>>(cut, 4, input.Fours<T>(), dOutput.Fours<T>(), constants.View.Fours<T>(), di.Fours<T>());
        else Combine<T, T, One<T>>(cut, 1, input.Dense<T>(), dOutput.Dense<T>(), constants.Elements<T>(), di.Dense<T>());
    }

    private void Combine<T, V, TLane>(NormCut cut, int width, ArrayView<V> x, ArrayView<V> dy, ArrayView<V> constants, ArrayView<V> dx)
        where T : unmanaged, IFloatingPointIeee754<T> where V : unmanaged where TLane : struct, ILane<T, V> =>
        launcher.Launch(dx.Length, new BackwardBody<T, V, TLane>(cut.Channels / width, cut.Pixels, x, dy, constants, dx));

    /// <summary>How the data is walked: images (one when statistics are shared), pixels in chunks. Part = (image · Chunks + chunk) · Channels + channel.</summary>
    internal readonly struct NormCut
    {
        private const int ChunkPixels = 256;

        public readonly int Images, Pixels, Channels, Groups, Width, Chunk, Chunks;
        private readonly int _perImage;

        public NormCut(in NormArgs args, Shape shape)
        {
            var pixels = shape.Rank == 4 ? checked(shape[2] * shape[3]) : 1;
            (Channels, Groups, _perImage) = (shape[1], args.Groups, args.PerImage ? 1 : 0);
            Width = Channels / Groups;
            (Images, Pixels) = args.PerImage ? (shape[0], pixels) : (1, checked(shape[0] * pixels));
            // At most some thousand chunks, which one thread joins.
            Chunk = Math.Max(ChunkPixels, Pixels / 1024);
            Chunks = Math.Max(1, (Pixels + Chunk - 1) / Chunk);
        }

        public long Parts => (long)Images * Chunks * Channels;

        public long ImageStride => (long)Pixels * Channels;

        public int Statistic(int image, int channel) => image * _perImage * Groups + channel / Width;

        public int Begin(int chunk) => chunk * Chunk;

        public int End(int chunk) => Pixels - chunk * Chunk < Chunk ? Pixels : (chunk + 1) * Chunk;
    }

    private static double Scale(double variance, double eps) => 1 / Math.Sqrt(variance + eps);

    internal readonly struct MomentsPass<T, TReal>(NormCut cut, ArrayView<T> x, ArrayView<double> parts) : IKernelBody where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        public void Run(int index)
        {
            var unit = index / cut.Channels;
            var c = index - unit * cut.Channels;
            var image = unit / cut.Chunks;
            var chunk = unit - image * cut.Chunks;
            var start = image * cut.ImageStride + c;
            double first = TReal.ToDouble(x[start]), sum = 0, squares = 0;
            for (var pixel = cut.Begin(chunk); pixel < cut.End(chunk); pixel++)
            {
                var away = TReal.ToDouble(x[start + (long)pixel * cut.Channels]) - first;
                sum += away;
                squares += away * away;
            }
            parts[2L * index] = sum;
            parts[2L * index + 1] = squares;
        }
    }

    internal readonly struct ProductsPass<T, TReal>(NormCut cut, ArrayView<T> x, ArrayView<T> dy, ArrayView<T> mean, ArrayView<double> parts) : IKernelBody
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        public void Run(int index)
        {
            var unit = index / cut.Channels;
            var c = index - unit * cut.Channels;
            var image = unit / cut.Chunks;
            var chunk = unit - image * cut.Chunks;
            var start = image * cut.ImageStride + c;
            double centre = TReal.ToDouble(mean[cut.Statistic(image, c)]), sum = 0, products = 0;
            for (var pixel = cut.Begin(chunk); pixel < cut.End(chunk); pixel++)
            {
                var at = start + (long)pixel * cut.Channels;
                var d = TReal.ToDouble(dy[at]);
                sum += d;
                products += d * (TReal.ToDouble(x[at]) - centre);
            }
            parts[2L * index] = sum;
            parts[2L * index + 1] = products;
        }
    }

    /// <summary>Adds the chunks of an image's channel: [image][channel][2].</summary>
    internal readonly struct JoinPass(NormCut cut, ArrayView<double> parts, ArrayView<double> sums) : IKernelBody
    {
        public void Run(int index)
        {
            var image = index / cut.Channels;
            var c = index - image * cut.Channels;
            double a = 0, b = 0;
            for (var chunk = 0; chunk < cut.Chunks; chunk++)
            {
                var at = 2 * (((long)image * cut.Chunks + chunk) * cut.Channels + c);
                a += parts[at];
                b += parts[at + 1];
            }
            sums[2L * index] = a;
            sums[2L * index + 1] = b;
        }
    }

    internal readonly struct StatisticsPass<T, TReal>(NormCut cut, ArrayView<T> x, ArrayView<double> sums, ArrayView<T> mean, ArrayView<T> variance) : IKernelBody
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        public void Run(int index)
        {
            var image = index / cut.Groups;
            var group = index - image * cut.Groups;
            double average = 0, squares = 0;
            for (var c = group * cut.Width; c < (group + 1) * cut.Width; c++) average += ChannelMean(image, c);
            average /= cut.Width;
            for (var c = group * cut.Width; c < (group + 1) * cut.Width; c++)
            {
                var at = 2 * ((long)image * cut.Channels + c);
                double sum = sums[at], away = ChannelMean(image, c) - average;
                squares += sums[at + 1] - sum * sum / cut.Pixels + cut.Pixels * away * away;
            }
            mean[index] = TReal.From(average);
            variance[index] = TReal.From((squares > 0 || double.IsNaN(squares) ? squares : 0) / ((double)cut.Pixels * cut.Width));
        }

        private double ChannelMean(int image, int c) => TReal.ToDouble(x[image * cut.ImageStride + c]) + sums[2 * ((long)image * cut.Channels + c)] / cut.Pixels;
    }

    /// <summary>[image][3][channel]: mean, scale, bias.</summary>
    internal readonly struct ForwardConstants<T, TReal>(NormCut cut, double eps, int hasWeight, int hasBias, ArrayView<T> mean, ArrayView<T> variance, ArrayView<T> weight, ArrayView<T> bias,
        ArrayView<T> constants) : IKernelBody
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        public void Run(int index)
        {
            var image = index / cut.Channels;
            var c = index - image * cut.Channels;
            var statistic = cut.Statistic(image, c);
            var scale = TReal.From(Scale(TReal.ToDouble(variance[statistic]), eps));
            var at = (long)image * 3 * cut.Channels + c;
            constants[at] = mean[statistic];
            constants[at + cut.Channels] = hasWeight != 0 ? scale * weight[c] : scale;
            constants[at + 2 * cut.Channels] = hasBias != 0 ? bias[c] : T.Zero;
        }
    }

    internal readonly struct ForwardBody<T, V, TLane>(int channels, int pixels, int relu, ArrayView<V> x, ArrayView<V> constants, ArrayView<V> y) : IKernelBody
        where T : unmanaged, IFloatingPointIeee754<T> where V : unmanaged where TLane : struct, ILane<T, V>
    {
        public void Run(int index)
        {
            var pixel = index / channels;
            var at = pixel / pixels * 3L * channels + (index - pixel * channels);
            var v = TLane.Add(TLane.Multiply(TLane.Subtract(x[index], constants[at]), constants[at + channels]), constants[at + 2 * channels]);
            y[index] = relu != 0 ? TLane.Max(v, TLane.Zero) : v;
        }
    }

    /// <summary>dWeight (product sums, scaled) or dBias (plain sums), images in order.</summary>
    internal readonly struct WeightPass<T, TReal>(NormCut cut, double eps, int products, ArrayView<T> variance, ArrayView<double> sums, ArrayView<T> gradient) : IKernelBody
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        public void Run(int index)
        {
            double total = 0;
            for (var image = 0; image < cut.Images; image++)
            {
                var sum = sums[2 * ((long)image * cut.Channels + index) + products];
                total += products != 0 ? sum * Scale(TReal.ToDouble(variance[cut.Statistic(image, index)]), eps) : sum;
            }
            gradient[index] = TReal.From(total);
        }
    }

    /// <summary>[image][4][channel] of dx = a·dy + b·(x - mean) + k: mean, a, b, k.</summary>
    internal readonly struct BackwardConstants<T, TReal>(NormCut cut, double eps, int fixedStatistics, int hasWeight, ArrayView<T> mean, ArrayView<T> variance, ArrayView<T> weight,
        ArrayView<double> sums, ArrayView<T> constants) : IKernelBody
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        public void Run(int index)
        {
            var image = index / cut.Channels;
            var c = index - image * cut.Channels;
            var statistic = cut.Statistic(image, c);
            var scale = Scale(TReal.ToDouble(variance[statistic]), eps);
            double count = (double)cut.Pixels * cut.Width, sum = 0, product = 0;
            var group = c / cut.Width;
            if (fixedStatistics == 0)
                for (var k = group * cut.Width; k < (group + 1) * cut.Width; k++)
                {
                    var factor = hasWeight != 0 ? TReal.ToDouble(weight[k]) : 1;
                    sum += factor * sums[2 * ((long)image * cut.Channels + k)];
                    product += factor * sums[2 * ((long)image * cut.Channels + k) + 1];
                }
            var at = (long)image * 4 * cut.Channels + c;
            constants[at] = mean[statistic];
            constants[at + cut.Channels] = TReal.From(hasWeight != 0 ? scale * TReal.ToDouble(weight[c]) : scale);
            constants[at + 2 * cut.Channels] = TReal.From(-scale * scale * scale * product / count);
            constants[at + 3 * cut.Channels] = TReal.From(-scale * sum / count);
        }
    }

    internal readonly struct BackwardBody<T, V, TLane>(int channels, int pixels, ArrayView<V> x, ArrayView<V> dy, ArrayView<V> constants, ArrayView<V> dx) : IKernelBody
        where T : unmanaged, IFloatingPointIeee754<T> where V : unmanaged where TLane : struct, ILane<T, V>
    {
        public void Run(int index)
        {
            var pixel = index / channels;
            var at = pixel / pixels * 4L * channels + (index - pixel * channels);
            var centred = TLane.Subtract(x[index], constants[at]);
            dx[index] = TLane.Add(TLane.Add(TLane.Multiply(dy[index], constants[at + channels]), TLane.Multiply(centred, constants[at + 2 * channels])), constants[at + 3 * channels]);
        }
    }
}
