using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using LzuCore.Memory;
using LzuCore.Vision.Data.NuScenes;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Metrics;

namespace LzuCore.Vision.Tests.Metrics;

public sealed class NuScenesDetectionScoreTests
{
    private static readonly (string Name, NuScenesError Error)[] Errors =
    [
        ("trans_err", NuScenesError.Translation), ("scale_err", NuScenesError.Scale), ("orient_err", NuScenesError.Orientation), ("vel_err", NuScenesError.Velocity), ("attr_err", NuScenesError.Attribute),
    ];

    private static readonly NuScenesDatabase Tiny = NuScenesDatabase.Load(MetricGoldens.File("nuscenes"), "v1.0-tiny");
    private static readonly NuScenesResults Results = NuScenesResults.Load(MetricGoldens.File("nuscenes/results_nusc.json"));

    [Test]
    public void Numbers_AreTheDevkits()
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(MetricGoldens.File("nuscenes/expected.json")));
        var expected = json.RootElement;
        var score = NuScenesDetectionScore.Score(Tiny, Tiny.Samples, Results);
        var counts = expected.GetProperty("counts");
        Assert.That((score.Truths.Loaded, score.Predictions.Loaded, score.Truths.Scored, score.Predictions.Scored), Is.EqualTo(
            (counts.GetProperty("gt_loaded").GetInt32(), counts.GetProperty("pred_loaded").GetInt32(), counts.GetProperty("gt_after_filter").GetInt32(), counts.GetProperty("pred_after_filter").GetInt32())));
        for (var label = 0; label < 10; label++)
        {
            var name = NuScenesClasses.Names[label];
            for (var d = 0; d < 4; d++)
                AssertNear(score.AveragePrecision(label, d), expected.GetProperty("label_aps").GetProperty(name).GetProperty(NuScenesDetectionScore.Distances[d].ToString("0.0", CultureInfo.InvariantCulture)), name);
            AssertNear(score.AveragePrecision(label), expected.GetProperty("mean_dist_aps").GetProperty(name), name);
            foreach (var (key, error) in Errors) AssertNear(score.Error(label, error), expected.GetProperty("label_tp_errors").GetProperty(name).GetProperty(key), $"{name} {key}");
        }
        foreach (var (key, error) in Errors) AssertNear(score.MeanError(error), expected.GetProperty("tp_errors").GetProperty(key), key);
        AssertNear(score.MeanAveragePrecision, expected.GetProperty("mean_ap"), "mAP");
        AssertNear(score.DetectionScore, expected.GetProperty("nd_score"), "NDS");
    }

    [Test]
    public void Curves_AreTheDevkits()
    {
        using var curves = MetricGoldens.Npz("nuscenes/curves.npz");
        var score = NuScenesDetectionScore.Score(Tiny, Tiny.Samples, Results);
        for (var label = 0; label < 10; label++)
        {
            var name = NuScenesClasses.Names[label];
            for (var d = 0; d < 4; d++)
            {
                var at = $"{name}__{NuScenesDetectionScore.Distances[d].ToString("0.0", CultureInfo.InvariantCulture)}";
                Assert.That(score.Curves(label, d).Precision, Is.EqualTo(curves.Read($"{at}__precision").ToArray<double>()).Within(1e-9), at);
                Assert.That(score.Curves(label, d).Confidence, Is.EqualTo(curves.Read($"{at}__confidence").ToArray<double>()).Within(1e-9), at);
            }
            foreach (var (key, error) in Errors)
                Assert.That(score.Curves(label, 2).Errors![(int)error], Is.EqualTo(curves.Read($"{name}__{key}").ToArray<double>()).Within(1e-9), $"{name} {key}");
        }
    }

    private static void AssertNear(double got, JsonElement expected, string what)
    {
        if (expected.ValueKind == JsonValueKind.Null) Assert.That(got, Is.NaN, what);
        else Assert.That(got, Is.EqualTo(expected.GetDouble()).Within(1e-9), what);
    }

    [Test]
    public void EverySampleOfTheSplit_AndNoOther_MustHaveResults()
    {
        var some = new NuScenesResults(Results.Used, [.. Results.Samples.Skip(1)]);
        Assert.That(() => NuScenesDetectionScore.Score(Tiny, Tiny.Samples, some), Throws.TypeOf<FileFormatException>().With.Message.Contains("1 of 10 are missing"));
        Assert.That(() => NuScenesDetectionScore.Score(Tiny, [.. Tiny.Samples.Skip(1)], Results), Throws.TypeOf<FileFormatException>().With.Message.Contains("not in the split"));
    }

    private static NuScenesBox Car(double x, double score, double yaw = 0) => new(new OrientedBox3d(new(x, 0, 0), 2, 4, 1.5, Rotation3d.About(new(0, 0, 1), yaw)), 0, 0, 0, score, "vehicle.moving");

    private static NuScenesScore Score(NuScenesBox[] truths, params NuScenesBox[] found) => NuScenesDetectionScore.Score([new("s", truths)], [new("s", found)]);

    [Test]
    public void OfEqualScores_TheLaterInTheFileGoesFirst()
    {
        var hit = Car(0.1, 0.5);
        // At recall 1 alone the false one behind it shows: precision 1/2 there, 1 before.
        Assert.That(Score([Car(0, -1)], Car(30, 0.5), hit).AveragePrecision(0), Is.EqualTo((89 + 4.0 / 9) / 90).Within(1e-9));
        Assert.That(Score([Car(0, -1)], hit, Car(30, 0.5)).AveragePrecision(0), Is.LessThan(0.3));
    }

    [Test]
    public void MatchAtTheDistanceItself_IsNone()
    {
        var score = Score([Car(0, -1)], Car(0.5, 0.5));
        Assert.That(score.AveragePrecision(0, 0), Is.Zero);
        Assert.That(score.AveragePrecision(0, 1), Is.EqualTo(1).Within(1e-9));
    }

    [Test]
    public void NothingFound_CostsEveryError()
    {
        var score = Score([Car(0, -1)]);
        Assert.That((score.MeanAveragePrecision, score.DetectionScore), Is.EqualTo((0.0, 0.0)));
        Assert.That(score.Error(0, NuScenesError.Velocity), Is.EqualTo(1));
        Assert.That(score.Error(NuScenesClasses.LabelOf("traffic_cone"), NuScenesError.Orientation), Is.NaN);
    }

    [Test]
    public void Orientation_IsTheSmallerWayRound() =>
        Assert.That(Score([Car(0, -1, yaw: 3)], Car(0, 0.5, yaw: -3)).Error(0, NuScenesError.Orientation), Is.EqualTo(2 * Math.PI - 6).Within(1e-9));

    [Test]
    public void ValidationSizedSet_IsScoredInSeconds_AndTheSameForAnyThreads()
    {
        var random = new Random(3);
        NuScenesBox Random(double score) => new(new OrientedBox3d(new(100 * random.NextDouble() - 50, 100 * random.NextDouble() - 50, 0), 2, 4, 1.5, Rotation3d.About(new(0, 0, 1), 6 * random.NextDouble())),
            random.NextDouble(), random.NextDouble(), random.Next(10), score, "");
        var truths = Enumerable.Range(0, 6019).Select(i => new NuScenesSampleBoxes($"{i}", [.. Enumerable.Range(0, 30).Select(_ => Random(-1))])).ToArray();
        var found = truths.Select(t => new NuScenesSampleBoxes(t.SampleToken, [.. Enumerable.Range(0, 180).Select(i => i < 30 ? t.Boxes[i] with { Score = random.NextDouble() } : Random(random.NextDouble()))])).ToArray();
        var before = ParallelRows.Threads;
        try
        {
            var watch = Stopwatch.StartNew();
            var score = NuScenesDetectionScore.Score(truths, found);
            TestContext.Out.WriteLine($"{watch.ElapsedMilliseconds} ms with {before} threads, mAP {score.MeanAveragePrecision}");
            Assert.That(watch.Elapsed.TotalSeconds, Is.LessThan(20), "a few seconds are meant; machines that others use get more");
            ParallelRows.Threads = 1;
            Assert.That(NuScenesDetectionScore.Score(truths, found).DetectionScore, Is.EqualTo(score.DetectionScore));
        }
        finally
        {
            ParallelRows.Threads = before;
        }
    }
}
