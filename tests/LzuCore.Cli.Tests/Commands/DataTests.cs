using System.Globalization;

namespace LzuCore.Cli.Tests.Commands;

public sealed class DataTests
{
    private const string Categories = """[{"id": 0, "name": "person"}, {"id": 2, "name": "car"}]""";

    [Test]
    public void GoodSet_HasNoFaults()
    {
        using var folder = new WorkFolder();
        folder.Picture("a b ä.jpg");
        folder.Picture("b.png", 40, 50);
        var document = Check(folder, """{"id": 7, "file_name": "a b ä.jpg", "height": 60, "width": 80}, {"id": 8, "file_name": "b.png"}""",
            """{"id": 1, "image_id": 7, "category_id": 0, "bbox": [0, 0, 80, 60]}, {"id": 2, "image_id": 8, "category_id": 2, "bbox": [1.5, 2, 3, 4], "segmentation": [[1, 2, 3]]}""").Succeeded().Json;
        Assert.That(document.GetProperty("schema").GetString(), Is.EqualTo("lzu.data/1"));
        Assert.That((document.GetProperty("images").GetInt32(), document.GetProperty("annotations").GetInt32(), document.GetProperty("kind").GetString()), Is.EqualTo((2, 2, "coco")));
        Assert.That(document.GetProperty("faults").GetArrayLength() + document.GetProperty("warnings").GetArrayLength(), Is.Zero);
    }

    // One fault each: what is in the file, the kind, and what the value must mention.
    [TestCase("""{"id": 1, "image_id": 7, "category_id": 9, "bbox": [1, 2, 3, 4]}""", "unknown-category", "9")]
    [TestCase("""{"id": 1, "image_id": 8, "category_id": 2, "bbox": [1, 2, 3, 4]}""", "unknown-image", "8")]
    [TestCase("""{"id": 1, "image_id": "7", "category_id": 2, "bbox": [1, 2, 3, 4]}""", "unknown-image", "\"7\"")]
    [TestCase("""{"id": 1, "image_id": 7, "category_id": 2, "bbox": [1, NaN, 3, 4]}""", "bad-box", "NaN")]
    [TestCase("""{"id": 1, "image_id": 7, "category_id": 2, "bbox": [1, 2, 3, Infinity]}""", "bad-box", "[1, 2, 3, NaN]")]
    [TestCase("""{"id": 1, "image_id": 7, "category_id": 2, "bbox": [1, 2, 0, 4]}""", "bad-box", "[1, 2, 0, 4]")]
    [TestCase("""{"id": 1, "image_id": 7, "category_id": 2, "bbox": [9, 9, -3, 4]}""", "bad-box", "-3")]
    [TestCase("""{"id": 1, "image_id": 7, "category_id": 2, "bbox": [1, 2, 3]}""", "bad-box", "[1, 2, 3]")]
    [TestCase("""{"id": 1, "image_id": 7, "category_id": 2, "bbox": {"x": 1}}""", "bad-box", "no list")]
    [TestCase("""{"id": 1, "image_id": 7, "category_id": 2}""", "missing-field", "no bbox")]
    [TestCase("""{"id": 1, "image_id": 7, "category_id": 2, "bbox": [70, 2, 30, 4]}""", "box-outside", "60x80")]
    [TestCase("""{"id": 1, "image_id": 7, "category_id": 2, "bbox": [-5, 2, 30, 4]}""", "box-outside", "-5")]
    [TestCase("""{"image_id": 7, "category_id": 2, "bbox": [1, 2, 3, 4]}""", "missing-field", "no id")]
    [TestCase("""{"id": 1, "image_id": 7, "category_id": 2, "bbox": [1, 2, 3, 4]}, {"id": 1, "image_id": 7, "category_id": 2, "bbox": [1, 2, 3, 4]}""", "duplicate-annotation-id", "1")]
    [TestCase("", "empty-split", "no annotations")]
    public void BadAnnotation_IsOneFault(string annotations, string kind, string value)
    {
        using var folder = new WorkFolder();
        folder.Picture("a.jpg");
        AssertOnly(Check(folder, """{"id": 7, "file_name": "a.jpg", "height": 60, "width": 80}""", annotations), kind, value);
    }

    [TestCase("missing", "missing-image", "missing.jpg")]
    [TestCase("empty", "unreadable-image", "empty")]
    [TestCase("text", "unreadable-image", "not a JPEG")]
    [TestCase("directory", "unreadable-image", "directory")]
    [TestCase("truncated", "truncated-image", "ends early")]
    public void BadPicture_IsOneFault(string hostile, string kind, string value)
    {
        using var folder = new WorkFolder();
        var name = Path.GetFileName(folder.Hostile(hostile));
        AssertOnly(Check(folder, $$"""{"id": 7, "file_name": "{{name}}"}""", Good), kind, value);
    }

