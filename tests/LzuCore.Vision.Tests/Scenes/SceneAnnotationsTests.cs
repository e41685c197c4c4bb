using LzuCore.Memory;
using LzuCore.Vision.Data.Cityscapes;
using LzuCore.Vision.Data.Coco;
using LzuCore.Vision.Data.NuScenes;
using LzuCore.Vision.Imaging;
using LzuCore.Vision.Metrics;
using LzuCore.Vision.Scenes;
using LzuCore.Vision.Tests.Data;

namespace LzuCore.Vision.Tests.Scenes;

/// <summary>What is written is read back with the readers of the data sets that it follows.</summary>
public sealed class SceneAnnotationsTests
{
    private static readonly SceneOptions Options = new() { Size = new(160, 256) };

    private static SceneAnnotations Written(SceneDataset data, PictureFolder folder)
    {
        var annotations = new SceneAnnotations(data);
        for (var i = 0; i < data.Count; i++)
        {
            var laid = data.SceneOf(i);
            var scene = laid.Render(SceneParts.Image);
            annotations.Add(i, laid, scene);
            Directory.CreateDirectory(Path.GetDirectoryName(folder[$"images/{data.FileOf(i)}"])!);
            ImageCodec.Save(scene.Image, folder[$"images/{data.FileOf(i)}"]);
        }
        using (var coco = File.Create(folder["coco.json"])) annotations.WriteCoco(coco);
        using (var mono = File.Create(folder["mono3d.json"])) annotations.WriteMono3d(mono, "images/");
        return annotations;
    }

    [TestCase(false), TestCase(true)]
    public void Coco_ReadsBackAsTheSamples(bool drives)
    {
        using var folder = new PictureFolder();
        var data = drives ? new SceneSequences(Options, 31, 2, 3) : new SceneDataset(Options, 31, 6);
        var written = Written(data, folder);
        var read = CocoDataset.Load(folder["coco.json"], folder["images"]);
        Assert.That((read.Count, read.HasSequences, written.Images), Is.EqualTo((6, drives, 6)));
        Assert.That(read.Categories.Select(c => c.Name), Is.EqualTo(SceneClasses.Objects));
        Assert.That(read.File.Annotations, Has.Count.EqualTo(written.Annotations));
        for (var i = 0; i < 6; i++)
        {
            var (own, back) = (data.LoadDetection(i), read.Load(i, new()));
            Assert.That(back.Boxes, Is.EqualTo(own.Boxes));
            Assert.That(back.Labels, Is.EqualTo(own.Labels));
            Assert.That(back.Ignored, Is.EqualTo(own.Ignored));
            Assert.That((back.ImageId, back.Sequence, back.Frame), Is.EqualTo((own.ImageId, own.Sequence, own.Frame)));
            Assert.That(back.Image.Pixels.SequenceEqual(own.Image.Pixels));
        }
    }

    [Test]
    public void Mono3d_ReadsBackAsTheSamplesWithoutSigns()
    {
        using var folder = new PictureFolder();
        var data = new SceneSequences(Options, 32, 1, 6, 2);
        Written(data, folder);
        var read = Mono3dDataset.Load(folder["mono3d.json"], folder.Root);
        int[] classes = [0, 1, 7, 5];
        for (var i = 0; i < 6; i++)
        {
            var (own, back) = (data.LoadDetection3d(i), read.Load(i, new()));
            var kept = Enumerable.Range(0, own.Labels.Count).Where(k => own.Labels[k] != SceneClasses.Sign).ToList();
            Assert.That(back.Labels, Is.EqualTo(kept.Select(k => classes[own.Labels[k]])));
            Assert.That(back.Boxes3d, Is.EqualTo(kept.Select(k => own.Boxes3d[k])));
            Assert.That(back.Centers, Is.EqualTo(kept.Select(k => own.Centers[k])));
            Assert.That(back.Attributes, Is.EqualTo(kept.Select(k => own.Attributes[k])));
            Assert.That(back.Camera, Is.EqualTo(own.Camera));
            Assert.That(back.ImageToken, Is.EqualTo(own.ImageToken));
            var (there, here) = (own.EgoToGlobal * own.CameraToEgo, back.EgoToGlobal * back.CameraToEgo);
            foreach (var box in own.Boxes3d)
            {
                var apart = there.Apply(box.Center) - here.Apply(box.Center);
                Assert.That(apart.Dot(apart), Is.LessThan(1e-18));
            }
        }
    }

