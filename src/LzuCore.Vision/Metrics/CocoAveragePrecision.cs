using LzuCore.Memory;
using LzuCore.Vision.Data.Coco;

namespace LzuCore.Vision.Metrics;

/// <summary>COCO's box metric: average precision and recall over IoU thresholds, sizes and classes, number for number pycocotools 2.0's.</summary>
/// <remarks>Its rules, the surprising ones included: sizes go by the annotation's area for ground truth and by the box's for detections; a crowd takes any number of detections
/// and its IoU divides by the detection's area; detections with equal scores keep their order; of ground truths with equal IoU the last is taken; an annotation with id 0 never
/// counts as matched; the annotation's own <c>ignore</c> plays no part. Double precision throughout; the result does not depend on the number of threads.
/// Source: Lin et al. 2014; pycocotools <c>cocoeval.py</c> and <c>maskApi.c</c>.</remarks>
public static class CocoAveragePrecision
{
    /// <summary>IoU thresholds 0.5 … 0.95, as numpy's linspace makes them.</summary>
    internal static readonly double[] Thresholds = [.. Enumerable.Range(0, CocoScore.Thresholds).Select(i => i == CocoScore.Thresholds - 1 ? 0.95 : i * ((0.95 - 0.5) / 9) + 0.5)];

    /// <summary>Scores detections.</summary>
    /// <param name="truth">Images, boxes and classes.</param>
    /// <param name="detections">In the order in which ties are broken.</param>
    /// <param name="limits">Three ascending limits of detections to an image and class; null for 1, 10 and 100. Precision and the recalls by size are taken at the last.</param>
    /// <exception cref="ArgumentValueException">A detection is of an image that there is not, a number is not finite, or the limits are not three ascending numbers from 1.</exception>
    public static CocoScore Score(CocoAnnotations truth, IReadOnlyList<CocoDetection> detections, IReadOnlyList<int>? limits = null)
    {
        limits ??= [1, 10, 100];
        Check.That(limits.Count == CocoScore.Limits && limits[0] >= 1 && limits[1] >= limits[0] && limits[2] >= limits[1], $"coco score: limits must be three ascending numbers from 1, got {string.Join(", ", limits)}.");
        CocoCategory[] categories = [.. truth.Categories.DistinctBy(c => c.Id).OrderBy(c => c.Id)];
        var cells = Cells(truth, detections, categories);

        var matches = new CocoMatches[cells.Length];
        ParallelRows.For(cells.Length, 64, (begin, end) =>
        {
            for (var i = begin; i < end; i++) matches[i] = CocoMatches.Of(cells[i], limits[^1]);
        });

        var starts = new int[categories.Length + 1];
        foreach (var cell in cells) starts[cell.Category + 1]++;
        for (var k = 0; k < categories.Length; k++) starts[k + 1] += starts[k];
        var curves = CocoScore.Areas * CocoScore.Limits * CocoScore.Thresholds;
        var precision = new double[categories.Length * curves * CocoScore.Recalls];
        var recall = new double[categories.Length * curves];
        ParallelRows.For(categories.Length, 1, (begin, end) =>
        {
            for (var k = begin; k < end; k++)
                Accumulate(matches.AsSpan(starts[k]..starts[k + 1]), limits, precision.AsSpan(k * curves * CocoScore.Recalls, curves * CocoScore.Recalls), recall.AsSpan(k * curves, curves));
        });
        return new CocoScore(categories, precision, recall);
    }

