using ILGPU;
using LzuCore.Gpu.Runtime;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu.Kernels;

// One axis of a separable warp, one thread per entry; a thread finds its tile by walking the knots, which are a few dozen and in cache. Gradients in two passes: every
// entry notes its tile and the two terms it has for the tile's knots; every knot adds its terms in the order of the entries.
internal sealed class AxisWarpKernel(Launcher launcher, Backend backend) : IAxisWarpKernel
{
    public void Evaluate(in AxisTable table, TensorView knots, TensorView output) =>
        launcher.Launch(output.Count, new EvaluateBody(table, knots.Shape[1], output.Shape[1], new(knots), new(output)), grain: 256);

    public void EvaluateBackward(in AxisTable table, TensorView dOutput, TensorView dKnots)
    {
        using var terms = new KnotTerms(backend, dOutput.Count);
        launcher.Launch(dOutput.Count, new EvaluateTerms(table, dKnots.Shape[1], dOutput.Shape[1], new(dOutput), terms.Tiles, terms.First, terms.Second), grain: 256);
        Collect(terms, dOutput.Shape[1], dKnots);
    }

    public void Invert(in AxisTable table, TensorView knots, TensorView output) =>
        launcher.Launch(output.Count, new InvertBody(table, output.Shape[1], new(knots), new(output)), grain: 64);

    public void InvertBackward(in AxisTable table, TensorView knots, TensorView dOutput, TensorView dKnots)
    {
        using var terms = new KnotTerms(backend, dOutput.Count);
        launcher.Launch(dOutput.Count, new InvertTerms(table, dOutput.Shape[1], new(knots), new(dOutput), terms.Tiles, terms.First, terms.Second), grain: 64);
        Collect(terms, dOutput.Shape[1], dKnots);
    }

    public void InvertAt(TensorView knots, TensorView points, TensorView output) =>
        launcher.Launch(output.Count, new InvertAtBody(points.Shape[1], new(knots), new(points), new(output)), grain: 64);

    public void InvertAtBackward(TensorView knots, TensorView points, TensorView dOutput, TensorView? dKnots, TensorView? dPoints)
    {
        using var terms = new KnotTerms(backend, dOutput.Count);
        launcher.Launch(dOutput.Count, new InvertAtTerms(points.Shape[1], new(knots), new(points), new(dOutput), dPoints is null ? 0 : 1, new(dPoints ?? dOutput), terms.Tiles, terms.First, terms.Second), grain: 64);
        if (dKnots is { } dk) Collect(terms, points.Shape[1], dk);
    }

    private void Collect(KnotTerms terms, int entries, TensorView dKnots) =>
        launcher.Launch(dKnots.Count, new CollectBody(entries, dKnots.Shape[1], terms.Tiles, terms.First, terms.Second, new(dKnots)), grain: 4);

    /// <summary>Per entry: its tile (-1: none) and its terms for the tile's first and second knot.</summary>
    private readonly struct KnotTerms(Backend backend, long count) : IDisposable
    {
        private readonly Scratch _tiles = new(backend, DType.Int32, count), _first = new(backend, DType.Float64, count), _second = new(backend, DType.Float64, count);

        public ArrayView<int> Tiles => _tiles.Elements<int>();

        public ArrayView<double> First => _first.Elements<double>();

        public ArrayView<double> Second => _second.Elements<double>();

        public void Dispose()
        {
            _tiles.Dispose();
            _first.Dispose();
            _second.Dispose();
        }
    }

    /// <summary>Knots [N, n] with their ends on ±1 where they nearly are, and the search for a tile.</summary>
    internal readonly struct Knots(TensorView view)
    {
        private readonly Numbers _g = new(view);
        private readonly int _count = view.Shape[1];

        public int Count => _count;

        public double At(int n, int i)
        {
            var g = _g.Get(n, i);
            return i == 0 ? AxisTable.SnapEnd(g, -1) : i == _count - 1 ? AxisTable.SnapEnd(g, 1) : g;
        }

        /// <summary>The last tile of positive width that begins at or before a target within the knots; -1 where there is none.</summary>
        public int Tile(int n, double target)
        {
            if (!(target >= At(n, 0) && target <= At(n, _count - 1))) return -1;
            var tile = -1;
            for (var i = 0; i < _count - 1; i++)
            {
                double left = At(n, i), right = At(n, i + 1);
                if (!(left <= target)) break;
                if (right > left) tile = i;
            }
            return tile;
        }

        /// <summary>Where in a tile a target lies, 0 to 1.</summary>
        public double Within(int n, int tile, double target)
        {
            double left = At(n, tile), t = (target - left) / (At(n, tile + 1) - left);
            return t < 0 ? 0 : t > 1 ? 1 : t;
        }

        public double Width(int n, int tile) => At(n, tile + 1) - At(n, tile);
    }

