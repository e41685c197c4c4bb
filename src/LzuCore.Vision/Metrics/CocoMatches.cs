using LzuCore.Vision.Data.Coco;

namespace LzuCore.Vision.Metrics;

// The boxes of one class in one image, in the files' order.
internal sealed record CocoCell(int Category, List<CocoAnnotation> Truths, List<CocoDetection> Detections);

// What became of the detections of one class in one image, by falling score: bit t of Matched[rank · areas + a] says that it found a ground truth at threshold t, bit t of
// Ignored that it does not count. Counted[a] is how many ground truths count.
internal sealed record CocoMatches(double[] Scores, ushort[] Matched, ushort[] Ignored, int[] Counted)
{
    private static readonly (double Least, double Most)[] AreaRanges = [(0, 1e10), (0, 32 * 32), (32 * 32, 96 * 96), (96 * 96, 1e10)];

    public static CocoMatches Of(CocoCell cell, int limit)
    {
        var truths = cell.Truths;
        CocoDetection[] detections = [.. cell.Detections.OrderByDescending(d => d.Score).Take(limit)];
        var result = new CocoMatches([.. detections.Select(d => d.Score)], new ushort[detections.Length * CocoScore.Areas], new ushort[detections.Length * CocoScore.Areas], new int[CocoScore.Areas]);
        var (candidates, starts) = Candidates(detections, truths);
        var ignoreTruth = new bool[truths.Count];
        var taken = new ushort[truths.Count];
        for (var a = 0; a < CocoScore.Areas; a++)
        {
            var (least, most) = AreaRanges[a];
            for (var g = 0; g < truths.Count; g++)
            {
                ignoreTruth[g] = truths[g].IsCrowd || truths[g].Area < least || truths[g].Area > most;
                if (!ignoreTruth[g]) result.Counted[a]++;
            }
            Array.Clear(taken);
            for (var d = 0; d < detections.Length; d++)
            {
                var area = detections[d].Box.Width * detections[d].Box.Height;
                result.Match(d, a, candidates.AsSpan(starts[d]..starts[d + 1]), truths, ignoreTruth, taken, area < least || area > most);
            }
        }
        return result;
    }

    // Ground truths that count come first, so one that does not is taken only when none that counts will do.
    private void Match(int d, int a, ReadOnlySpan<(int Truth, double Iou)> candidates, List<CocoAnnotation> truths, bool[] ignoreTruth, ushort[] taken, bool outOfRange)
    {
        ref var matched = ref Matched[d * CocoScore.Areas + a];
        ref var ignored = ref Ignored[d * CocoScore.Areas + a];
        if (candidates.IsEmpty)
        {
            if (outOfRange) ignored = (1 << CocoScore.Thresholds) - 1;
            return;
        }
        for (var t = 0; t < CocoScore.Thresholds; t++)
        {
            var bit = (ushort)(1 << t);
            var best = -1;
            var iou = Math.Min(CocoAveragePrecision.Thresholds[t], 1 - 1e-10);
            for (var ignoring = false; ; ignoring = true)
            {
                foreach (var (g, overlap) in candidates)
                {
                    if (ignoreTruth[g] != ignoring || ((taken[g] & bit) != 0 && !truths[g].IsCrowd) || overlap < iou) continue;
                    (best, iou) = (g, overlap);
                }
                if (best >= 0 || ignoring) break;
            }
            if (best >= 0)
            {
                taken[best] |= bit;
                if (truths[best].Id != 0) matched |= bit;
                if (ignoreTruth[best]) ignored |= bit;
            }
            if ((matched & bit) == 0 && outOfRange) ignored |= bit;
        }
    }

    // For every detection the ground truths that it overlaps by the least threshold, in the file's order.
    private static ((int Truth, double Iou)[] All, int[] Starts) Candidates(CocoDetection[] detections, List<CocoAnnotation> truths)
    {
        var all = new List<(int Truth, double Iou)>();
        var starts = new int[detections.Length + 1];
        for (var d = 0; d < detections.Length; d++)
        {
            for (var g = 0; g < truths.Count; g++)
            {
                var iou = Iou(detections[d].Box, truths[g].Box, truths[g].IsCrowd);
                if (iou >= CocoAveragePrecision.Thresholds[0]) all.Add((g, iou));
            }
            starts[d + 1] = all.Count;
        }
        return ([.. all], starts);
    }

    private static double Iou(CocoBox d, CocoBox g, bool crowd)
    {
        var width = Math.Min(d.X + d.Width, g.X + g.Width) - Math.Max(d.X, g.X);
        if (width <= 0) return 0;
        var height = Math.Min(d.Y + d.Height, g.Y + g.Height) - Math.Max(d.Y, g.Y);
        if (height <= 0) return 0;
        var shared = width * height;
        return shared / (crowd ? d.Width * d.Height : d.Width * d.Height + g.Width * g.Height - shared);
    }
}
