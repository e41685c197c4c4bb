using System.Numerics;
using System.Runtime.InteropServices;

namespace LzuCore.Vision.Scenes;

// Polygons to sub-samples, a band of pixel rows at a time so that the samples stay in the cache.
// Rule:   a polygon covers the sub-samples whose centres lie inside it, even-odd; a centre on an edge belongs to what is right of it, or below. Shared edges are computed from their upper end, whoever owns
//         them, so neighbours leave neither gap nor overlap. Picture, label map, instance map and boxes are all made of these samples.
// Order:  later polygons cover earlier ones; a sample holds the number of the polygon on top.
internal sealed class SampleBand
{
    /// <summary>Sub-samples a pixel has along each axis.</summary>
    public const int Sub = 4;

    private const int MostCrossings = 12;
    private ushort[] _ids = [];
    private byte[] _shade = [];
    private int[] _crossings = [];
    private byte[] _counts = [];

    public int Columns { get; private set; }

    /// <summary>First sub-row of the band, in the picture.</summary>
    public int FirstRow { get; private set; }

    /// <summary>Sub-rows in the band.</summary>
    public int Rows { get; private set; }

    /// <summary>Starts a band: everything is surface 0, nothing is shaded.</summary>
    public void Begin(int columns, int firstRow, int rows)
    {
        (Columns, FirstRow, Rows) = (columns, firstRow, rows);
        if (_ids.Length < columns * rows)
        {
            _ids = new ushort[columns * rows];
            _shade = new byte[columns * rows];
        }
        if (_counts.Length < rows)
        {
            _counts = new byte[rows];
            _crossings = new int[rows * MostCrossings];
        }
        _ids.AsSpan(0, columns * rows).Clear();
        _shade.AsSpan(0, columns * rows).Clear();
    }

    /// <summary>The surfaces of a sub-row of the band.</summary>
    public ReadOnlySpan<ushort> Row(int row) => _ids.AsSpan(row * Columns, Columns);

    /// <summary>How deep in shadow the ground is, along a sub-row of the band: 0 lit, 255 black.</summary>
    public ReadOnlySpan<byte> ShadeRow(int row) => _shade.AsSpan(row * Columns, Columns);

    /// <summary>Covers samples with a surface.</summary>
    /// <returns>The samples' bounds in the picture, right and bottom exclusive; empty when there are none.</returns>
    public (int Left, int Top, int Right, int Bottom) Draw(in Surface surface, ushort id, SurfaceList list)
    {
        int left = int.MaxValue, top = int.MaxValue, right = 0, bottom = 0;
        var (begin, end) = Cross(surface, list);
        for (var row = begin; row < end; row++)
        {
            var crossings = Sorted(row);
            for (var i = 0; i + 1 < crossings.Length; i += 2)
            {
                int a = crossings[i], b = crossings[i + 1];
                if (a >= b) continue;
                _ids.AsSpan(row * Columns + a, b - a).Fill(id);
                (left, right) = (Math.Min(left, a), Math.Max(right, b));
                (top, bottom) = (Math.Min(top, row), row + 1);
            }
        }
        return right == 0 ? default : (left, top + FirstRow, right, bottom + FirstRow);
    }

    /// <summary>Darkens the ground below a surface; where shadows overlap the deeper one stays.</summary>
    public void Shade(in Surface surface, byte depth, SurfaceList list)
    {
        var (begin, end) = Cross(surface, list);
        for (var row = begin; row < end; row++)
        {
            var crossings = Sorted(row);
            for (var i = 0; i + 1 < crossings.Length; i += 2)
                if (crossings[i] < crossings[i + 1]) Deepen(_shade.AsSpan(row * Columns + crossings[i], crossings[i + 1] - crossings[i]), depth);
        }
    }

    /// <summary>How many samples within bounds hold a surface from <paramref name="first"/> on.</summary>
    public int CountFrom(ushort first, int left, int top, int right, int bottom)
    {
        var count = 0;
        for (var row = Math.Max(top, FirstRow); row < Math.Min(bottom, FirstRow + Rows); row++)
        {
            var ids = _ids.AsSpan((row - FirstRow) * Columns + left, right - left);
            var i = 0;
            if (ids.Length >= Vector<ushort>.Count)
            {
                var (least, found) = (new Vector<ushort>(first), Vector<ushort>.Zero);
                for (; i + Vector<ushort>.Count <= ids.Length; i += Vector<ushort>.Count)
                    found -= Vector.GreaterThanOrEqual(new Vector<ushort>(ids[i..]), least);
                count += (int)Vector.Sum(Vector.WidenLower(found)) + (int)Vector.Sum(Vector.WidenUpper(found));
            }
            for (; i < ids.Length; i++) count += ids[i] >= first ? 1 : 0;
        }
        return count;
    }

    private static void Deepen(Span<byte> span, byte depth)
    {
        var lanes = MemoryMarshal.Cast<byte, Vector<byte>>(span);
        var deep = new Vector<byte>(depth);
        foreach (ref var lane in lanes) lane = Vector.Max(lane, deep);
        foreach (ref var one in span[(lanes.Length * Vector<byte>.Count)..]) one = Math.Max(one, depth);
    }

    // Where each row's line of sample centres crosses the polygon's edges, as the first sample right of the crossing.
    private (int Begin, int End) Cross(in Surface surface, SurfaceList list)
    {
        var begin = Math.Max(surface.FirstRow - FirstRow, 0);
        var end = Math.Min(surface.EndRow - FirstRow, Rows);
        if (begin >= end) return (0, 0);
        _counts.AsSpan(begin, end - begin).Clear();
        var x = list.X.Slice(surface.First, surface.Points);
        var y = list.Y.Slice(surface.First, surface.Points);
        for (int i = 0, j = x.Length - 1; i < x.Length; j = i++)
        {
            var (xa, ya, xb, yb) = y[j] <= y[i] ? (x[j], y[j], x[i], y[i]) : (x[i], y[i], x[j], y[j]);
            var from = (int)Math.Max(begin, Math.Min(end, Math.Ceiling(ya - 0.5) - FirstRow));
            var to = (int)Math.Max(begin, Math.Min(end, Math.Ceiling(yb - 0.5) - FirstRow));
            if (from >= to) continue;
            var slope = (xb - xa) / (yb - ya);
            for (var row = from; row < to; row++)
            {
                if (_counts[row] == MostCrossings) continue;
                var at = Math.Ceiling(xa + (row + FirstRow + 0.5 - ya) * slope - 0.5);
                _crossings[row * MostCrossings + _counts[row]++] = (int)Math.Max(0, Math.Min(Columns, at));
            }
        }
        return (begin, end);
    }

    private Span<int> Sorted(int row)
    {
        var crossings = _crossings.AsSpan(row * MostCrossings, _counts[row]);
        if (crossings.Length == 2)
        {
            if (crossings[0] > crossings[1]) (crossings[0], crossings[1]) = (crossings[1], crossings[0]);
        }
        else
        {
            crossings.Sort();
        }
        return crossings;
    }
}
