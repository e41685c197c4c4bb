using ILGPU;
using LzuCore.Gpu.Runtime;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu.Kernels;

// The piecewise bilinear map of the plane and its inverse, float64 inside. Every entry finds its tile itself: it asks the rows of tiles whose bounds hold it, then their tiles in
// row-major order, so the first tile that covers it wins, as on the CPU where tiles scatter. Gradients in two passes: entries note their tile and terms; nodes ask the entries that
// their four tiles may cover, in order.
internal sealed partial class PlaneWarpKernel(Launcher launcher, Backend backend) : IPlaneWarpKernel
{
    public void Evaluate(in AxisTable x, in AxisTable y, TensorView nodes, TensorView output) =>
        launcher.Launch(output.Count / 2, new EvaluateBody(x, y, output.Shape[1], output.Shape[2], nodes.Shape[1], nodes.Shape[2], new(nodes), new(output)), grain: 256);

    public void EvaluateBackward(in AxisTable x, in AxisTable y, TensorView dOutput, TensorView dNodes) =>
        launcher.Launch(dNodes.Count / 2, new EvaluateGradient(x, y, dOutput.Shape[1], dOutput.Shape[2], dNodes.Shape[1], dNodes.Shape[2], new(dOutput), new(dNodes)), grain: 4);

    public void Invert(in AxisTable x, in AxisTable y, TensorView nodes, TensorView output)
    {
        var tiles = new Tiles(nodes);
        using var rows = RowBounds(tiles, nodes.Shape[0]);
        launcher.Launch(output.Count / 2, new InvertBody(x, y, output.Shape[1], output.Shape[2], tiles, rows.Elements<double>(), new(output)), grain: 64);
    }

    // Implicit function theorem: with J t = upstream transposed, each corner receives -weight · t.
    public void InvertBackward(in AxisTable x, in AxisTable y, TensorView nodes, TensorView dOutput, TensorView dNodes)
    {
        var tiles = new Tiles(nodes);
        using var rows = RowBounds(tiles, nodes.Shape[0]);
        using var terms = new Scratch(backend, DType.Float64, dOutput.Count / 2 * TileTerm.Stride);
        launcher.Launch(dOutput.Count / 2, new InvertTerms(x, y, dOutput.Shape[1], dOutput.Shape[2], tiles, rows.Elements<double>(), new(dOutput), terms.Elements<double>()), grain: 64);
        launcher.Launch(dNodes.Count / 2, new InvertGradient(x, y, dOutput.Shape[1], dOutput.Shape[2], tiles, terms.Elements<double>(), new(dNodes)), grain: 4);
    }

    private Scratch RowBounds(Tiles tiles, int images)
    {
        var bounds = new Scratch(backend, DType.Float64, 2L * images * tiles.TileRows);
        launcher.Launch((long)images * tiles.TileRows, new BoundsBody(tiles, bounds.Elements<double>()), grain: 4);
        return bounds;
    }

    /// <summary>Nodes [N, h, w, 2] as tiles; border nodes within 1e-5 of ±1 count as ±1.</summary>
    internal readonly struct Tiles(TensorView view)
    {
        private readonly Numbers _nodes = new(view);
        private readonly int _rows = view.Shape[1], _columns = view.Shape[2];

        public int Rows => _rows;

        public int Columns => _columns;

        public int TileRows => _rows - 1;

        public int TileColumns => _columns - 1;

        public double X(int n, int i, int j)
        {
            var x = _nodes.Get(n, i, j, 0);
            return j == 0 ? AxisTable.SnapEnd(x, -1) : j == _columns - 1 ? AxisTable.SnapEnd(x, 1) : x;
        }

        public double Y(int n, int i, int j)
        {
            var y = _nodes.Get(n, i, j, 1);
            return i == 0 ? AxisTable.SnapEnd(y, -1) : i == _rows - 1 ? AxisTable.SnapEnd(y, 1) : y;
        }

        public WarpTile At(int n, int i, int j) => new(X(n, i, j), Y(n, i, j), X(n, i, j + 1), Y(n, i, j + 1), X(n, i + 1, j), Y(n, i + 1, j), X(n, i + 1, j + 1), Y(n, i + 1, j + 1));

        /// <summary>The first tile that holds a point; tile -1 where none does. <paramref name="bounds"/>: lowest and highest y of every row of tiles.</summary>
        public TileHit Find(int n, double x, double y, ArrayView<double> bounds)
        {
            for (var i = 0; i < TileRows; i++)
            {
                var row = 2 * ((long)n * TileRows + i);
                if (!(y >= bounds[row] - WarpTile.Tolerance && y <= bounds[row + 1] + WarpTile.Tolerance)) continue;
                for (var j = 0; j < TileColumns; j++)
                {
                    var tile = At(n, i, j);
                    if (tile.MayHold(x, y) && tile.Usable && tile.Invert(x, y, out var mu, out var lambda)) return new TileHit(i * TileColumns + j, mu, lambda);
                }
            }
            return new TileHit(-1, 0, 0);
        }
    }

