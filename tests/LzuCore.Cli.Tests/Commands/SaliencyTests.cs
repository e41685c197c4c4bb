using LzuCore.Memory;
using LzuCore.Nn.Serialization;
using LzuCore.Vision.Imaging;

namespace LzuCore.Cli.Tests.Commands;

public sealed class SaliencyTests
{
    [Test]
    public void Annotations_BecomeAMapThatZoomReads()
    {
        using var folder = new WorkFolder();
        var annotations = folder.Text("coco.json", """{"images": [{"id": 1, "file_name": "a.png", "height": 60, "width": 80}], "annotations": [{"image_id": 1, "bbox": [40, 20, 10, 10]}, {"image_id": 1, "bbox": [42, 22, 5, 5]}]}""");
        var document = Lzu.Run("saliency", "--annotations", annotations, "--out", folder["map.npy"], "--grid", "16x20", "--json").Succeeded().Json;
        Assert.That(document.GetProperty("schema").GetString(), Is.EqualTo("lzu.saliency/1"));
        Assert.That(document.GetProperty("shape").EnumerateArray().Select(v => v.GetInt32()), Is.EqualTo(new[] { 1, 1, 16, 20 }));
        Assert.That(document.GetProperty("boxes").GetInt32(), Is.EqualTo(2));
        Assert.That(document.GetProperty("min").GetDouble(), Is.GreaterThan(0).And.LessThan(document.GetProperty("max").GetDouble()));
        Assert.That(Npy.Read(folder["map.npy"]).ToArray<float>().Sum(), Is.EqualTo(1).Within(1e-4));
        Lzu.Run("zoom", folder.Picture("a.png"), "--out", folder["out"], "--saliency", folder["map.npy"], "--quiet").Succeeded();
    }

    [Test]
    public void NoBoxes_IsAUsageError()
    {
        using var folder = new WorkFolder();
        Lzu.Run("saliency", "--annotations", folder.Text("none.json", "[]"), "--out", folder["map.npy"]).Failed(2, "no boxes");
    }

    [Test]
    public void UnknownImageSize_IsAskedFor()
    {
        using var folder = new WorkFolder();
        Lzu.Run("saliency", "--annotations", folder.Text("lines.txt", "1,2,3,4"), "--out", folder["map.npy"]).Failed(2, "--image HxW");
    }

    [TestCase(true), TestCase(false)]
    public void Mono3dFile_GivesItsRectangles(bool annotationsFirst)
    {
        using var folder = new WorkFolder();
        const string image = """
            "images": [{"file_name": "a.jpg", "id": "sd", "token": "s", "cam2ego_rotation": [0.5, -0.5, 0.5, -0.5], "cam2ego_translation": [1.7, 0.0, 1.5], "ego2global_rotation": [1.0, 0.0, 0.0, 0.0],
             "ego2global_translation": [300.0, 700.0, 0.0], "cam_intrinsic": [[1266.4, 0, 816.3], [0, 1266.4, 491.5], [0, 0, 1]], "width": 160, "height": 90}]
            """;
        const string annotation = """
            "annotations": [{"image_id": "sd", "area": 27.0, "category_id": 8, "bbox": [120, 60, 10, 8], "bbox_cam3d": [5, 0.3, 16.2, 0.4, 1.0, 0.4, 1.86], "velo_cam3d": [NaN, 0.0], "center2d": [1210.6, 516.6, 16.2], "attribute_id": 8, "id": 0}]
            """;
        var file = folder.Text("infos.json", annotationsFirst ? $"{{{annotation}, {image}}}" : $"{{{image}, {annotation}}}");
        var document = Lzu.Run("saliency", "--annotations", file, "--out", folder["map.npy"], "--grid", "9x16", "--bandwidth", "4", "--json").Succeeded().Json;
        Assert.That(document.GetProperty("boxes").GetInt32(), Is.EqualTo(1));
        var lines = Lzu.Run("saliency", "--annotations", folder.Text("lines.txt", "120,60,130,68"), "--image", "90x160", "--out", folder["same.npy"], "--grid", "9x16", "--bandwidth", "4").Succeeded();
        Assert.That(Npy.Read(folder["map.npy"]).ToArray<float>(), Is.EqualTo(Npy.Read(folder["same.npy"]).ToArray<float>()), lines.Out);
    }

    // Label ids 7 and 26 are road and car; 0 has no train id and makes no boundary. Train ids count where a picture has both kinds.
    [Test]
    public void LabelMaps_GiveWhereLabelsChange_EachPictureOnce()
    {
        using var folder = new WorkFolder();
        Directory.CreateDirectory(folder["gtFine/val/ulm"]);
        Write("gtFine/val/ulm/ulm_000000_000001_gtFine_labelIds.png", (y, x) => x < 20 ? (byte)7 : (byte)26);
        Write("gtFine/val/ulm/ulm_000000_000002_gtFine_labelIds.png", (y, x) => x < 4 ? (byte)7 : (byte)0);
        Write("gtFine/val/ulm/ulm_000000_000002_gtFine_labelTrainIds.png", (y, x) => x < 20 ? (byte)0 : (byte)13);
        Write("gtFine/val/ulm/ulm_000000_000002_gtFine_color.png", (y, x) => (byte)(x % 2));
        var document = Lzu.Run("saliency", "--labels", folder["gtFine"], "--out", folder["map.npy"], "--grid", "4x8", "--json").Succeeded().Json;
        Assert.That((document.GetProperty("maps").GetInt32(), document.GetProperty("boxes").GetInt32()), Is.EqualTo((2, 0)));
        // Columns 19 and 20 of 32 are the boundary: both in cell columns 4 and 5 of 8.
        var map = Npy.Read(folder["map.npy"]).ToArray<float>();
        for (var i = 0; i < 32; i++) Assert.That(map[i], Is.EqualTo(0.3 / 32 + (i % 8 is 4 or 5 ? 0.7 / 8 : 0)).Within(1e-6), $"cell {i}");

        void Write(string name, Func<int, int, byte> label)
        {
            var labels = new LabelMap(new Size2(16, 32));
            for (var y = 0; y < 16; y++)
                for (var x = 0; x < 32; x++) labels[y, x] = label(y, x);
            File.WriteAllBytes(folder[name], labels.Encode());
        }
    }

    [Test]
    public void Sources_AreOneOrTheOther()
    {
        using var folder = new WorkFolder();
        Lzu.Run("saliency", "--out", folder["map.npy"]).Failed(2, "--annotations FILE or --labels DIR");
        Lzu.Run("saliency", "--annotations", "a", "--labels", "b", "--out", folder["map.npy"]).Failed(2, "one of them");
        Lzu.Run("saliency", "--labels", folder["missing"], "--out", folder["map.npy"]).Failed(2, "not there");
        Directory.CreateDirectory(folder["empty"]);
        Lzu.Run("saliency", "--labels", folder["empty"], "--out", folder["map.npy"]).Failed(2, "gtFine");
        Assert.That(folder.Entries, Is.EqualTo(new[] { "empty" }));
    }

    [TestCase("""{"images": [{"id": 1, "file_name": "a.png", "height": "60", "width": 80}], "annotations": [{"image_id": 1, "bbox": [4, 2, 1, 1]}]}""", "--image HxW")]
    [TestCase("""[[1, 2, 1e300, 4]]""", "not finite")]
    public void OddNumbers_AreOneLine(string json, string says)
    {
        using var folder = new WorkFolder();
        Lzu.Run("saliency", "--annotations", folder.Text("odd.json", json), "--out", folder["map.npy"]).Failed(2, says);
    }
}
