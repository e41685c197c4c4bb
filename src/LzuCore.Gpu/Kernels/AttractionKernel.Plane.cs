using ILGPU;
using LzuCore.Gpu.Runtime;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu.Kernels;

// Attraction in the plane. Intermediate planes are [image][row][column] in float64.
internal sealed partial class AttractionKernel
{
    public bool ForwardPlane(in AttractionArgs args, TensorView saliency, TensorView grid)
    {
        if (saliency.Count == 0) return true;
        using Scratch status = Check(saliency), gaussian = Gaussian(args.Fwhm, new Axes(args, saliency.Shape).Reach);
        using Scratch mass = new(backend, DType.Float64, saliency.Count), moment = new(backend, DType.Float64, saliency.Count);
        var field = Field(args, saliency, status, gaussian, mass, moment);
        launcher.Launch(saliency.Count, new PlaceBody(field, new(grid)), grain: 16);
        return IsValid(status);
    }

    // dS[a, b] = sum over nodes of k k [U (b - Tx) + V (a - Ty)], U and V the upstream gradients over the mass, positions in cells.
    public void BackwardPlane(in AttractionArgs args, TensorView saliency, TensorView dGrid, TensorView dSaliency)
    {
        if (saliency.Count == 0) return;
        var count = saliency.Count;
        using Scratch status = Check(saliency), gaussian = Gaussian(args.Fwhm, new Axes(args, saliency.Shape).Reach);
        using Scratch mass = new(backend, DType.Float64, count), moment = new(backend, DType.Float64, count), along = new(backend, DType.Float64, count), other = new(backend, DType.Float64, count);
        using Scratch u = new(backend, DType.Float64, count), v = new(backend, DType.Float64, count), c = new(backend, DType.Float64, count);
        var field = Field(args, saliency, status, gaussian, mass, moment);
        launcher.Launch(count, new UpstreamBody(field, new(dGrid), u.Elements<double>(), v.Elements<double>(), c.Elements<double>()), grain: 16);
        launcher.Launch(count, new RowGradient(field, u.Elements<double>(), v.Elements<double>(), c.Elements<double>(), along.Elements<double>(), other.Elements<double>()), grain: 16);
        launcher.Launch(count, new ColumnGradient(field, status.Elements<double>(), along.Elements<double>(), other.Elements<double>(), new(dSaliency)), grain: 16);
    }

    private PlaneField Field(in AttractionArgs args, TensorView saliency, Scratch status, Scratch gaussian, Scratch mass, Scratch moment)
    {
        var field = new PlaneField(new Axes(args, saliency.Shape), new(saliency), status.Elements<double>(), gaussian.Elements<double>(), mass.Elements<double>(), moment.Elements<double>());
        launcher.Launch(saliency.Count, new RowMoments(field, mass.Elements<double>(), moment.Elements<double>()), grain: 16);
        return field;
    }

    /// <summary>Where a node goes, in cells, and whether it moves there with the saliency.</summary>
    internal readonly record struct PlaneNode(double X, double Y, double Mass, int XMoves, int YMoves);

    /// <summary>The weights and their row sums.</summary>
    internal readonly struct PlaneField(Axes axes, Numbers s, ArrayView<double> status, ArrayView<double> k, ArrayView<double> mass, ArrayView<double> moment)
    {
        public readonly Axes Axes = axes;
        public readonly ArrayView<double> K = k;
        private readonly Numbers _s = s;
        private readonly ArrayView<double> _status = status, _mass = mass, _moment = moment;

        public double Weight(int n, int i, int j)
        {
            var scale = _status[2L * n];
            return scale == 0 ? 1 : _s.Get(n, 0, i, j) * scale;
        }

        /// <summary>Node (i, j) of image n in normalised coordinates.</summary>
        public PlaneNode Node(int n, int i, int j)
        {
            int h = Axes.Height, w = Axes.Width, p = Axes.Reach;
            double m = 0, mx = 0, my = 0;
            for (var t = 0; t <= 2 * p; t++)
            {
                var from = ((long)n * h + Fold(i + t - p, h, Axes.AntiCrop)) * w + j;
                var km = K[t] * _mass[from];
                m += km;
                my += km * t;
                mx += K[t] * _moment[from];
            }
            double cx = j - p + mx / m, cy = i - p + my / m;
            if (!(m > NoMass))
            {
                var nearest = Nearest(n, i, j);
                cx = nearest % w;
                cy = nearest / w;
            }
            double rawX = 2 * cx / (w - 1) - 1, rawY = 2 * cy / (h - 1) - 1;
            var (x, xMoves) = Place(rawX, w, j, m);
            var (y, yMoves) = Place(rawY, h, i, m);
            return new PlaneNode(x, y, m, xMoves, yMoves);
        }

        private (double At, int Moves) Place(double raw, int n, int node, double mass)
        {
            if (Axes.AntiCrop != 0 && node == 0) return (-1, 0);
            if (Axes.AntiCrop != 0 && node == n - 1) return (1, 0);
            if (raw < -1) return (-1, 0);
            if (raw > 1) return (1, 0);
            return (raw, mass > NoMass ? 1 : 0);
        }

        // The cell with weight nearest to a node.
        private int Nearest(int n, int i, int j)
        {
            var best = long.MaxValue;
            var where = i * Axes.Width + j;
            for (var a = 0; a < Axes.Height; a++)
                for (var b = 0; b < Axes.Width; b++)
                {
                    var distance = (long)(a - i) * (a - i) + (long)(b - j) * (b - j);
                    if (distance >= best || !(Weight(n, a, b) > 0)) continue;
                    best = distance;
                    where = a * Axes.Width + b;
                }
            return where;
        }
    }

