using ILGPU;
using LzuCore.Gpu.Runtime;
using LzuCore.Memory;

namespace LzuCore.Gpu.Kernels;

// The inverse of a piecewise bilinear warp at points that lie anywhere, one thread per point. A point that no tile holds goes to the nearest side of a tile.
internal sealed partial class PlaneWarpKernel
{
    public void InvertAt(TensorView nodes, TensorView points, TensorView output)
    {
        var tiles = new Tiles(nodes);
        using var rows = RowBounds(tiles, nodes.Shape[0]);
        launcher.Launch((long)points.Shape[0] * points.Shape[1], new InvertAtBody(points.Shape[1], tiles, rows.Elements<double>(), new(points), new(output)), grain: 16);
    }

    // With J t = upstream transposed: t is the point's gradient, and each corner receives -weight · t.
    public void InvertAtBackward(TensorView nodes, TensorView points, TensorView dOutput, TensorView? dNodes, TensorView? dPoints)
    {
        var tiles = new Tiles(nodes);
        using var rows = RowBounds(tiles, nodes.Shape[0]);
        using var terms = new Scratch(backend, DType.Float64, (long)points.Shape[0] * points.Shape[1] * TileTerm.Stride);
        launcher.Launch((long)points.Shape[0] * points.Shape[1], new InvertAtTerms(points.Shape[1], tiles, rows.Elements<double>(), new(points), new(dOutput),
            dPoints is null ? 0 : 1, new(dPoints ?? dOutput), terms.Elements<double>()), grain: 16);
        if (dNodes is { } dn) launcher.Launch(dn.Count / 2, new InvertAtGradient(points.Shape[1], tiles, terms.Elements<double>(), new(dn)), grain: 4);
    }

    private static double Clamp(double v) => v < -1 ? -1 : v > 1 ? 1 : v;

    internal readonly struct InvertAtBody(int count, Tiles tiles, ArrayView<double> bounds, Numbers points, Numbers output) : IKernelBody
    {
        public void Run(int index)
        {
            var n = index / count;
            var i = index - n * count;
            double x = Clamp(points.Get(n, i, 0)), y = Clamp(points.Get(n, i, 1));
            var hit = tiles.Find(n, x, y, bounds);
            if (hit.Tile < 0) hit = Nearest(n, x, y);
            if (hit.Tile < 0)
            {
                output.Set(double.NaN, n, i, 0);
                output.Set(double.NaN, n, i, 1);
                return;
            }
            var row = hit.Tile / tiles.TileColumns;
            output.Set(2 * (hit.Tile - row * tiles.TileColumns + hit.Mu) / tiles.TileColumns - 1, n, i, 0);
            output.Set(2 * (row + hit.Lambda) / tiles.TileRows - 1, n, i, 1);
        }

        // The nearest place on the tiles' sides; tile -1 where no distance is a number.
        private TileHit Nearest(int n, double x, double y)
        {
            var best = new TileHit(-1, 0, 0);
            var least = double.PositiveInfinity;
            for (var t = 0; t < tiles.TileRows * tiles.TileColumns; t++)
            {
                var tile = tiles.At(n, t / tiles.TileColumns, t % tiles.TileColumns);
                for (var side = 0; side < 4; side++)
                {
                    var (mu, lambda, distance) = tile.OnSide(x, y, side < 2, side % 2);
                    if (!(distance < least)) continue;
                    least = distance;
                    best = new TileHit(t, mu, lambda);
                }
            }
            return best;
        }
    }

    internal readonly struct InvertAtTerms(int count, Tiles tiles, ArrayView<double> bounds, Numbers points, Numbers dy, int wantsPoints, Numbers dPoints, ArrayView<double> terms) : IKernelBody
    {
        public void Run(int index)
        {
            var n = index / count;
            var i = index - n * count;
            double px = points.Get(n, i, 0), py = points.Get(n, i, 1), x = Clamp(px), y = Clamp(py), tx = 0, ty = 0;
            var hit = tiles.Find(n, x, y, bounds);
            if (hit.Tile >= 0)
            {
                var row = hit.Tile / tiles.TileColumns;
                var tile = tiles.At(n, row, hit.Tile - row * tiles.TileColumns);
                (tx, ty) = tile.SolveTransposed(hit.Mu, hit.Lambda, dy.Get(n, i, 0) * 2 / tiles.TileColumns, dy.Get(n, i, 1) * 2 / tiles.TileRows);
            }
            new TileTerm(terms).Set(index, hit, -tx, -ty);
            if (wantsPoints == 0) return;
            dPoints.Set(x == px ? tx : 0, n, i, 0);
            dPoints.Set(y == py ? ty : 0, n, i, 1);
        }
    }

    internal readonly struct InvertAtGradient(int count, Tiles tiles, ArrayView<double> terms, Numbers dNodes) : IKernelBody
    {
        public void Run(int index)
        {
            var line = index / tiles.Columns;
            var n = line / tiles.Rows;
            int r = line - n * tiles.Rows, c = index - line * tiles.Columns;
            var term = new TileTerm(terms);
            double gx = 0, gy = 0;
            for (var i = 0; i < count; i++)
            {
                var entry = (long)n * count + i;
                var weight = term.Weight(entry, r, c, tiles.TileColumns);
                if (weight == 0) continue;
                gx += weight * term.X(entry);
                gy += weight * term.Y(entry);
            }
            dNodes.Set(gx, n, r, c, 0);
            dNodes.Set(gy, n, r, c, 1);
        }
    }
}
