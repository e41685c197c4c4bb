using LzuCore.Memory;
using LzuCore.Vision.Data.Coco;
using LzuCore.Vision.Data.Loading;
using LzuCore.Vision.Geometry;

namespace LzuCore.Vision.Tests.Data.Coco;

public sealed class CocoDatasetTests
{
    // Ids with holes, annotations out of order, a crowd, and one of everything that training leaves out.
    private const string Set = """
        {"images": [{"id": 30, "file_name": "sub/a.jpg", "width": 100, "height": 80}, {"id": 10, "file_name": "b.png", "width": 64, "height": 64}, {"id": 20, "file_name": "small.png", "width": 64, "height": 31}, {"id": 40, "file_name": "none.png", "width": 64, "height": 64}],
         "categories": [{"id": 3, "name": "car"}, {"id": 1, "name": "person"}],
         "annotations": [
          {"id": 1, "image_id": 10, "category_id": 1, "bbox": [1, 2, 3, 4], "area": 12, "iscrowd": 0},
          {"id": 2, "image_id": 30, "category_id": 3, "bbox": [10.5, 20, 30, 40], "area": 900, "iscrowd": 0},
          {"id": 3, "image_id": 30, "category_id": 1, "bbox": [50, 50, 30, 20], "area": 600, "iscrowd": 1},
          {"id": 4, "image_id": 30, "category_id": 1, "bbox": [0, 0, 9, 9], "area": 81, "iscrowd": 0, "ignore": 1},
          {"id": 5, "image_id": 30, "category_id": 1, "bbox": [100, 0, 9, 9], "area": 81, "iscrowd": 0},
          {"id": 6, "image_id": 30, "category_id": 1, "bbox": [0, 0, 0.5, 9], "area": 4.5, "iscrowd": 0},
          {"id": 7, "image_id": 30, "category_id": 1, "bbox": [0, 0, 9, 9], "area": 0, "iscrowd": 0},
          {"id": 8, "image_id": 30, "category_id": 9, "bbox": [0, 0, 9, 9], "area": 81, "iscrowd": 0},
          {"id": 9, "image_id": 20, "category_id": 1, "bbox": [0, 0, 9, 9], "area": 81, "iscrowd": 0}]}
        """;

    private PictureFolder _folder = null!;

    [SetUp]
    public void Make()
    {
        _folder = new PictureFolder();
        _folder.Picture("sub/a.jpg", (80, 100));
        _folder.Picture("b.png", (64, 64));
        _folder.Picture("small.png", (31, 64));
        _folder.Picture("none.png", (64, 64));
        _folder.Text("set.json", Set);
    }

    [TearDown]
    public void Remove() => _folder.Dispose();

    [Test]
    public void Evaluation_SeesEveryImageAndBoxOfItsClasses()
    {
        var data = CocoDataset.Load(_folder["set.json"], _folder.Root);
        Assert.That(Enumerable.Range(0, data.Count).Select(data.IdOf), Is.EqualTo(new[] { "30", "10", "20", "40" }));
        var sample = data.Load(0, new PictureReader());
        Assert.That((sample.ImageId, sample.Image.Size, sample.Original), Is.EqualTo((30L, new Size2(80, 100), new Size2(80, 100))));
        Assert.That(sample.Boxes, Has.Count.EqualTo(5));
        Assert.That((sample.Boxes[0], sample.Labels[0]), Is.EqualTo((new Box(10.5f, 20, 40.5f, 60), 0)), "car is the file's first class");
        Assert.That(sample.Ignored, Is.EqualTo(new[] { new Box(50, 50, 80, 70) }));
        Assert.That(data.FileOf(0), Is.EqualTo(_folder["sub/a.jpg"]));
        Assert.That(data.Load(3, new PictureReader()).Boxes, Is.Empty);
    }

    [Test]
    public void Training_FollowsMmdetectionsRules()
    {
        var data = CocoDataset.Load(_folder["set.json"], _folder.Root, new() { ForTraining = true });
        Assert.That(Enumerable.Range(0, data.Count).Select(data.IdOf), Is.EqualTo(new[] { "30", "10" }), "31 rows, and nothing annotated, are left out");
        var sample = data.Load(0, new PictureReader());
        Assert.That(sample.Boxes, Is.EqualTo(new[] { new Box(10.5f, 20, 40.5f, 60) }));
        Assert.That(sample.Ignored, Has.Count.EqualTo(1));
    }

