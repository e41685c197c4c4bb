namespace LzuCore.Cli.Tests.Commands;

public sealed class BenchTests
{
    [TestCase("gemm", "256x256x256", true)]
    [TestCase("conv", "head p7", true)]
    [TestCase("warp", "saliency", false)]
    public void Json_HasEveryField(string what, string filter, bool counted)
    {
        var document = Lzu.Run("bench", what, filter, "--threads", "1", "--json").Succeeded().Json;
        Assert.That(document.GetProperty("schema").GetString(), Is.EqualTo("lzu.bench/1"));
        var row = document.GetProperty("rows")[0];
        Assert.That(row.GetProperty("name").GetString(), Does.Contain(filter));
        Assert.That(row.GetProperty("threads").GetInt32(), Is.EqualTo(1));
        Assert.That(row.GetProperty("device").GetString(), Is.EqualTo("cpu"));
        Assert.That(row.GetProperty("median_ms").GetDouble(), Is.GreaterThanOrEqualTo(row.GetProperty("min_ms").GetDouble()));
        Assert.That(row.GetProperty("cpu_ms").GetDouble(), Is.GreaterThanOrEqualTo(0));
        Assert.That(row.TryGetProperty("gb_s", out _));
        if (counted) Assert.That(row.GetProperty("gflops").GetDouble() > 0 && row.GetProperty("percent_of_peak").GetDouble() > 0);
        else Assert.That(row.GetProperty("gflops").ValueKind, Is.EqualTo(System.Text.Json.JsonValueKind.Null));
    }

    [Test]
    public void Model_IsMeasuredByStages()
    {
        var rows = Lzu.Run("bench", "model", "retinanet", "--size", "64x96", "--warp", "fixed", "--json").Succeeded().Json.GetProperty("rows").EnumerateArray().Select(r => r.GetProperty("name").GetString()!).ToList();
        foreach (var part in new[] { "zoom", "unzoom", "backbone", "head" }) Assert.That(rows.Any(r => r.Contains(part)), part);
    }

    [TestCase("gem", "did you mean 'gemm'?")]
    [TestCase("everything", "choose one of")]
    public void UnknownSubject_IsAUsageError(string what, string mention) => Lzu.Run("bench", what).Failed(2, mention);

    [Test]
    public void UnknownModel_IsAUsageError() => Lzu.Run("bench", "model", "retinnet").Failed(2, "did you mean 'retinanet'?");
}
