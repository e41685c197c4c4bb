using System.Diagnostics;
using System.Text.Json;
using LzuCore.Memory;
using LzuCore.Vision.Data.Coco;
using LzuCore.Vision.Metrics;

namespace LzuCore.Vision.Tests.Metrics;

public sealed class CocoAveragePrecisionTests
{
    private static readonly CocoAnnotations Truth = CocoAnnotations.Load(MetricGoldens.File("coco/gt.json"));
    private static readonly IReadOnlyList<CocoDetection> Found = CocoDetections.Load(MetricGoldens.File("coco/dt.json"));

    private static (CocoAnnotations Truth, IReadOnlyList<CocoDetection> Found) Variant(string name) => name switch
    {
        "no_ties" => (Truth, [.. Found.Select((d, i) => d with { Score = d.Score + 1e-7 * i })]),
        "perfect" => (Truth, [.. Truth.Annotations.Select(a => new CocoDetection(a.ImageId, a.CategoryId, a.Box, 0.9))]),
        "one_detection" => (Truth, [Found[0]]),
        "class2_only" => (new CocoAnnotations(Truth.Images, [.. Truth.Annotations.Where(a => a.CategoryId == 2)], [.. Truth.Categories.Where(c => c.Id == 2)]), [.. Found.Where(d => d.CategoryId == 2)]),
        _ => (Truth, Found),
    };

    [TestCase("all"), TestCase("class2_only"), TestCase("no_ties"), TestCase("perfect"), TestCase("one_detection")]
    public void Numbers_AreTheOfficialTools(string variant)
    {
        using var expected = JsonDocument.Parse(File.ReadAllBytes(MetricGoldens.File("coco/expected.json")));
        var numbers = expected.RootElement.GetProperty("results").GetProperty(variant);
        var (truth, found) = Variant(variant);
        var score = CocoAveragePrecision.Score(truth, found);
        foreach (var ((name, value), e) in score.Summary.Zip(numbers.GetProperty("stats").EnumerateArray())) Assert.That(value, Is.EqualTo(e.GetDouble()).Within(1e-9), name);
        Assert.That(score.Summary.Select(s => s.Name), Is.EqualTo(expected.RootElement.GetProperty("order").EnumerateArray().Select(n => n.GetString())));
        Assert.That(score.PerClassAP, Is.EqualTo(numbers.GetProperty("per_class_AP").EnumerateArray().Select(e => e.GetDouble())).Within(1e-9));
    }

    [Test]
    public void Curves_AreTheOfficialTools()
    {
        using var curves = MetricGoldens.Npz("coco/curves.npz");
        var precision = curves.Read("precision").ToArray<float>();
        var recall = curves.Read("recall").ToArray<double>();
        var score = CocoAveragePrecision.Score(Truth, Found);
        var (at, recallAt) = (0, 0);
        for (var t = 0; t < 10; t++)
            for (var r = 0; r < 101; r++)
                for (var k = 0; k < 8; k++)
                    for (var a = 0; a < 4; a++)
                        for (var m = 0; m < 3; m++, at++)
                            Assert.That(OrMinusOne(score.Precision(t, r, k, a, m)), Is.EqualTo(precision[at]).Within(1e-6), $"precision {t} {r} {k} {a} {m}");
        for (var t = 0; t < 10; t++)
            for (var k = 0; k < 8; k++)
                for (var a = 0; a < 4; a++)
                    for (var m = 0; m < 3; m++, recallAt++)
                        Assert.That(OrMinusOne(score.Recall(t, k, a, m)), Is.EqualTo(recall[recallAt]).Within(1e-9), $"recall {t} {k} {a} {m}");

        static double OrMinusOne(double value) => double.IsNaN(value) ? -1 : value;
    }

    private static readonly CocoImage Image = new(1, "", 100, 100);
    private static readonly CocoCategory Car = new(1, "car");

    private static CocoScore Score(CocoAnnotation[] truths, params (CocoBox Box, double Score)[] found) =>
        CocoAveragePrecision.Score(new CocoAnnotations([Image], truths, [Car]), [.. found.Select(f => new CocoDetection(1, 1, f.Box, f.Score))]);

    private static CocoAnnotation One(long id, CocoBox box, bool crowd = false) => new(id, 1, 1, box, box.Width * box.Height, crowd);

    [Test]
    public void AnnotationWithIdZero_NeverCountsAsMatched()
    {
        CocoBox box = new(10, 10, 50, 50);
        Assert.That(Score([One(1, box)], (box, 0.5)).AP, Is.EqualTo(1).Within(1e-9));
        Assert.That(Score([One(0, box)], (box, 0.5)).AP, Is.Zero);
    }

    [Test]
    public void Crowd_TakesManyDetections_WhichThenDoNotCount()
    {
        CocoBox crowd = new(0, 0, 60, 60), inside = new(5, 5, 10, 10), lone = new(70, 70, 20, 20);
        var score = Score([One(1, crowd, crowd: true), One(2, lone)], (inside, 0.9), (inside with { X = 20 }, 0.8), (lone, 0.7));
        Assert.That(score.AP, Is.EqualTo(1).Within(1e-9));
    }

    [Test]
    public void OfEqualScores_TheFirstInTheFileGoesFirst()
    {
        CocoBox hit = new(10, 10, 50, 50), miss = new(70, 70, 20, 20);
        Assert.That(Score([One(1, hit)], (hit, 0.5), (miss, 0.5)).AP, Is.EqualTo(1).Within(1e-9));
        Assert.That(Score([One(1, hit)], (miss, 0.5), (hit, 0.5)).AP, Is.EqualTo(0.5).Within(1e-9));
    }

