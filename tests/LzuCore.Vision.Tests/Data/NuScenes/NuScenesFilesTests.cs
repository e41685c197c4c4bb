using System.Text;
using System.Text.Json;
using LzuCore.Memory;
using LzuCore.Vision.Data.NuScenes;
using LzuCore.Vision.Geometry;

namespace LzuCore.Vision.Tests.Data.NuScenes;

public sealed class NuScenesFilesTests
{
    private static readonly string Folder = MetricGoldens.File("nuscenes");

    [Test]
    public void Tables_AreReadAndJoined()
    {
        var tiny = NuScenesDatabase.Load(Folder, "v1.0-tiny");
        Assert.That(tiny.Samples, Has.Count.EqualTo(10));
        var sample = tiny.Samples[1];
        Assert.That(tiny.SceneOf(sample).Name, Is.EqualTo("scene-0001"));
        Assert.That(tiny.DataOf(sample, "CAM_FRONT").FileName, Is.EqualTo("samples/CAM_FRONT/sample00042000000000000000000000.jpg"));
        Assert.That(tiny.AnnotationsOf(sample), Is.Not.Empty);
        Assert.That(tiny.AnnotationsOf(sample).All(a => a.SampleToken == sample.Token));
        Assert.That(tiny.Annotations.Sum(a => 1), Is.EqualTo(tiny.Samples.Sum(s => tiny.AnnotationsOf(s).Count)));
        Assert.That(tiny.SensorOf(tiny.DataOf(sample, "LIDAR_TOP")).Camera, Is.Null);
        Assert.That(tiny.SensorOf(tiny.DataOf(sample, "CAM_BACK")).Camera, Is.EqualTo(new Camera(1266.4, 1266.4, 816.3, 491.5)));
        Assert.That(() => tiny.DataOf(sample, "CAM_TOP"), Throws.TypeOf<FileFormatException>().With.Message.Contains("CAM_TOP"));
    }

    [Test]
    public void MissingVersion_IsNamed_WithWhatThereIs()
    {
        Assert.That(() => NuScenesDatabase.Load(Folder, "v1.0-mini"), Throws.TypeOf<FileFormatException>().With.Message.Contains("v1.0-mini").And.Message.Contains("v1.0-tiny"));
        Assert.That(() => NuScenesDatabase.Load("no such", "v1.0-mini"), Throws.TypeOf<FileFormatException>().With.Message.Contains("no such"));
    }

