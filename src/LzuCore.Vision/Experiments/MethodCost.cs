using System.Diagnostics;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Imaging;

namespace LzuCore.Vision.Experiments;

/// <summary>What a method costs, as the paper measures it: one picture at a time, the added operations alone, on top of the uniform baseline's time.</summary>
/// <param name="BaseMs">The baseline: resampling, trunk and head.</param>
/// <param name="AddedMs">What the method adds: saliency, warp, its zoom in place of the even resampling, unzooming.</param>
/// <param name="GFlop">Arithmetic of convolutions and matrix products, a network that says where to look included.</param>
public readonly record struct MethodCost(double BaseMs, double AddedMs, double GFlop)
{
    /// <summary>Both together.</summary>
    public double TotalMs => BaseMs + AddedMs;

    /// <summary>Measures a method on one picture; medians of 21 runs.</summary>
    /// <param name="uniform">The baseline.</param>
    /// <param name="method">The method, at the same scale.</param>
    /// <param name="picture">A picture of their original size.</param>
    /// <param name="expected">Where objects are expected in it.</param>
    public static MethodCost Of(IZoomedNetwork uniform, IZoomedNetwork method, Image picture, IReadOnlyList<Box> expected) => new Baseline(uniform, picture, expected).Of(method);

    /// <summary>The uniform baseline on one picture, measured once for all methods that are compared with it.</summary>
    internal sealed class Baseline
    {
        // Before the clock counts: as long as the compiler takes to see that a method is worth its best.
        private const double WarmUpMs = 400;
        private const int Runs = 21;

        private readonly Image _picture;
        private readonly IReadOnlyList<Box[]> _boxes;
        private readonly double _zoomMs, _networkMs, _backMs;

        public Baseline(IZoomedNetwork uniform, Image picture, IReadOnlyList<Box> expected)
        {
            (_picture, _boxes) = (picture, [[.. expected]]);
            using var off = Grad.Off();
            using var scope = new TensorScope();
            (_zoomMs, _backMs, _networkMs) = Parts(uniform, network: true);
        }

        public MethodCost Of(IZoomedNetwork method)
        {
            using var off = Grad.Off();
            using var scope = new TensorScope();
            var (zoom, back, _) = Parts(method, network: false);
            return new(_zoomMs + _networkMs, Math.Max(0, zoom - _zoomMs) + Math.Max(0, back - _backMs), GFlopOf(method));
        }

        private (double Zoom, double Back, double Network) Parts(IZoomedNetwork one, bool network)
        {
            one.Model.Eval();
            var pixels = _picture.ToTensor(Normalization.None);
            var shown = one.Sampling.Zoom(pixels, _boxes);
            var levels = one.Trunk(shown.Input);
            return (Median(() => one.Sampling.Zoom(pixels, _boxes)), Median(() => one.Back(levels, shown)), network ? Median(() => one.Head(one.Back(one.Trunk(shown.Input), shown))) : double.NaN);
        }

        private double GFlopOf(IZoomedNetwork one)
        {
            using var trace = OpTrace.Begin();
            var shown = one.Sampling.Zoom(_picture.ToTensor(Normalization.None), _boxes);
            one.Head(one.Back(one.Trunk(shown.Input), shown));
            return trace.Entries.Sum(e => (double)e.Flops) / 1e9;
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
}
