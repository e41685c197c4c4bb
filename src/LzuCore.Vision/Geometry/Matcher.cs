namespace LzuCore.Vision.Geometry;

/// <summary>Says for every anchor which ground truth it shall predict: IoU at least 0.5 is a match, below 0.4 is background, in between is ignored.</summary>
/// <remarks>Then every ground truth gets its best anchors even below the threshold: those whose IoU equals <b>exactly</b> that ground truth's greatest, in
/// float32. The rule depends on the arithmetic, which is therefore the reference's, operation for operation. A ground truth that overlaps no anchor has the
/// greatest IoU 0 and takes all anchors that do not overlap it: the published rule, kept.</remarks>
public sealed class Matcher
{
    /// <summary>The anchor is background.</summary>
    public const int Negative = -1;

    /// <summary>The anchor takes no part in training.</summary>
    public const int Ignored = -2;

    private readonly bool _latestTakesIt;

    private Matcher(bool latestTakesIt) => _latestTakesIt = latestTakesIt;

    /// <summary>Below which IoU an anchor is background.</summary>
    public float Low { get; init; } = 0.4f;

    /// <summary>From which IoU an anchor is a match.</summary>
    public float High { get; init; } = 0.5f;

    /// <summary>mmdetection: a best anchor goes to that ground truth; of several, to the last.</summary>
    public static Matcher Mmdet { get; } = new(latestTakesIt: true);

    /// <summary>torchvision: a best anchor goes to the ground truth that it overlaps most, whichever it was best for.</summary>
    public static Matcher Torchvision { get; } = new(latestTakesIt: false);

    /// <summary>For every anchor the index of its ground truth, <see cref="Negative"/> or <see cref="Ignored"/>.</summary>
    public int[] Match(ReadOnlySpan<Box> anchors, ReadOnlySpan<Box> truths)
    {
        var assigned = new int[anchors.Length];
        var favourite = new int[anchors.Length];
        var bestOfTruth = new float[truths.Length];
        for (var a = 0; a < anchors.Length; a++)
        {
            var best = -1f;
            for (var t = 0; t < truths.Length; t++)
            {
                var iou = Boxes.Iou(truths[t], anchors[a]);
                if (iou > best) (best, favourite[a]) = (iou, t);
                if (a == 0 || iou > bestOfTruth[t]) bestOfTruth[t] = iou;
            }
            assigned[a] = best >= High ? favourite[a] : best < Low ? Negative : Ignored;
        }
        for (var t = 0; t < truths.Length; t++)
            for (var a = 0; a < anchors.Length; a++)
                if (Boxes.Iou(truths[t], anchors[a]) == bestOfTruth[t]) assigned[a] = _latestTakesIt ? t : favourite[a];
        return assigned;
    }
}
