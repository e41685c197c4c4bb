using System.Text.Json;
using LzuCore.Cli.Scenes;

namespace LzuCore.Cli.Tests.Commands;

public sealed class DemoTests
{
    [Test]
    public void Demo_WritesPicturesAndOnePageThatFetchesNothing()
    {
        using var folder = new WorkFolder();
        var document = Lzu.Run("demo", "--out", folder["demo"], "--seconds", "0", "--json").Succeeded().Json;
        Assert.That(document.GetProperty("schema").GetString(), Is.EqualTo("lzu.demo/1"));
        var rows = document.GetProperty("rows").EnumerateArray().ToList();
        Assert.That(rows, Has.Count.EqualTo(2));
        foreach (var row in rows)
        {
            Assert.That(row.GetProperty("AP").ValueKind, Is.EqualTo(JsonValueKind.Null), "no trained weights, no AP");
            Assert.That(row.GetProperty("APs").ValueKind, Is.EqualTo(JsonValueKind.Null));
            Assert.That(row.GetProperty("latency_ms").GetDouble(), Is.GreaterThan(0));
            Assert.That(row.GetProperty("scale").GetDouble(), Is.EqualTo(0.5));
            Assert.That(row.GetProperty("method").GetString(), Is.Not.Empty);
        }
        var files = document.GetProperty("files").EnumerateArray().Select(f => f.GetString()!).ToList();
        Assert.That(files.All(File.Exists));
        var page = File.ReadAllText(files.Single(f => f.EndsWith(".html")));
        Assert.That(page, Does.Not.Contain("http:").And.Not.Contain("https:").And.Not.Contain("<script"));
        Assert.That(page, Does.Contain("data:image/jpeg;base64,").And.Contain("prefers-color-scheme:dark"));
        var far = document.GetProperty("sizes").EnumerateArray().Last();
        Assert.That(far.GetProperty("zoomed_px").GetDouble(), Is.GreaterThan(1.5 * far.GetProperty("uniform_px").GetDouble()), "far things get more pixels");
    }

    [Test]
    public void SameSeed_DrawsTheSameStreet()
    {
        Assert.That(new StreetScene(3, 480, 300).Draw().Pixels.SequenceEqual(new StreetScene(3, 480, 300).Draw().Pixels));
        Assert.That(new StreetScene(3, 480, 300).Draw().Pixels.SequenceEqual(new StreetScene(4, 480, 300).Draw().Pixels), Is.False);
    }

    [Test]
    public void Boxes_LieInThePictureAndReachFar([Range(0, 4)] int seed)
    {
        var boxes = new StreetScene((ulong)seed).Boxes;
        Assert.That(boxes, Has.Count.GreaterThan(12));
        Assert.That(boxes.All(b => b.Left >= 0 && b.Top >= 0 && b.Right <= 1920 && b.Bottom <= 1200 && b.Width > 0 && b.Height > 0));
        Assert.That(boxes.Count(b => b.Metres > 60 && b.Height < 60), Is.GreaterThan(3), "small far things");
        Assert.That(boxes.Select(b => b.Class).Distinct().Count(), Is.GreaterThanOrEqualTo(3));
    }
}