    [Test]
    public void DanglingToken_NamesBothTables()
    {
        var copy = Directory.CreateTempSubdirectory("lzu nuscenes").FullName;
        try
        {
            Directory.CreateDirectory(Path.Combine(copy, "v1.0-tiny"));
            foreach (var file in Directory.GetFiles(Path.Combine(Folder, "v1.0-tiny"))) File.Copy(file, Path.Combine(copy, "v1.0-tiny", Path.GetFileName(file)));
            File.WriteAllText(Path.Combine(copy, "v1.0-tiny", "category.json"), "[]");
            var tiny = NuScenesDatabase.Load(copy, "v1.0-tiny");
            Assert.That(() => tiny.CategoryOf(tiny.Annotations[0]), Throws.TypeOf<FileFormatException>().With.Message.Contains("which category.json does not have"));
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }

    [Test]
    public void Splits_AreTheOfficialOnes()
    {
        Assert.That(NuScenesSplits.ScenesOf("train"), Has.Count.EqualTo(700));
        Assert.That(NuScenesSplits.ScenesOf("val"), Has.Count.EqualTo(150).And.Contains("scene-0003"));
        Assert.That(NuScenesSplits.ScenesOf("train").Intersect(NuScenesSplits.ScenesOf("val")), Is.Empty);
        Assert.That(() => NuScenesSplits.ScenesOf("vall"), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("mini_val"));
    }

    [Test]
    public void Mono3d_ReadFromTheFile_IsTheSameAsDerivedFromTheTables()
    {
        var tiny = NuScenesDatabase.Load(Folder, "v1.0-tiny");
        var derived = Mono3dAnnotations.Derive(tiny, tiny.Samples);
        var golden = Mono3dAnnotations.Load(MetricGoldens.File("nuscenes/infos_mono3d.coco.json"));
        Assert.That(golden.Images, Has.Count.EqualTo(60));
        Assert.That(derived.Images.Select(i => (i.Id, i.FileName, i.SampleToken, i.Camera, i.Width, i.Height)), Is.EqualTo(golden.Images.Select(i => (i.Id, i.FileName, i.SampleToken, i.Camera, i.Width, i.Height))));
        foreach (var (got, expected) in derived.Images.Zip(golden.Images))
        {
            AssertNear(got.CameraToEgo.Apply(new Point3d(1, 2, 3)), expected.CameraToEgo.Apply(new Point3d(1, 2, 3)));
            AssertNear(got.EgoToGlobal.Apply(new Point3d(1, 2, 3)), expected.EgoToGlobal.Apply(new Point3d(1, 2, 3)));
        }
        Assert.That(derived.Annotations, Has.Count.EqualTo(golden.Annotations.Count));
        foreach (var (got, expected) in derived.Annotations.Zip(golden.Annotations))
        {
            Assert.That((got.Id, got.ImageId, got.Label, got.Attribute), Is.EqualTo((expected.Id, expected.ImageId, expected.Label, expected.Attribute)));
            foreach (var (g, e) in Numbers(got).Zip(Numbers(expected))) Assert.That(g, Is.EqualTo(e).Within(double.IsNaN(e) ? 0 : 1e-6 * Math.Max(1, Math.Abs(e))), $"{got}\n{expected}");
            Assert.That(Math.IEEERemainder(got.Box3d.Yaw - expected.Box3d.Yaw, 2 * Math.PI), Is.Zero.Within(1e-6));
        }

        static double[] Numbers(Mono3dAnnotation a) =>
            [a.Box.X, a.Box.Y, a.Box.Width, a.Box.Height, a.Area, a.Box3d.X, a.Box3d.Y, a.Box3d.Z, a.Box3d.Length, a.Box3d.Height, a.Box3d.Width, a.Box3d.VelocityX, a.Box3d.VelocityZ, a.CenterU, a.CenterV, a.Depth];
    }

    [Test]
    public void Mono3d_AcceptsTheBareWordNaN()
    {
        var text = File.ReadAllText(MetricGoldens.File("nuscenes/infos_mono3d.coco.json")).Replace("\"velo_cam3d\": [0.0, 0.0]", "\"velo_cam3d\": [NaN, NaN]");
        var read = Mono3dAnnotations.Read(new MemoryStream(Encoding.UTF8.GetBytes(text)), "x");
        Assert.That(read.Annotations.Count(a => double.IsNaN(a.Box3d.VelocityX) && double.IsNaN(a.Box3d.VelocityZ)), Is.GreaterThan(0));
        Assert.That(read.Annotations.All(a => a.Box3d.IsFinite));
    }

    [Test]
    public void Velocity_FollowsTheNeighbours()
    {
        var tiny = NuScenesDatabase.Load(Folder, "v1.0-tiny");
        Assert.That(tiny.Annotations.Where(a => a.Previous == "" && a.Next == "").Select(a => tiny.VelocityOf(a).X), Is.All.NaN);
        var middle = tiny.Annotations.First(a => a.Previous != "" && a.Next != "");
        var (before, after) = (tiny.Annotations.Single(a => a.Token == middle.Previous), tiny.Annotations.Single(a => a.Token == middle.Next));
        AssertNear(tiny.VelocityOf(middle), after.Box.Center - before.Box.Center);
    }

    [Test]
    public void Results_WrittenAndRead_AreTheSame()
    {
        var golden = NuScenesResults.Load(MetricGoldens.File("nuscenes/results_nusc.json"));
        Assert.That(golden.Samples.Sum(s => s.Boxes.Count), Is.EqualTo(342));
        Assert.That(golden.Used, Is.EqualTo(new NuScenesModalities(true, false, false, false, false)));
        using var stream = new MemoryStream();
        golden.Write(stream);
        stream.Position = 0;
        Assert.That(JsonDocument.Parse(stream).RootElement.GetProperty("results").EnumerateObject().Count(), Is.EqualTo(golden.Samples.Count));
        stream.Position = 0;
        var back = NuScenesResults.Read(stream, "back");
        foreach (var (got, expected) in back.Samples.Zip(golden.Samples))
        {
            Assert.That(got.SampleToken, Is.EqualTo(expected.SampleToken));
            foreach (var (g, e) in got.Boxes.Zip(expected.Boxes))
            {
                AssertNear(g.Box.Rotation.Rotate(new(1, 2, 3)), e.Box.Rotation.Rotate(new(1, 2, 3)));
                Assert.That(g with { Box = e.Box }, Is.EqualTo(e));
            }
        }
    }

    private const string Good = """{"sample_token": "s", "translation": [1, 2, 3], "size": [1, 2, 3], "rotation": [1, 0, 0, 0], "velocity": [NaN, 0], "detection_name": "car", "detection_score": 1, "attribute_name": ""}""";

    [TestCase("\"s\"", "\"other\"", "listed under")]
    [TestCase("[1, 2, 3], \"size\"", "[NaN, 2, 3], \"size\"", "finite")]
    [TestCase("\"size\": [1, 2, 3]", "\"size\": [1, 0, 3]", "size above 0")]
    [TestCase("[1, 0, 0, 0]", "[0, 0, 0, 0]", "quaternion")]
    [TestCase("\"car\"", "\"cat\"", "must be one of car, truck")]
    [TestCase("\"attribute_name\": \"\"", "\"attribute_name\": \"None\"", "got None")]
    [TestCase("\"detection_score\": 1", "\"detection_score\": NaN", "detection_score")]
    [TestCase(", \"attribute_name\": \"\"", "", "has no 'attribute_name'")]
    public void Results_ThatTheOfficialEvaluationRefuses_AreRefusedInOneLine(string part, string by, string mention)
    {
        NuScenesResults Parse(string box) => NuScenesResults.Read(new MemoryStream(Encoding.UTF8.GetBytes($$$"""{"meta": {}, "results": {"s": [{{{box}}}]}}""")), "x.json");
        Assert.That(Parse(Good).Samples[0].Boxes[0].Score, Is.EqualTo(1));
        var fault = Assert.Throws<FileFormatException>(() => Parse(Good.Replace(part, by)))!;
        Assert.That(fault.Message, Does.StartWith("nuscenes results x.json: results.s[0]").And.Contain(mention));
        Assert.That(() => Parse(string.Join(",", Enumerable.Repeat(Good, 501))), Throws.TypeOf<FileFormatException>().With.Message.Contains("[500]").And.Message.Contains("one box too many"));
    }

    [TestCase(0, 7, "vehicle.stopped")]
    [TestCase(0, 2, "vehicle.parked")]
    [TestCase(3, 8, "vehicle.moving")]
    [TestCase(5, 0, "cycle.with_rider")]
    [TestCase(6, 5, "cycle.without_rider")]
    [TestCase(7, 4, "pedestrian.sitting_lying_down")]
    [TestCase(7, 99, "pedestrian.moving")]
    [TestCase(8, 5, "")]
    [TestCase(9, -1, "")]
    public void Attribute_ThatDoesNotSuitTheClass_IsTheClassesUsual(int label, int attribute, string expected) =>
        Assert.That(NuScenesClasses.AttributeFor(label, attribute), Is.EqualTo(expected));

    [Test]
    public void BothOrders_HoldTheSameClasses() => Assert.That(NuScenesClasses.DevkitOrder, Is.EquivalentTo(NuScenesClasses.Names).And.Not.EqualTo(NuScenesClasses.Names));

    private static void AssertNear(Point3d got, Point3d expected)
    {
        var d = got - expected;
        Assert.That(Math.Sqrt(d.Dot(d)), Is.LessThan(1e-6 * (1 + Math.Sqrt(expected.Dot(expected)))), $"{got}, expected {expected}");
    }
}
