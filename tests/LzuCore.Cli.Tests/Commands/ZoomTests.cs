using LzuCore.Nn.Serialization;
using LzuCore.Tensors;
using LzuCore.Vision.Imaging;

namespace LzuCore.Cli.Tests.Commands;

public sealed class ZoomTests
{
    private static readonly string[] Kinds = ["grid", "magnification", "saliency", "unzoomed", "zoomed"];

    [Test]
    public void Json_HasEveryFieldAndTheFilesExist()
    {
        using var folder = new WorkFolder();
        var image = Lzu.Run("zoom", folder.Picture("street.png", 90, 160), "--out", folder["out"], "--scale", "1", "--json").Succeeded().Json;
        Assert.That(image.GetProperty("schema").GetString(), Is.EqualTo("lzu.zoom/1"));
        image = image.GetProperty("images")[0];
        Assert.That(image.GetProperty("size").EnumerateArray().Select(v => v.GetInt32()), Is.EqualTo(new[] { 90, 160 }));
        Assert.That(image.GetProperty("zoomed_size").EnumerateArray().Select(v => v.GetInt32()), Is.EqualTo(new[] { 90, 160 }));
        Assert.That(image.GetProperty("roundtrip_psnr_db").GetDouble(), Is.GreaterThan(30));
        Assert.That(image.GetProperty("max_roundtrip_px").GetDouble(), Is.LessThan(1e-3));
        Assert.That(image.GetProperty("min_jacobian").GetDouble(), Is.InRange(0.01, 1));
        Assert.That(image.GetProperty("folds").GetInt32(), Is.Zero);
        Assert.That(image.GetProperty("magnification").GetProperty("min").GetDouble(), Is.InRange(0.1, 1));
        Assert.That(image.GetProperty("magnification").GetProperty("max").GetDouble(), Is.InRange(1, 10));
        foreach (var step in new[] { "saliency", "grid", "zoom", "inverse", "unzoom" }) Assert.That(image.GetProperty("ms").GetProperty(step).GetDouble(), Is.GreaterThanOrEqualTo(0));
        var files = image.GetProperty("files").EnumerateArray().Select(f => f.GetString()!).ToList();
        Assert.That(files.Select(f => Path.GetFileName(f)).Order(), Is.EqualTo(Kinds.Select(k => $"street.{k}.png")));
        foreach (var file in files) Assert.That(ImageCodec.Load(file).Width, Is.EqualTo(160), file);
    }

    [TestCase("missing")]
    [TestCase("empty")]
    [TestCase("text")]
    [TestCase("directory")]
    [TestCase("truncated")]
    [TestCase("huge")]
    public void HostileInput_IsOneLineAndLeavesNothing(string kind)
    {
        using var folder = new WorkFolder();
        var input = folder.Hostile(kind);
        var before = folder.Entries;
        Lzu.Run("zoom", input, "--out", folder["out/deep"], "--quiet").Failed(2, Path.GetFileName(input));
        Assert.That(folder.Entries, Is.EqualTo(before));
    }

    [Test]
    public void OneBadPictureOfTwo_LeavesNothing()
    {
        using var folder = new WorkFolder();
        Lzu.Run("zoom", folder.Picture("good.png"), folder.Hostile("text"), "--out", folder["out"], "--quiet").Failed(2, "text.jpg");
        Assert.That(folder.Entries, Is.EqualTo(new[] { "good.png", "text.jpg" }));
    }

    [Test]
    public void NamesWithSpacesAndUnicode_ComeThrough()
    {
        using var folder = new WorkFolder();
        Lzu.Run("zoom", folder.Picture("straße 道路 é.png"), "--out", folder["aus gabe"], "--quiet").Succeeded();
        Assert.That(File.Exists(folder["aus gabe/straße 道路 é.zoomed.png"]));
    }

    [Test]
    public void SameNames_GetNumbers()
    {
        using var folder = new WorkFolder();
        Directory.CreateDirectory(folder["a"]);
        Lzu.Run("zoom", folder.Picture("x.png"), folder.Picture("a/x.png"), "--out", folder["out"], "--quiet").Succeeded();
        Assert.That(File.Exists(folder["out/x.zoomed.png"]) && File.Exists(folder["out/x-2.zoomed.png"]));
    }