    [Test]
    public void Cityscapes_ReadsBackWithTrainIds([Values("labelIds", "labelTrainIds")] string kind)
    {
        using var folder = new PictureFolder();
        var scene = new Scene(Options, 33, 0).Render();
        foreach (var place in new[] { "leftImg8bit/val/lzu", "gtFine/val/lzu" }) Directory.CreateDirectory(folder[place]);
        ImageCodec.Save(scene.Image, folder["leftImg8bit/val/lzu/lzu_000000_000000_leftImg8bit.png"]);
        var labels = kind == "labelIds" ? SceneAnnotations.CityscapesLabelIds(scene.Labels) : SceneAnnotations.CityscapesTrainIds(scene.Labels);
        File.WriteAllBytes(folder[$"gtFine/val/lzu/lzu_000000_000000_gtFine_{kind}.png"], labels.Encode());
        var back = new CityscapesDataset(folder.Root, "val").Load(0, new());
        string[] names = ["sky", "road", "terrain", "building", "vegetation", "car", "truck", "person", "rider", "traffic sign"];
        for (var i = 0; i < back.Labels.Labels.Length; i++) Assert.That(CityscapesClasses.Names[back.Labels.Labels[i]], Is.EqualTo(names[scene.Labels.Labels[i]]));
    }

    [Test]
    public void InstanceIds_CountEachClassAndKeepTheRest()
    {
        var scene = new Scene(Options, 33, 0).Render();
        var (size, values) = Sixteen(SceneAnnotations.CityscapesInstanceIds(scene.Labels, scene.Instances));
        Assert.That(size, Is.EqualTo(scene.Labels.Size));
        var labels = SceneAnnotations.CityscapesLabelIds(scene.Labels).Labels.ToArray();
        var instances = scene.Instances.Labels.ToArray();
        var pairs = values.Zip(labels, instances).Distinct().ToList();
        int[] things = [24, 25, 26, 27];
        Assert.That(pairs.Where(p => p.First < 1000), Is.All.Matches<(ushort Id, byte Label, byte)>(p => p.Id == p.Label && !things.Contains(p.Label)));
        var counted = pairs.Where(p => p.First >= 1000).ToList();
        Assert.That(counted, Has.Count.GreaterThan(3).And.All.Matches<(ushort Id, byte Label, byte)>(p => p.Id / 1000 == p.Label && things.Contains(p.Label)));
        Assert.That(counted.Select(p => p.First), Is.Unique);
        foreach (var label in counted.GroupBy(p => p.Second)) Assert.That(label.Select(p => p.First % 1000).Order(), Is.EqualTo(Enumerable.Range(0, label.Count())));
    }