    internal readonly struct EvaluateBody(AxisTable table, int knots, int entries, Numbers g, Numbers y) : IKernelBody
    {
        public void Run(int index)
        {
            var n = index / entries;
            var i = index - n * entries;
            var (tile, t) = table.Locate(i, knots);
            double left = g.Get(n, tile), right = g.Get(n, tile + 1);
            y.Set(table.Write((left + t * (right - left) + 1) / 2 * table.IndexScale + table.IndexShift, y.IsSingle), n, i);
        }
    }

    internal readonly struct EvaluateTerms(AxisTable table, int knots, int entries, Numbers dy, ArrayView<int> tiles, ArrayView<double> first, ArrayView<double> second) : IKernelBody
    {
        public void Run(int index)
        {
            var n = index / entries;
            var i = index - n * entries;
            var (tile, t) = table.Locate(i, knots);
            var d = dy.Get(n, i) * table.OutScale * table.IndexScale / 2;
            tiles[index] = tile;
            first[index] = (1 - t) * d;
            second[index] = t * d;
        }
    }

    internal readonly struct InvertBody(AxisTable table, int entries, Knots g, Numbers y) : IKernelBody
    {
        public void Run(int index)
        {
            var n = index / entries;
            var i = index - n * entries;
            if (table.Beyond(i))
            {
                y.Set(table.Write(i, y.IsSingle), n, i);
                return;
            }
            var target = table.Target(i);
            var tile = g.Tile(n, target);
            y.Set(tile < 0 ? table.Fill : table.Write((tile + g.Within(n, tile, target)) / (g.Count - 1) * table.IndexScale + table.IndexShift, y.IsSingle), n, i);
        }
    }

    internal readonly struct InvertTerms(AxisTable table, int entries, Knots g, Numbers dy, ArrayView<int> tiles, ArrayView<double> first, ArrayView<double> second) : IKernelBody
    {
        public void Run(int index)
        {
            var n = index / entries;
            var i = index - n * entries;
            var target = table.Target(i);
            var tile = table.Beyond(i) ? -1 : g.Tile(n, target);
            tiles[index] = tile;
            if (tile < 0) return;
            double t = g.Within(n, tile, target), d = dy.Get(n, i) * (table.OutScale * table.IndexScale / (g.Count - 1)) / g.Width(n, tile);
            first[index] = -(1 - t) * d;
            second[index] = -t * d;
        }
    }

    internal readonly struct InvertAtBody(int points, Knots g, Numbers p, Numbers y) : IKernelBody
    {
        public void Run(int index)
        {
            var n = index / points;
            var i = index - n * points;
            double target = p.Get(n, i), low = g.At(n, 0), high = g.At(n, g.Count - 1);
            if (target < low) target = low;
            else if (target > high) target = high > low ? high : low;
            var tile = g.Tile(n, target);
            y.Set(tile < 0 ? double.NaN : 2 * ((tile + g.Within(n, tile, target)) / (g.Count - 1)) - 1, n, i);
        }
    }

    internal readonly struct InvertAtTerms(int points, Knots g, Numbers p, Numbers dy, int wantsPoints, Numbers dp, ArrayView<int> tiles, ArrayView<double> first, ArrayView<double> second) : IKernelBody
    {
        public void Run(int index)
        {
            var n = index / points;
            var i = index - n * points;
            var target = p.Get(n, i);
            var tile = g.Tile(n, target);
            tiles[index] = tile;
            double d = 0;
            if (tile >= 0)
            {
                var t = g.Within(n, tile, target);
                d = dy.Get(n, i) * 2 / (g.Count - 1) / g.Width(n, tile);
                first[index] = -(1 - t) * d;
                second[index] = -t * d;
            }
            if (wantsPoints != 0) dp.Set(d, n, i);
        }
    }

    internal readonly struct CollectBody(int entries, int knots, ArrayView<int> tiles, ArrayView<double> first, ArrayView<double> second, Numbers dg) : IKernelBody
    {
        public void Run(int index)
        {
            var n = index / knots;
            var knot = index - n * knots;
            double total = 0;
            for (var at = (long)n * entries; at < (n + 1L) * entries; at++)
            {
                var tile = tiles[at];
                if (tile < 0) continue;
                if (tile == knot) total += first[at];
                else if (tile == knot - 1) total += second[at];
            }
            dg.Set(total, n, knot);
        }
    }
}