    // The boxes of every class and image that has any, by class, then by ascending image id.
    private static CocoCell[] Cells(CocoAnnotations truth, IReadOnlyList<CocoDetection> detections, CocoCategory[] categories)
    {
        long[] ids = [.. truth.Images.Select(i => i.Id).Distinct().Order()];
        var imageAt = new Dictionary<long, int>(ids.Length);
        foreach (var id in ids) imageAt[id] = imageAt.Count;
        var categoryAt = new Dictionary<long, int>();
        foreach (var category in categories) categoryAt[category.Id] = categoryAt.Count;

        var cells = new Dictionary<long, CocoCell>();
        foreach (var one in truth.Annotations)
        {
            if (!imageAt.TryGetValue(one.ImageId, out var image) || !categoryAt.TryGetValue(one.CategoryId, out var category)) continue;
            Check.That(double.IsFinite(one.Box.X + one.Box.Y + one.Box.Width + one.Box.Height + one.Area), $"coco score: annotation {one.Id} must be finite, got {one.Box} of area {one.Area}.");
            Cell(category, image).Truths.Add(one);
        }
        for (var i = 0; i < detections.Count; i++)
        {
            var one = detections[i];
            Check.That(imageAt.TryGetValue(one.ImageId, out var image), $"coco score: detection {i} is of image {one.ImageId}, which the ground truth does not have. Score it with the annotations that it was made for.");
            if (!categoryAt.TryGetValue(one.CategoryId, out var category)) continue;
            Check.That(double.IsFinite(one.Box.X + one.Box.Y + one.Box.Width + one.Box.Height + one.Score), $"coco score: detection {i} must be finite, got {one.Box} with score {one.Score}.");
            Cell(category, image).Detections.Add(one);
        }
        return [.. cells.OrderBy(c => c.Key).Select(c => c.Value)];

        CocoCell Cell(int category, int image)
        {
            var key = (long)category * ids.Length + image;
            if (!cells.TryGetValue(key, out var cell)) cells[key] = cell = new CocoCell(category, [], []);
            return cell;
        }
    }

    // One class: its detections of all images by falling score, then for every size, limit and threshold the curve. A precision can only be greatest at a true positive,
    // so curves are kept at those alone.
    private static void Accumulate(ReadOnlySpan<CocoMatches> images, IReadOnlyList<int> limits, Span<double> precision, Span<double> recall)
    {
        var count = 0;
        foreach (var image in images) count += image.Scores.Length;
        var order = new (double Score, int At, int Rank, int Image)[count];
        var at = 0;
        for (var i = 0; i < images.Length; i++)
            for (var rank = 0; rank < images[i].Scores.Length; rank++, at++) order[at] = (images[i].Scores[rank], at, rank, i);
        Array.Sort(order, static (a, b) => a.Score != b.Score ? b.Score.CompareTo(a.Score) : a.At.CompareTo(b.At));

        var matched = new ushort[count];
        var ignored = new ushort[count];
        var peaks = new double[count];
        for (var a = 0; a < CocoScore.Areas; a++)
        {
            var truths = 0;
            foreach (var image in images) truths += image.Counted[a];
            for (var m = 0; m < CocoScore.Limits; m++)
            {
                var kept = 0;
                foreach (var (_, _, rank, image) in order)
                {
                    if (rank >= limits[m]) continue;
                    (matched[kept], ignored[kept++]) = (images[image].Matched[rank * CocoScore.Areas + a], images[image].Ignored[rank * CocoScore.Areas + a]);
                }
                for (var t = 0; t < CocoScore.Thresholds; t++)
                {
                    var curve = (a * CocoScore.Limits + m) * CocoScore.Thresholds + t;
                    var into = precision.Slice(curve * CocoScore.Recalls, CocoScore.Recalls);
                    if (truths == 0)
                    {
                        into.Fill(-1);
                        recall[curve] = -1;
                        continue;
                    }
                    var found = Peaks(matched.AsSpan(0, kept), ignored.AsSpan(0, kept), (ushort)(1 << t), peaks);
                    recall[curve] = (double)found / truths;
                    Sample(peaks.AsSpan(0, found), truths, into);
                }
            }
        }
    }

    // The precision at each true positive, made non-increasing from the right; how many there are.
    private static int Peaks(ReadOnlySpan<ushort> matched, ReadOnlySpan<ushort> ignored, ushort bit, Span<double> peaks)
    {
        var (found, wrong) = (0, 0);
        for (var i = 0; i < matched.Length; i++)
        {
            if ((ignored[i] & bit) != 0) continue;
            if ((matched[i] & bit) == 0) wrong++;
            else
            {
                found++;
                peaks[found - 1] = found / ((double)(wrong + found) + double.BitIncrement(1) - 1);
            }
        }
        for (var i = found - 1; i > 0; i--)
            if (peaks[i] > peaks[i - 1]) peaks[i - 1] = peaks[i];
        return found;
    }

    // Precision at recalls 0, 0.01 … 1: that of the first detection which reaches the recall; 0 beyond.
    private static void Sample(ReadOnlySpan<double> peaks, int truths, Span<double> into)
    {
        into.Clear();
        var at = 0;
        for (var r = 0; r < into.Length; r++)
        {
            var wanted = r == into.Length - 1 ? 1 : r * 0.01;
            while (at < peaks.Length && (at + 1.0) / truths < wanted) at++;
            if (at == peaks.Length) return;
            into[r] = peaks[at];
        }
    }
}