    /// <summary>A tile's number and the place in it.</summary>
    internal readonly record struct TileHit(int Tile, double Mu, double Lambda);

    internal readonly struct BoundsBody(Tiles tiles, ArrayView<double> bounds) : IKernelBody
    {
        public void Run(int index)
        {
            var n = index / tiles.TileRows;
            var i = index - n * tiles.TileRows;
            double low = double.PositiveInfinity, high = double.NegativeInfinity;
            for (var j = 0; j < tiles.Columns; j++)
                for (var side = 0; side < 2; side++)
                {
                    var y = tiles.Y(n, i + side, j);
                    if (y < low) low = y;
                    if (y > high) high = y;
                }
            bounds[2L * index] = low;
            bounds[2L * index + 1] = high;
        }
    }

    internal readonly struct EvaluateBody(AxisTable x, AxisTable y, int h, int w, int rows, int columns, Numbers nodes, Numbers output) : IKernelBody
    {
        public void Run(int index)
        {
            var line = index / w;
            var n = line / h;
            int i = line - n * h, j = index - line * w;
            var (r, t) = y.Locate(i, rows);
            var (c, f) = x.Locate(j, columns);
            output.Set(x.Write(Blend(n, r, c, t, f, 0) * x.IndexScale + x.IndexShift, output.IsSingle), n, i, j, 0);
            output.Set(y.Write(Blend(n, r, c, t, f, 1) * y.IndexScale + y.IndexShift, output.IsSingle), n, i, j, 1);
        }

        private double Blend(int n, int r, int c, double t, double f, int axis)
        {
            double a = nodes.Get(n, r, c, axis), b = nodes.Get(n, r + 1, c, axis);
            double top = a + f * (nodes.Get(n, r, c + 1, axis) - a), bottom = b + f * (nodes.Get(n, r + 1, c + 1, axis) - b);
            return (top + t * (bottom - top) + 1) / 2;
        }
    }

    internal readonly struct EvaluateGradient(AxisTable x, AxisTable y, int h, int w, int rows, int columns, Numbers dy, Numbers dNodes) : IKernelBody
    {
        public void Run(int index)
        {
            var line = index / columns;
            var n = line / rows;
            int r = line - n * rows, c = index - line * columns;
            // Entries ascend, so those of the two tiles beside a node are one run on either axis.
            int left = First(x, w, columns, c - 1), right = First(x, w, columns, c + 1), top = First(y, h, rows, r - 1), bottom = First(y, h, rows, r + 1);
            double gx = 0, gy = 0;
            for (var i = top; i < bottom; i++)
            {
                var (tile, t) = y.Locate(i, rows);
                var down = tile == r ? 1 - t : t;
                for (var j = left; j < right; j++)
                {
                    var (column, f) = x.Locate(j, columns);
                    var weight = down * (column == c ? 1 - f : f);
                    gx += weight * dy.Get(n, i, j, 0);
                    gy += weight * dy.Get(n, i, j, 1);
                }
            }
            dNodes.Set(gx * (x.OutScale * x.IndexScale / 2), n, r, c, 0);
            dNodes.Set(gy * (y.OutScale * y.IndexScale / 2), n, r, c, 1);
        }

        // The first entry in a tile or behind it.
        private static int First(AxisTable table, int entries, int nodes, int tile)
        {
            int low = 0, high = entries;
            while (low < high)
            {
                var middle = (low + high) / 2;
                var (at, _) = table.Locate(middle, nodes);
                if (at >= tile) high = middle;
                else low = middle + 1;
            }
            return low;
        }
    }

    internal readonly struct InvertBody(AxisTable x, AxisTable y, int h, int w, Tiles tiles, ArrayView<double> bounds, Numbers output) : IKernelBody
    {
        public void Run(int index)
        {
            var line = index / w;
            var n = line / h;
            int i = line - n * h, j = index - line * w;
            var hit = Hit(x, y, i, j, n, tiles, bounds);
            if (hit.Tile < 0)
            {
                output.Set(x.Fill, n, i, j, 0);
                output.Set(y.Fill, n, i, j, 1);
                return;
            }
            var row = hit.Tile / tiles.TileColumns;
            double u = (hit.Tile - row * tiles.TileColumns + hit.Mu) / tiles.TileColumns, v = (row + hit.Lambda) / tiles.TileRows;
            output.Set(x.Write(x.Beyond(j) ? j : u * x.IndexScale + x.IndexShift, output.IsSingle), n, i, j, 0);
            output.Set(y.Write(y.Beyond(i) ? i : v * y.IndexScale + y.IndexShift, output.IsSingle), n, i, j, 1);
        }
    }

