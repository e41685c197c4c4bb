using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// The inverse of a piecewise bilinear warp at points that lie anywhere: each asks the tiles in row-major order whose bounding box holds it. Points are few (corners of
// boxes), so nothing is scattered. A point that no tile holds goes to the nearest side of a tile.
internal sealed partial class PlaneWarpKernel
{
    public void InvertAt(TensorView nodes, TensorView points, TensorView output)
    {
        for (var n = 0; n < points.Shape[0]; n++)
        {
            var tiles = new TileList(Nodes(nodes, n), nodes.Shape[1], nodes.Shape[2]);
            var (x, y) = Points(points, n);
            for (var i = 0; i < x.Length; i++)
            {
                double px = Math.Clamp(x[i], -1, 1), py = Math.Clamp(y[i], -1, 1);
                var hit = tiles.Find(px, py);
                if (hit.Tile < 0) hit = tiles.Nearest(px, py);
                (x[i], y[i]) = hit.Tile < 0 ? (double.NaN, double.NaN) : tiles.Parameter(hit);
            }
            Write(x, y, output, n);
        }
    }

    // With J t = upstream transposed: t is the point's gradient, and each corner receives -weight · t.
    public void InvertAtBackward(TensorView nodes, TensorView points, TensorView dOutput, TensorView? dNodes, TensorView? dPoints)
    {
        int rows = nodes.Shape[1], columns = nodes.Shape[2];
        for (var n = 0; n < points.Shape[0]; n++)
        {
            var tiles = new TileList(Nodes(nodes, n), rows, columns);
            var (x, y) = Points(points, n);
            var (upX, upY) = Points(dOutput, n);
            double[] gx = new double[rows * columns], gy = new double[rows * columns];
            for (var i = 0; i < x.Length; i++)
            {
                double px = Math.Clamp(x[i], -1, 1), py = Math.Clamp(y[i], -1, 1);
                var (insideX, insideY) = (px == x[i], py == y[i]);
                var hit = tiles.Find(px, py);
                (x[i], y[i]) = (0, 0);
                if (hit.Tile < 0) continue;
                var (tx, ty) = tiles[hit.Tile].SolveTransposed(hit.Mu, hit.Lambda, upX[i] * 2 / (columns - 1), upY[i] * 2 / (rows - 1));
                (x[i], y[i]) = (insideX ? tx : 0, insideY ? ty : 0);
                Scatter(hit, columns, -tx, -ty, gx, gy);
            }
            if (dPoints is { } dp) Write(x, y, dp, n);
            if (dNodes is { } dn) Join(gx, gy, dn, n);
        }
    }

    private static (double[] X, double[] Y) Points(TensorView points, int n)
    {
        double[] x = new double[points.Shape[1]], y = new double[points.Shape[1]];
        var s = points.Layout.Strides;
        Doubles.Read(points, n * s[0], s[1], x);
        Doubles.Read(points, n * s[0] + s[2], s[1], y);
        return (x, y);
    }

    private static void Write(double[] x, double[] y, TensorView points, int n)
    {
        var s = points.Layout.Strides;
        Doubles.Write(x, points, n * s[0], s[1]);
        Doubles.Write(y, points, n * s[0] + s[2], s[1]);
    }

    // The tiles of one image.
    private readonly struct TileList
    {
        private readonly WarpTile[] _tiles;
        private readonly int _rows, _columns;

        public TileList((double X, double Y)[] nodes, int rows, int columns)
        {
            (_rows, _columns) = (rows - 1, columns - 1);
            _tiles = new WarpTile[_rows * _columns];
            for (var t = 0; t < _tiles.Length; t++) _tiles[t] = At(nodes, t / _columns * columns + t % _columns, columns);
        }

        public WarpTile this[int tile] => _tiles[tile];

        /// <summary>The first tile that holds a point; tile -1 where none does.</summary>
        public Hit Find(double x, double y)
        {
            for (var t = 0; t < _tiles.Length; t++)
                if (_tiles[t].Usable && _tiles[t].MayHold(x, y) && _tiles[t].Invert(x, y, out var mu, out var lambda)) return new Hit(t, mu, lambda);
            return new Hit(-1, 0, 0);
        }

        /// <summary>The nearest place on the tiles' sides; tile -1 where no distance is a number.</summary>
        public Hit Nearest(double x, double y)
        {
            var (best, least) = (new Hit(-1, 0, 0), double.PositiveInfinity);
            for (var t = 0; t < _tiles.Length; t++)
                foreach (var (mu, lambda, distance) in (ReadOnlySpan<(double, double, double)>)[_tiles[t].OnSide(x, y, along: true, 0), _tiles[t].OnSide(x, y, along: true, 1), _tiles[t].OnSide(x, y, along: false, 0), _tiles[t].OnSide(x, y, along: false, 1)])
                    if (distance < least) (best, least) = (new Hit(t, mu, lambda), distance);
            return best;
        }

        /// <summary>A hit's place in the zoomed image, normalised.</summary>
        public (double X, double Y) Parameter(Hit hit) =>
            (2 * (hit.Tile % _columns + hit.Mu) / _columns - 1, 2 * (hit.Tile / _columns + hit.Lambda) / _rows - 1);
    }
}
