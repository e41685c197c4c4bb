using LzuCore.Memory;
using LzuCore.Vision.Experiments;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Tasks.Detection;
using LzuCore.Vision.Tasks.Detection3d;

namespace LzuCore.Vision.Tests.Experiments;

/// <summary>nuScenes' rules for few pictures, against numbers worked out by hand.</summary>
public sealed class SpaceScorerTests
{
    private static readonly SpaceClass[] Classes = [new("car", 4, 1.5, 2), new("sign", 0.1, 0.8, 0.8, HasHeading: false)];
    private static readonly Box Here = new(10, 10, 20, 20), There = new(100, 100, 120, 120);

    [Test]
    public void OneOfTwoCarsFound_At1Metre_IsHandComputed()
    {
        // Cars at 10 and 40 m. The first is found 0.8 m too far, half as long, turned by 0.1; a false one, less sure, lies far from both.
        var scorer = new SpaceScorer(Classes, (320, 512));
        scorer.Add(Truth([Car(0, 10), Car(0, 40)]), [Found(Car(0, 10.8) with { Length = 2, Yaw = 0.1 }, 0.9f), Found(Car(8, 20), 0.5f)]);
        var scores = scorer.Score().Scores.ToDictionary(s => s.Name, s => s.Value);

        // At 1, 2 and 4 m precision is 1 at recall 0.5, and 1/2 with the second detection at the same recall. numpy.interp reads the last of equal recalls at 0.5 itself, and nothing beyond:
        // recalls 0 to 0.49 give 1, 0.5 gives 1/2.
        var found = 100 * (50 + 0.5) / 101;
        Assert.That(scores["AP@0.5m"], Is.EqualTo(0));
        Assert.That(new[] { scores["AP@1m"], scores["AP@2m"], scores["AP@4m"] }, Is.All.EqualTo(found).Within(1e-9));
        Assert.That(scores["mAP"], Is.EqualTo(0.75 * found).Within(1e-9));
        // Near: one of one; the false one at 20 m is near, too. Far: none of one.
        Assert.That(scores["mAPnear"], Is.EqualTo(0.75 * 100 * (100 + 0.5) / 101).Within(1e-9));
        Assert.That(scores["mAPfar"], Is.EqualTo(0));
        Assert.That(scores["ATE"], Is.EqualTo(0.8).Within(1e-9));
        Assert.That(scores["ASE"], Is.EqualTo(0.5).Within(1e-9));
        Assert.That(scores["AOE"], Is.EqualTo(0.1).Within(1e-9));
        Assert.That(scores["NDS"], Is.EqualTo((5 * scores["mAP"] + 100 * (0.2 + 0.5 + 0.9)) / 8).Within(1e-9));
    }

    [Test]
    public void ClassOfWhichNothingWasFound_HasErrorsOf1_AndAbsentClassesDoNotCount()
    {
        var scorer = new SpaceScorer(Classes, (320, 512));
        scorer.Add(Truth([Car(0, 10)]), []);
        var scores = scorer.Score();
        var byName = scores.Scores.ToDictionary(s => s.Name, s => s.Value);
        Assert.That(new[] { byName["ATE"], byName["ASE"], byName["AOE"] }, Is.All.EqualTo(1));
        Assert.That(byName["mAP"], Is.EqualTo(0));
        Assert.That(scores.PerClass[1], Is.NaN);
        Assert.That(scores.Counts, Is.EqualTo(new[] { (1, 0), (0, 0) }));
    }

    [Test]
    public void DetectionOnAnIgnoredBox_IsLeftOut()
    {
        var (with, without) = (new SpaceScorer(Classes, (320, 512)), new SpaceScorer(Classes, (320, 512)));
        DenseSpaceDetection[] found = [Found(Car(0, 10), 0.5f), Found(Car(5, 30), 0.9f, There)];
        with.Add(Truth([Car(0, 10)], There), found);
        without.Add(Truth([Car(0, 10)]), found);
        Assert.That(with.Score().Scores[0].Value, Is.EqualTo(100).Within(1e-9));
        // The false one comes first: precision rises along a line from 0 to 1/2.
        Assert.That(without.Score().Scores[0].Value, Is.EqualTo(25).Within(1e-9));
    }

    private static CameraBox3d Car(double x, double z) => new(x, 1, z, 4, 1.5, 2, 0, 0, 0);

    private static SpaceTruth Truth(CameraBox3d[] boxes, params Box[] ignored) =>
        new(new DenseTruth([.. boxes.Select(_ => Here)], new int[boxes.Length], ignored), boxes, [.. boxes.Select(_ => (15.0, 15.0))], new Camera(480, 480, 256, 160));

    private static DenseSpaceDetection Found(CameraBox3d box, float score, Box? seen = null) => new(box, new DenseDetection(seen ?? Here, score, 0, 0));
}
