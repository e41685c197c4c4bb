using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// The inverse of a piecewise bilinear warp. Each tile scatters to the entries in its bounding box, so the work is h·w + H·W on average, whatever way the tile is turned.
// Point in tile: p00 + μ c + λ (b + μ d) = x with μ along columns and λ along rows; with M = p00 - x: A μ² + B μ + C = 0, A = c×d, B = c×b + M×d, C = M×b.
// The root wanted satisfies 2Aμ + B = det J, so its sign is the tile's orientation and no branch on A is needed; C/(B + s) cancels nothing.
// Everything is float64: per tile it costs nothing and it removes the precision question. Tiles run in row-major order and the first one keeps an entry.
internal sealed partial class PlaneWarpKernel
{
    private const double Tolerance = 1e-6;
    private const double SmallestArea = 1e-14;

    public void Invert(in AxisTable x, in AxisTable y, TensorView nodes, TensorView output)
    {
        int h = output.Shape[1], w = output.Shape[2];
        var s = output.Layout.Strides;
        double[] rowX = new double[w], rowY = new double[w];
        for (var n = 0; n < output.Shape[0]; n++)
        {
            var hits = Cover(x, y, Nodes(nodes, n), nodes.Shape[1], nodes.Shape[2], h, w);
            for (var i = 0; i < h; i++)
            {
                for (var j = 0; j < w; j++)
                {
                    var hit = hits[i * w + j];
                    if (hit.Tile < 0)
                    {
                        (rowX[j], rowY[j]) = (x.Fill, y.Fill);
                        continue;
                    }
                    var u = (hit.Tile % (nodes.Shape[2] - 1) + hit.Mu) / (nodes.Shape[2] - 1);
                    var v = (hit.Tile / (nodes.Shape[2] - 1) + hit.Lambda) / (nodes.Shape[1] - 1);
                    rowX[j] = x.Write(AxisWarpKernel.Beyond(x, j) ? j : u * x.IndexScale + x.IndexShift, output.DType);
                    rowY[j] = y.Write(AxisWarpKernel.Beyond(y, i) ? i : v * y.IndexScale + y.IndexShift, output.DType);
                }
                Doubles.Write(rowX, output, n * s[0] + i * s[1], s[2]);
                Doubles.Write(rowY, output, n * s[0] + i * s[1] + s[3], s[2]);
            }
        }
    }

    // Implicit function theorem: with J t = upstream transposed, each corner receives -weight · t.
    public void InvertBackward(in AxisTable x, in AxisTable y, TensorView nodes, TensorView dOutput, TensorView dNodes)
    {
        int h = dOutput.Shape[1], w = dOutput.Shape[2], rows = nodes.Shape[1], columns = nodes.Shape[2];
        double scaleX = x.OutScale * x.IndexScale / (columns - 1), scaleY = y.OutScale * y.IndexScale / (rows - 1);
        double[] upX = new double[w], upY = new double[w];
        var s = dOutput.Layout.Strides;
        for (var n = 0; n < dOutput.Shape[0]; n++)
        {
            var points = Nodes(nodes, n);
            var hits = Cover(x, y, points, rows, columns, h, w);
            double[] gx = new double[rows * columns], gy = new double[rows * columns];
            for (var i = 0; i < h; i++)
            {
                Doubles.Read(dOutput, n * s[0] + i * s[1], s[2], upX);
                Doubles.Read(dOutput, n * s[0] + i * s[1] + s[3], s[2], upY);
                for (var j = 0; j < w; j++)
                {
                    var hit = hits[i * w + j];
                    if (hit.Tile < 0) continue;
                    var tile = new Tile(points, hit.Tile / (columns - 1) * columns + hit.Tile % (columns - 1), columns);
                    var (tx, ty) = tile.SolveTransposed(
                        hit.Mu, hit.Lambda, AxisWarpKernel.Beyond(x, j) ? 0 : upX[j] * scaleX, AxisWarpKernel.Beyond(y, i) ? 0 : upY[j] * scaleY);
                    Scatter(hit, columns, -tx, -ty, gx, gy);
                }
            }
            Join(gx, gy, dNodes, n);
        }
    }

