using LzuCore.Memory;
using LzuCore.Vision.Data.Loading;
using LzuCore.Vision.Data.NuScenes;
using LzuCore.Vision.Geometry;

namespace LzuCore.Vision.Tests.Data.NuScenes;

public sealed class Mono3dDatasetTests
{
    private PictureFolder _folder = null!;
    private Mono3dAnnotations _file = null!;

    [SetUp]
    public void Make()
    {
        _folder = new PictureFolder();
        _folder.Picture("samples/CAM_FRONT/a.jpg", (90, 160));
        var camera = new Camera(126, 126, 80, 45);
        var pose = new Pose(Rotation3d.Identity, new Point3d(1, 2, 3));
        Mono3dImage Image(string id, string sample) => new(id, "samples/CAM_FRONT/a.jpg", sample, pose, pose, camera, 160, 90);
        Mono3dAnnotation Object(long id, string image, double velocity) =>
            new(id, image, 7, new(10, 20, 30, 40), 1200, new CameraBox3d(1, 2, 30, .7, 1.7, .8, .1, velocity, velocity), 84.2, 53.4, 30, 2);
        _file = new Mono3dAnnotations([Image("i0", "s0"), Image("i1", "s0"), Image("i2", "s1")], [Object(0, "i2", double.NaN), Object(1, "i0", 1.5), Object(2, "i0", 2)]);
    }

    [TearDown]
    public void Remove() => _folder.Dispose();

    [Test]
    public void Sample_HoldsWhatTheFileSays()
    {
        var data = new Mono3dDataset(_file, _folder.Root);
        Assert.That(data.Count, Is.EqualTo(3));
        var sample = data.Load(0, new PictureReader());
        Assert.That((sample.ImageToken, sample.SampleToken, sample.Image.Size), Is.EqualTo(("i0", "s0", new Size2(90, 160))));
        Assert.That(sample.Boxes, Is.EqualTo(new[] { new Box(10, 20, 40, 60), new Box(10, 20, 40, 60) }));
        Assert.That((sample.Labels[1], sample.Attributes[1], sample.Boxes3d[1].VelocityX, sample.Centers[1].Depth), Is.EqualTo((7, 2, 2d, 30d)));
        Assert.That((sample.Camera, sample.CameraToEgo.Translation), Is.EqualTo((_file.Images[0].Camera, new Point3d(1, 2, 3))));
        Assert.That(data.Load(2, new PictureReader()).Boxes3d[0].VelocityX, Is.Zero, "not known is 0");
    }

    [Test]
    public void Training_LeavesOutEmptyImages_AndAChoiceOfMomentsIsKept()
    {
        Assert.That(Ids(new() { ForTraining = true }), Is.EqualTo(new[] { "i0", "i2" }));
        Assert.That(Ids(new() { Samples = new HashSet<string> { "s0" } }), Is.EqualTo(new[] { "i0", "i1" }));
    }

    [Test]
    public void ReducedPicture_HasItsCameraWithIt()
    {
        var sample = new Mono3dDataset(_file, _folder.Root).Load(0, new PictureReader(needed: s => new Size2(s.Height / 2, s.Width / 2)));
        Assert.That((sample.Image.Size, sample.Camera.Fx, sample.Camera.Cy, sample.Centers[0].X), Is.EqualTo((new Size2(45, 80), 63d, 22.5, 42.1)));
        Assert.That(sample.Boxes3d[0].Z, Is.EqualTo(30));
    }

    [Test]
    public void WrongInput_IsSaid()
    {
        Assert.That(() => new Mono3dDataset(_file, _folder["none"]), Throws.TypeOf<FileFormatException>().With.Message.Contains("holds 'samples'"));
        File.Delete(_folder["samples/CAM_FRONT/a.jpg"]);
        Assert.That(() => new Mono3dDataset(_file, _folder.Root).Load(0, new PictureReader()), Throws.TypeOf<FileFormatException>().With.Message.Contains("no such file"));
    }

    private IEnumerable<string> Ids(Mono3dDatasetOptions options)
    {
        var data = new Mono3dDataset(_file, _folder.Root, options);
        return Enumerable.Range(0, data.Count).Select(data.IdOf);
    }
}