    // Entries beyond an axis look for its last pixel.
    private static TileHit Hit(AxisTable x, AxisTable y, int i, int j, int n, Tiles tiles, ArrayView<double> bounds)
    {
        double tx = x.Target(j), ty = y.Target(i);
        return tiles.Find(n, tx > 1 ? 1 : tx, ty > 1 ? 1 : ty, bounds);
    }

    /// <summary>What an entry adds to its tile's corners: tile, place, vector; inside kernels.</summary>
    internal readonly struct TileTerm(ArrayView<double> terms)
    {
        public const int Stride = 5;
        private readonly ArrayView<double> _terms = terms;

        public void Set(long entry, TileHit hit, double x, double y)
        {
            var at = entry * Stride;
            _terms[at] = hit.Tile;
            _terms[at + 1] = hit.Mu;
            _terms[at + 2] = hit.Lambda;
            _terms[at + 3] = x;
            _terms[at + 4] = y;
        }

        public int Tile(long entry) => (int)_terms[entry * Stride];

        public double X(long entry) => _terms[entry * Stride + 3];

        public double Y(long entry) => _terms[entry * Stride + 4];

        /// <summary>How much of an entry goes to node (r, c): 0 unless the node is a corner of its tile.</summary>
        public double Weight(long entry, int r, int c, int tileColumns)
        {
            var tile = Tile(entry);
            var row = tile / tileColumns;
            int down = r - row, right = c - (tile - row * tileColumns);
            if (tile < 0 || down < 0 || down > 1 || right < 0 || right > 1) return 0;
            double mu = _terms[entry * Stride + 1], lambda = _terms[entry * Stride + 2];
            return (down == 0 ? 1 - lambda : lambda) * (right == 0 ? 1 - mu : mu);
        }
    }

    internal readonly struct InvertTerms(AxisTable x, AxisTable y, int h, int w, Tiles tiles, ArrayView<double> bounds, Numbers dy, ArrayView<double> terms) : IKernelBody
    {
        public void Run(int index)
        {
            var line = index / w;
            var n = line / h;
            int i = line - n * h, j = index - line * w;
            var hit = Hit(x, y, i, j, n, tiles, bounds);
            double tx = 0, ty = 0;
            if (hit.Tile >= 0)
            {
                var row = hit.Tile / tiles.TileColumns;
                var tile = tiles.At(n, row, hit.Tile - row * tiles.TileColumns);
                (tx, ty) = tile.SolveTransposed(hit.Mu, hit.Lambda, x.Beyond(j) ? 0 : dy.Get(n, i, j, 0) * (x.OutScale * x.IndexScale / tiles.TileColumns),
                    y.Beyond(i) ? 0 : dy.Get(n, i, j, 1) * (y.OutScale * y.IndexScale / tiles.TileRows));
            }
            new TileTerm(terms).Set(index, hit, -tx, -ty);
        }
    }

    internal readonly struct InvertGradient(AxisTable x, AxisTable y, int h, int w, Tiles tiles, ArrayView<double> terms, Numbers dNodes) : IKernelBody
    {
        public void Run(int index)
        {
            var line = index / tiles.Columns;
            var n = line / tiles.Rows;
            int r = line - n * tiles.Rows, c = index - line * tiles.Columns;
            int left = w, right = -1, top = h, bottom = -1;
            for (var corner = 0; corner < 4; corner++)
            {
                int i = r - corner / 2, j = c - corner % 2;
                if (i < 0 || j < 0 || i >= tiles.TileRows || j >= tiles.TileColumns) continue;
                var tile = tiles.At(n, i, j);
                if (!tile.Usable) continue;
                var (firstColumn, lastColumn) = x.Covering(w, tile.Left, tile.Right);
                var (firstRow, lastRow) = y.Covering(h, tile.Top, tile.Bottom);
                left = firstColumn < left ? firstColumn : left;
                right = lastColumn > right ? lastColumn : right;
                top = firstRow < top ? firstRow : top;
                bottom = lastRow > bottom ? lastRow : bottom;
            }
            var term = new TileTerm(terms);
            double gx = 0, gy = 0;
            for (var i = top; i <= bottom; i++)
                for (var j = left; j <= right; j++)
                {
                    var entry = ((long)n * h + i) * w + j;
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