    // The four corners of a hit's tile receive their weights of a vector.
    private static void Scatter(Hit hit, int columns, double x, double y, double[] gx, double[] gy)
    {
        var first = hit.Tile / (columns - 1) * columns + hit.Tile % (columns - 1);
        Add(first, (1 - hit.Lambda) * (1 - hit.Mu));
        Add(first + 1, (1 - hit.Lambda) * hit.Mu);
        Add(first + columns, hit.Lambda * (1 - hit.Mu));
        Add(first + columns + 1, hit.Lambda * hit.Mu);

        void Add(int node, double weight)
        {
            gx[node] += weight * x;
            gy[node] += weight * y;
        }
    }

    private static (double X, double Y)[] Nodes(TensorView nodes, int n)
    {
        int h = nodes.Shape[1], w = nodes.Shape[2];
        var (x, y) = Split(nodes, n);
        var points = new (double X, double Y)[h * w];
        for (var at = 0; at < points.Length; at++)
        {
            var (i, j) = (at / w, at % w);
            points[at] = (
                j == 0 ? AxisWarpKernel.SnapEnd(x[at], -1) : j == w - 1 ? AxisWarpKernel.SnapEnd(x[at], 1) : x[at],
                i == 0 ? AxisWarpKernel.SnapEnd(y[at], -1) : i == h - 1 ? AxisWarpKernel.SnapEnd(y[at], 1) : y[at]);
        }
        return points;
    }

    private static Hit[] Cover(in AxisTable x, in AxisTable y, (double X, double Y)[] nodes, int rows, int columns, int h, int w)
    {
        var hits = new Hit[h * w];
        Array.Fill(hits, new Hit(-1, 0, 0));
        for (var i = 0; i < rows - 1; i++)
            for (var j = 0; j < columns - 1; j++)
            {
                var tile = new Tile(nodes, i * columns + j, columns);
                if (!tile.Usable) continue;
                var (left, right) = Entries(x, w, tile.Left, tile.Right);
                var (top, bottom) = Entries(y, h, tile.Top, tile.Bottom);
                for (var a = top; a <= bottom; a++)
                {
                    var py = Math.Min(AxisWarpKernel.Target(y, a), 1);
                    for (var b = left; b <= right; b++)
                    {
                        ref var hit = ref hits[a * w + b];
                        if (hit.Tile < 0 && tile.Invert(Math.Min(AxisWarpKernel.Target(x, b), 1), py, out var mu, out var lambda))
                            hit = new Hit(i * (columns - 1) + j, mu, lambda);
                    }
                }
            }
        return hits;
    }

    // The entries whose targets may lie in [low, high]; one more at each end, so that rounding loses none. Entries beyond the axis count as its last pixel.
    private static (int First, int Last) Entries(in AxisTable table, int count, double low, double high)
    {
        if (table.Extent == 0) return (0, count - 1);
        var first = ((low + 1) / 2 * table.Extent - table.Offset) / table.Stride;
        var last = ((high + 1) / 2 * table.Extent - table.Offset) / table.Stride;
        return ((int)Math.Clamp(Math.Ceiling(first) - 1, 0, count), high >= 1 - Tolerance ? count - 1 : (int)Math.Clamp(Math.Floor(last) + 1, -1, count - 1));
    }

    private readonly record struct Hit(int Tile, double Mu, double Lambda);

