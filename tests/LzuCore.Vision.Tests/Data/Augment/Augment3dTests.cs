using CsCheck;
using LzuCore.Vision.Data;
using LzuCore.Vision.Data.Augment;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Imaging;

namespace LzuCore.Vision.Tests.Data.Augment;

public sealed class Augment3dTests
{
    private static readonly Gen<CameraBox3d> Boxes = Gen.Select(Gen.Double[-20, 20], Gen.Double[2, 60], Gen.Double[-4, 4], Gen.Double[-9, 9])
        .Select((x, z, yaw, velocity) => new CameraBox3d(x, 1.2, z, 4.2, 1.6, 1.9, yaw, velocity, -velocity / 2));

    // What a sample says about pixels must stay true: a corner of a box in space is seen, by the sample's camera, where the picture shows it.
    [Test]
    public void FlippedBox_IsSeenWhereTheFlippedPictureShowsIt() => Boxes.Sample(box =>
    {
        var sample = Sample(box);
        var flipped = new RandomFlip(1).Apply(sample, Draws.Of(0, 0, 0));
        var before = Footprint(sample).Select(p => (U: sample.Image.Width - p.U, p.V)).ToList();
        foreach (var a in Footprint(flipped)) Assert.That(before.Min(b => Math.Abs(a.U - b.U) + Math.Abs(a.V - b.V)), Is.LessThan(1e-5 * (1 + Math.Abs(a.U))));
        var centre = flipped.Camera.Project(flipped.Boxes3d[0].Center);
        Assert.That((centre.U, centre.V), Is.EqualTo((flipped.Centers[0].X, flipped.Centers[0].Y)).Within(1e-8));
        // Moving objects go the other way: half a second later, too, both pictures agree.
        var later = sample.Camera.Project(Later(sample.Boxes3d[0]));
        Assert.That(flipped.Camera.Project(Later(flipped.Boxes3d[0])).U, Is.EqualTo(sample.Image.Width - later.U).Within(1e-6));
    });

    [Test]
    public void FlipTwice_IsTheSample() => Boxes.Sample(box =>
    {
        var sample = Sample(box);
        var flip = new RandomFlip(1);
        var twice = flip.Apply(flip.Apply(sample, Draws.Of(0, 0, 0)), Draws.Of(0, 0, 0));
        Assert.That(twice.Boxes3d[0].Yaw, Is.EqualTo(box.Yaw).Within(1e-12));
        Assert.That(twice.Boxes3d[0] with { Yaw = box.Yaw }, Is.EqualTo(box));
        Assert.That((twice.Camera.Cx, twice.Centers[0].X), Is.EqualTo((sample.Camera.Cx, sample.Centers[0].X)).Within(1e-9));
    });

    [Test]
    public void RescaledBox_IsSeenWhereTheRescaledPictureShowsIt() => Boxes.Sample(box =>
    {
        var sample = Sample(box);
        var half = new Rescale(new LzuCore.Memory.Size2(50, 101)) { KeepRatio = false }.Apply(sample, Draws.Of(0, 0, 0));
        var centre = half.Camera.Project(half.Boxes3d[0].Center);
        Assert.That((centre.U, centre.V), Is.EqualTo((half.Centers[0].X, half.Centers[0].Y)).Within(1e-8));
        Assert.That(half.Centers[0].X, Is.EqualTo(sample.Centers[0].X * 101 / 160).Within(1e-9));
        Assert.That(half.Centers[0].Depth, Is.EqualTo(box.Z));
        Assert.That(half.Boxes3d[0], Is.EqualTo(box), "metres stay metres");
        Assert.That(new PadTo(32).Apply(half, Draws.Of(0, 0, 0)).Image.Size, Is.EqualTo(new LzuCore.Memory.Size2(64, 128)));
    });

    private static Point3d Later(CameraBox3d box) => new(box.X + box.VelocityX / 2, box.Y, box.Z + box.VelocityZ / 2 + 10);

    private static IEnumerable<(double U, double V)> Footprint(Detection3dSample sample) => sample.Boxes3d[0].Corners().Select(c => c with { Z = c.Z + 10 }).Select(sample.Camera.Project);

    private static Detection3dSample Sample(CameraBox3d box)
    {
        var camera = new Camera(130, 131, 77, 44);
        var (u, v) = camera.Project(box.Center);
        return new Detection3dSample
        {
            ImageToken = "i",
            SampleToken = "s",
            File = "a.png",
            Image = new Image((90, 160)),
            Original = (90, 160),
            Camera = camera,
            Boxes3d = [box],
            Boxes = [new Box(1, 2, 30, 40)],
            Centers = [new ProjectedCenter(u, v, box.Z)],
            Labels = [0],
            Attributes = [8],
            CameraToEgo = new Pose(Rotation3d.Identity, default),
            EgoToGlobal = new Pose(Rotation3d.Identity, default),
        };
    }
}
