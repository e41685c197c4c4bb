using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// The inverse of a piecewise bilinear warp. Each tile scatters to the entries in its bounding box, so the work is h·w + H·W on average, whatever way the tile is turned.
// Everything is float64: per tile it costs nothing and it removes the precision question. Tiles run in row-major order and the first one keeps an entry.
internal sealed partial class PlaneWarpKernel
{
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
                    rowX[j] = x.Write(x.Beyond(j) ? j : u * x.IndexScale + x.IndexShift, output.DType == DType.Float32);
                    rowY[j] = y.Write(y.Beyond(i) ? i : v * y.IndexScale + y.IndexShift, output.DType == DType.Float32);
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
                    var tile = At(points, hit.Tile / (columns - 1) * columns + hit.Tile % (columns - 1), columns);
                    var (tx, ty) = tile.SolveTransposed(
                        hit.Mu, hit.Lambda, x.Beyond(j) ? 0 : upX[j] * scaleX, y.Beyond(i) ? 0 : upY[j] * scaleY);
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
                j == 0 ? AxisTable.SnapEnd(x[at], -1) : j == w - 1 ? AxisTable.SnapEnd(x[at], 1) : x[at],
                i == 0 ? AxisTable.SnapEnd(y[at], -1) : i == h - 1 ? AxisTable.SnapEnd(y[at], 1) : y[at]);
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
                var tile = At(nodes, i * columns + j, columns);
                if (!tile.Usable) continue;
                var (left, right) = x.Covering(w, tile.Left, tile.Right);
                var (top, bottom) = y.Covering(h, tile.Top, tile.Bottom);
                for (var a = top; a <= bottom; a++)
                {
                    var py = Math.Min(y.Target(a), 1);
                    for (var b = left; b <= right; b++)
                    {
                        ref var hit = ref hits[a * w + b];
                        if (hit.Tile < 0 && tile.Invert(Math.Min(x.Target(b), 1), py, out var mu, out var lambda))
                            hit = new Hit(i * (columns - 1) + j, mu, lambda);
                    }
                }
            }
        return hits;
    }

    private static WarpTile At((double X, double Y)[] nodes, int first, int columns)
    {
        var (p00, p01, p10, p11) = (nodes[first], nodes[first + 1], nodes[first + columns], nodes[first + columns + 1]);
        return new WarpTile(p00.X, p00.Y, p01.X, p01.Y, p10.X, p10.Y, p11.X, p11.Y);
    }

    private readonly record struct Hit(int Tile, double Mu, double Lambda);
}