    private readonly struct Tile
    {
        private readonly (double X, double Y) _p, _b, _c, _d;
        private readonly double _a;

        public Tile((double X, double Y)[] nodes, int first, int columns)
        {
            var (p00, p01, p10, p11) = (nodes[first], nodes[first + 1], nodes[first + columns], nodes[first + columns + 1]);
            _p = p00;
            _b = (p10.X - p00.X, p10.Y - p00.Y);
            _c = (p01.X - p00.X, p01.Y - p00.Y);
            _d = (p00.X - p10.X - p01.X + p11.X, p00.Y - p10.Y - p01.Y + p11.Y);
            _a = Cross(_c, _d);
            // The signed area: half the cross product of the diagonals.
            Area = Cross((p11.X - p00.X, p11.Y - p00.Y), (p10.X - p01.X, p10.Y - p01.Y)) / 2;
            Left = Math.Min(Math.Min(p00.X, p01.X), Math.Min(p10.X, p11.X));
            Right = Math.Max(Math.Max(p00.X, p01.X), Math.Max(p10.X, p11.X));
            Top = Math.Min(Math.Min(p00.Y, p01.Y), Math.Min(p10.Y, p11.Y));
            Bottom = Math.Max(Math.Max(p00.Y, p01.Y), Math.Max(p10.Y, p11.Y));
        }

        public double Area { get; }

        // Neither flat nor without numbers.
        public bool Usable => Math.Abs(Area) >= SmallestArea && double.IsFinite(Area);

        public double Left { get; }
        public double Right { get; }
        public double Top { get; }
        public double Bottom { get; }

        public bool Invert(double x, double y, out double mu, out double lambda)
        {
            var m = (X: _p.X - x, Y: _p.Y - y);
            double b = Cross(_c, _b) + Cross(m, _d), c = Cross(m, _b);
            var s = Math.CopySign(Math.Sqrt(Math.Max(0, b * b - 4 * _a * c)), Area);
            mu = b * s >= 0 ? -2 * c / (b + s) : (s - b) / (2 * _a);
            lambda = 0;
            if (!(mu >= -Tolerance && mu <= 1 + Tolerance)) return false;
            mu = Math.Clamp(mu, 0, 1);
            double ex = _b.X + mu * _d.X, ey = _b.Y + mu * _d.Y;
            lambda = Math.Abs(ex) > Math.Abs(ey) ? -(m.X + mu * _c.X) / ex : -(m.Y + mu * _c.Y) / ey;
            if (!(lambda >= -Tolerance && lambda <= 1 + Tolerance)) return false;
            lambda = Math.Clamp(lambda, 0, 1);
            return true;
        }

        public bool MayHold(double x, double y) => x >= Left - Tolerance && x <= Right + Tolerance && y >= Top - Tolerance && y <= Bottom + Tolerance;

        // The nearest place on one side (λ = at, or μ = at) and its squared distance.
        public (double Mu, double Lambda, double Distance) OnSide(double x, double y, bool along, double at)
        {
            var from = along ? (X: _p.X + at * _b.X, Y: _p.Y + at * _b.Y) : (X: _p.X + at * _c.X, Y: _p.Y + at * _c.Y);
            var side = along ? (X: _c.X + at * _d.X, Y: _c.Y + at * _d.Y) : (X: _b.X + at * _d.X, Y: _b.Y + at * _d.Y);
            var length = side.X * side.X + side.Y * side.Y;
            var t = length > 0 ? Math.Clamp(((x - from.X) * side.X + (y - from.Y) * side.Y) / length, 0, 1) : 0;
            double dx = from.X + t * side.X - x, dy = from.Y + t * side.Y - y;
            return (along ? t : at, along ? at : t, dx * dx + dy * dy);
        }

        // t with Jᵀ t = (upMu, upLambda); J's columns are the derivatives by μ and λ. 0 where the tile is folded flat at this point.
        public (double X, double Y) SolveTransposed(double mu, double lambda, double upMu, double upLambda)
        {
            var e = (X: _c.X + lambda * _d.X, Y: _c.Y + lambda * _d.Y);
            var f = (X: _b.X + mu * _d.X, Y: _b.Y + mu * _d.Y);
            var det = Cross(e, f);
            return Math.Abs(det) < SmallestArea ? (0, 0) : ((upMu * f.Y - upLambda * e.Y) / det, (upLambda * e.X - upMu * f.X) / det);
        }

        private static double Cross((double X, double Y) a, (double X, double Y) b) => a.X * b.Y - a.Y * b.X;
    }
}
