using LzuCore.Vision.Data.NuScenes;

namespace LzuCore.Vision.Metrics;

/// <summary>What is measured of boxes that were found, at 2 m.</summary>
public enum NuScenesError
{
    /// <summary>Distance of the middles on the ground, metres.</summary>
    Translation,

    /// <summary>1 - IoU of the sizes.</summary>
    Scale,

    /// <summary>Difference of the headings, radians.</summary>
    Orientation,

    /// <summary>Difference of the velocities on the ground, metres a second.</summary>
    Velocity,

    /// <summary>1 - share of right attributes.</summary>
    Attribute,
}

/// <summary>One class at one distance: the curves over recalls 0, 0.01 … 1.</summary>
/// <param name="Precision">Interpolated.</param>
/// <param name="Confidence">The score at which the recall is reached; 0 where it is not.</param>
/// <param name="Errors">Running means of the errors, by <see cref="NuScenesError"/>; null except at 2 m.</param>
public sealed record NuScenesCurves(double[] Precision, double[] Confidence, double[][]? Errors);

/// <summary>What the nuScenes metric says of a set of detections. Labels are positions in <see cref="NuScenesClasses.Names"/>.</summary>
public sealed class NuScenesScore
{
    private const int FirstRecall = 11;
    private const double LeastPrecision = 0.1;

    private readonly NuScenesCurves[][] _curves;
    private readonly double[][] _errors;

    internal NuScenesScore(NuScenesCurves[][] curves)
    {
        _curves = curves;
        _errors = [.. curves.Select((c, label) => Enum.GetValues<NuScenesError>().Select(e => ErrorOf(c[NuScenesDetectionScore.ErrorDistance], label, e)).ToArray())];
    }

    /// <summary>Boxes of the ground truth, before and after those that are not scored were left out.</summary>
    public (int Loaded, int Scored) Truths { get; internal init; }

    /// <summary>Boxes found, before and after.</summary>
    public (int Loaded, int Scored) Predictions { get; internal init; }

    /// <summary>The curves of a class at a distance, by position in <see cref="NuScenesDetectionScore.Distances"/>.</summary>
    public NuScenesCurves Curves(int label, int distance) => _curves[label][distance];

    /// <summary>Average precision of a class at a distance: the part above precision 0.1 and recall 0.1, brought to [0, 1].</summary>
    public double AveragePrecision(int label, int distance) => _curves[label][distance].Precision[FirstRecall..].Average(p => Math.Max(p - LeastPrecision, 0)) / (1 - LeastPrecision);

    /// <summary>Mean average precision of a class over the four distances.</summary>
    public double AveragePrecision(int label) => Enumerable.Range(0, NuScenesDetectionScore.Distances.Count).Average(d => AveragePrecision(label, d));

    /// <summary>Mean average precision over classes and distances (mAP).</summary>
    public double MeanAveragePrecision => Enumerable.Range(0, _curves.Length).Average(AveragePrecision);

    /// <summary>An error of a class, averaged over recalls from 0.11 to the greatest reached; 1 when that is less. NaN where the class has no such error: a cone's
    /// heading, velocity and attribute, a barrier's velocity and attribute.</summary>
    public double Error(int label, NuScenesError error) => _errors[label][(int)error];

    /// <summary>The mean of an error over the classes that have it (mATE, mASE, mAOE, mAVE, mAAE).</summary>
    public double MeanError(NuScenesError error) => _errors.Select(e => e[(int)error]).Where(e => !double.IsNaN(e)).DefaultIfEmpty(double.NaN).Average();

    /// <summary>The nuScenes detection score (NDS): <c>(5 mAP + Σ max(0, 1 - mean error)) / 10</c>.</summary>
    public double DetectionScore => (5 * MeanAveragePrecision + Enum.GetValues<NuScenesError>().Sum(e => 1 - MeanError(e) is var s && s > 0 ? s : 0)) / 10;

    private static double ErrorOf(NuScenesCurves curves, int label, NuScenesError error)
    {
        var (name, has) = (NuScenesClasses.Names[label], true);
        if (name == "traffic_cone") has = error is NuScenesError.Translation or NuScenesError.Scale;
        if (name == "barrier") has = error is not (NuScenesError.Velocity or NuScenesError.Attribute);
        if (!has) return double.NaN;
        var last = Array.FindLastIndex(curves.Confidence, c => c != 0);
        return last < FirstRecall ? 1 : curves.Errors![(int)error][FirstRecall..(last + 1)].Average();
    }
}
