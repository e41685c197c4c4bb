using LzuCore.Memory;
using LzuCore.Vision.Data;
using LzuCore.Vision.Data.NuScenes;
using LzuCore.Vision.Geometry;

namespace LzuCore.Vision.Metrics;

/// <summary>nuScenes' detection metric, number for number the devkit's (1.1, configuration <c>detection_cvpr_2019</c>): boxes are matched by the distance of their middles
/// on the ground.</summary>
/// <remarks>Not scored are boxes beyond their class's range from the car, ground truth without a lidar or radar point, and bicycles and motorcycles inside a bicycle rack.
/// Of equal scores the later in the file goes first. A box whose nearest free ground truth is too far takes none. Where confidence is 0, a recall counts as not reached: a
/// detection with the score 0 therefore spoils the errors, as it does in the devkit. Double precision; independent of the number of threads.
/// Source: Caesar et al. 2020; the devkit's <c>eval/detection</c>.</remarks>
public static class NuScenesDetectionScore
{
    /// <summary>The matching distance of the errors: its position in <see cref="Distances"/>.</summary>
    internal const int ErrorDistance = 2;

    private const string LidarTop = "LIDAR_TOP";
    private const string BicycleRack = "static_object.bicycle_rack";

    /// <summary>Matching distances in metres.</summary>
    public static IReadOnlyList<double> Distances { get; } = [0.5, 1, 2, 4];

    /// <summary>Scores results on some moments of a data set.</summary>
    /// <param name="database">The tables.</param>
    /// <param name="samples">The moments of the split, in the tables' order.</param>
    /// <param name="results">Boxes for every one of the moments, and for no other.</param>
    /// <exception cref="FileFormatException">A moment has no results, or results are of another moment; a table lacks a row; a ground truth has two attributes.</exception>
    public static NuScenesScore Score(NuScenesDatabase database, IReadOnlyList<NuScenesSample> samples, NuScenesResults results)
    {
        var truths = samples.Select(s => new NuScenesSampleBoxes(s.Token, Truths(database, s))).ToList();
        var byToken = samples.ToDictionary(s => s.Token);
        var missing = byToken.Keys.Except(results.Samples.Select(s => s.SampleToken)).ToList();
        if (missing.Count > 0) throw new FileFormatException($"nuscenes score: results must have every sample of the split, but {missing.Count} of {samples.Count} are missing, '{JsonCursor.Show(missing[0])}' first. Give samples without boxes an empty list.");
        var foreign = results.Samples.FirstOrDefault(s => !byToken.ContainsKey(s.SampleToken)).SampleToken;
        if (foreign is not null) throw new FileFormatException($"nuscenes score: results have the sample '{JsonCursor.Show(foreign)}', which is not in the split. Score them on the split that they were made for.");

        var scoredTruths = Scored(truths);
        var scoredPredictions = Scored(results.Samples);
        return Score(scoredTruths, scoredPredictions, (Count(truths), Count(scoredTruths)), (Count(results.Samples), Count(scoredPredictions)));

        List<NuScenesSampleBoxes> Scored(IReadOnlyList<NuScenesSampleBoxes> all) => [.. all.Select(s => s with { Boxes = InScope(database, byToken[s.SampleToken], s.Boxes) })];
    }

    /// <summary>Scores boxes as they are: nothing is left out, and moments without ground truth count only what was found there.</summary>
    /// <param name="truths">The ground truth of every moment.</param>
    /// <param name="predictions">What was found, in the order in which ties are broken.</param>
    public static NuScenesScore Score(IReadOnlyList<NuScenesSampleBoxes> truths, IReadOnlyList<NuScenesSampleBoxes> predictions) =>
        Score(truths, predictions, (Count(truths), Count(truths)), (Count(predictions), Count(predictions)));

    /// <summary>The boxes of the task among a moment's annotations, in the tables' order.</summary>
    /// <exception cref="FileFormatException">A table lacks a row, or a box has two attributes.</exception>
    public static IReadOnlyList<NuScenesBox> Truths(NuScenesDatabase database, NuScenesSample sample)
    {
        var boxes = new List<NuScenesBox>();
        foreach (var annotation in database.AnnotationsOf(sample))
        {
            var label = NuScenesClasses.LabelOfCategory(database.CategoryOf(annotation));
            if (label < 0) continue;
            if (annotation.AttributeTokens.Count > 1) throw new FileFormatException($"nuscenes score: sample_annotation '{JsonCursor.Show(annotation.Token)}' has {annotation.AttributeTokens.Count} attributes, where one may be.");
            var velocity = database.VelocityOf(annotation);
            boxes.Add(new NuScenesBox(annotation.Box, velocity.X, velocity.Y, label, -1, database.AttributeOf(annotation), annotation.LidarPoints + annotation.RadarPoints));
        }
        return boxes;
    }

    private static int Count(IEnumerable<NuScenesSampleBoxes> samples) => samples.Sum(s => s.Boxes.Count);

    private static List<NuScenesBox> InScope(NuScenesDatabase database, NuScenesSample sample, IReadOnlyList<NuScenesBox> boxes)
    {
        var car = database.EgoToGlobal(database.DataOf(sample, LidarTop)).Translation;
        OrientedBox3d[] racks = [.. database.AnnotationsOf(sample).Where(a => database.CategoryOf(a) == BicycleRack).Select(a => a.Box)];
        var kept = new List<NuScenesBox>(boxes.Count);
        foreach (var box in boxes)
        {
            var way = box.Box.Center - car;
            if (!(Math.Sqrt(way.X * way.X + way.Y * way.Y) < NuScenesClasses.Range(box.Label)) || box.Points == 0) continue;
            if (NuScenesClasses.Names[box.Label] is "bicycle" or "motorcycle" && racks.Any(r => r.Contains(box.Box.Center))) continue;
            kept.Add(box);
        }
        return kept;
    }

    private static NuScenesScore Score(IReadOnlyList<NuScenesSampleBoxes> truths, IReadOnlyList<NuScenesSampleBoxes> predictions, (int, int) truthCounts, (int, int) predictionCounts)
    {
        var at = new Dictionary<string, int>(truths.Count);
        foreach (var sample in truths) at[sample.SampleToken] = at.Count;
        var classes = new NuScenesClassBoxes[NuScenesClasses.Names.Count];
        for (var label = 0; label < classes.Length; label++) classes[label] = new NuScenesClassBoxes(truths.Count, NuScenesClasses.Names[label] == "barrier" ? Math.PI : 2 * Math.PI);
        for (var s = 0; s < truths.Count; s++)
            foreach (var box in truths[s].Boxes) classes[box.Label].AddTruth(s, box);
        foreach (var sample in predictions)
        {
            var s = at.GetValueOrDefault(sample.SampleToken, -1);
            foreach (var box in sample.Boxes) classes[box.Label].AddPrediction(s, box);
        }

        var curves = new NuScenesCurves[classes.Length][];
        ParallelRows.For(classes.Length, 1, (begin, end) =>
        {
            for (var label = begin; label < end; label++) curves[label] = [.. Distances.Select((d, i) => classes[label].Curves(d, withErrors: i == ErrorDistance))];
        });
        return new NuScenesScore(curves) { Truths = truthCounts, Predictions = predictionCounts };
    }
}
