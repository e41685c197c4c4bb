using System.Security.Cryptography;
using System.Text;
using LzuCore.Memory;
using LzuCore.Vision.Data;
using LzuCore.Vision.Data.Loading;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Scenes;

namespace LzuCore.Vision.Tests.Scenes;

public sealed class SceneTests
{
    private static readonly SceneOptions Options = new();

    private static string Hash(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes))[..16];

    private static string Hash(RenderedScene scene) => string.Join(' ', Hash(scene.Image.Pixels), Hash(scene.Labels.Labels), Hash(scene.Instances.Labels), Hash(Encoding.UTF8.GetBytes(
        string.Join("\n", scene.Objects.Select(b => FormattableString.Invariant($"{b.Class} {b.Instance} {b.Box} {b.Visibility:R} {b.Ignore} {b.Box3d} {b.Center}"))))));

    // Recorded from this generator: picture, labels, instances, objects. A change of how scenes look changes them, and only that may.
    [TestCase(1UL, 0, "b7f153e0b1f7a7a2 5e891ae77d2817e1 eff34cafd639c69d c2378493544ca53b")]
    [TestCase(1UL, 17, "c1b5dae16e05733d 272f9d1f62eeb8c5 af0dc3f1775fdc8b aeff58985367e37c")]
    public void Still_IsTheSameEverywhere(ulong seed, int index, string hash) => Assert.That(Hash(new Scene(Options, seed, index).Render()), Is.EqualTo(hash));

    [Test]
    public void OtherSize_IsTheSameEverywhere() =>
        Assert.That(Hash(new Scene(new SceneOptions { Size = new(300, 480), Photometry = false }, 2, 3).Render()), Is.EqualTo("fda812b0d613ae2b 9e4d410af9e1ccc2 8ade1494c4e875b3 2b5eaa25d27c0206"));

    [Test]
    public void Drive_IsTheSameEverywhere() => Assert.That(Hash(new Scene(Options, 3, 1, 2.5).Render()), Is.EqualTo("75f66fac9bec13c9 789041c004d3cba1 e06564dafd656035 70aa12c656446d20"));

    [Test]
    public void Scenes_OnManyThreads_AreTheSame()
    {
        var alone = Enumerable.Range(0, 12).Select(i => Hash(new Scene(Options, 4, i).Render())).ToArray();
        var together = new string[12];
        Parallel.For(0, 12, new ParallelOptions { MaxDegreeOfParallelism = 4 }, i => together[i] = Hash(new Scene(Options, 4, i).Render()));
        Assert.That(together, Is.EqualTo(alone));
        Assert.That(alone, Is.Unique);
    }

    [Test]
    public void Parts_DoNotDependOnWhatElseIsAsked()
    {
        var scene = new Scene(Options, 4, 3);
        var all = scene.Render();
        Assert.That(scene.Render(SceneParts.Image).Image.Pixels.SequenceEqual(all.Image.Pixels));
        Assert.That(scene.Render(SceneParts.Labels).Labels.Labels.SequenceEqual(all.Labels.Labels));
        Assert.That(scene.Render(SceneParts.None).Objects, Is.EqualTo(all.Objects));
        Assert.That(() => scene.Render(SceneParts.None).Image, Throws.TypeOf<ArgumentValueException>().With.Message.Contains("SceneParts.Image"));
    }

    [Test]
    public void LabelsInstancesAndBoxes_AreOfTheSameSamples([Range(0, 9)] int index)
    {
        var scene = new Scene(Options, 5, index).Render();
        var byInstance = scene.Objects.ToDictionary(o => o.Instance);
        var seen = new Dictionary<int, int>();
        for (var y = 0; y < 320; y++)
            for (var x = 0; x < 512; x++)
            {
                int label = scene.Labels[y, x], instance = scene.Instances[y, x];
                Assert.That(instance != 0, Is.EqualTo(label >= SceneClasses.FirstObjectLabel), $"{x} {y}");
                if (!byInstance.TryGetValue(instance, out var one)) continue;
                Assert.That(label, Is.EqualTo(SceneClasses.FirstObjectLabel + one.Class));
                Assert.That(x + 1 > one.Box.X1 && x < one.Box.X2 && y + 1 > one.Box.Y1 && y < one.Box.Y2, $"pixel {x} {y} of {one}");
                seen[instance] = seen.GetValueOrDefault(instance) + 1;
            }
        // What nothing covers fills its box to the edges: some pixel of it touches each side, or the object is thinner than a pixel there.
        foreach (var one in scene.Objects.Where(o => o.Visibility == 1 && o.Box is { Width: > 6, Height: > 6 })) Assert.That(seen[one.Instance], Is.GreaterThan(0.15 * one.Box.Area));
        Assert.That(scene.Objects.Select(o => o.Visibility), Is.All.GreaterThan(0.05).And.All.LessThanOrEqualTo(1));
        Assert.That(scene.Objects.All(o => o.Ignore == (o.Visibility < 0.4 || o.Box.Width < 3 || o.Box.Height < 4 || o.Box3d.Z < 1)));
    }

    [Test]
    public void Box_IsTheBoundsOfWhatIsSeen_ToAPixel()
    {
        var found = 0;
        for (var index = 0; index < 20; index++)
        {
            var scene = new Scene(Options, 6, index).Render(SceneParts.Instances);
            foreach (var one in scene.Objects.Where(o => o.Visibility == 1 && (o.Class is SceneClasses.Car or SceneClasses.Truck) && o.Box.Width > 12))
            {
                int left = 512, top = 320, right = 0, bottom = 0;
                for (var y = 0; y < 320; y++)
                    for (var x = 0; x < 512; x++)
                        if (scene.Instances[y, x] == one.Instance) (left, top, right, bottom) = (Math.Min(left, x), Math.Min(top, y), Math.Max(right, x + 1), Math.Max(bottom, y + 1));
                foreach (var (pixel, side) in new[] { (left, one.Box.X1), (top, one.Box.Y1), (right, one.Box.X2), (bottom, one.Box.Y2) }) Assert.That(pixel, Is.EqualTo(side).Within(2.0), $"{one}");
                found++;
            }
        }
        Assert.That(found, Is.GreaterThan(15));
    }

    [Test]
    public void ProjectionOf3dBox_EnclosesTheBox()
    {
        var checkedBoxes = 0;
        for (var index = 0; index < 40; index++)
        {
            var scene = new Scene(new SceneOptions { PitchDegrees = 0 }, 7, index).Render(SceneParts.None);
            foreach (var one in scene.Objects)
            {
                var corners = one.Box3d.Corners();
                if (corners.Any(c => c.Z < 0.5)) continue;
                var seen = corners.Select(scene.Camera.Project).ToArray();
                var bounds = new Box((float)seen.Min(p => p.U), (float)seen.Min(p => p.V), (float)seen.Max(p => p.U), (float)seen.Max(p => p.V)).Clip(Options.Size);
                // A sample's own size, and no more.
                Assert.That(one.Box.X1 - bounds.X1, Is.GreaterThan(-0.3), $"{index} {one} {bounds}");
                Assert.That(one.Box.Y1 - bounds.Y1, Is.GreaterThan(-0.3), $"{index} {one} {bounds}");
                Assert.That(bounds.X2 - one.Box.X2, Is.GreaterThan(-0.3), $"{index} {one} {bounds}");
                Assert.That(bounds.Y2 - one.Box.Y2, Is.GreaterThan(-0.3), $"{index} {one} {bounds}");
                // And it is not lost in it.
                if ((one.Class is SceneClasses.Car or SceneClasses.Truck) && bounds is { X1: > 0, Y1: > 0, X2: < 512, Y2: < 320 }) Assert.That(one.Box.Area, Is.GreaterThan(0.7 * bounds.Area - 30), $"{index} {one} {bounds}");
                checkedBoxes++;
            }
        }
        Assert.That(checkedBoxes, Is.GreaterThan(250));
    }

    [Test]
    public void Statistics_AreThoseOfTheRecipe()
    {
        var boxes = Enumerable.Range(0, 200).SelectMany(i => new Scene(Options, 1, i).Render(SceneParts.None).Objects).Where(o => !o.Ignore).ToList();
        double Share(Func<float, bool> area) => boxes.Count(b => area(b.Box.Area)) / (double)boxes.Count;
        Assert.That(boxes.Count / 200.0, Is.EqualTo(8.6).Within(0.7));
        Assert.That(Share(a => a < 256), Is.EqualTo(0.36).Within(0.05));
        Assert.That(Share(a => a >= 48 * 48), Is.EqualTo(0.22).Within(0.05));
        var rows = boxes.Select(b => (b.Box.Y1 + b.Box.Y2) / 2).Order().ToList();
        Assert.That((rows[rows.Count / 4], rows[rows.Count / 2], rows[3 * rows.Count / 4]), Is.EqualTo((157f, 168f, 180f)).Using<(float A, float B, float C)>((a, b) => Math.Abs(a.A - b.A) < 5 && Math.Abs(a.B - b.B) < 5 && Math.Abs(a.C - b.C) < 5));
    }

    [Test]
    public void Size_ChangesPixelsAndNotTheStreet()
    {
        var small = new Scene(Options, 8, 2).Render(SceneParts.None).Objects.ToDictionary(o => o.Instance);
        var large = new Scene(Options with { Size = new(960, 1536) }, 8, 2).Render(SceneParts.None);
        Assert.That(large.Camera, Is.EqualTo(new Camera(1440, 1440, 768, 480)));
        foreach (var one in large.Objects.Where(o => small.ContainsKey(o.Instance)))
        {
            Assert.That(one.Box.X1 / 3, Is.EqualTo(small[one.Instance].Box.X1).Within(0.4));
            Assert.That(one.Box3d, Is.EqualTo(small[one.Instance].Box3d));
        }
    }

    [Test]
    public void Pitch_MovesTheHorizon()
    {
        double Spread(double degrees) => Math.Sqrt(Enumerable.Range(0, 60).Average(i => Math.Pow(new Scene(Options with { PitchDegrees = degrees }, 9, i).CameraToEgo.ToForward().Z * 480, 2)));
        Assert.That(Spread(0.8), Is.EqualTo(6.7).Within(1.5));
        Assert.That(Spread(3), Is.EqualTo(25).Within(6));
        Assert.That(Spread(0), Is.Zero);
    }

    [Test]
    public void Dataset_GivesAllThreeSamplesOfOneScene()
    {
        var data = new SceneDataset(Options, 10, 5);
        var (detection, segmentation, space) = (((IDataset<DetectionSample>)data).Load(3, new()), ((IDataset<SegmentationSample>)data).Load(3, new()), ((IDataset<Detection3dSample>)data).Load(3, new()));
        Assert.That(detection.Image.Pixels.SequenceEqual(segmentation.Image.Pixels) && detection.Image.Pixels.SequenceEqual(space.Image.Pixels));
        Assert.That(space.Boxes, Is.EqualTo(detection.Boxes));
        Assert.That(space.Labels, Is.EqualTo(detection.Labels));
        Assert.That(detection.Boxes, Is.Not.Empty);
        Assert.That((detection.ImageId, detection.Sequence, data.IdOf(3), data.SizeOf(3)), Is.EqualTo((3L, -1, "000003", Options.Size)));
        for (var i = 0; i < space.Centers.Count; i++) Assert.That(space.Camera.Project(space.Boxes3d[i].Center), Is.EqualTo((space.Centers[i].X, space.Centers[i].Y)));
        Assert.That(space.CameraToEgo.Translation.Z, Is.InRange(1.4, 1.7));
    }

    [Test]
    public void Loader_GivesTheSameBatchesForAnyNumberOfWorkers()
    {
        string[] Batches(int workers) => [.. DataLoader.Of<DetectionSample>(new SceneDataset(Options with { Size = new(80, 128) }, 11, 8), new() { BatchSize = 2, Workers = workers })
            .Epoch(0).SelectMany(b => b.Items).Select(s => Hash(s.Image.Pixels))];
        Assert.That(Batches(3), Is.EqualTo(Batches(0)));
    }

    [Test]
    public void BadOptions_AreSaidInOneLine()
    {
        void Says(Action code, string what) => Assert.That(code, Throws.TypeOf<ArgumentValueException>().With.Message.Contains(what).And.Message.Not.Contains("\n"));
        Says(() => _ = new SceneDataset(Options with { Size = new(0, 512) }, 1, 1), "0x512");
        Says(() => _ = new SceneDataset(Options with { Size = new(320, 5000) }, 1, 1), "320x5000");
        Says(() => _ = new SceneDataset(Options with { PitchDegrees = double.NaN }, 1, 1), "NaN");
        Says(() => _ = new SceneDataset(Options with { Curvature = -1 }, 1, 1), "-1");
        Says(() => _ = new SceneDataset(Options with { LeastObjects = 9, MostObjects = 3 }, 1, 1), "9 to 3");
        Says(() => _ = new SceneDataset(Options, 1, -1), "-1");
        Says(() => _ = new Scene(Options, 1, -1), "-1");
        Says(() => _ = new Scene(Options, 1, 0, double.PositiveInfinity), "seconds");
        Says(() => new SceneDataset(Options, 1, 3).LoadDetection(3), "got 3");
        Says(() => _ = new SceneSequences(Options, 1, 0, 5), "0 of 5");
        Says(() => _ = new SceneSequences(Options, 1, 1, 5, 0), "at 0");
    }
}

file static class Poses
{
    // Where the camera looks, in the car's frame.
    public static Point3d ToForward(this Pose cameraToEgo) => cameraToEgo.Rotation.Rotate(new(0, 0, 1));
}
