using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Warping;

/// <summary>What a warp does: folds, Jacobian, magnification, round trip. For people and tests to look at.</summary>
/// <param name="Folds">Cells (row, column) with a corner whose Jacobian is below -1e-6 of the identity's: the image is mirrored there and hidden behind itself.</param>
/// <param name="FlatCells">Cells with a corner whose Jacobian is within 1e-6 of zero: a whole strip of the zoomed image shows one line or point.</param>
/// <param name="SmallestJacobian">Least corner Jacobian over all cells, 1 for the identity: original area over zoomed area.</param>
/// <param name="SmallestMagnification">Least magnification of a cell: zoomed area over original area, by the cell's own area.</param>
/// <param name="LargestMagnification">Greatest magnification of a cell.</param>
/// <param name="Magnification">[h - 1, w - 1]: magnification of every cell; infinite for flat ones.</param>
/// <param name="RoundTripPixels">Greatest |T⁻¹(T(u)) - u| over the pixels u of a zoomed image, in its pixels; NaN when nothing was measured.</param>
public sealed record WarpDiagnostics(
    IReadOnlyList<(int Row, int Column)> Folds,
    int FlatCells,
    double SmallestJacobian,
    double SmallestMagnification,
    double LargestMagnification,
    Tensor Magnification,
    double RoundTripPixels)
{
    // Of the identity's Jacobian: float32 nodes of a uniform map wobble by less.
    private const double Flat = 1e-6;

    /// <summary>Looks at one image's warp.</summary>
    /// <param name="warp">The warp.</param>
    /// <param name="zoomed">The zoomed size at whose pixels the round trip of a separable warp is measured.</param>
    /// <param name="image">Which image of the batch.</param>
    /// <exception cref="ArgumentValueException">There is no such image.</exception>
    public static WarpDiagnostics Of(WarpGrid warp, Size2 zoomed, int image = 0)
    {
        Check.That(image >= 0 && image < warp.Batch, $"warp_diagnostics: image must be below the batch {warp.Batch}, got {image}.");
        using var off = Grad.Off();
        var one = warp.Image(image).To(Device.Cpu);
        int h = one.Size.Height, w = one.Size.Width;
        var nodes = one.Nodes.To(DType.Float64).ToArray<double>();
        var folds = new List<(int, int)>();
        var magnification = new double[(h - 1) * (w - 1)];
        var (least, flat) = (double.PositiveInfinity, 0);
        // A cell of the identity spans 2/(w-1) × 2/(h-1).
        double unit = (w - 1) * (h - 1) / 4.0;
        for (var i = 0; i < h - 1; i++)
            for (var j = 0; j < w - 1; j++)
            {
                var (p00, p01, p10, p11) = (At(i, j), At(i, j + 1), At(i + 1, j), At(i + 1, j + 1));
                double a = Cross(p00, p01, p10), b = Cross(p01, p11, p00), c = Cross(p10, p00, p11), d = Cross(p11, p10, p01);
                var corner = Math.Min(Math.Min(a, b), Math.Min(c, d)) * unit;
                least = Math.Min(least, corner);
                if (corner < -Flat) folds.Add((i, j));
                else if (corner < Flat) flat++;
                magnification[i * (w - 1) + j] = 1 / Math.Max(0, (a + d) / 2 * unit);
            }
        return new WarpDiagnostics(
            folds, flat, least, magnification.Min(), magnification.Max(), Tensor.From(magnification, [h - 1, w - 1]), RoundTrip(one, zoomed));

        (double X, double Y) At(int i, int j) => (nodes[2 * (i * w + j)], nodes[2 * (i * w + j) + 1]);
    }

    // At o, the edges to the next corner clockwise along x and along y, taken so that the identity's is positive.
    private static double Cross((double X, double Y) o, (double X, double Y) p, (double X, double Y) q) =>
        (p.X - o.X) * (q.Y - o.Y) - (p.Y - o.Y) * (q.X - o.X);

    // Along x and y alone: pixels of flat cells have no place to return to and are left out.
    private static double RoundTrip(WarpGrid warp, Size2 zoomed)
    {
        if (!warp.IsSeparable) return double.NaN;
        return Math.Max(Axis(warp.PreciseKnots.X, zoomed.Width), Axis(warp.PreciseKnots.Y, zoomed.Height));

        static double Axis(Tensor knots, int count)
        {
            var g = knots.To(DType.Float64).ToArray<double>();
            var worst = 0.0;
            var u = Enumerable.Range(0, count).Select(i => count == 1 ? 0 : (double)i / (count - 1) * (g.Length - 1)).ToArray();
            var there = u.Select(at => (Tile: Math.Min((int)at, g.Length - 2), At: at)).Select(t => g[t.Tile] + (t.At - t.Tile) * (g[t.Tile + 1] - g[t.Tile])).ToArray();
            var back = F.InvertKnotsAt(knots.To(DType.Float64), Tensor.From(there, [1, count])).ToArray<double>();
            for (var i = 0; i < count; i++)
            {
                var tile = Math.Min((int)u[i], g.Length - 2);
                if (g[tile + 1] - g[tile] < Flat * 2 / (g.Length - 1)) continue;
                worst = Math.Max(worst, Math.Abs((back[i] + 1) / 2 - u[i] / (g.Length - 1)) * (count - 1));
            }
            return worst;
        }
    }
}