    [Test]
    public void ChosenClasses_SetTheLabels()
    {
        var data = CocoDataset.Load(_folder["set.json"], _folder.Root, new() { ForTraining = true, Classes = ["person", "car"] });
        Assert.That(data.Load(0, new PictureReader()).Labels, Is.EqualTo(new[] { 1 }));
        Assert.That(CocoDataset.Load(_folder["set.json"], _folder.Root, new() { ForTraining = true, Classes = ["car"] }).Count, Is.EqualTo(1));
        Assert.That(() => CocoDataset.Load(_folder["set.json"], _folder.Root, new() { Classes = ["cat"] }), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("no class 'cat'"));
    }

    [Test]
    public void ReducedPicture_HasItsBoxesWithIt()
    {
        var data = CocoDataset.Load(_folder["set.json"], _folder.Root);
        var sample = data.Load(0, new PictureReader(needed: s => new Size2(s.Height / 2, s.Width / 2)));
        Assert.That((sample.Image.Size, sample.Original, sample.Boxes[0]), Is.EqualTo((new Size2(40, 50), new Size2(80, 100), new Box(5.25f, 10, 20.25f, 30))));
    }

    [Test]
    public void Sequences_LieInTheirFolders()
    {
        _folder.Picture("val/log/ring_front_center/x.jpg", (20, 30));
        var path = _folder.Text("argoverse.json", """
            {"images": [{"id": 0, "name": "x.jpg", "sid": 0, "fid": 4, "width": 30, "height": 20}], "categories": [{"id": 0, "name": "person"}], "annotations": [],
             "sequences": ["log"], "seq_dirs": ["val/log/ring_front_center"], "coco_mapping": [0]}
            """);
        var data = CocoDataset.Load(path, _folder.Root);
        var sample = data.Load(0, new PictureReader());
        Assert.That((data.HasSequences, sample.Sequence, sample.Frame, sample.Image.Size), Is.EqualTo((true, 0, 4, new Size2(20, 30))));
    }

    [TestCase("b.png", "zero", "empty"), TestCase("sub/a.jpg", "cut", "cut off"), TestCase("b.png", "cut", "cut off"), TestCase("b.png", "gone", "no such file"), TestCase("b.png", "folder", "directory"), TestCase("b.png", "other size", "annotations say 64x64")]
    public void BrokenPicture_IsOneErrorWithItsName(string name, string how, string says)
    {
        var path = _folder[name];
        var bytes = File.ReadAllBytes(path);
        File.Delete(path);
        if (how == "zero") File.WriteAllBytes(path, []);
        if (how == "cut") File.WriteAllBytes(path, bytes[..(bytes.Length / 2)]);
        if (how == "folder") Directory.CreateDirectory(path);
        if (how == "other size") _folder.Picture(name, (32, 32));
        var loader = DataLoader.Of(CocoDataset.Load(_folder["set.json"], _folder.Root), new() { Workers = 2 });
        Assert.That(() => loader.Epoch(0).ToList(), Throws.TypeOf<FileFormatException>().With.Message.Contains(says).And.Message.Contains(path).And.Message.Not.Contains("\n"));
    }

    [TestCase("../b.png"), TestCase("/etc/passwd"), TestCase("")]
    public void NameThatLeavesTheFolder_IsNotFollowed(string name)
    {
        var file = new CocoAnnotations([new CocoImage(1, name, 9, 9)], [], []);
        Assert.That(() => new CocoDataset(file, _folder.Root).Load(0, new PictureReader()), Throws.TypeOf<FileFormatException>().With.Message.Contains("must stay in the folder"));
    }

    [Test]
    public void WrongInput_IsSaid()
    {
        var file = new CocoAnnotations([new CocoImage(1, "a", 9, 9), new CocoImage(1, "b", 9, 9)], [], []);
        Assert.That(() => new CocoDataset(file, _folder.Root), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("1 occurs twice"));
        Assert.That(() => new CocoDataset(file, _folder["none"]), Throws.TypeOf<FileFormatException>().With.Message.Contains("no such folder"));
    }
}
