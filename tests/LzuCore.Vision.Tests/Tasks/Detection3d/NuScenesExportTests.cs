using LzuCore.Memory;
using LzuCore.Vision.Data.NuScenes;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Tasks.Detection3d;
using Seen = LzuCore.Vision.Tasks.Detection3d.Detection3d;

namespace LzuCore.Vision.Tests.Tasks.Detection3d;

public sealed class NuScenesExportTests
{
    [Test]
    public void CameraBoxes_BecomeTheReferencesGlobalBoxes()
    {
        using var golden = MetricGoldens.Npz("nuscenes/cam_to_global.npz");
        double[] Read(string name) => golden.Read(name).ToArray<double>();
        Pose Place(string name) => Read($"{name}_rotation") is var r && Read($"{name}_translation") is var t ? new Pose(Rotation3d.Normalized(r[0], r[1], r[2], r[3]), new(t[0], t[1], t[2])) : default;
        var image = new Mono3dImage("", "", "", Place("cam2ego"), Place("ego2global"), new(1, 1, 0, 0), 1600, 900);
        var boxes = Read("cam_boxes_gravity_centre");
        var labels = golden.Read("labels").ToArray<long>();
        var inRange = golden.Read("in_range").ToArray<bool>();
        double[] translation = Read("translation"), size = Read("size_wlh"), rotation = Read("rotation_matrix"), velocity = Read("velocity");
        Assert.That(inRange.Count(r => r), Is.InRange(1, 39), "the case says something");
        for (var i = 0; i < 40; i++)
        {
            var b = boxes.AsSpan(9 * i, 9);
            var got = NuScenesExport.ToGlobal(new CameraBox3d(b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8]), (int)labels[i], image);
            Assert.That(got.HasValue, Is.EqualTo(inRange[i]), $"row {i}");
            if (got is not { } global) continue;
            var (box, v) = global;
            Assert.That(new[] { box.Center.X, box.Center.Y, box.Center.Z }, Is.EqualTo(translation[(3 * i)..(3 * i + 3)]).Within(1e-9));
            Assert.That(new[] { box.Width, box.Length, box.Height }, Is.EqualTo(size[(3 * i)..(3 * i + 3)]).Within(1e-9));
            Assert.That(box.Rotation.ToMatrix(), Is.EqualTo(rotation[(9 * i)..(9 * i + 9)]).Within(1e-9));
            Assert.That(new[] { v.X, v.Y }, Is.EqualTo(velocity[(2 * i)..(2 * i + 2)]).Within(1e-9));
        }
    }

    private static readonly Mono3dAnnotations Golden = Mono3dAnnotations.Load(MetricGoldens.File("nuscenes/infos_mono3d.coco.json"));

    private static Mono3dImage[] Images => [.. Golden.Images.Take(6)];

    private static NuScenesBox[] Merge(params (int Camera, Seen Found)[] found) =>
        [.. NuScenesExport.Merge(Images, [.. Enumerable.Range(0, 6).Select(c => found.Where(f => f.Camera == c).Select(f => f.Found).ToArray())]).Boxes];

    private static CameraBox3d Ahead(double x = 0, double z = 15) => new(x, 1, z, 4, 1.5, 2, 0.3, 1, 2);

    [Test]
    public void ObjectSeenByTwoCameras_IsReportedOnce_ByTheSurerOne()
    {
        // The same car, in the frame of the front camera and of the front right one.
        var images = Images;
        var toRight = (images[1].EgoToGlobal * images[1].CameraToEgo).Inverse() * (images[0].EgoToGlobal * images[0].CameraToEgo);
        var seenRight = CameraBox3d.From(toRight.Apply(Ahead(9).ToOriented()), toRight.Rotation.Rotate(new(1, 0, 2)));
        var merged = Merge((0, new(Ahead(9), 0.5f, 0, 5)), (1, new(seenRight, 0.8f, 0, 6)));
        Assert.That(merged, Has.Length.EqualTo(1));
        Assert.That((merged[0].Score, merged[0].Attribute), Is.EqualTo(((double)0.8f, "vehicle.parked")));
        var expected = NuScenesExport.ToGlobal(Ahead(9), 0, images[0])!.Value;
        var off = merged[0].Box.Center - expected.Box.Center;
        Assert.That(Math.Sqrt(off.Dot(off)), Is.LessThan(1e-9));
        Assert.That(merged[0].VelocityX, Is.EqualTo(expected.Velocity.X).Within(1e-9));
        Assert.That(Math.Sin(merged[0].Box.Rotation.Heading - expected.Box.Rotation.Heading), Is.Zero.Within(1e-9));
    }

    [Test]
    public void OtherClasses_AreNotMerged_AndAttributesStayWithTheirBoxes()
    {
        // A cone out of its range between two others: the reference pairs the attributes behind it wrongly.
        var merged = Merge((0, new(Ahead(0, 10), 0.9f, 7, 3)), (0, new(Ahead(0, 45), 0.8f, 8, 8)), (0, new(Ahead(0, 10), 0.7f, 0, 5)));
        Assert.That(merged.Select(b => (NuScenesClasses.Names[b.Label], b.Attribute)), Is.EqualTo(new[] { ("car", "vehicle.moving"), ("pedestrian", "pedestrian.standing") }));
    }

    [Test]
    public void UnsureAndBrokenBoxes_AreLeftOut_AndFiveHundredAreKept()
    {
        Assert.That(Merge((0, new(Ahead(), 0.01f, 0, 5)), (0, new(Ahead() with { X = double.NaN }, 0.9f, 0, 5)), (0, new(Ahead(), float.NaN, 0, 5))), Is.Empty);
        var many = Enumerable.Range(0, 900).Select(i => (0, new Seen(new CameraBox3d(i % 30 - 15, 1, 5 + i / 30, 0.3, 1, 0.3, 0, 0, 0), 0.05f + i * 1e-3f, 0, 5))).ToArray();
        var merged = Merge(many);
        Assert.That(merged, Has.Length.EqualTo(500));
        Assert.That(merged.Min(b => b.Score), Is.EqualTo(0.05f + 400 * 1e-3f).Within(1e-6));
    }

    [Test]
    public void OddInput_IsRefused()
    {
        Assert.That(() => NuScenesExport.Merge(Images, []), Throws.TypeOf<ShapeException>());
        Assert.That(() => NuScenesExport.Merge([Golden.Images[0], Golden.Images[6]], [[], []]), Throws.TypeOf<ArgumentValueException>());
        Assert.That(() => Merge((0, new(Ahead(), 0.9f, 10, 5))), Throws.TypeOf<ArgumentValueException>());
    }
}
