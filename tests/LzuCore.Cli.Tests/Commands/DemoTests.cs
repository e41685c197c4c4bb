using System.Text.Json;

namespace LzuCore.Cli.Tests.Commands;

public sealed class DemoTests
{
    [Test]
    public void Demo_WritesPicturesAndOnePageThatFetchesNothing()
    {
        using var folder = new WorkFolder();
        var document = Lzu.Run("demo", "--out", folder["demo"], "--scenes", "12", "--json").Succeeded().Json;
        Assert.That(document.GetProperty("schema").GetString(), Is.EqualTo("lzu.demo/1"));
        var rows = document.GetProperty("rows").EnumerateArray().ToList();
        Assert.That(rows.Select(r => r.GetProperty("method").GetString()), Is.EqualTo(new[] { "Uniform", "Uniform, anti-aliased", "LZU, fixed" }));
        foreach (var row in rows)
        {
            Assert.That(row.GetProperty("AP").GetDouble(), Is.InRange(1, 100), "trained weights find things");
            Assert.That(row.GetProperty("latency_ms").GetDouble(), Is.GreaterThan(0));
            Assert.That(row.GetProperty("scale").GetDouble(), Is.EqualTo(0.25));
        }
        Assert.That(document.GetProperty("objects").EnumerateObject().Sum(c => c.Value.EnumerateArray().Sum(n => n.GetInt32())), Is.GreaterThan(50));
        var files = document.GetProperty("files").EnumerateArray().Select(f => f.GetString()!).ToList();
        Assert.That(files.All(File.Exists));
        var page = File.ReadAllText(files.Single(f => f.EndsWith(".html")));
        Assert.That(page, Does.Not.Contain("http:").And.Not.Contain("https:").And.Not.Contain("<script"));
        Assert.That(page, Does.Contain("data:image/jpeg;base64,").And.Contain("prefers-color-scheme:dark"));
        var far = document.GetProperty("sizes").EnumerateArray().Last();
        Assert.That(far.GetProperty("zoomed_px").GetDouble(), Is.GreaterThan(1.3 * far.GetProperty("uniform_px").GetDouble()), "far things get more pixels");
    }

    [Test]
    public void Demo_OnFewScenes_SaysNullWhereNoObjectAsks()
    {
        using var folder = new WorkFolder();
        var row = Lzu.Run("demo", "--out", folder["demo"], "--scenes", "1", "--json").Succeeded().Json.GetProperty("rows")[0];
        Assert.That(row.GetProperty("APs").ValueKind, Is.EqualTo(JsonValueKind.Null), "no class has 20 small objects in one scene");
    }
}
