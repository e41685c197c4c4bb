using System.Runtime.InteropServices;
using ILGPU;
using LzuCore.Gpu.Runtime;
using LzuCore.Kernels;
using LzuCore.Memory;
using Bits = ILGPU.Interop;

namespace LzuCore.Gpu.Kernels;

// Saliency attraction, float64 inside, by the CPU's formulas (its kernel explains them). On axes: marginals, then one thread per node over its window. In the plane: a pass along
// rows and one along columns, one thread per node. Gradients gather: an element asks every cell of the extended axis that reads it.
// Weights that are negative or no numbers must be reported, so a flag comes back to the host after the first pass: the one wait in here.
internal sealed partial class AttractionKernel(Launcher launcher, Backend backend) : IAttractionKernel
{
    // Below this a window's mass is lost to rounding: the node goes to the nearest mass, the limit of the formula.
    private const double NoMass = 1e-290;

    public bool ForwardSeparable(in AttractionArgs args, TensorView saliency, TensorView knots)
    {
        if (saliency.Count == 0) return true;
        var axes = new Axes(args, saliency.Shape);
        using Scratch status = Check(saliency), marginals = Marginals(saliency, status), gaussian = Gaussian(args.Fwhm, axes.Reach);
        launcher.Launch(axes.Nodes, new AttractBody(axes, marginals.Elements<double>(), gaussian.Elements<double>(), 1, new(knots), default, default), grain: 4);
        return IsValid(status);
    }

    public bool ForwardTables(in AttractionArgs args, TensorView saliency, TensorView knots, ReadOnlySpan<WarpTable> tables, IAxisWarpKernel axes)
    {
        if (saliency.Count == 0 || tables.Length == 0 || !WarpTablesBody.Fits(saliency.Shape)) return TablesByParts(args, saliency, knots, tables, axes);
        using var status = new Scratch(backend, DType.Float64, 2L * saliency.Shape[0]);
        for (var at = 0; at < tables.Length; at += WarpTablesBody.Most)
        {
            var body = new WarpTablesBody(args, saliency, knots, tables[at..Math.Min(tables.Length, at + WarpTablesBody.Most)], status.Elements<double>());
            launcher.LaunchGroups<WarpTablesBody, double, WarpTablesBody.Lane>(body.Groups, body);
        }
        return IsValid(status);
    }

    private bool TablesByParts(in AttractionArgs args, TensorView saliency, TensorView knots, ReadOnlySpan<WarpTable> tables, IAxisWarpKernel axes)
    {
        var valid = ForwardSeparable(args, saliency, knots);
        int w = saliency.Shape[3], h = saliency.Shape[2];
        TensorView x = knots.With(knots.Layout.Narrow(1, 0, w)), y = knots.With(knots.Layout.Narrow(1, w, h));
        foreach (var table in tables)
        {
            if (table.Inverse) axes.Invert(table.Table, table.Axis == 0 ? x : y, table.Output);
            else axes.Evaluate(table.Table, table.Axis == 0 ? x : y, table.Output);
        }
        return valid;
    }

    public void BackwardSeparable(in AttractionArgs args, TensorView saliency, TensorView dKnots, TensorView dSaliency)
    {
        if (saliency.Count == 0) return;
        var axes = new Axes(args, saliency.Shape);
        using Scratch status = Check(saliency), marginals = Marginals(saliency, status), gaussian = Gaussian(args.Fwhm, axes.Reach);
        using Scratch factors = new(backend, DType.Float64, axes.Nodes), centres = new(backend, DType.Float64, axes.Nodes), slopes = new(backend, DType.Float64, axes.Nodes);
        launcher.Launch(axes.Nodes, new AttractBody(axes, marginals.Elements<double>(), gaussian.Elements<double>(), 0, new(dKnots), factors.Elements<double>(), centres.Elements<double>()), grain: 4);
        launcher.Launch(axes.Nodes, new AttractGradient(axes, gaussian.Elements<double>(), factors.Elements<double>(), centres.Elements<double>(), slopes.Elements<double>()), grain: 4);
        launcher.Launch(saliency.Count, new SpreadBody(axes, status.Elements<double>(), slopes.Elements<double>(), new(dSaliency)), grain: 1024);
    }

