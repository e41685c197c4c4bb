using LzuCore.Memory;
using LzuCore.Vision.Data.Cityscapes;
using LzuCore.Vision.Data.Coco;
using LzuCore.Vision.Data.NuScenes;
using LzuCore.Vision.Imaging;
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
    public void LabelsOfOthers_AreRefused()
    {
        var labels = new LabelMap(new(2, 2)) { [1, 1] = 10 };
        Assert.That(() => SceneAnnotations.CityscapesTrainIds(labels), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("got 10"));
    }
}