    [Test]
    public void HugePicture_IsSeenInTheHeader()
    {
        using var folder = new WorkFolder();
        folder.Hostile("huge");
        AssertOnly(Check(folder, """{"id": 7, "file_name": "huge.png"}""", Good), "truncated-image", "huge.png");
        AssertOnly(Check(folder, """{"id": 7, "file_name": "huge.png"}""", Good, "--decode"), "truncated-image", "huge.png");
    }

    [TestCase("""{"id": 7, "file_name": "a.jpg", "height": 80, "width": 60}""", "size-mismatch", "60x80 in the file, 80x60")]
    [TestCase("""{"id": 7, "file_name": "a.jpg", "height": -1, "width": 60}""", "bad-size", "-1")]
    [TestCase("""{"id": 7, "file_name": "../a.jpg"}""", "unsafe-path", "../a.jpg")]
    [TestCase("""{"id": 7, "file_name": "/etc/passwd"}""", "unsafe-path", "/etc/passwd")]
    [TestCase("""{"id": 7}""", "missing-field", "no file_name")]
    [TestCase("""{"id": 7, "file_name": "a.jpg"}, {"id": 7, "file_name": "a.jpg"}""", "duplicate-image-id", "7")]
    public void BadImageEntry_IsOneFault(string images, string kind, string value)
    {
        using var folder = new WorkFolder();
        folder.Picture("a.jpg");
        AssertOnly(Check(folder, images, Good), kind, value);
    }

    [Test]
    public void DamageInTheMiddle_IsFoundByDecoding()
    {
        using var folder = new WorkFolder();
        var path = folder.Picture("a.png", 200, 300);
        var bytes = File.ReadAllBytes(path);
        for (var i = bytes.Length / 2; i < bytes.Length / 2 + 400; i++) bytes[i] = 0x55;
        File.WriteAllBytes(path, bytes);
        var images = """{"id": 7, "file_name": "a.png"}""";
        Check(folder, images, Good).Succeeded();
        AssertOnly(Check(folder, images, Good, "--decode"), "unreadable-image", "a.png");
    }

    [Test]
    public void IdZeroAndUnusedClass_AreWarningsOnly()
    {
        using var folder = new WorkFolder();
        folder.Picture("a.jpg");
        var document = Check(folder, """{"id": 7, "file_name": "a.jpg"}""", """{"id": 0, "image_id": 7, "category_id": 2, "bbox": [1, 2, 3, 4]}""").Succeeded().Json;
        Assert.That(document.GetProperty("warnings").EnumerateArray().Select(w => w.GetProperty("kind").GetString()), Is.EquivalentTo(new[] { "annotation-id-zero", "unused-class" }));
    }

    [Test]
    public void ManyFaults_AreCountedAndTheTextShowsAFew()
    {
        using var folder = new WorkFolder();
        folder.Picture("a.jpg");
        var annotations = string.Join(", ", Enumerable.Range(1, 1500).Select(i => string.Create(CultureInfo.InvariantCulture, $$"""{"id": {{i}}, "image_id": 7, "category_id": 2, "bbox": [1, 2, -3, 4]}""")));
        var json = Check(folder, """{"id": 7, "file_name": "a.jpg"}""", annotations);
        Assert.That(json.Code, Is.EqualTo(1));
        Assert.That((json.Json.GetProperty("faults").GetArrayLength(), json.Json.GetProperty("fault_counts").GetProperty("bad-box").GetInt32()), Is.EqualTo((1000, 1500)));
        var text = Lzu.Run("data", "check", "--annotations", folder["set.json"], "--images", folder[""], "--quiet");
        Assert.That(text.Code, Is.EqualTo(1));
        Assert.That(text.Out, Does.Contain("bad-box: 1500").And.Contain("… and 1495 more").And.Contain("1500 faults"));
        Assert.That(text.Out.Split('\n'), Has.Length.LessThan(20));
    }

    [Test]
    public void Sequences_AreFollowed()
    {
        using var folder = new WorkFolder();
        Directory.CreateDirectory(folder["val/log1/ring_front_center"]);
        folder.Picture("val/log1/ring_front_center/x.jpg");
        folder.Text("set.json", $$"""
            {"categories": {{Categories}}, "sequences": ["log1"], "seq_dirs": ["val/log1/ring_front_center"], "coco_mapping": [0, 2],
             "images": [{"id": 7, "name": "x.jpg", "sid": 0, "fid": 0, "width": 80, "height": 60}, {"id": 8, "name": "x.jpg", "sid": 1, "fid": 0}], "annotations": [{{Good}}]}
            """);
        AssertOnly(Run(folder), "unknown-sequence", "sid 1");
    }

