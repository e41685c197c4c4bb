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
