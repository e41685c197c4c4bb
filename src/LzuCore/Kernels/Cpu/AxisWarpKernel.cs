using System.Numerics;
using System.Runtime.CompilerServices;
using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// One axis of a separable warp: O(knots + entries) scalar work in float64, a few microseconds, so no threads.
// Entries ascend, so the inverse is a sweep: the tile pointer only moves forward, past zero-width tiles.
// Edges: beyond the axis the index is the entry's own.
internal sealed class AxisWarpKernel : IAxisWarpKernel
{
    // Longer tables lie on the heap.
    private const int OnStack = 2048;

    [SkipLocalsInit]
    public void Evaluate(in AxisTable table, TensorView knots, TensorView output)
    {
        var count = output.Shape[1];
        var result = count <= OnStack ? stackalloc double[count] : new double[count];
        for (var n = 0; n < output.Shape[0]; n++)
        {
            var g = Doubles.Row(knots, n);
            for (var i = 0; i < result.Length;)
            {
                if (Inside(table, g, i, result))
                {
                    i += Vector<double>.Count;
                    continue;
                }
                for (var until = Math.Min(result.Length, i + Vector<double>.Count); i < until; i++)
                {
                    var (tile, t) = table.Locate(i, g.Length);
                    result[i] = table.Write((g[tile] + t * (g[tile + 1] - g[tile]) + 1) / 2 * table.IndexScale + table.IndexShift, output.DType == DType.Float32);
                }
            }
            Doubles.SetRow(result, output, n);
        }
    }

    // A vector of entries, if none lies beyond the axis or near its end: the same arithmetic as entry by entry.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool Inside(in AxisTable table, double[] g, int first, Span<double> result)
    {
        if (first + Vector<double>.Count > result.Length || table.Extent == 0) return false;
        var at = (table.Stride * (new Vector<double>(first) + Vector.CreateSequence(0.0, 1.0)) + new Vector<double>(table.Offset)) / table.Extent * (g.Length - 1);
        // Entries ascend. NaN is neither below nor above.
        if (!(at[0] >= 0 && at[Vector<double>.Count - 1] < g.Length - 1)) return false;
        Vector<double> tile = Vector.Floor(at), low, high;
        if (tile[0] == tile[Vector<double>.Count - 1]) (low, high) = (new(g[(int)tile[0]]), new(g[(int)tile[0] + 1]));
        else
        {
            Span<double> lows = stackalloc double[Vector<double>.Count], highs = stackalloc double[Vector<double>.Count];
            for (var i = 0; i < lows.Length; i++) (lows[i], highs[i]) = (g[(int)tile[i]], g[(int)tile[i] + 1]);
            (low, high) = (new(lows), new(highs));
        }
        var index = (low + (at - tile) * (high - low) + Vector<double>.One) / 2 * table.IndexScale + new Vector<double>(table.IndexShift);
        if (!Vector.LessThanAll(index, new Vector<double>(table.NearEnd))) return false;
        (table.OutScale * index + new Vector<double>(table.OutShift)).CopyTo(result[first..]);
        return true;
    }

    public void EvaluateBackward(in AxisTable table, TensorView dOutput, TensorView dKnots)
    {
        var dg = new double[dKnots.Shape[1]];
        for (var n = 0; n < dOutput.Shape[0]; n++)
        {
            Array.Clear(dg);
            var upstream = Doubles.Row(dOutput, n);
            for (var i = 0; i < upstream.Length; i++)
            {
                var (tile, t) = table.Locate(i, dg.Length);
                var d = upstream[i] * table.OutScale * table.IndexScale / 2;
                dg[tile] += (1 - t) * d;
                dg[tile + 1] += t * d;
            }
            Doubles.SetRow(dg, dKnots, n);
        }
    }

