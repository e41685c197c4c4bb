using LzuCore.Memory;
using LzuCore.Vision.Data.NuScenes;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Metrics;
using LzuCore.Vision.Tasks.Detection3d;
using LzuCore.Vision.Training;

namespace LzuCore.Vision.Experiments;

/// <summary>How well objects were put into space.</summary>
/// <param name="Scores">In per cent: mAP, mAP near, mAP far, AP at 0.5, 1, 2 and 4 m, and NDS; then ATE in metres, ASE, and AOE in radians.</param>
/// <param name="PerClass">mAP of each class, in per cent.</param>
/// <param name="Counts">Objects of each class: near, far.</param>
public sealed record SpaceScores(IReadOnlyList<Score> Scores, IReadOnlyList<double> PerClass, IReadOnlyList<(int Near, int Far)> Counts);

/// <summary>Collects what was found in space and what there is, and scores it by nuScenes' rules for few pictures.</summary>
/// <remarks>Boxes are matched by the distance of their middles on the ground. AP is the mean of the interpolated precision at 101 recalls, without nuScenes' floors under recall and precision; mAP its mean over the
/// classes that occur and over 0.5, 1, 2 and 4 m. Near and far are parted at 25 m on the ground, for truth and detections alike. ATE, ASE and AOE are means over what was found at 2 m, each class alike, 1 for a class of which nothing was;
/// AOE of classes with a heading. <c>NDS = (5 mAP + Σ max(0, 1 − error)) / 8</c>: nuScenes' without velocity and attribute.
/// A detection that lies in the picture on an ignored box (IoU 0.5 or more, and more than with any object) is left out.</remarks>
/// <param name="classes">The classes.</param>
/// <param name="picture">Size of the pictures.</param>
public sealed class SpaceScorer(IReadOnlyList<SpaceClass> classes, Size2 picture)
{
    /// <summary>Where far begins, in metres.</summary>
    public const double FarFrom = 25;

    private const double OnIgnored = 0.5;

    private readonly List<List<(NuScenesBox Box, bool IsTruth)>> _pictures = [];
    private readonly DetectionScorer _seen = new([.. classes.Select(c => c.Name)], picture);

    /// <summary>Adds a picture.</summary>
    /// <param name="truth">In the picture's pixels.</param>
    /// <param name="found">In the picture's pixels.</param>
    public void Add(SpaceTruth truth, IReadOnlyList<DenseSpaceDetection> found)
    {
        var boxes = new List<(NuScenesBox, bool)>();
        for (var i = 0; i < truth.Boxes.Length; i++) boxes.Add((OnGround(truth.Boxes[i], truth.Seen.Labels[i], -1), true));
        foreach (var one in found)
            if (!IsIgnored(one.Seen.Box)) boxes.Add((OnGround(one.Box, one.Seen.Label, one.Seen.Score), false));
        _pictures.Add(boxes);
        _seen.Add(truth.Seen, [.. found.Select(f => f.Seen)]);

        bool IsIgnored(Box box)
        {
            var most = truth.Seen.Ignored.Select(o => Boxes.Iou(o, box)).DefaultIfEmpty().Max();
            return most >= OnIgnored && most > truth.Seen.Boxes.Select(o => Boxes.Iou(o, box)).DefaultIfEmpty().Max();
        }
    }

    /// <summary>The scores.</summary>
    public SpaceScores Score()
    {
        NuScenesClassBoxes[] all = ByClass(_ => true), near = ByClass(b => Away(b) < FarFrom), far = ByClass(b => Away(b) >= FarFrom);
        double[] perClass = [.. all.Select(MeanPrecision)], atDistance = [.. NuScenesDetectionScore.Distances.Select(d => Mean(all, c => Precision(c, d)))];
        var mean = Mean(all, MeanPrecision);
        double translation = Mean(all, c => ErrorOf(c, NuScenesError.Translation)), scale = Mean(all, c => ErrorOf(c, NuScenesError.Scale)),
            orientation = Mean([.. all.Where((_, label) => classes[label].HasHeading)], c => ErrorOf(c, NuScenesError.Orientation));
        var likeness = (5 * mean + new[] { translation, scale, orientation }.Where(e => !double.IsNaN(e)).Sum(e => Math.Max(0, 1 - e))) / 8;
        return new(
            [
                new("mAP", 100 * mean), new("mAPnear", 100 * Mean(near, MeanPrecision)), new("mAPfar", 100 * Mean(far, MeanPrecision)),
                .. NuScenesDetectionScore.Distances.Select((d, i) => new Score(FormattableString.Invariant($"AP@{d}m"), 100 * atDistance[i])),
                new("NDS", 100 * likeness), new("ATE", translation), new("ASE", scale), new("AOE", orientation),
                new("AP2d", _seen.Score().Scores[0].Value),
            ],
            [.. perClass.Select(p => 100 * p)], [.. near.Zip(far, (n, f) => (n.TruthCount, f.TruthCount))]);
    }

    private NuScenesClassBoxes[] ByClass(Func<NuScenesBox, bool> counts)
    {
        var byClass = classes.Select(_ => new NuScenesClassBoxes(_pictures.Count)).ToArray();
        for (var sample = 0; sample < _pictures.Count; sample++)
            foreach (var (box, isTruth) in _pictures[sample])
            {
                if (!counts(box)) continue;
                if (isTruth) byClass[box.Label].AddTruth(sample, box);
                else byClass[box.Label].AddPrediction(sample, box);
            }
        return byClass;
    }

    // Over the classes that occur.
    private static double Mean(NuScenesClassBoxes[] all, Func<NuScenesClassBoxes, double> value) => all.Where(c => c.TruthCount > 0).Select(value).DefaultIfEmpty(double.NaN).Average();

    private static double MeanPrecision(NuScenesClassBoxes one) => one.TruthCount == 0 ? double.NaN : NuScenesDetectionScore.Distances.Average(d => Precision(one, d));

    private static double Precision(NuScenesClassBoxes one, double distance) => one.Curves(distance, withErrors: false).Precision.Average();

    private static double ErrorOf(NuScenesClassBoxes one, NuScenesError error) =>
        one.MeanError(NuScenesDetectionScore.Distances[NuScenesDetectionScore.ErrorDistance], error) is var e && double.IsNaN(e) ? 1 : e;

    private static double Away(NuScenesBox box) => Math.Sqrt(box.Box.Center.X * box.Box.Center.X + box.Box.Center.Y * box.Box.Center.Y);

    // The camera's frame laid down: x right, y forward, z up, as nuScenes' ground wants it.
    private static NuScenesBox OnGround(CameraBox3d box, int label, double score) => new(
        new OrientedBox3d(new Point3d(box.X, box.Z, -box.Y), box.Width, box.Length, box.Height, Rotation3d.About(new(0, 0, 1), -box.Yaw)), 0, 0, label, score, "");
}
