namespace LzuCore.Vision.Geometry;

/// <summary>Non-maximum suppression of turned rectangles: going down the scores, a box is kept unless its IoU with a kept one <b>reaches</b> the threshold.</summary>
/// <remarks>mmcv's CPU kernel suppresses at equality, its CUDA kernel only above; this follows the CPU. Equal scores keep their order; a box with a NaN
/// suppresses nothing. Double precision.</remarks>
public static class RotatedNms
{
    /// <summary>Indices kept, by falling score.</summary>
    /// <param name="boxes">Rectangles in one plane.</param>
    /// <param name="scores">One for each box.</param>
    /// <param name="threshold">IoU from which a box is dropped.</param>
    /// <param name="max">The search ends with so many kept.</param>
    /// <exception cref="Memory.ShapeException">There are not as many scores as boxes.</exception>
    public static int[] Keep(ReadOnlySpan<RotatedBox> boxes, ReadOnlySpan<float> scores, double threshold, int max = int.MaxValue)
    {
        if (boxes.Length != scores.Length) throw new Memory.ShapeException("rotated nms", $"there must be {boxes.Length} scores, one for each box", $"{scores.Length}");
        var keys = scores.ToArray();
        var kept = new List<int>();
        var rivals = new List<RotatedBox>();
        foreach (var i in Enumerable.Range(0, keys.Length).OrderByDescending(i => keys[i]))
        {
            if (kept.Count >= max) break;
            var box = boxes[i];
            var suppressed = false;
            foreach (var rival in rivals)
                if (suppressed = rival.Iou(box) >= threshold) break;
            if (suppressed) continue;
            kept.Add(i);
            rivals.Add(box);
        }
        return [.. kept];
    }
}