    [Test]
    public void Cityscapes_IsSeenFromItsFolders()
    {
        using var folder = new WorkFolder();
        foreach (var place in new[] { "leftImg8bit/val/bonn", "gtFine/val/bonn" }) Directory.CreateDirectory(folder[place]);
        foreach (var number in new[] { 1, 2 }) folder.Picture($"leftImg8bit/val/bonn/bonn_00000{number}_000019_leftImg8bit.png");
        foreach (var number in new[] { 1, 3 }) folder.Picture($"gtFine/val/bonn/bonn_00000{number}_000019_gtFine_labelIds.png");
        var document = Lzu.Run("data", "check", "--annotations", folder["gtFine"], "--images", folder["leftImg8bit"], "--json").Json;
        Assert.That(document.GetProperty("kind").GetString(), Is.EqualTo("cityscapes"));
        Assert.That((document.GetProperty("images").GetInt32(), document.GetProperty("annotations").GetInt32()), Is.EqualTo((2, 2)));
        Assert.That(document.GetProperty("faults").EnumerateArray().Select(f => f.GetProperty("kind").GetString()), Is.EqualTo(new[] { "missing-labels", "missing-image" }));
    }

    [Test]
    public void NuScenes_IsSeenFromItsIntrinsics()
    {
        using var folder = new WorkFolder();
        folder.Picture("a.jpg");
        string Image(int i, string intrinsics) => $$"""{"id": "i{{i}}", "token": "s", "file_name": "a.jpg", "cam_intrinsic": {{intrinsics}}, "width": 80, "height": 60}""";
        var images = string.Join(", ", Enumerable.Range(0, 6).Select(i => Image(i, i == 3 ? "[[0, 0, 1], [0, 9, 1], [0, 0, 1]]" : "[[9, 0, 1], [0, 9, 1], [0, 0, 1]]")));
        var lonely = Image(9, "[[9, 0, 1], [0, 9, 1], [0, 0, 1]]").Replace("\"s\"", "\"t\"");
        folder.Text("set.json", $$"""
            {"categories": {{Categories}}, "images": [{{images}}, {{lonely}}],
             "annotations": [{"id": 1, "image_id": "i0", "category_id": 2, "bbox": [1, 2, 3, 4], "bbox_cam3d": [1, 2, 30, 4, 1.5, NaN, 0], "velo_cam3d": [NaN, NaN]},
                             {"id": 2, "image_id": "i0", "category_id": 0, "bbox": [1, 2, 3, 4], "bbox_cam3d": [1, 2, 30, 4, 1.5, 2, 0]}]}
            """);
        var faults = Run(folder).Json.GetProperty("faults").EnumerateArray().Select(f => f.GetProperty("kind").GetString());
        Assert.That(faults, Is.EqualTo(new[] { "bad-intrinsics", "bad-box3d", "incomplete-sample" }));
    }

    [TestCase("missing.json", "no such file"), TestCase("empty.json", "empty"), TestCase("text.json", "not JSON"), TestCase("cut.json", "not JSON"), TestCase("list.json", "must be an object")]
    public void UnreadableAnnotations_AreAUsageError(string name, string says)
    {
        using var folder = new WorkFolder();
        folder.Text("empty.json", "");
        folder.Text("text.json", "no JSON");
        folder.Text("cut.json", """{"images": [{"id": 1""");
        folder.Text("list.json", "[]");
        Lzu.Run("data", "check", "--annotations", folder[name], "--images", folder[""]).Failed(2, says);
    }

    [Test]
    public void WrongUsage_IsSaid()
    {
        using var folder = new WorkFolder();
        folder.Text("set.json", "{}");
        Lzu.Run("data", "chek", "--annotations", folder["set.json"], "--images", folder[""]).Failed(2, "did you mean 'check'");
        Lzu.Run("data", "check", "--annotations", folder["set.json"], "--images", folder["none"]).Failed(2, "no such folder");
        Lzu.Run("data", "check", "--annotations", folder["set.json"]).Failed(2, "--images");
    }

    private const string Good = """{"id": 1, "image_id": 7, "category_id": 2, "bbox": [1, 2, 3, 4]}""";

    private static Lzu Check(WorkFolder folder, string images, string annotations, params string[] more)
    {
        folder.Text("set.json", $$"""{"info": {"year": 2026}, "images": [{{images}}], "annotations": [{{annotations}}], "categories": {{Categories}}}""");
        return Run(folder, more);
    }

    private static Lzu Run(WorkFolder folder, params string[] more) => Lzu.Run(["data", "check", "--annotations", folder["set.json"], "--images", folder[""], "--json", .. more]);

    private static void AssertOnly(Lzu run, string kind, string value)
    {
        Assert.That(run.Code, Is.EqualTo(1), run.Out + run.Error);
        var faults = run.Json.GetProperty("faults").EnumerateArray().ToList();
        Assert.That(faults, Has.Count.EqualTo(1), run.Out);
        Assert.That(faults[0].GetProperty("kind").GetString(), Is.EqualTo(kind));
        Assert.That(faults[0].GetProperty("value").GetString(), Does.Contain(value));
        foreach (var field in new[] { "where", "remedy" }) Assert.That(faults[0].GetProperty(field).GetString(), Is.Not.Empty);
    }
}
