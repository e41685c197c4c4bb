using System.Text;
using LzuCore.Memory;
using LzuCore.Vision.Data.Coco;

namespace LzuCore.Vision.Tests.Data.Coco;

public sealed class CocoFilesTests
{
    private static CocoAnnotations Parse(string json) => CocoAnnotations.Read(new MemoryStream(Encoding.UTF8.GetBytes(json)), "x.json");

    private static IReadOnlyList<CocoDetection> ParseDetections(string json) => CocoDetections.Read(new MemoryStream(Encoding.UTF8.GetBytes(json)), "x.json");

    [Test]
    public void ArgoverseFile_IsReadWhole()
    {
        var coco = CocoAnnotations.Load(MetricGoldens.File("coco/gt.json"));
        Assert.That(coco.Images[1], Is.EqualTo(new CocoImage(1007, "000001.jpg", 1920, 1200, 0, 1)));
        Assert.That(coco.PathOf(coco.Images[1]), Is.EqualTo("a/ring_front_center/000001.jpg"));
        Assert.That(coco.Annotations[0], Is.EqualTo(new CocoAnnotation(1, 1000, 1, new(936.67, 92.35, 401.41, 116.19), 46639.78)));
        Assert.That(coco.Annotations[2].IsCrowd);
        Assert.That(coco.Categories.Select(c => c.Name), Is.EqualTo(LzuCore.Vision.Tasks.Detection.ClassNames.ArgoverseHd));
        Assert.That(coco.Sequences, Is.EqualTo(new[] { "seqA", "seqB", "seqC" }));
        Assert.That(coco.CocoMapping, Is.EqualTo(new[] { 0, 1, 2, 3, 5, 7, 9, 11 }));
    }

    [Test]
    public void UnknownMembers_ArePassedOver_AndGapsAreFilled()
    {
        var coco = Parse("""
            {"info": {"a": [1, {"b": null}], "c": NaN}, "images": [{"id": 3, "file_name": "é\u00e9\n.jpg", "license": 4}], "categories": [{"id": 7, "name": "x", "supercategory": "y"}],
             "annotations": [{"image_id": 3, "category_id": 7, "bbox": [1, 2, 3e0, 4.5], "segmentation": [[1, 2], [3]], "track": null, "iscrowd": true, "ignore": 1, "score": 0.25}]}
            """);
        Assert.That(coco.Images[0], Is.EqualTo(new CocoImage(3, "éé\n.jpg", 0, 0)));
        Assert.That(coco.Annotations[0], Is.EqualTo(new CocoAnnotation(1, 3, 7, new(1, 2, 3, 4.5), 13.5, IsCrowd: true, Ignore: true, Score: 0.25)));
        Assert.That(coco.PathOf(coco.Images[0]), Is.EqualTo(coco.Images[0].Name));
    }

    [TestCase("", "an object", "cut off")]
    [TestCase("[]", "must be an object, got [")]
    [TestCase("""{"images": [], "annotations": []}""", "has no 'categories'")]
    [TestCase("""{"categories": []}""", "has no 'images'")]
    [TestCase("""{"images": [{"id": 1}, {"width": 3}]}""", "images[1] has no 'id'")]
    [TestCase("""{"images": [{"id": "7"}]}""", "images[0].id must be a whole number, got \"7\"")]
    [TestCase("""{"images": [{"id": 1.5}]}""", "images[0].id must be a whole number, got 1.5")]
    [TestCase("""{"images": [{"id": 1, "width": -4}]}""", "images[0].width", "0 to 2147483647", "-4")]
    [TestCase("""{"annotations": [{"bbox": [1, 2, 3]}]}""", "annotations[0].bbox must be 4 numbers, got 3")]
    [TestCase("""{"annotations": [{"bbox": [1, 2, 3, 4, 5]}]}""", "annotations[0].bbox", "must be 4 numbers, got more")]
    [TestCase("""{"annotations": [{"bbox": [1, 2, NaN, 4]}]}""", "annotations[0].bbox[2] must be a finite number, got NaN")]
    [TestCase("""{"annotations": [{"bbox": [1, 2, 1e999, 4]}]}""", "annotations[0].bbox[2] must be a finite number, got 1e999")]
    [TestCase("""{"annotations": [{"bbox": [1, 2, 3, 4], "image_id": 1}]}""", "annotations[0] has no 'category_id'")]
    [TestCase("""{"images": [{"id": 1}] "annotations": []}""", "a comma")]
    [TestCase("""{"images": [], "categories": []} x""", "the end of the file, got x")]
    [TestCase("""{"images": [{"id": 1}""", "cut off")]
    [TestCase("""{"images": [{"file_name": "abc""", "images[0].file_name", "cut off")]
    [TestCase("""{"images": [{"file_name": "\q"}]}""", "escape")]
    [TestCase("""{"x": tru}""", "must be a value, got tru")]
    public void Fault_IsOneLineWithThePlaceAndTheValue(string json, params string[] mentions)
    {
        var fault = Assert.Throws<FileFormatException>(() => Parse(json))!;
        Assert.That(fault.Message, Does.StartWith("coco annotations x.json: ").And.Not.Contain("\n"));
        foreach (var mention in mentions) Assert.That(fault.Message, Does.Contain(mention));
    }