    [SkipLocalsInit]
    public void Invert(in AxisTable table, TensorView knots, TensorView output)
    {
        var count = output.Shape[1];
        var result = count <= OnStack ? stackalloc double[count] : new double[count];
        for (var n = 0; n < output.Shape[0]; n++)
        {
            var sweep = new Sweep(Snapped(knots, n));
            for (var i = 0; i < result.Length; i++)
            {
                if (table.Beyond(i)) result[i] = table.Write(i, output.DType == DType.Float32);
                else if (sweep.MoveTo(table.Target(i)))
                    result[i] = table.Write(sweep.Parameter * table.IndexScale + table.IndexShift, output.DType == DType.Float32);
                else result[i] = table.Fill;
            }
            Doubles.SetRow(result, output, n);
        }
    }

    public void InvertBackward(in AxisTable table, TensorView knots, TensorView dOutput, TensorView dKnots)
    {
        var scale = table.OutScale * table.IndexScale / (dKnots.Shape[1] - 1);
        var dg = new double[dKnots.Shape[1]];
        for (var n = 0; n < dOutput.Shape[0]; n++)
        {
            Array.Clear(dg);
            var upstream = Doubles.Row(dOutput, n);
            var sweep = new Sweep(Snapped(knots, n));
            for (var i = 0; i < upstream.Length; i++)
            {
                if (table.Beyond(i) || !sweep.MoveTo(table.Target(i))) continue;
                var d = upstream[i] * scale / sweep.Width;
                dg[sweep.Tile] -= (1 - sweep.Within) * d;
                dg[sweep.Tile + 1] -= sweep.Within * d;
            }
            Doubles.SetRow(dg, dKnots, n);
        }
    }

    public void InvertAt(TensorView knots, TensorView points, TensorView output)
    {
        for (var n = 0; n < points.Shape[0]; n++)
        {
            var g = Snapped(knots, n);
            var values = Doubles.Row(points, n);
            for (var i = 0; i < values.Length; i++)
            {
                var sweep = new Sweep(g);
                values[i] = double.IsNaN(values[i]) || !sweep.MoveTo(Math.Clamp(values[i], g[0], Math.Max(g[0], g[^1]))) ? double.NaN : 2 * sweep.Parameter - 1;
            }
            Doubles.SetRow(values, output, n);
        }
    }

    public void InvertAtBackward(TensorView knots, TensorView points, TensorView dOutput, TensorView? dKnots, TensorView? dPoints)
    {
        for (var n = 0; n < points.Shape[0]; n++)
        {
            var g = Snapped(knots, n);
            var dg = new double[g.Length];
            var values = Doubles.Row(points, n);
            var upstream = Doubles.Row(dOutput, n);
            for (var i = 0; i < values.Length; i++)
            {
                var sweep = new Sweep(g);
                var inside = values[i] >= g[0] && values[i] <= g[^1] && sweep.MoveTo(values[i]);
                var d = inside ? upstream[i] * 2 / (g.Length - 1) / sweep.Width : 0;
                values[i] = d;
                if (!inside) continue;
                dg[sweep.Tile] -= (1 - sweep.Within) * d;
                dg[sweep.Tile + 1] -= sweep.Within * d;
            }
            if (dPoints is { } p) Doubles.SetRow(values, p, n);
            if (dKnots is { } k) Doubles.SetRow(dg, k, n);
        }
    }

    private static double[] Snapped(TensorView knots, int n)
    {
        var g = Doubles.Row(knots, n);
        g[0] = AxisTable.SnapEnd(g[0], -1);
        g[^1] = AxisTable.SnapEnd(g[^1], 1);
        return g;
    }

    // Finds, for ascending targets, the last tile of positive width that begins at or before the target.
    private struct Sweep(double[] knots)
    {
        private int _next;

        public int Tile { get; private set; } = -1;
        public double Within { get; private set; }
        public readonly double Width => knots[Tile + 1] - knots[Tile];
        public readonly double Parameter => (Tile + Within) / (knots.Length - 1);

        public bool MoveTo(double target)
        {
            if (!(target >= knots[0] && target <= knots[^1])) return false;
            for (; _next < knots.Length - 1 && knots[_next] <= target; _next++)
                if (knots[_next + 1] > knots[_next]) Tile = _next;
            if (Tile < 0) return false;
            Within = Math.Clamp((target - knots[Tile]) / Width, 0, 1);
            return true;
        }
    }
}
