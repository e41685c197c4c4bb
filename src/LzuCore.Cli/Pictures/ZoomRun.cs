using System.Diagnostics;
using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Imaging;
using LzuCore.Warping;

namespace LzuCore.Cli.Pictures;

/// <summary>Milliseconds of the steps of a zoom, each the median of a few repetitions.</summary>
internal sealed record ZoomTimes(double Saliency, double Grid, double Zoom, double Inverse, double Unzoom);

/// <summary>One picture zoomed and unzoomed, with what can be measured about it.</summary>
internal sealed class ZoomRun
{
    private const int Repetitions = 3;

    /// <summary>Zooms and unzooms.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="saliency">Where to look.</param>
    /// <param name="boxes">What the saliency may be made from.</param>
    /// <param name="options">How saliency becomes a warp.</param>
    /// <param name="zoomed">The zoomed size.</param>
    /// <param name="device">Where to compute.</param>
    public ZoomRun(Image image, ISaliency saliency, Box[] boxes, SaliencyToGridOptions options, Size2 zoomed, Device device)
    {
        using var off = Grad.Off();
        using var scope = new TensorScope();
        Original = image;
        var context = new SaliencyContext(1, image.Size, boxes.Length == 0 ? null : [Boxes.ToTensor(boxes).To(device)]);
        var pixels = image.ToTensor(Normalization.None).To(device);
        (var map, var saliencyTime) = Timed(device, () => saliency.Map(context).To(device));
        (Warp, var gridTime) = Timed(device, () => SaliencyToGrid.Apply(map, options));
        (var small, var zoomTime) = Timed(device, () => Warp.Zoom(pixels, zoomed));
        (var inverse, var inverseTime) = Timed(device, () => Warp.Invert(image.Size));
        (var back, var unzoomTime) = Timed(device, () => F.GridSample(small, inverse.Coordinates.To(small.DType), SamplingMode.Bilinear, PaddingMode.Zeros, alignCorners: true));
        Times = new ZoomTimes(saliencyTime, gridTime, zoomTime, inverseTime, unzoomTime);

        Warp.Persist();
        Zoomed = small.ToImage(Normalization.None);
        Unzoomed = back.ToImage(Normalization.None);
        Saliency = map.To(Device.Cpu).To(DType.Float32).ToArray<float>();
        SaliencySize = new Size2(map.Shape[2], map.Shape[3]);
        Valid = [.. inverse.Valid.To(Device.Cpu).To(DType.Float32).ToArray<float>().Select(v => v != 0)];
        RoundTripPixels = RoundTrip(inverse);
        // Diagnostics are for looking at: they are computed on the host, from a copy where the warp is elsewhere.
        var onHost = device == Device.Cpu ? Warp : Warp.IsSeparable ? WarpGrid.FromKnots(Warp.KnotsX.To(Device.Cpu), Warp.KnotsY.To(Device.Cpu)) : WarpGrid.FromNodes(Warp.Nodes.To(Device.Cpu));
        Diagnostics = WarpDiagnostics.Of(onHost, zoomed);
        Psnr = PeakSignalToNoise(image, Unzoomed, Valid);
    }

    /// <summary>The picture.</summary>
    public Image Original { get; }

    /// <summary>What a network would see.</summary>
    public Image Zoomed { get; }

    /// <summary>The zoomed picture brought back to the original's geometry and size.</summary>
    public Image Unzoomed { get; }

    /// <summary>Saliency on its grid, sum 1.</summary>
    public float[] Saliency { get; }

    /// <summary>Size of the saliency's grid.</summary>
    public Size2 SaliencySize { get; }

    /// <summary>The warp.</summary>
    public WarpGrid Warp { get; }

    /// <summary>Folds, Jacobian, magnification.</summary>
    public WarpDiagnostics Diagnostics { get; }

    /// <summary>Where the zoomed picture shows an original pixel, row by row.</summary>
    public bool[] Valid { get; }

    /// <summary>Largest |T(T⁻¹(x)) - x| over the original pixels that are shown, in pixels.</summary>
    public double RoundTripPixels { get; }

    /// <summary>Original against unzoomed, in decibels, over the pixels that are shown; infinite when equal.</summary>
    public double Psnr { get; }

    /// <summary>What each step cost.</summary>
    public ZoomTimes Times { get; }

    /// <summary>Peak signal-to-noise ratio of two pictures of one size over chosen pixels.</summary>
    public static double PeakSignalToNoise(Image a, Image b, bool[]? chosen = null)
    {
        double sum = 0;
        long count = 0;
        var p = a.Pixels;
        var q = b.Pixels;
        for (var i = 0; i < p.Length; i++)
        {
            if (chosen is not null && !chosen[i / 3]) continue;
            double difference = p[i] - q[i];
            sum += difference * difference;
            count++;
        }
        return 10 * Math.Log10(255.0 * 255 * count / sum);
    }

    private double RoundTrip(InverseWarp inverse)
    {
        int height = Original.Height, width = Original.Width;
        var there = Warp.PointsToOriginal(inverse.Coordinates.Reshape(height * width, 2)).To(Device.Cpu).To(DType.Float64).ToArray<double>();
        double worst = 0;
        for (var i = 0; i < height * width; i++)
        {
            if (!Valid[i]) continue;
            var (dx, dy) = ((there[2 * i] + 1) / 2 * (width - 1) - i % width, (there[2 * i + 1] + 1) / 2 * (height - 1) - i / width);
            worst = Math.Max(worst, Math.Max(Math.Abs(dx), Math.Abs(dy)));
        }
        return worst;
    }

    private static (T Result, double Milliseconds) Timed<T>(Device device, Func<T> work)
    {
        var backend = BackendRegistry.Get(device);
        var times = new double[Repetitions];
        T result = default!;
        for (var i = 0; i < Repetitions; i++)
        {
            var start = Stopwatch.GetTimestamp();
            result = work();
            backend.Synchronize();
            times[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }
        Array.Sort(times);
        return (result, times[Repetitions / 2]);
    }
}