    [TestCase(false), TestCase(true)]
    public void NuScenesTables_ReadBackAsTheScenes(bool drives)
    {
        using var folder = new PictureFolder();
        var data = drives ? new SceneSequences(Options, 34, 2, 4, 2) : new SceneDataset(Options, 34, 8);
        var written = Written(data, folder);
        Directory.CreateDirectory(folder["v1.0-lzu"]);
        foreach (var (name, write) in written.NuScenesTables("images/"))
            using (var file = File.Create(folder[$"v1.0-lzu/{name}.json"])) write(file);
        var read = NuScenesDatabase.Load(folder.Root, "v1.0-lzu");
        Assert.That((read.Samples.Count, read.Scenes.Count), Is.EqualTo((8, drives ? 2 : 8)));
        var (boxes, ignored, moving) = (0, 0, 0);
        for (var i = 0; i < 8; i++)
        {
            var sample = read.Samples[i];
            var camera = read.DataOf(sample, "CAM_FRONT");
            var laid = data.SceneOf(i);
            var seen = laid.Render(SceneParts.None);
            Assert.That(sample.Token, Is.EqualTo(data.IdOf(i)));
            Assert.That(File.Exists(folder[camera.FileName]));
            Assert.That(read.SensorOf(camera).Camera, Is.EqualTo(laid.Camera));
            Assert.That(read.EgoToGlobal(read.DataOf(sample, "LIDAR_TOP")), Is.EqualTo(read.EgoToGlobal(camera)));
            var toCamera = (read.EgoToGlobal(camera) * read.SensorOf(camera).SensorToEgo).Inverse();
            var toGround = laid.EgoToGlobal * laid.CameraToEgo;
            var objects = seen.Objects.Where(o => o.Class != SceneClasses.Sign).ToDictionary(o => $"{data.IdOf(i)}-{o.Track}");
            Assert.That(read.AnnotationsOf(sample).Select(a => a.Token), Is.EquivalentTo(objects.Keys));
            foreach (var annotation in read.AnnotationsOf(sample))
            {
                var (one, back) = (objects[annotation.Token], toCamera.Apply(annotation.Box));
                boxes++;
                ignored += one.Ignore ? 1 : 0;
                Assert.That(annotation.LidarPoints == 0, Is.EqualTo(one.Ignore));
                Assert.That((back.Center - one.Box3d.Center).Dot(back.Center - one.Box3d.Center), Is.LessThan(1e-18));
                Assert.That((back.Length, back.Width, back.Height), Is.EqualTo((one.Box3d.Length, one.Box3d.Width, one.Box3d.Height)));
                Assert.That(annotation.Box.Rotation.Rotate(new(0, 0, 1)).Z, Is.EqualTo(1).Within(1e-12), "stands");
                var heading = toGround.Rotation.Rotate(new(Math.Cos(one.Box3d.Yaw), 0, -Math.Sin(one.Box3d.Yaw)));
                Assert.That(Math.Cos(annotation.Box.Rotation.Heading - Math.Atan2(heading.Y, heading.X)), Is.EqualTo(1).Within(1e-9));
                // Where an object was, the velocity that the tables give by differences is that of the scene, but for bends and turns.
                var velocity = read.VelocityOf(annotation);
                if (!drives || double.IsNaN(velocity.X)) continue;
                var own = toGround.Rotation.Rotate(new(one.Box3d.VelocityX, 0, one.Box3d.VelocityZ));
                var (away, speed) = (velocity - own, Math.Sqrt(own.Dot(own)));
                Assert.That(Math.Sqrt(away.X * away.X + away.Y * away.Y), Is.LessThan(0.1 + 0.2 * speed), annotation.Token);
                moving += speed > 1 ? 1 : 0;
            }
        }
        Assert.That((boxes, ignored), Is.GreaterThan((20, 2)));
        Assert.That(moving, drives ? Is.GreaterThan(5) : Is.Zero);

        // The truth as a submission is found without a fault, what is to be ignored left out.
        var perfect = new NuScenesResults(default, [.. read.Samples.Select(s => new NuScenesSampleBoxes(s.Token, [.. NuScenesDetectionScore.Truths(read, s)
            .Select(b => b with { Score = 0.9, Points = -1, VelocityX = double.IsNaN(b.VelocityX) ? 0 : b.VelocityX, VelocityY = double.IsNaN(b.VelocityY) ? 0 : b.VelocityY }).Where((_, k) => read.AnnotationsOf(s)[k].LidarPoints > 0)]))]);
        var score = NuScenesDetectionScore.Score(read, read.Samples, perfect);
        Assert.That(score.Truths.Loaded - score.Truths.Scored, Is.GreaterThanOrEqualTo(ignored));
        Assert.That(score.AveragePrecision(NuScenesClasses.LabelOf("car")), Is.EqualTo(1).Within(1e-9));
        Assert.That(score.Error(NuScenesClasses.LabelOf("car"), NuScenesError.Translation), Is.Zero.Within(1e-9));
    }

    // A 16-bit grey PNG without interlacing, whose rows are differences to the row above.
    private static (Size2 Size, ushort[] Values) Sixteen(byte[] png)
    {
        int Number(int at) => System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(at));
        var size = new Size2(Number(20), Number(16));
        Assert.That(png[24..29], Is.EqualTo(new byte[] { 16, 0, 0, 0, 0 }));
        Assert.That(System.Text.Encoding.ASCII.GetString(png, 37, 4), Is.EqualTo("IDAT"));
        using var zlib = new System.IO.Compression.ZLibStream(new MemoryStream(png, 41, Number(33)), System.IO.Compression.CompressionMode.Decompress);
        byte[] above = new byte[2 * size.Width], row = new byte[1 + 2 * size.Width];
        var values = new ushort[size.Height * size.Width];
        for (var y = 0; y < size.Height; y++)
        {
            zlib.ReadExactly(row);
            Assert.That(row[0], Is.EqualTo(2));
            for (var x = 0; x < above.Length; x++) above[x] += row[1 + x];
            for (var x = 0; x < size.Width; x++) values[y * size.Width + x] = (ushort)(above[2 * x] << 8 | above[2 * x + 1]);
        }
        return (size, values);
    }

    [Test]
    public void LabelsOfOthers_AreRefused()
    {
        var labels = new LabelMap(new(2, 2)) { [1, 1] = 10 };
        Assert.That(() => SceneAnnotations.CityscapesTrainIds(labels), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("got 10"));
    }
}
