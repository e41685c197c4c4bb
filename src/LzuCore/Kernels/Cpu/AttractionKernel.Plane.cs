using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// In the plane the window is square and the Gaussian a product, so each of the sums (mass, x moment, y moment) is a pass along rows and one along columns:
// 5 · h · w · (2p + 1) multiply-adds instead of 3 · h · w · (2p + 1)². Moments are relative to the window, as on the axis.
internal sealed unsafe partial class AttractionKernel
{
    public bool ForwardPlane(in AttractionArgs args, TensorView saliency, TensorView grid)
    {
        int h = saliency.Shape[2], w = saliency.Shape[3];
        var k = Table(args.Fwhm, Math.Min(h, w) - 1);
        var row = new double[w];
        var g = grid.Layout.Strides;
        for (var n = 0; n < saliency.Shape[0]; n++)
        {
            if (!Plane(saliency, n, out var s, out _)) return false;
            var field = new PlaneField(s, h, w, k, args.AntiCrop);
            for (var i = 0; i < h; i++)
            {
                for (var j = 0; j < w; j++) row[j] = field.X[i * w + j];
                Doubles.Write(row, grid, n * g[0] + i * g[1], g[2]);
                for (var j = 0; j < w; j++) row[j] = field.Y[i * w + j];
                Doubles.Write(row, grid, n * g[0] + i * g[1] + g[3], g[2]);
            }
        }
        return true;
    }

    public void BackwardPlane(in AttractionArgs args, TensorView saliency, TensorView dGrid, TensorView dSaliency)
    {
        int h = saliency.Shape[2], w = saliency.Shape[3];
        var k = Table(args.Fwhm, Math.Min(h, w) - 1);
        double[] dx = new double[w], dy = new double[w];
        var g = dGrid.Layout.Strides;
        for (var n = 0; n < saliency.Shape[0]; n++)
        {
            Plane(saliency, n, out var s, out var scale);
            var field = new PlaneField(s, h, w, k, args.AntiCrop);
            // dS[a, b] = sum over nodes of k k [U (b - Tx) + V (a - Ty)], U and V the upstream gradients over the mass, positions in cells.
            double[] u = new double[h * w], v = new double[h * w], c = new double[h * w];
            for (var i = 0; i < h; i++)
            {
                Doubles.Read(dGrid, n * g[0] + i * g[1], g[2], dx);
                Doubles.Read(dGrid, n * g[0] + i * g[1] + g[3], g[2], dy);
                for (var j = 0; j < w; j++)
                {
                    var at = i * w + j;
                    u[at] = field.XMoves[at] ? 2 * dx[j] / field.Mass[at] / (w - 1) : 0;
                    v[at] = field.YMoves[at] ? 2 * dy[j] / field.Mass[at] / (h - 1) : 0;
                    c[at] = u[at] * (field.X[at] + 1) / 2 * (w - 1) + v[at] * (field.Y[at] + 1) / 2 * (h - 1);
                }
            }
            var ds = Adjoint(u, v, c, h, w, k, args.AntiCrop);
            var d = dSaliency.Layout.Strides;
            for (var at = 0; at < ds.Length; at++) ds[at] *= scale;
            for (var i = 0; i < h; i++) Doubles.Write(ds.AsSpan(i * w, w), dSaliency, n * d[0] + i * d[2], d[3]);
        }
    }

    private static double[] Adjoint(double[] u, double[] v, double[] c, int h, int w, double[] k, bool antiCrop)
    {
        var p = k.Length / 2;
        double[] alongX = new double[h * w], forY = new double[h * w], result = new double[h * w];
        for (var i = 0; i < h; i++)
            for (var j = 0; j < w; j++)
            {
                var at = i * w + j;
                if (u[at] == 0 && v[at] == 0) continue;
                for (var t = 0; t < k.Length; t++)
                {
                    var b = j + t - p;
                    var to = i * w + Fold(b, w, antiCrop);
                    alongX[to] += k[t] * (u[at] * b - c[at]);
                    forY[to] += k[t] * v[at];
                }
            }
        for (var i = 0; i < h; i++)
            for (var t = 0; t < k.Length; t++)
            {
                var a = i + t - p;
                var to = Fold(a, h, antiCrop) * w;
                for (var j = 0; j < w; j++) result[to + j] += k[t] * (alongX[i * w + j] + a * forY[i * w + j]);
            }
        return result;
    }

