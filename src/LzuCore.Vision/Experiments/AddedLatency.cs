using System.Diagnostics;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Imaging;
using LzuCore.Vision.Models;

namespace LzuCore.Vision.Experiments;

/// <summary>What a method costs, as the paper measures it: one picture at a time, the added operations alone, on top of the uniform baseline's time.</summary>
/// <param name="BaseMs">The baseline: resampling, trunk and head.</param>
/// <param name="AddedMs">What the method adds: saliency, warp, its zoom in place of the even resampling, unzooming.</param>
public readonly record struct AddedLatency(double BaseMs, double AddedMs)
{
    // Before the clock counts: as long as the compiler takes to see that a method is worth its best.
    private const double WarmUpMs = 400;
    private const int Runs = 21;

    /// <summary>Both together.</summary>
    public double TotalMs => BaseMs + AddedMs;

    /// <summary>Measures a method on one picture with an untrained network; medians of 21 runs.</summary>
    /// <param name="uniform">The baseline, at the same scale.</param>
    /// <param name="method">The method.</param>
    /// <param name="picture">A picture of their original size.</param>
    /// <param name="expected">Where objects are expected in it.</param>
    public static AddedLatency Of(Sampling uniform, Sampling method, Image picture, IReadOnlyList<Box> expected)
    {
        using var off = Grad.Off();
        using var scope = new TensorScope();
        var pixels = picture.ToTensor(Normalization.None);
        IReadOnlyList<Box[]> boxes = [[.. expected]];
        var model = new DeskDetector(Scenes.SceneClasses.Objects.Count);
        model.Eval();
        var input = uniform.Zoom(pixels, boxes).Input;
        var levels = model.Trunk.Call(input);
        var shown = method.Zoom(pixels, boxes);
        var (resample, network) = (Median(() => uniform.Zoom(pixels, boxes)), Median(() => model.Call(input)));
        var (zoom, back) = (Median(() => method.Zoom(pixels, boxes)), Median(() => method.Back(levels, model.Trunk.Strides, shown)));
        return new(resample + network, Math.Max(0, zoom - resample) + back);
    }

    private static double Median<T>(Func<T> work)
    {
        var begun = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(begun).TotalMilliseconds < WarmUpMs) Once();
        double[] times = [.. Enumerable.Range(0, Runs).Select(_ => Once())];
        Array.Sort(times);
        return times[Runs / 2];

        double Once()
        {
            using var scope = new TensorScope();
            var clock = Stopwatch.GetTimestamp();
            work();
            return Stopwatch.GetElapsedTime(clock).TotalMilliseconds;
        }
    }
}