    [Test]
    public void DeepNesting_IsRefused()
    {
        var fault = Assert.Throws<FileFormatException>(() => Parse("{\"x\": " + new string('[', 100_000)))!;
        Assert.That(fault.Message, Does.Contain("nested"));
        Assert.That(fault.Message, Has.Length.LessThan(600));
    }

    [Test]
    public void InvalidUtf8_IsRefused() =>
        Assert.That(() => CocoAnnotations.Read(new MemoryStream([.. "{\"images\": [{\"id\": 1, \"file_name\": \""u8, 0xFF, .. "\"}]}"u8]), "x"), Throws.TypeOf<FileFormatException>().With.Message.Contains("UTF-8"));

    [Test]
    public void MissingFile_IsOneLine()
    {
        Assert.That(() => CocoAnnotations.Load("no such.json"), Throws.TypeOf<FileFormatException>().With.Message.Contains("no such file"));
        Assert.That(() => CocoAnnotations.Load(Path.GetTempPath()), Throws.TypeOf<FileFormatException>().With.Message.Contains("directory"));
    }

    [Test]
    public void LongTextsAndNumbers_AcrossBufferBorders_AreReadExactly()
    {
        // Strings and numbers at every offset around the reader's buffer of 64 KiB.
        for (var pad = 65_400; pad < 65_560; pad += 7)
        {
            var coco = Parse($$"""{"x": "{{new string('a', pad)}}", "images": [{"id": 123456789, "file_name": "a\"b.jpg", "width": 1920}], "categories": [], "y": "{{new string('b', 200_000)}}"}""");
            Assert.That(coco.Images[0], Is.EqualTo(new CocoImage(123456789, "a\"b.jpg", 1920, 0)));
        }
    }

    [Test]
    public void Detections_WrittenAndRead_AreTheSame()
    {
        var golden = CocoDetections.Load(MetricGoldens.File("coco/dt.json"));
        Assert.That(golden[1], Is.EqualTo(new CocoDetection(1000, 4, new(399.77, 427.07, 14.93, 43.15), 0.56)));
        using var stream = new MemoryStream();
        CocoDetections.Write(stream, golden);
        stream.Position = 0;
        Assert.That(CocoDetections.Read(stream, "back"), Is.EqualTo(golden));
        Assert.That(() => CocoDetections.Write(stream, [new(1, 1, new(0, 0, double.NaN, 1), 1)]), Throws.TypeOf<ArgumentValueException>());
    }

    [Test]
    public void Detections_NeedAScore()
    {
        Assert.That(() => ParseDetections("""[{"image_id": 1, "category_id": 1, "bbox": [0, 0, 1, 1]}]"""), Throws.TypeOf<FileFormatException>().With.Message.Contains("[0] has no 'score'"));
        Assert.That(() => ParseDetections("{}"), Throws.TypeOf<FileFormatException>().With.Message.Contains("must be a list"));
        Assert.That(ParseDetections(" [ ] "), Is.Empty);
    }
}
