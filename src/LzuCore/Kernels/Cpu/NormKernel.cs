using System.Numerics;
using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// Batch and group norm over channels-last data. Everything is per channel first: sums over pixels, in float64 and relative to the first pixel (so that a large mean does
// not swallow the variance), cut into chunks of pixels whose borders depend on the shape alone and added in order; then channels join into groups.
// The passes over the data are y = (x - m)·s + b and dx = a·dy + b·(x - m) + k with per-channel constants.
internal sealed unsafe class NormKernel : INormKernel
{
    private const int ChunkElements = 65536;

    public void Statistics(in NormArgs args, TensorView input, TensorView mean, TensorView variance)
    {
        if (input.DType == DType.Float64) Statistics<double>(args, input, mean, variance);
        else Statistics<float>(args, input, mean, variance);
    }

    public void Forward(in NormArgs args, TensorView input, TensorView mean, TensorView variance, TensorView? weight, TensorView? bias, TensorView output, Activation activation)
    {
        if (input.DType == DType.Float64) Forward<double>(args, input, mean, variance, weight, bias, output, activation);
        else Forward<float>(args, input, mean, variance, weight, bias, output, activation);
    }

    public void Backward(in NormArgs args, bool fixedStatistics, TensorView input, TensorView mean, TensorView variance, TensorView? weight,
        TensorView dOutput, TensorView? dInput, TensorView? dWeight, TensorView? dBias)
    {
        if (input.DType == DType.Float64) Backward<double>(args, fixedStatistics, input, mean, variance, weight, dOutput, dInput, dWeight, dBias);
        else Backward<float>(args, fixedStatistics, input, mean, variance, weight, dOutput, dInput, dWeight, dBias);
    }