    internal readonly struct RowMoments(PlaneField field, ArrayView<double> mass, ArrayView<double> moment) : IKernelBody
    {
        public void Run(int index)
        {
            int w = field.Axes.Width, h = field.Axes.Height, p = field.Axes.Reach;
            var line = index / w;
            var n = line / h;
            double d = 0, m = 0;
            for (var t = 0; t <= 2 * p; t++)
            {
                var v = field.K[t] * field.Weight(n, line - n * h, Fold(index - line * w + t - p, w, field.Axes.AntiCrop));
                d += v;
                m += v * t;
            }
            mass[index] = d;
            moment[index] = m;
        }
    }

    internal readonly struct PlaceBody(PlaneField field, Numbers grid) : IKernelBody
    {
        public void Run(int index)
        {
            int w = field.Axes.Width, h = field.Axes.Height;
            var line = index / w;
            var n = line / h;
            int i = line - n * h, j = index - line * w;
            var node = field.Node(n, i, j);
            grid.Set(node.X, n, i, j, 0);
            grid.Set(node.Y, n, i, j, 1);
        }
    }

    internal readonly struct UpstreamBody(PlaneField field, Numbers dGrid, ArrayView<double> u, ArrayView<double> v, ArrayView<double> c) : IKernelBody
    {
        public void Run(int index)
        {
            int w = field.Axes.Width, h = field.Axes.Height;
            var line = index / w;
            var n = line / h;
            int i = line - n * h, j = index - line * w;
            var node = field.Node(n, i, j);
            double forX = node.XMoves != 0 ? 2 * dGrid.Get(n, i, j, 0) / node.Mass / (w - 1) : 0, forY = node.YMoves != 0 ? 2 * dGrid.Get(n, i, j, 1) / node.Mass / (h - 1) : 0;
            u[index] = forX;
            v[index] = forY;
            c[index] = forX * (node.X + 1) / 2 * (w - 1) + forY * (node.Y + 1) / 2 * (h - 1);
        }
    }

    internal readonly struct RowGradient(PlaneField field, ArrayView<double> u, ArrayView<double> v, ArrayView<double> c, ArrayView<double> along, ArrayView<double> other) : IKernelBody
    {
        public void Run(int index)
        {
            int w = field.Axes.Width, p = field.Axes.Reach;
            var line = index / w;
            var cell = index - line * w;
            var start = (long)line * w;
            double x = 0, y = 0;
            for (var e = -p; e < w + p; e++)
            {
                if (Fold(e, w, field.Axes.AntiCrop) != cell) continue;
                int first = e - p < 0 ? 0 : e - p, last = e + p < w - 1 ? e + p : w - 1;
                for (var j = first; j <= last; j++)
                {
                    var k = field.K[e - j + p];
                    x += k * (u[start + j] * e - c[start + j]);
                    y += k * v[start + j];
                }
            }
            along[index] = x;
            other[index] = y;
        }
    }

    internal readonly struct ColumnGradient(PlaneField field, ArrayView<double> status, ArrayView<double> along, ArrayView<double> other, Numbers ds) : IKernelBody
    {
        public void Run(int index)
        {
            int w = field.Axes.Width, h = field.Axes.Height, p = field.Axes.Reach;
            var line = index / w;
            var n = line / h;
            int cell = line - n * h, j = index - line * w;
            double total = 0;
            for (var e = -p; e < h + p; e++)
            {
                if (Fold(e, h, field.Axes.AntiCrop) != cell) continue;
                int first = e - p < 0 ? 0 : e - p, last = e + p < h - 1 ? e + p : h - 1;
                for (var i = first; i <= last; i++)
                {
                    var at = ((long)n * h + i) * w + j;
                    total += field.K[e - i + p] * (along[at] + e * other[at]);
                }
            }
            ds.Set(total * status[2L * n], n, 0, cell, j);
        }
    }
}