    [Test]
    public void UniformSaliency_IsPlainResizing()
    {
        using var folder = new WorkFolder();
        Npy.Write(folder["flat.npy"], Tensor.Ones([1, 1, 31, 51]));
        var image = Lzu.Run("zoom", folder.Picture("x.png"), "--out", folder["out"], "--saliency", folder["flat.npy"], "--scale", "1", "--json").Succeeded().Json.GetProperty("images")[0];
        Assert.That(image.GetProperty("magnification").GetProperty("max").GetDouble(), Is.EqualTo(1).Within(1e-4));
        Assert.That(ImageCodec.Load(folder["out/x.zoomed.png"]).Pixels.SequenceEqual(ImageCodec.Load(folder["x.png"]).Pixels));
    }

    [TestCase("boxes.csv", "50,20,60,30\n# a comment\n\n52 22 58 29\n")]
    [TestCase("boxes.json", "[[50, 20, 60, 30], [52, 22, 58, 29]]")]
    [TestCase("coco.json", """{"images": [{"id": 7, "file_name": "deep/x.png"}], "annotations": [{"image_id": 7, "bbox": [50, 20, 10, 10], "velocity": NaN}]}""")]
    public void Boxes_AreMagnified(string name, string text)
    {
        using var folder = new WorkFolder();
        var image = Lzu.Run("zoom", folder.Picture("x.png"), "--out", folder["out"], "--boxes", folder.Text(name, text), "--json").Succeeded().Json.GetProperty("images")[0];
        Assert.That(image.GetProperty("magnification").GetProperty("max").GetDouble(), Is.GreaterThan(1.3));
        Assert.That(image.GetProperty("zoomed_size")[0].GetInt32(), Is.EqualTo(30));
    }

    [TestCase("--boxes", "1,2,three,4", "line 1")]
    [TestCase("--boxes", "", "empty")]
    [TestCase("--saliency", "no array", "extra")]
    public void BadMap_IsAUsageError(string option, string text, string mention)
    {
        using var folder = new WorkFolder();
        Lzu.Run("zoom", folder.Picture("x.png"), "--out", folder["out"], option, folder.Text("extra.txt", text), "--quiet").Failed(2, mention);
        Assert.That(Directory.Exists(folder["out"]), Is.False);
    }

    [Test]
    public void CropAndNonseparable_RunToo()
    {
        using var folder = new WorkFolder();
        var image = Lzu.Run("zoom", "image:3@90x120", "--out", folder["out"], "--nonseparable", "--crop", "--grid", "15x21", "--fwhm", "6", "--size", "50x70", "--json").Succeeded().Json.GetProperty("images")[0];
        Assert.That(image.GetProperty("zoomed_size").EnumerateArray().Select(v => v.GetInt32()), Is.EqualTo(new[] { 50, 70 }));
        Assert.That(File.Exists(folder["out/image-3.grid.png"]));
    }

    [Test]
    public void Ilgpu_ZoomsLikeTheCpu()
    {
        using var folder = new WorkFolder();
        foreach (var device in new[] { "cpu", "ilgpu" })
            Lzu.Run("zoom", folder.Picture("x.png"), "--out", folder[device], "--boxes", folder.Text("boxes.csv", "50,20,60,30"), "--device", device, "--quiet").Succeeded();
        var (cpu, gpu) = (ImageCodec.Load(folder["cpu/x.zoomed.png"]), ImageCodec.Load(folder["ilgpu/x.zoomed.png"]));
        for (var i = 0; i < cpu.Pixels.Length; i++) Assert.That(Math.Abs(cpu.Pixels[i] - gpu.Pixels[i]), Is.LessThanOrEqualTo(1));
    }

    [TestCase("image:x@90x120")]
    [TestCase("image:1@90")]
    public void BadDeterministicImage_IsAUsageError(string name) => Lzu.Run("zoom", name, "--out", "nowhere", "--quiet").Failed(2, "image:SEED@");

    [Test]
    public void ScaleAndSize_ExcludeEachOther() => Lzu.Run("zoom", "image:1@90x120", "--out", "nowhere", "--scale", "1", "--size", "50x70", "--quiet").Failed(2, "--scale and --size");

    [Test]
    public void MistypedOption_IsNotTakenForAPicture() => Lzu.Run("zoom", "x.png", "--out", "nowhere", "--sclae", "1").Failed(2, "did you mean '--scale'?");

    [Test]
    public void MissingOut_IsAUsageError() => Lzu.Run("zoom", "x.png").Failed(2, "--out");
}