    // Per image: the scale of its weights, 0 where there are none; 1 where a weight is no weight.
    private Scratch Check(TensorView saliency)
    {
        int rows = saliency.Shape[2], images = saliency.Shape[0];
        var status = new Scratch(backend, DType.Float64, 2L * images);
        using var largest = new Scratch(backend, DType.Float64, (long)images * rows);
        launcher.Launch((long)images * rows, new RowCheck(rows, saliency.Shape[3], new(saliency), largest.Elements<double>()), grain: 4);
        launcher.Launch(images, new ImageCheck(rows, saliency.DType == DType.Float64 ? 1 : 0, largest.Elements<double>(), status.Elements<double>()), grain: 1);
        return status;
    }

    private bool IsValid(Scratch status)
    {
        // A recorded graph asks nothing of the host: bad weights show as coordinates that are no numbers.
        if (!launcher.MayWait) return true;
        var values = new double[status.View.Count];
        backend.Download(status.View.Storage, MemoryMarshal.AsBytes(values.AsSpan()));
        for (var i = 1; i < values.Length; i += 2)
            if (values[i] != 0) return false;
        return true;
    }

    private Scratch Marginals(TensorView saliency, Scratch status)
    {
        int h = saliency.Shape[2], w = saliency.Shape[3];
        var marginals = new Scratch(backend, DType.Float64, (long)saliency.Shape[0] * (w + h));
        launcher.Launch((long)saliency.Shape[0] * (w + h), new MarginalBody(h, w, new(saliency), status.Elements<double>(), marginals.Elements<double>()), grain: 4);
        return marginals;
    }

    private Scratch Gaussian(double fwhm, int reach)
    {
        var weights = new Scratch(backend, DType.Float64, 2L * reach + 1);
        launcher.Launch(2L * reach + 1, new GaussianBody(fwhm, reach, weights.Elements<double>()));
        return weights;
    }

    /// <summary>Both axes of a separable attraction: node index = image · (w + h) + place, x first.</summary>
    internal readonly struct Axes(AttractionArgs args, Shape saliency)
    {
        public readonly int Height = saliency[2], Width = saliency[3], Images = saliency[0], Reach = Math.Min(saliency[2], saliency[3]) - 1, AntiCrop = args.AntiCrop ? 1 : 0;

        public long Nodes => (long)Images * (Width + Height);
    }

    /// <summary>Where cell i of an extended axis reads: mirrored about the end nodes, or the end node.</summary>
    internal static int Fold(int i, int n, int antiCrop) =>
        antiCrop != 0 ? (i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i) : i < 0 ? 0 : i >= n ? n - 1 : i;

    internal readonly struct RowCheck(int rows, int columns, Numbers s, ArrayView<double> largest) : IKernelBody
    {
        public void Run(int index)
        {
            var n = index / rows;
            double max = 0;
            for (var j = 0; j < columns; j++)
            {
                var v = s.Get(n, 0, index - n * rows, j);
                // NaN, too, fails both comparisons.
                if (!(v >= 0 && v <= double.MaxValue)) max = double.NaN;
                else if (v > max) max = v;
            }
            largest[index] = max;
        }
    }

    internal readonly struct ImageCheck(int rows, int scales, ArrayView<double> largest, ArrayView<double> status) : IKernelBody
    {
        public void Run(int index)
        {
            double max = 0, bad = 0;
            for (var i = 0; i < rows; i++)
            {
                var v = largest[(long)index * rows + i];
                if (double.IsNaN(v)) bad = 1;
                else if (v > max) max = v;
            }
            // Saliency has no unit: float64 weights are brought near 1 by a power of two; float32 ones cannot leave float64's range.
            var scale = scales != 0 && max > 0 ? PowerOfTwo(max) : 1;
            status[2L * index] = max > 0 ? scale : 0;
            status[2L * index + 1] = bad;
        }

        // 1 over the power of two at or below a positive number, no further than 2^±1000.
        public static double PowerOfTwo(double v)
        {
            var exponent = (int)(Bits.FloatAsInt(v) >> 52) - 1023;
            exponent = exponent < -1000 ? -1000 : exponent > 1000 ? 1000 : exponent;
            return Bits.IntAsFloat((ulong)(1023 - exponent) << 52);
        }
    }

