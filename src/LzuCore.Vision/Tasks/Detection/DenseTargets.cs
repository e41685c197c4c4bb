using LzuCore.Memory;
using LzuCore.Vision.Geometry;

namespace LzuCore.Vision.Tasks.Detection;

/// <summary>Which cell of a dense head predicts which object: FCOS' rule (Tian et al. 2019) for small pictures, without centreness.</summary>
/// <remarks>An object belongs to one level, by its longer side: below 12 input pixels the first, below 28 the second, else the third. Of that level it has the cells whose middle is near its own:
/// as far as half a cell, or 0.35 of its side where that is more, but no farther than 1.5 cells. Of two objects that want a cell the smaller one has it.
/// Cells inside an ignored box that have no object take no part.</remarks>
public static class DenseTargets
{
    /// <summary>The mark of a cell without an object.</summary>
    public const int Background = -1;

    /// <summary>The mark of a cell that takes no part.</summary>
    public const int Ignored = -2;

    private static readonly float[] Longest = [12, 28];

    /// <summary>Middles of all cells in input pixels (edges), level by level, row by row, and their strides.</summary>
    /// <param name="sizes">Height and width of each level, finest first.</param>
    /// <param name="strides">Input pixels a cell of each.</param>
    public static DenseCell[] Cells(IReadOnlyList<Size2> sizes, IReadOnlyList<int> strides)
    {
        var cells = new DenseCell[sizes.Sum(s => s.Height * s.Width)];
        var at = 0;
        for (var level = 0; level < sizes.Count; level++)
            for (var y = 0; y < sizes[level].Height; y++)
                for (var x = 0; x < sizes[level].Width; x++)
                    cells[at++] = new DenseCell((x + 0.5f) * strides[level], (y + 0.5f) * strides[level], strides[level]);
        return cells;
    }

    /// <summary>The object of every cell, or <see cref="Background"/> or <see cref="Ignored"/>.</summary>
    /// <param name="sizes">Height and width of each level, finest first.</param>
    /// <param name="strides">Input pixels a cell of each.</param>
    /// <param name="boxes">The objects, in input pixels.</param>
    /// <param name="ignored">What is neither object nor background.</param>
    public static int[] Assign(IReadOnlyList<Size2> sizes, IReadOnlyList<int> strides, IReadOnlyList<Box> boxes, IReadOnlyList<Box> ignored)
    {
        var marks = new int[sizes.Sum(s => s.Height * s.Width)];
        Array.Fill(marks, Background);
        var starts = new int[sizes.Count];
        for (var level = 1; level < sizes.Count; level++) starts[level] = starts[level - 1] + sizes[level - 1].Height * sizes[level - 1].Width;

        foreach (var box in ignored)
            for (var level = 0; level < sizes.Count; level++)
                Mark(level, box.X1, box.X2, box.Y1, box.Y2, Ignored);
        // The smallest last, so that it keeps what it shares with others.
        foreach (var i in Enumerable.Range(0, boxes.Count).OrderByDescending(i => boxes[i].Area))
        {
            var box = boxes[i];
            var longer = Math.Max(box.Width, box.Height);
            var level = 0;
            while (level < sizes.Count - 1 && level < Longest.Length && longer >= Longest[level]) level++;
            float x = (box.X1 + box.X2) / 2, y = (box.Y1 + box.Y2) / 2, reachX = Reach(box.Width, strides[level]), reachY = Reach(box.Height, strides[level]);
            Mark(level, x - reachX, x + reachX, y - reachY, y + reachY, i);
        }
        return marks;

        void Mark(int level, float left, float right, float top, float bottom, int mark)
        {
            var (stride, size) = (strides[level], sizes[level]);
            // Cells whose middle (j + 0.5) · stride is within the bounds.
            int x0 = First(left), x1 = Math.Min(size.Width - 1, Last(right)), y0 = First(top), y1 = Math.Min(size.Height - 1, Last(bottom));
            for (var y = y0; y <= y1; y++)
                for (var x = x0; x <= x1; x++) marks[starts[level] + y * size.Width + x] = mark;

            int First(float bound) => Math.Max(0, (int)MathF.Ceiling(bound / stride - 0.5f));
            int Last(float bound) => (int)MathF.Floor(bound / stride - 0.5f);
        }
    }

    private static float Reach(float side, int stride) => Math.Max(0.5f * stride, Math.Min(1.5f * stride, 0.35f * side));
}

/// <summary>A cell of a dense head.</summary>
/// <param name="X">Its middle, in input pixels (edges).</param>
/// <param name="Y">Row.</param>
/// <param name="Stride">Input pixels a cell.</param>
public readonly record struct DenseCell(float X, float Y, int Stride);
