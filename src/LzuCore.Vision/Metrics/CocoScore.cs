using LzuCore.Vision.Data.Coco;

namespace LzuCore.Vision.Metrics;

/// <summary>What the COCO metric says of a set of detections. A number that is not defined, because no ground truth asks for it, is NaN.</summary>
/// <remarks>Indices: t over the ten IoU thresholds 0.5 … 0.95, r over the 101 recalls 0 … 1, k over <see cref="Categories"/>, a over the sizes all, small, medium, large,
/// m over the three limits of detections.</remarks>
public sealed class CocoScore
{
    /// <summary>IoU thresholds.</summary>
    public const int Thresholds = 10;

    /// <summary>Recalls at which precision is taken.</summary>
    public const int Recalls = 101;

    /// <summary>Ranges of size.</summary>
    public const int Areas = 4;

    /// <summary>Limits of detections to an image and class.</summary>
    public const int Limits = 3;

    private readonly double[] _precision;
    private readonly double[] _recall;

    internal CocoScore(IReadOnlyList<CocoCategory> categories, double[] precision, double[] recall)
    {
        (Categories, _precision, _recall) = (categories, precision, recall);
        PerClassAP = [.. Enumerable.Range(0, categories.Count).Select(k => MeanPrecision(0, Thresholds, k, k + 1, 0))];
    }

    /// <summary>The classes by ascending id, as the official tool orders them.</summary>
    public IReadOnlyList<CocoCategory> Categories { get; }

    /// <summary>Average precision over all thresholds, recalls and classes.</summary>
    public double AP => MeanPrecision(0, Thresholds, 0, Categories.Count, 0);

    /// <summary>At IoU 0.5.</summary>
    public double AP50 => MeanPrecision(0, 1, 0, Categories.Count, 0);

    /// <summary>At IoU 0.75.</summary>
    public double AP75 => MeanPrecision(5, 6, 0, Categories.Count, 0);

    /// <summary>Of objects up to 32² square pixels.</summary>
    public double APSmall => MeanPrecision(0, Thresholds, 0, Categories.Count, 1);

    /// <summary>Of objects from 32² to 96².</summary>
    public double APMedium => MeanPrecision(0, Thresholds, 0, Categories.Count, 2);

    /// <summary>Of objects from 96².</summary>
    public double APLarge => MeanPrecision(0, Thresholds, 0, Categories.Count, 3);

    /// <summary>Average recall with one detection to an image and class (the first limit).</summary>
    public double AR1 => MeanRecall(0, 0);

    /// <summary>With ten (the second limit).</summary>
    public double AR10 => MeanRecall(0, 1);

    /// <summary>With a hundred (the third limit).</summary>
    public double AR100 => MeanRecall(0, 2);

    /// <summary>Of small objects.</summary>
    public double ARSmall => MeanRecall(1, 2);

    /// <summary>Of medium objects.</summary>
    public double ARMedium => MeanRecall(2, 2);

    /// <summary>Of large objects.</summary>
    public double ARLarge => MeanRecall(3, 2);

    /// <summary>Average precision of every class, in the order of <see cref="Categories"/>.</summary>
    public IReadOnlyList<double> PerClassAP { get; }

    /// <summary>Average precision of one class among the objects of one size.</summary>
    public double ClassAP(int k, int a) => MeanPrecision(0, Thresholds, k, k + 1, a);

    /// <summary>The twelve numbers in the official order, with their names.</summary>
    public IReadOnlyList<(string Name, double Value)> Summary =>
    [
        ("AP", AP), ("AP50", AP50), ("AP75", AP75), ("APs", APSmall), ("APm", APMedium), ("APl", APLarge),
        ("AR1", AR1), ("AR10", AR10), ("AR100", AR100), ("ARs", ARSmall), ("ARm", ARMedium), ("ARl", ARLarge),
    ];

    /// <summary>Interpolated precision at a recall; NaN where no ground truth counts.</summary>
    public double Precision(int t, int r, int k, int a, int m) => Defined(_precision[(((k * Areas + a) * Limits + m) * Thresholds + t) * Recalls + r]);

    /// <summary>The greatest recall reached; NaN where no ground truth counts.</summary>
    public double Recall(int t, int k, int a, int m) => Defined(_recall[((k * Areas + a) * Limits + m) * Thresholds + t]);

    private static double Defined(double value) => value < 0 ? double.NaN : value;

    private double MeanPrecision(int fromT, int toT, int fromK, int toK, int a)
    {
        var (sum, count) = (0.0, 0);
        for (var k = fromK; k < toK; k++)
            for (var t = fromT; t < toT; t++)
                foreach (var value in _precision.AsSpan((((k * Areas + a) * Limits + Limits - 1) * Thresholds + t) * Recalls, Recalls))
                    if (value > -1) (sum, count) = (sum + value, count + 1);
        return count == 0 ? double.NaN : sum / count;
    }

    private double MeanRecall(int a, int m)
    {
        var (sum, count) = (0.0, 0);
        for (var k = 0; k < Categories.Count; k++)
            foreach (var value in _recall.AsSpan(((k * Areas + a) * Limits + m) * Thresholds, Thresholds))
                if (value > -1) (sum, count) = (sum + value, count + 1);
        return count == 0 ? double.NaN : sum / count;
    }
}
