using LzuCore.Memory;
using LzuCore.Vision.Data;
using LzuCore.Vision.Data.Cityscapes;
using LzuCore.Vision.Data.Loading;

namespace LzuCore.Vision.Tests.Data.Cityscapes;

public sealed class CityscapesDatasetTests
{
    private PictureFolder _folder = null!;

    [SetUp]
    public void Make()
    {
        _folder = new PictureFolder();
        foreach (var key in new[] { "val/ulm/ulm_000001_000019", "val/bonn/bonn_000002_000019", "val/bonn/bonn_000001_000019" })
        {
            _folder.Picture($"leftImg8bit/{key}_leftImg8bit.png", (8, 40));
            _folder.Grey($"gtFine/{key}_gtFine_labelIds.png", (8, 40), (_, x) => (byte)x);
            _folder.Picture($"gtFine/{key}_gtFine_color.png", (8, 40));
        }
    }

    [TearDown]
    public void Remove() => _folder.Dispose();

    [Test]
    public void Split_IsInOrderOfPaths() =>
        Assert.That(Enumerable.Range(0, 3).Select(new CityscapesDataset(_folder.Root, "val").IdOf), Is.EqualTo(new[] { "bonn/bonn_000001_000019", "bonn/bonn_000002_000019", "ulm/ulm_000001_000019" }));

    [Test]
    public void LabelIds_BecomeTrainIds()
    {
        var data = new CityscapesDataset(_folder.Root, "val");
        var labels = data.Load(0, new PictureReader()).Labels;
        // cityscapesscripts' labels.py: 7 road 0, 11 building 2, 26 car 13, 33 bicycle 18; 0 unlabeled and 30 trailer are not scored.
        foreach (var (id, train) in new[] { (7, 0), (11, 2), (26, 13), (33, 18), (0, 255), (30, 255), (34, 255) }) Assert.That((int)labels.Row(5)[id], Is.EqualTo(train), $"id {id}");
        Assert.That(data.SizeOf(0), Is.EqualTo(new Size2(8, 40)));
    }

    [Test]
    public void TrainIds_ArePreferredAndTakenAsTheyAre()
    {
        _folder.Grey("gtFine/val/bonn/bonn_000001_000019_gtFine_labelTrainIds.png", (8, 40), (y, _) => y == 0 ? LabelMaps.Ignore : (byte)y);
        var labels = new CityscapesDataset(_folder.Root, "val").Load(0, new PictureReader()).Labels;
        Assert.That((labels.Row(0)[3], labels.Row(7)[3]), Is.EqualTo((LabelMaps.Ignore, (byte)7)));
    }

    [Test]
    public void BrokenSet_IsSaidInOneLine()
    {
        var data = new CityscapesDataset(_folder.Root, "val");
        File.Delete(data.LabelFileOf(0));
        Assert.That(() => data.Load(0, new PictureReader()), Throws.TypeOf<FileFormatException>().With.Message.Contains("labelIds.png: there is no such file"));
        File.Copy(data.LabelFileOf(1).Replace("labelIds", "color"), data.LabelFileOf(1), overwrite: true);
        Assert.That(() => data.Load(1, new PictureReader()), Throws.TypeOf<FileFormatException>().With.Message.Contains("channel").And.Message.Contains("labelIds.png"));
        _folder.Grey("gtFine/val/ulm/ulm_000001_000019_gtFine_labelIds.png", (4, 20), (_, _) => 7);
        Assert.That(() => data.Load(2, new PictureReader()), Throws.TypeOf<FileFormatException>().With.Message.Contains("labels are 4x20, the picture is 8x40"));
        Assert.That(() => new CityscapesDataset(_folder.Root, "train"), Throws.TypeOf<FileFormatException>().With.Message.Contains("no such folder"));
        Directory.CreateDirectory(_folder["leftImg8bit/test"]);
        Directory.CreateDirectory(_folder["gtFine/test"]);
        Assert.That(() => new CityscapesDataset(_folder.Root, "test"), Throws.TypeOf<FileFormatException>().With.Message.Contains("no pictures"));
    }
}
