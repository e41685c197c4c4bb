namespace LzuCore.Vision.Geometry;

/// <summary>Non-maximum suppression: going down the scores, a box is kept unless its IoU with a kept one is greater than the threshold.</summary>
/// <remarks>All in float32, operation for operation torchvision's CPU kernel; equal scores keep their order. A NaN coordinate suppresses nothing and is
/// suppressed by nothing. The search ends with the <c>max</c>-th kept box, so a detector's cost is candidates × detections, not candidates².</remarks>
public static class Nms
{
    // torchvision 0.14: above this many coordinates on a CPU, batched_nms goes class by class instead of shifting classes apart.
    private const int TorchvisionTrickCoordinates = 4000;

    /// <summary>Indices kept, by falling score.</summary>
    public static int[] Keep(ReadOnlySpan<Box> boxes, ReadOnlySpan<float> scores, double threshold, int max = int.MaxValue)
    {
        var classes = new int[boxes.Length];
        return Greedy(boxes.ToArray(), classes, Order(scores), threshold, max);
    }

    /// <summary>Suppression within each class, mmdetection's way: box + class·(greatest coordinate + 1), then one suppression over all.</summary>
    /// <remarks>The shift costs float32 digits, which now and then decides an overlap near the threshold; it is done here for the same decisions.</remarks>
    public static int[] KeepPerClass(ReadOnlySpan<Box> boxes, ReadOnlySpan<float> scores, ReadOnlySpan<int> labels, double threshold, int max = int.MaxValue)
    {
        if (boxes.IsEmpty) return [];
        var (least, greatest) = (float.PositiveInfinity, float.NegativeInfinity);
        foreach (var b in boxes)
        {
            least = Math.Min(least, Math.Min(Math.Min(b.X1, b.Y1), Math.Min(b.X2, b.Y2)));
            greatest = Math.Max(greatest, Math.Max(Math.Max(b.X1, b.Y1), Math.Max(b.X2, b.Y2)));
        }
        var step = greatest + 1;
        var shifted = new Box[boxes.Length];
        for (var i = 0; i < shifted.Length; i++) shifted[i] = boxes[i].Shift(labels[i] * step, labels[i] * step);
        // Without negative coordinates shifted classes cannot meet, and only equal ones need comparing.
        return Greedy(shifted, least >= 0 ? labels.ToArray() : new int[boxes.Length], Order(scores), threshold, max);
    }

    /// <summary>Suppression within each class as torchvision 0.14 does on a CPU: shifted up to 1000 boxes, class by class above.</summary>
    public static int[] KeepPerClassTorchvision(ReadOnlySpan<Box> boxes, ReadOnlySpan<float> scores, ReadOnlySpan<int> labels, double threshold, int max = int.MaxValue) =>
        4 * boxes.Length > TorchvisionTrickCoordinates
            ? Greedy(boxes.ToArray(), labels.ToArray(), Order(scores), threshold, max)
            : KeepPerClass(boxes, scores, labels, threshold, max);

    private static int[] Greedy(Box[] boxes, int[] classes, int[] order, double threshold, int max)
    {
        var kept = new List<int>();
        var ofClass = new Dictionary<int, List<(Box Box, float Area)>>();
        foreach (var i in order)
        {
            if (kept.Count >= max) break;
            if (!ofClass.TryGetValue(classes[i], out var rivals)) ofClass[classes[i]] = rivals = [];
            var box = boxes[i];
            var area = box.Area;
            var suppressed = false;
            foreach (var (rival, rivalArea) in rivals)
            {
                var shared = box.Intersection(rival);
                if (!(shared / (rivalArea + area - shared) > threshold)) continue;
                suppressed = true;
                break;
            }
            if (suppressed) continue;
            rivals.Add((box, area));
            kept.Add(i);
        }
        return [.. kept];
    }

    private static int[] Order(ReadOnlySpan<float> scores)
    {
        var keys = scores.ToArray();
        return [.. Enumerable.Range(0, keys.Length).OrderByDescending(i => keys[i])];
    }
}