    /// <summary>Sums over rows and columns; those of a uniform map where an image has no saliency.</summary>
    internal readonly struct MarginalBody(int h, int w, Numbers s, ArrayView<double> status, ArrayView<double> marginals) : IKernelBody
    {
        public void Run(int index)
        {
            var n = index / (w + h);
            var place = index - n * (w + h);
            var scale = status[2L * n];
            double total = 0;
            if (place < w) for (var i = 0; i < h; i++) total += s.Get(n, 0, i, place) * scale;
            else for (var j = 0; j < w; j++) total += s.Get(n, 0, place - w, j) * scale;
            marginals[index] = scale == 0 ? 1 : total;
        }
    }

    internal readonly struct GaussianBody(double fwhm, int reach, ArrayView<double> weights) : IKernelBody
    {
        public void Run(int index) => weights[index] = Math.Exp(-4 * 0.69314718055994530942 * (index - reach) * (index - reach) / (fwhm * fwhm));
    }

    /// <summary>Forward: knots. Else what the gradient needs of a node: 2 dKnot / mass / (n - 1), 0 where it does not move, and its position in the window.</summary>
    internal readonly struct AttractBody(Axes axes, ArrayView<double> marginals, ArrayView<double> k, int forward, Numbers knots, ArrayView<double> factors, ArrayView<double> centres) : IKernelBody
    {
        public void Run(int index)
        {
            var image = index / (axes.Width + axes.Height);
            var place = index - image * (axes.Width + axes.Height);
            int n = place < axes.Width ? axes.Width : axes.Height, i = place < axes.Width ? place : place - axes.Width;
            var start = (long)index - i;
            double mass = 0, moment = 0;
            for (var j = 0; j <= 2 * axes.Reach; j++)
            {
                var v = k[j] * marginals[start + Fold(i + j - axes.Reach, n, axes.AntiCrop)];
                mass += v;
                moment += v * j;
            }
            var raw = 2 * (mass > NoMass ? i - axes.Reach + moment / mass : Nearest(start, i, n)) / (n - 1) - 1;
            var ends = axes.AntiCrop != 0 && (i == 0 || i == n - 1);
            var t = ends ? (i == 0 ? -1 : 1) : raw < -1 ? -1 : raw > 1 ? 1 : raw;
            if (forward != 0)
            {
                knots.Set(t, image, place);
                return;
            }
            factors[index] = mass > NoMass && !ends && raw >= -1 && raw <= 1 ? 2 * knots.Get(image, place) / mass / (n - 1) : 0;
            centres[index] = (t + 1) / 2 * (n - 1) - i + axes.Reach;
        }

        // The cell of the extended axis nearest to a node that holds mass.
        private double Nearest(long start, int i, int n)
        {
            for (var d = 0; d < 2 * n; d++)
            {
                if (i - d > -n && marginals[start + Fold(i - d, n, axes.AntiCrop)] > 0) return i - d;
                if (i + d < 2 * n - 1 && marginals[start + Fold(i + d, n, axes.AntiCrop)] > 0) return i + d;
            }
            return i;
        }
    }

    internal readonly struct AttractGradient(Axes axes, ArrayView<double> k, ArrayView<double> factors, ArrayView<double> centres, ArrayView<double> slopes) : IKernelBody
    {
        public void Run(int index)
        {
            var image = index / (axes.Width + axes.Height);
            var place = index - image * (axes.Width + axes.Height);
            int n = place < axes.Width ? axes.Width : axes.Height, cell = place < axes.Width ? place : place - axes.Width;
            var start = (long)index - cell;
            double total = 0;
            for (var e = -axes.Reach; e < n + axes.Reach; e++)
            {
                if (Fold(e, n, axes.AntiCrop) != cell) continue;
                int first = e - axes.Reach < 0 ? 0 : e - axes.Reach, last = e + axes.Reach < n - 1 ? e + axes.Reach : n - 1;
                for (var i = first; i <= last; i++)
                {
                    var j = e - i + axes.Reach;
                    total += factors[start + i] * k[j] * (j - centres[start + i]);
                }
            }
            slopes[index] = total;
        }
    }

    internal readonly struct SpreadBody(Axes axes, ArrayView<double> status, ArrayView<double> slopes, Numbers ds) : IKernelBody
    {
        public void Run(int index)
        {
            var line = index / axes.Width;
            var j = index - line * axes.Width;
            var n = line / axes.Height;
            var i = line - n * axes.Height;
            var start = (long)n * (axes.Width + axes.Height);
            ds.Set(status[2L * n] * (slopes[start + j] + slopes[start + axes.Width + i]), n, 0, i, j);
        }
    }
}