    private static void Statistics<T>(NormArgs args, TensorView input, TensorView mean, TensorView variance) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var cut = new Cut(args, input.Shape);
        var x = input.Pointer<T>();
        var sums = Sum(cut, (image, begin, pixels, s1, s2) =>
        {
            var first = x + image * cut.ImageStride;
            ChannelSums.Moments(first + (long)begin * cut.Channels, first, pixels, cut.Channels, s1, s2);
        });
        T* m = mean.Pointer<T>(), v = variance.Pointer<T>();
        for (var image = 0; image < cut.Images; image++)
            for (var g = 0; g < cut.Groups; g++)
            {
                var (average, squares) = Join(cut, x + image * cut.ImageStride, sums, image, g);
                m[image * cut.Groups + g] = T.CreateTruncating(average);
                v[image * cut.Groups + g] = T.CreateTruncating(squares / ((double)cut.Pixels * cut.Width));
            }
    }

    // The mean of a group's channels, and the sum of squared distances from it.
    private static (double Mean, double Squares) Join<T>(Cut cut, T* first, double[] sums, int image, int group) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var at = 2L * image * cut.Channels;
        double mean = 0, squares = 0;
        for (var c = group * cut.Width; c < (group + 1) * cut.Width; c++) mean += ChannelMean(c);
        mean /= cut.Width;
        for (var c = group * cut.Width; c < (group + 1) * cut.Width; c++)
        {
            double sum = sums[at + c], away = ChannelMean(c) - mean;
            squares += sums[at + cut.Channels + c] - sum * sum / cut.Pixels + cut.Pixels * away * away;
        }
        return (mean, Math.Max(0, squares));

        double ChannelMean(int c) => double.CreateTruncating(first[c]) + sums[at + c] / cut.Pixels;
    }

    private static void Forward<T>(NormArgs args, TensorView input, TensorView mean, TensorView variance, TensorView? weight, TensorView? bias, TensorView output, Activation activation)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (input.Count == 0) return;
        var cut = new Cut(args, input.Shape);
        T* x = input.Pointer<T>(), y = output.Pointer<T>(), m = mean.Pointer<T>(), v = variance.Pointer<T>();
        T* w = weight is { } wv ? wv.Pointer<T>() : null, b = bias is { } bv ? bv.Pointer<T>() : null;
        var constants = new T[cut.Images * 3 * cut.Channels];
        for (var image = 0; image < cut.Images; image++)
            for (var c = 0; c < cut.Channels; c++)
            {
                var (s, at) = (cut.Statistic(image, c), image * 3 * cut.Channels + c);
                constants[at] = m[s];
                constants[at + cut.Channels] = T.CreateTruncating(Scale(v[s], args.Eps)) * (w is null ? T.One : w[c]);
                constants[at + 2 * cut.Channels] = b is null ? T.Zero : b[c];
            }
        var floor = activation == Activation.Relu ? T.Zero : T.NegativeInfinity;
        cut.Run((image, begin, pixels) =>
        {
            var at = image * cut.ImageStride + (long)begin * cut.Channels;
            fixed (T* k = &constants[image * 3 * cut.Channels]) ChannelSums.Normalize(x + at, y + at, pixels, cut.Channels, k, k + cut.Channels, k + 2 * cut.Channels, floor);
        });
    }

    private static void Backward<T>(NormArgs args, bool fixedStatistics, TensorView input, TensorView mean, TensorView variance, TensorView? weight,
        TensorView dOutput, TensorView? dInput, TensorView? dWeight, TensorView? dBias) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var cut = new Cut(args, input.Shape);
        T* x = input.Pointer<T>(), dy = dOutput.Pointer<T>(), m = mean.Pointer<T>(), v = variance.Pointer<T>();
        var w = weight is { } wv ? wv.Pointer<T>() : null;
        var means = new T[cut.Images * cut.Channels];
        for (var image = 0; image < cut.Images; image++)
            for (var c = 0; c < cut.Channels; c++) means[image * cut.Channels + c] = m[cut.Statistic(image, c)];
        double[] sums = [];
        if (!fixedStatistics || dWeight is not null || dBias is not null)
            sums = Sum(cut, (image, begin, pixels, s1, s2) =>
            {
                var at = image * cut.ImageStride + (long)begin * cut.Channels;
                fixed (T* k = &means[image * cut.Channels]) ChannelSums.Products(dy + at, x + at, k, pixels, cut.Channels, s1, s2);
            });
        if (dWeight is { } dw) Collect(dw, (image, c) => sums[(2L * image + 1) * cut.Channels + c] * Scale(v[cut.Statistic(image, c)], args.Eps));
        if (dBias is { } db) Collect(db, (image, c) => sums[2L * image * cut.Channels + c]);
        if (dInput is not { } di || di.Count == 0) return;

        var constants = new T[cut.Images * 4 * cut.Channels];
        for (var image = 0; image < cut.Images; image++)
            for (var g = 0; g < cut.Groups; g++)
            {
                var scale = Scale(v[image * cut.Groups + g], args.Eps);
                double count = (double)cut.Pixels * cut.Width, sum = 0, product = 0;
                for (var c = g * cut.Width; !fixedStatistics && c < (g + 1) * cut.Width; c++)
                {
                    var factor = w is null ? 1 : double.CreateTruncating(w[c]);
                    sum += factor * sums[2L * image * cut.Channels + c];
                    product += factor * sums[(2L * image + 1) * cut.Channels + c];
                }
                for (var c = g * cut.Width; c < (g + 1) * cut.Width; c++)
                {
                    var at = image * 4 * cut.Channels + c;
                    constants[at] = means[image * cut.Channels + c];
                    constants[at + cut.Channels] = T.CreateTruncating(scale * (w is null ? 1 : double.CreateTruncating(w[c])));
                    constants[at + 2 * cut.Channels] = T.CreateTruncating(-scale * scale * scale * product / count);
                    constants[at + 3 * cut.Channels] = T.CreateTruncating(-scale * sum / count);
                }
            }
        var dx = di.Pointer<T>();
        cut.Run((image, begin, pixels) =>
        {
            var at = image * cut.ImageStride + (long)begin * cut.Channels;
            fixed (T* k = &constants[image * 4 * cut.Channels])
                ChannelSums.Combine(dy + at, x + at, dx + at, pixels, cut.Channels, k, k + cut.Channels, k + 2 * cut.Channels, k + 3 * cut.Channels);
        });

        void Collect(TensorView to, Func<int, int, double> term)
        {
            var p = to.Pointer<T>();
            for (var c = 0; c < cut.Channels; c++)
            {
                var total = 0.0;
                for (var image = 0; image < cut.Images; image++) total += term(image, c);
                p[c] = T.CreateTruncating(total);
            }
        }
    }

    private static double Scale<T>(T variance, double eps) where T : unmanaged, IFloatingPointIeee754<T> => 1 / Math.Sqrt(double.CreateTruncating(variance) + eps);

    private delegate void ChunkSum(int image, int begin, int pixels, double* first, double* second);

    // Two sums per image and channel, [image][2][channel]: chunks in parallel, then added in order.
    private static double[] Sum(Cut cut, ChunkSum body)
    {
        var stride = 2 * cut.Channels;
        var parts = new double[(long)cut.Images * cut.Chunks * stride];
        if (stride > 0)
            cut.Run((image, begin, pixels) =>
            {
                fixed (double* p = &parts[((long)image * cut.Chunks + begin / cut.ChunkPixels) * stride]) body(image, begin, pixels, p, p + cut.Channels);
            });
        var sums = new double[(long)cut.Images * stride];
        for (long part = 0; part < (long)cut.Images * cut.Chunks; part++)
            for (var k = 0; k < stride; k++) sums[part / cut.Chunks * stride + k] += parts[part * stride + k];
        return sums;
    }

    // How the data is walked: images (one when statistics are shared), pixels in chunks.
    private sealed class Cut
    {
        public readonly int Images, Pixels, Channels, Groups, Width, ChunkPixels, Chunks;
        private readonly bool _perImage;

        public Cut(NormArgs args, Shape shape)
        {
            var pixels = shape.Rank == 4 ? checked(shape[2] * shape[3]) : 1;
            (Channels, Groups, _perImage) = (shape[1], args.Groups, args.PerImage);
            Width = Channels / Groups;
            (Images, Pixels) = args.PerImage ? (shape[0], pixels) : (1, checked(shape[0] * pixels));
            ChunkPixels = Math.Max(1, Math.Min(Pixels, ChunkElements / Math.Max(1, Channels)));
            Chunks = (Pixels + ChunkPixels - 1) / ChunkPixels;
        }

        public long ImageStride => (long)Pixels * Channels;

        public int Statistic(int image, int channel) => (_perImage ? image * Groups : 0) + channel / Width;

        public void Run(Action<int, int, int> body) => ParallelRows.For(Images * Chunks, Math.Max(1, ChunkElements / Math.Max(1, ChunkPixels * Channels)), (from, to) =>
        {
            for (var unit = from; unit < to; unit++)
            {
                var (image, chunk) = Math.DivRem(unit, Chunks);
                body(image, chunk * ChunkPixels, Math.Min(ChunkPixels, Pixels - chunk * ChunkPixels));
            }
        });
    }
}
