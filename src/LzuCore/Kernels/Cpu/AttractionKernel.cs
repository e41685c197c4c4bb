using System.Numerics;
using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// Saliency attraction, float64 inside. With S extended by p = min(h, w) - 1 cells and k the Gaussian, node i moves to
//   T01_i = sum_j k[j] S[i+j] (i - p + j) / (sum_j k[j] S[i+j]) / (n - 1);
// the sum over j is taken relative to the window (j, not i + j), which keeps uniform saliency the identity to rounding.
// The Gaussian is tabulated once per (p, width); it cancels, so it is not normalised. Lanes run along the window.
// Edges: mirrored (anti-crop) or continued saliency is written out before the sum, so the inner loop has no branches.
internal sealed unsafe partial class AttractionKernel : IAttractionKernel
{
    // Below this a window's mass is lost to rounding (a lone spike far away, a narrow Gaussian): the node goes to the nearest mass, the limit of the formula.
    private const double NoMass = 1e-290;

    private Gaussian? _last;

    public bool ForwardSeparable(in AttractionArgs args, TensorView saliency, TensorView knots)
    {
        int h = saliency.Shape[2], w = saliency.Shape[3];
        var k = Table(args.Fwhm, Math.Min(h, w) - 1);
        double[] sx = new double[w], sy = new double[h], t = new double[w + h];
        var padded = new double[Math.Max(h, w) + k.Length - 1];
        for (var n = 0; n < saliency.Shape[0]; n++)
        {
            if (!Marginals(saliency, n, sx, sy, out _)) return false;
            Attract(sx, k, args.AntiCrop, padded, t.AsSpan(0, w), []);
            Attract(sy, k, args.AntiCrop, padded, t.AsSpan(w), []);
            Doubles.SetRow(t, knots, n);
        }
        return true;
    }

    public void BackwardSeparable(in AttractionArgs args, TensorView saliency, TensorView dKnots, TensorView dSaliency)
    {
        int h = saliency.Shape[2], w = saliency.Shape[3];
        var k = Table(args.Fwhm, Math.Min(h, w) - 1);
        double[] sx = new double[w], sy = new double[h], dx = new double[w], dy = new double[h], row = new double[w];
        for (var n = 0; n < saliency.Shape[0]; n++)
        {
            Marginals(saliency, n, sx, sy, out var scale);
            var upstream = Doubles.Row(dKnots, n);
            AttractBackward(sx, k, args.AntiCrop, upstream.AsSpan(0, w), dx);
            AttractBackward(sy, k, args.AntiCrop, upstream.AsSpan(w), dy);
            for (var i = 0; i < h; i++)
            {
                for (var j = 0; j < w; j++) row[j] = scale * (dx[j] + dy[i]);
                var s = dSaliency.Layout.Strides;
                Doubles.Write(row, dSaliency, n * s[0] + i * s[2], s[3]);
            }
        }
    }

    // One axis: marginal s (n) to knots t (n). mass, when not empty, receives the denominators, negative where the result is clamped, fixed or without mass.
    private static void Attract(ReadOnlySpan<double> s, double[] k, bool antiCrop, double[] padded, Span<double> t, Span<double> mass)
    {
        int n = s.Length, p = k.Length / 2;
        Extend(s, p, antiCrop, padded);
        for (var i = 0; i < n; i++)
        {
            var (d, m) = Moments(k, padded.AsSpan(i));
            var raw = d > NoMass ? 2 * (i - p + m / d) / (n - 1) - 1 : 2.0 * Nearest(s, i, antiCrop) / (n - 1) - 1;
            var isFixed = antiCrop && (i == 0 || i == n - 1);
            t[i] = isFixed ? (i == 0 ? -1 : 1) : Math.Clamp(raw, -1, 1);
            if (!mass.IsEmpty) mass[i] = d > NoMass && !isFixed && raw is >= -1 and <= 1 ? d : -1;
        }
    }

    private static void AttractBackward(ReadOnlySpan<double> s, double[] k, bool antiCrop, ReadOnlySpan<double> dt, Span<double> ds)
    {
        int n = s.Length, p = k.Length / 2;
        double[] padded = new double[n + 2 * p], gradient = new double[n + 2 * p], t = new double[n], mass = new double[n];
        Attract(s, k, antiCrop, padded, t, mass);
        for (var i = 0; i < n; i++)
        {
            if (mass[i] < 0) continue;
            var c = 2 * dt[i] / mass[i] / (n - 1);
            var centre = (t[i] + 1) / 2 * (n - 1) - i + p;
            for (var j = 0; j < k.Length; j++) gradient[i + j] += c * k[j] * (j - centre);
        }
        ds.Clear();
        for (var j = 0; j < gradient.Length; j++) ds[Fold(j - p, n, antiCrop)] += gradient[j];
    }

