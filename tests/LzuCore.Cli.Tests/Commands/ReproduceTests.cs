namespace LzuCore.Cli.Tests.Commands;

public sealed class ReproduceTests
{
    private static readonly string[] Tiny = ["--steps", "3", "--training", "16", "--test", "20"];

    [Test]
    public void Table1_TrainsTestsAndTells_AndIsNotMadeTwice()
    {
        using var folder = new WorkFolder();
        string[] command = ["reproduce", "table1", "--quick", "--out", folder["out"], "--bundle", folder["weights"], "--json", .. Tiny];
        var first = Lzu.Run(command).Succeeded();
        var rows = first.Json.GetProperty("rows").EnumerateArray().ToList();
        Assert.That(rows.Select(r => r.GetProperty("method").GetString()), Does.Contain("0.25x Uniform").And.Contain("0.25x LZU, fixed").And.Contain("0.25x FOVEA"));
        Assert.That(rows[0].GetProperty("scores").EnumerateArray().First().GetProperty("paper").GetDouble(), Is.EqualTo(10.5));
        Assert.That(first.Json.GetProperty("files").EnumerateArray().Select(f => f.GetString()!).All(File.Exists));
        Assert.That(File.ReadAllText(folder["out"] + "/table1.md"), Does.Contain("| 0.25x LZU, fixed | 1 |"));

        var again = Lzu.Run(command).Succeeded();
        Assert.That(again.Error, Does.Contain("4 of 4 trials were made before"));
        Assert.That(again.Json.GetProperty("rows")[0].GetProperty("scores").ToString(), Is.EqualTo(rows[0].GetProperty("scores").ToString()));
    }

    [Test]
    public void Table2AndFigure6_ShareTheirTrials()
    {
        using var folder = new WorkFolder();
        var table = Lzu.Run(["reproduce", "table2", "--quick", "--out", folder["out"], "--json", .. Tiny]).Succeeded();
        var rows = table.Json.GetProperty("rows").EnumerateArray().ToList();
        Assert.That(rows.Select(r => r.GetProperty("method").GetString()), Is.EqualTo(new[] { "2-D 0.25x Uniform", "2-D 0.25x LZU, fixed", "2-D 0.5x Uniform", "2-D 0.5x LZU, fixed" }));
        Assert.That(rows[3].GetProperty("scores").EnumerateArray().Select(s => s.GetProperty("name").GetString()), Is.EqualTo(new[] { "from 0.25x", "from 0.5x", "from 0.75x", "from 1x" }));
        Assert.That(rows[3].GetProperty("scores").EnumerateArray().Select(s => s.GetProperty("paper").GetDouble()), Is.EqualTo(new[] { 20.9, 24.8, 24.8, 25.2 }));

        var figure = Lzu.Run(["reproduce", "figure6", "--out", folder["out"], "--json", .. Tiny]).Succeeded();
        Assert.That(figure.Error, Does.Contain("2 of 6 trials were made before"));
        Assert.That(figure.Json.GetProperty("files").EnumerateArray().Select(f => Path.GetFileName(f.GetString())), Is.EqualTo(new[] { "figure6-detection.png", "figure6-segmentation.png", "figure6-detection3d.png", "figure6.md" }));
        Assert.That(File.ReadAllLines(folder["out"] + "/figure6.md").Count(l => l.StartsWith("| A |", StringComparison.Ordinal)), Is.EqualTo(3));

        // Weights that are gone are made again; scores are not lost.
        var weights = Directory.GetFiles(folder["out"], "last.safetensors", SearchOption.AllDirectories);
        File.Delete(weights[0]);
        Assert.That(Lzu.Run(["reproduce", "figure6", "--out", folder["out"], .. Tiny]).Succeeded().Error, Does.Contain("5 of 6").Or.Contain("6 of 6"));
    }

    [Test]
    public void Figure7_HasAPointForEveryMethodThatWasMade()
    {
        using var folder = new WorkFolder();
        Lzu.Run(["reproduce", "table1", "--quick", "--out", folder["out"], .. Tiny]).Succeeded();
        var figure = Lzu.Run(["reproduce", "figure7", "--quick", "--collect", "--out", folder["out"], "--json", .. Tiny]).Succeeded();
        var rows = figure.Json.GetProperty("rows").EnumerateArray().ToList();
        Assert.That(rows.Select(r => r.GetProperty("method").GetString()), Is.EqualTo(new[] { "0.25x Uniform", "0.25x FOVEA", "0.25x LZU, fixed" }));
        Assert.That(rows.Select(r => r.GetProperty("latency_ms").GetDouble()), Is.All.GreaterThan(0));
        // 0.215 GMAC by hand (without group norm, losses and such): twice that in FLOP.
        Assert.That(rows[0].GetProperty("g_flop").GetDouble(), Is.EqualTo(0.43).Within(0.02));
        Assert.That(figure.Json.GetProperty("files").EnumerateArray().Select(f => f.GetString()!).All(File.Exists));
    }

    [Test]
    public void Config_ThatDoesNotFit_IsOneLine()
    {
        using var folder = new WorkFolder();
        Lzu.Run("reproduce", "figure6", "--config", "x.json").Failed(2, "--config makes table1, table3 or table5");
        Lzu.Run("reproduce", "table1", "--config", folder["x.json"]).Failed(2, "there is no such file");
        Lzu.Run("reproduce", "table1", "--config", folder["x.json"], "--test", "100").Failed(2, "--test is for procedural scenes");
    }

    [Test]
    public void Collect_WithoutTrials_IsOneLine()
    {
        using var folder = new WorkFolder();
        Lzu.Run("reproduce", "table5", "--collect", "--out", folder["out"]).Failed(2, "holds no trial of table5");
    }

    [Test]
    public void UnknownTable_IsAnsweredWithTheNearest() =>
        Lzu.Run("reproduce", "tabel1").Failed(2, "did you mean 'table1'");

    [Test]
    public void DamagedResult_IsOneLine()
    {
        using var folder = new WorkFolder();
        string[] command = ["reproduce", "table1", "--quick", "--out", folder["out"], .. Tiny];
        Lzu.Run(command).Succeeded();
        var result = Directory.GetFiles(folder["out"], "result.json", SearchOption.AllDirectories)[0];
        File.WriteAllText(result, "{ half");
        Lzu.Run(command).Failed(2, "result.json", "Delete it");
    }
}
