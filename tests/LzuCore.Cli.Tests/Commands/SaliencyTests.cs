using LzuCore.Nn.Serialization;

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
}