    [Test]
    public void NothingToFind_IsNotDefined_AndNothingFoundIsZero()
    {
        Assert.That(Score([]).Summary.Select(s => s.Value), Is.All.NaN);
        var score = Score([One(1, new(10, 10, 50, 50))]);
        Assert.That((score.AP, score.AR100), Is.EqualTo((0.0, 0.0)));
        Assert.That(score.APSmall, Is.NaN);
        Assert.That(CocoAveragePrecision.Score(new CocoAnnotations([], [], []), []).AP, Is.NaN);
    }

    [Test]
    public void DetectionOfAnUnknownImage_IsRefused_OfAnUnknownClassIsPassedOver()
    {
        var truth = new CocoAnnotations([Image], [One(1, new(0, 0, 9, 9))], [Car]);
        Assert.That(() => CocoAveragePrecision.Score(truth, [new(2, 1, new(0, 0, 9, 9), 1)]), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("image 2"));
        Assert.That(() => CocoAveragePrecision.Score(truth, [new(1, 1, new(0, 0, double.NaN, 9), 1)]), Throws.TypeOf<ArgumentValueException>());
        Assert.That(() => CocoAveragePrecision.Score(truth, [], [10, 1, 100]), Throws.TypeOf<ArgumentValueException>());
        Assert.That(CocoAveragePrecision.Score(truth, [new(1, 7, new(0, 0, 9, 9), 1)]).AP, Is.Zero);
    }

    [TestCase(80), TestCase(8)]
    public void LargeSet_IsScoredFast_AndTheSameForAnyThreads(int classes)
    {
        var random = new Random(7);
        CocoBox Box() => new(random.Next(600), random.Next(400), 4 + random.Next(200), 4 + random.Next(200));
        var images = Enumerable.Range(1, 5000).Select(i => new CocoImage(i, "", 640, 480)).ToArray();
        var annotations = images.SelectMany(i => Enumerable.Range(0, 20).Select(_ => Box()).Select(b => (i.Id, Box: b))).Select((a, n) => new CocoAnnotation(n + 1, a.Id, random.Next(classes), a.Box, a.Box.Width * a.Box.Height)).ToArray();
        var found = annotations.Select(a => new CocoDetection(a.ImageId, a.CategoryId, a.Box with { X = a.Box.X + random.Next(9), Width = a.Box.Width + random.Next(9) }, random.NextDouble())).ToArray();
        var truth = new CocoAnnotations(images, annotations, [.. Enumerable.Range(0, classes).Select(c => new CocoCategory(c, ""))]);
        var before = ParallelRows.Threads;
        try
        {
            CocoAveragePrecision.Score(truth, found);
            var watch = Stopwatch.StartNew();
            var score = CocoAveragePrecision.Score(truth, found);
            TestContext.Out.WriteLine($"{classes} classes: {watch.ElapsedMilliseconds} ms with {before} threads, AP {score.AP}");
            Assert.That(watch.Elapsed.TotalSeconds, Is.LessThan(5), "a second is meant; machines that others use get five");
            Assert.That(score.AP, Is.InRange(0.1, 0.9));
            ParallelRows.Threads = 1;
            Assert.That(CocoAveragePrecision.Score(truth, found).Summary, Is.EqualTo(score.Summary));
        }
        finally
        {
            ParallelRows.Threads = before;
        }
    }

    [Test]
    public void Streaming_ScoresEveryFrameWithTheLatestOutputThatIsReady()
    {
        static CocoDetection Mark(double score) => new(-1, 1, new(0, 0, 10, 10), score);
        var sequence = StreamedSequence.AtRate([10, 11, 12, 13], 10, [new(0.25, [Mark(0.2)]), new(0.1, [Mark(0.1), Mark(0.15)]), new(0.9, [Mark(0.9)])]);
        Assert.That(StreamingAveragePrecision.Pair(sequence).Select(d => (d.ImageId, d.Score)), Is.EqualTo(new[] { (11L, 0.1), (11L, 0.15), (12L, 0.1), (12L, 0.15), (13L, 0.2) }));
        var truth = new CocoAnnotations([.. sequence.ImageIds.Select(i => new CocoImage(i, "", 9, 9))], [.. sequence.ImageIds.Select(i => new CocoAnnotation(i, i, 1, new(0, 0, 10, 10), 100))], [Car]);
        // Three of four frames have a right box: recall 0.75; the double of frames 11 and 12 is wrong, but ranks the right one first.
        var score = StreamingAveragePrecision.Score(truth, [sequence]);
        Assert.That(score.AR100, Is.EqualTo(0.75));
        Assert.That(() => StreamingAveragePrecision.Pair(sequence with { FrameTimes = [0, 1] }), Throws.TypeOf<ArgumentValueException>());
        Assert.That(() => StreamingAveragePrecision.Pair(sequence with { FrameTimes = [0, 1, 0.5, 2] }), Throws.TypeOf<ArgumentValueException>());
        Assert.That(() => StreamedSequence.AtRate([1], 0, []), Throws.TypeOf<ArgumentValueException>());
    }

    [Test]
    public void Streaming_OfAnInstantDetector_IsThePlainMetric()
    {
        var byImage = Found.ToLookup(d => d.ImageId);
        var sequences = Truth.Images.GroupBy(i => i.Sequence).Select(g => StreamedSequence.AtRate([.. g.Select(i => i.Id)], 30, [.. g.Select((i, n) => new StreamedOutput(n / 30.0, [.. byImage[i.Id]]))]));
        Assert.That(StreamingAveragePrecision.Score(Truth, sequences).Summary, Is.EqualTo(CocoAveragePrecision.Score(Truth, Found).Summary));
    }
}