    // The weights of one image as float64; ones, with a scale of 0 for the gradient, when there are none.
    private static bool Plane(TensorView saliency, int n, out double[] s, out double scale)
    {
        int h = saliency.Shape[2], w = saliency.Shape[3];
        s = new double[h * w];
        scale = Scale(saliency, n);
        var strides = saliency.Layout.Strides;
        double total = 0;
        for (var i = 0; i < h; i++) Doubles.Read(saliency, n * strides[0] + i * strides[2], strides[3], s.AsSpan(i * w, w));
        for (var i = 0; i < s.Length; i++)
        {
            s[i] *= scale;
            if (!(s[i] >= 0 && s[i] < double.PositiveInfinity)) return false;
            total += s[i];
        }
        if (total > 0) return true;
        scale = 0;
        Array.Fill(s, 1);
        return true;
    }

    private sealed class PlaneField
    {
        public PlaneField(double[] s, int h, int w, double[] k, bool antiCrop)
        {
            var p = k.Length / 2;
            double[] mass = new double[h * w], moment = new double[h * w], padded = new double[w + 2 * p];
            for (var i = 0; i < h; i++)
            {
                Extend(s.AsSpan(i * w, w), p, antiCrop, padded);
                for (var j = 0; j < w; j++) (mass[i * w + j], moment[i * w + j]) = Moments(k, padded.AsSpan(j));
            }
            double[] m = new double[w], mx = new double[w], my = new double[w];
            (X, Y, Mass, XMoves, YMoves) = (new double[h * w], new double[h * w], new double[h * w], new bool[h * w], new bool[h * w]);
            for (var i = 0; i < h; i++)
            {
                Array.Clear(m);
                Array.Clear(mx);
                Array.Clear(my);
                for (var t = 0; t < k.Length; t++)
                {
                    var from = Fold(i + t - p, h, antiCrop) * w;
                    for (var j = 0; j < w; j++)
                    {
                        var km = k[t] * mass[from + j];
                        m[j] += km;
                        my[j] += km * t;
                        mx[j] += k[t] * moment[from + j];
                    }
                }
                for (var j = 0; j < w; j++)
                {
                    var at = i * w + j;
                    Mass[at] = m[j];
                    var (cx, cy) = m[j] > NoMass ? (j - p + mx[j] / m[j], i - p + my[j] / m[j]) : NearestCell(s, h, w, i, j);
                    (X[at], XMoves[at]) = Place(cx, w, antiCrop, j, m[j]);
                    (Y[at], YMoves[at]) = Place(cy, h, antiCrop, i, m[j]);
                }
            }
        }

        public double[] X { get; }
        public double[] Y { get; }
        public double[] Mass { get; }
        public bool[] XMoves { get; }
        public bool[] YMoves { get; }

        private static (double At, bool Moves) Place(double cell, int n, bool antiCrop, int node, double mass)
        {
            if (antiCrop && node == 0) return (-1, false);
            if (antiCrop && node == n - 1) return (1, false);
            var raw = 2 * cell / (n - 1) - 1;
            return (Math.Clamp(raw, -1, 1), mass > NoMass && raw is >= -1 and <= 1);
        }

        private static (double X, double Y) NearestCell(double[] s, int h, int w, int i, int j)
        {
            var (best, bi, bj) = (long.MaxValue, i, j);
            for (var a = 0; a < h; a++)
                for (var b = 0; b < w; b++)
                {
                    var distance = (long)(a - i) * (a - i) + (long)(b - j) * (b - j);
                    if (s[a * w + b] > 0 && distance < best) (best, bi, bj) = (distance, a, b);
                }
            return (bj, bi);
        }
    }
}