    // sum k[j] x[j] and sum k[j] x[j] j.
    private static (double Mass, double Moment) Moments(double[] k, ReadOnlySpan<double> x)
    {
        Vector<double> mass = default, moment = default, at = Vector.CreateSequence(0.0, 1.0), step = new(Vector<double>.Count);
        var j = 0;
        for (; j <= k.Length - Vector<double>.Count; j += Vector<double>.Count)
        {
            var v = new Vector<double>(k, j) * new Vector<double>(x[j..]);
            mass += v;
            moment += v * at;
            at += step;
        }
        double d = Vector.Sum(mass), m = Vector.Sum(moment);
        for (; j < k.Length; j++)
        {
            d += k[j] * x[j];
            m += k[j] * x[j] * j;
        }
        return (d, m);
    }

    private static void Extend(ReadOnlySpan<double> s, int p, bool antiCrop, Span<double> padded)
    {
        for (var i = 0; i < s.Length + 2 * p; i++) padded[i] = s[Fold(i - p, s.Length, antiCrop)];
    }

    // Where cell i of the extended axis reads: mirrored about the end nodes, or the end node. |i| reaches at most n - 1 beyond, so one mirror suffices.
    private static int Fold(int i, int n, bool antiCrop) =>
        antiCrop ? (i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i) : Math.Clamp(i, 0, n - 1);

    // The cell of the extended axis nearest to node i that holds mass; the caller has made sure that there is one.
    private static int Nearest(ReadOnlySpan<double> s, int i, bool antiCrop)
    {
        for (var d = 0; d < 2 * s.Length; d++)
        {
            if (i - d > -s.Length && s[Fold(i - d, s.Length, antiCrop)] > 0) return i - d;
            if (i + d < 2 * s.Length - 1 && s[Fold(i + d, s.Length, antiCrop)] > 0) return i + d;
        }
        return i;
    }

    // Sums over rows and columns. Without any saliency they are those of a uniform map, with a scale of 0 for the gradient.
    private static bool Marginals(TensorView saliency, int n, Span<double> sx, Span<double> sy, out double scale)
    {
        scale = Scale(saliency, n);
        sx.Clear();
        var s = saliency.Layout.Strides;
        var row = new double[sx.Length];
        double total = 0;
        for (var i = 0; i < sy.Length; i++)
        {
            Doubles.Read(saliency, n * s[0] + i * s[2], s[3], row);
            if (!Take(row, scale, sx, out sy[i])) return false;
            total += sy[i];
        }
        if (total > 0) return true;
        scale = 0;
        sx.Fill(1);
        sy.Fill(1);
        return true;
    }

    // Adds a row, scaled, to the columns' sums, and sums it; false when a value is negative or not finite.
    private static bool Take(double[] row, double scale, Span<double> columns, out double sum)
    {
        Vector<double> sums = default, bound = new(double.PositiveInfinity);
        var j = 0;
        sum = 0;
        for (; j <= row.Length - Vector<double>.Count; j += Vector<double>.Count)
        {
            var v = new Vector<double>(row, j) * scale;
            if (!Vector.GreaterThanOrEqualAll(v, Vector<double>.Zero) || !Vector.LessThanAll(v, bound)) return false;
            (new Vector<double>(columns[j..]) + v).CopyTo(columns[j..]);
            sums += v;
        }
        for (; j < row.Length; j++)
        {
            var v = row[j] * scale;
            if (!(v >= 0 && v < double.PositiveInfinity)) return false;
            columns[j] += v;
            sum += v;
        }
        sum += Vector.Sum(sums);
        return true;
    }

    // Saliency has no unit. Float32 weights cannot leave float64's range; float64 ones are brought near 1 by a power of two.
    private static double Scale(TensorView saliency, int n)
    {
        if (saliency.DType == DType.Float32) return 1;
        var s = saliency.Layout.Strides;
        double max = 0;
        for (var i = 0; i < saliency.Shape[2]; i++)
            for (var j = 0; j < saliency.Shape[3]; j++)
                max = Math.Max(max, saliency.Pointer<double>()[n * s[0] + i * s[2] + j * s[3]]);
        return max is > 0 and < double.PositiveInfinity ? Math.ScaleB(1, -Math.Clamp(Math.ILogB(max), -1000, 1000)) : 1;
    }

    private double[] Table(double fwhm, int p)
    {
        if (_last is { } last && last.Fwhm == fwhm && last.Reach == p) return last.Weights;
        var weights = new double[2 * p + 1];
        for (var t = 0; t < weights.Length; t++) weights[t] = Math.Exp(-4 * Math.Log(2) * (t - p) * (t - p) / (fwhm * fwhm));
        _last = new Gaussian(fwhm, p, weights);
        return weights;
    }

    private sealed record Gaussian(double Fwhm, int Reach, double[] Weights);
}
