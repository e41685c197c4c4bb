namespace LzuCore.Cli.Tests.Commands;

public sealed class ExportTests
{
    [Test]
    public void Onnx_IsOneFile_WithItsNodesAndBytes()
    {
        using var folder = new WorkFolder();
        var plain = Export(folder["plain.onnx"], "--size", "64x96");
        var warped = Export(folder["warped.onnx"], "--size", "128x192", "--warp", "fixed", "--scale", "0.5");
        Assert.That(plain.GetProperty("schema").GetString(), Is.EqualTo("lzu.export/1"));
        Assert.That(plain.GetProperty("nodes").GetInt32(), Is.GreaterThan(150));
        Assert.That(plain.GetProperty("bytes").GetInt64(), Is.EqualTo(new FileInfo(folder["plain.onnx"]).Length).And.GreaterThan(100_000_000));
        Assert.That(warped.GetProperty("nodes").GetInt32(), Is.GreaterThanOrEqualTo(plain.GetProperty("nodes").GetInt32() + 6), "a sampling of the image and of five levels");
        Assert.That(folder.Entries, Is.EqualTo(new[] { "plain.onnx", "warped.onnx" }));
        // A protobuf message whose first field is the IR version.
        using var file = File.OpenRead(folder["plain.onnx"]);
        Assert.That((file.ReadByte(), file.ReadByte()), Is.EqualTo((8, 8)));

        static System.Text.Json.JsonElement Export(string file, params string[] more) =>
            Lzu.Run(["export", "onnx", "--model", "retinanet", "--weights", "random:1", "--out", file, "--json", "--quiet", .. more]).Succeeded().Json;
    }

    [TestCase(new[] { "tflite", "--size", "64x64" }, "'tflite' is nothing to export to")]
    [TestCase(new[] { "onnx" }, "--size HxW is missing")]
    [TestCase(new[] { "onnx", "--size", "64x64", "--saliency", "map.npy" }, "add --warp fixed")]
    [TestCase(new[] { "onnx", "--size", "64x64", "--model", "resnet50", "--warp", "fixed" }, "nothing to unzoom")]
    [TestCase(new[] { "onnx", "--size", "64x64", "--model", "retinanot" }, "--model must be")]
    [TestCase(new[] { "onnx", "--size", "20000x64" }, "--size must be")]
    public void WrongUsage_IsSaid(string[] args, string mention)
    {
        using var folder = new WorkFolder();
        Lzu.Run(["export", .. args, "--weights", "random:1", "--out", folder["a.onnx"]]).Failed(2, mention);
        Assert.That(folder.Entries, Is.Empty);
    }

    [Test]
    public void Weights_ThatAreNone_AreSaid()
    {
        using var folder = new WorkFolder();
        foreach (var model in (string[])["retinanet", "resnet50", "pspnet"])
        {
            Lzu.Run("export", "onnx", "--model", model, "--size", "64x64", "--out", folder["a.onnx"], "--weights", folder["none.pth"]).Failed(2, "none.pth");
            Lzu.Run("export", "onnx", "--model", model, "--size", "64x64", "--out", folder["a.onnx"], "--weights", "random:x").Failed(2, "random:SEED");
        }
        Assert.That(folder.Entries, Is.Empty);
    }
}
