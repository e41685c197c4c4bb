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

    [Test]
    public void Model_IsMeasuredAgainstDirect()
    {
        var document = Lzu.Run("bench", "model", "resnet50", "--size", "64x64", "--against-direct", "--threads", "1", "--json").Succeeded().Json;
        Assert.That(document.GetProperty("rows").EnumerateArray().Select(r => r.GetProperty("name").GetString()), Is.EqualTo(new[] { "resnet50 64x64 forward, direct", "resnet50 64x64 forward" }));
        var against = document.GetProperty("against_direct");
        Assert.That(Number("by_arithmetic", "eligible_percent"), Is.EqualTo(48).Within(1), "sixteen layers of 3x3, three of them of stride 2: 37 and 8 %, and the stem 3 %");
        Assert.That(Number("by_time", "eligible_percent"), Is.InRange(5, 95));
        foreach (var by in new[] { "by_arithmetic", "by_time" })
        {
            Assert.That(Number(by, "quarter_ms"), Is.LessThan(Number(by, "tiles_ms")));
            Assert.That(Number(by, "tiles_ms"), Is.LessThan(against.GetProperty("direct_ms").GetDouble()));
            Assert.That(Math.Abs(Number(by, "tiles_achieved_percent")), Is.GreaterThanOrEqualTo(Math.Abs(Number(by, "quarter_achieved_percent"))));
        }

        var convolutions = against.GetProperty("convolutions").EnumerateArray().ToList();
        Assert.That(convolutions.Select(c => $"{c.GetProperty("calls")} {c.GetProperty("name")}"), Is.EqualTo(new[]
        {
            "1 7x7 s2 3-64 at 32x32", "3 3x3 64-64 at 16x16", "1 3x3 s2 128-128 at 8x8", "3 3x3 128-128 at 8x8", "1 3x3 s2 256-256 at 4x4", "5 3x3 256-256 at 4x4", "1 3x3 s2 512-512 at 2x2", "2 3x3 512-512 at 2x2",
        }));
        foreach (var c in convolutions) Assert.That(c.GetProperty("times_faster").GetDouble(), Is.EqualTo(c.GetProperty("direct_ms").GetDouble() / c.GetProperty("ms").GetDouble()).Within(1e-6));

        double Number(string by, string field) => against.GetProperty(by).GetProperty(field).GetDouble();
    }

    // A head's layer meets all levels in one call, and both its towers have four.
    [Test]
    public void Model_AgainstDirect_NamesTheMapsOfACall()
    {
        var line = Lzu.Run("bench", "model", "retinanet", "--size", "64x96", "--against-direct", "--threads", "1").Succeeded().Out.Split('\n').Single(l => l.StartsWith("3x3 256-256 at 8x12+4x6+2x3+1x2+1x1 ", StringComparison.Ordinal));
        Assert.That(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[4], Is.EqualTo("8"));
    }

    [TestCase("model", "resnet50", "--direct")]
    [TestCase("model", "retinanet", "--warp", "fixed")]
    [TestCase("model", "retinanet", "--precision", "bfloat16")]
    [TestCase("conv", "head p7")]
    public void AgainstDirect_IsForModelsInFloat32(params string[] arguments) => Lzu.Run(["bench", .. arguments, "--against-direct"]).Failed(2, "--against-direct is for 'model'");

    // The gradients are checked before anything is timed.
    [TestCase("desk", "32x64", "2")]
    [TestCase("retinanet", "64x64", "1")]
    [TestCase("retinanet_frozen", "64x64", "1")]
    [TestCase("pspnet", "64x64", "1")]
    [TestCase("fcos3d", "64x64", "1")]
    public void TrainingSteps_AreMeasured(string name, string size, string batch)
    {
        var row = Lzu.Run("bench", "train", name, "--size", size, "--batch", batch, "--threads", "1", "--json").Succeeded().Json.GetProperty("rows")[0];
        Assert.That(row.GetProperty("name").GetString(), Does.Contain($"{name} {size} x{batch}"));
        Assert.That(row.GetProperty("gflops").GetDouble(), Is.GreaterThan(0));
        Assert.That(row.GetProperty("error").GetDouble(), Is.InRange(0, 0.02));
    }

    [Test]
    public void WhatCannotBeTrained_IsAUsageError()
    {
        Lzu.Run("bench", "train", "desks").Failed(2, "did you mean 'desk'?");
        Lzu.Run("bench", "train", "desk", "--precision", "bfloat16").Failed(2, "float32 on the CPU");
        Lzu.Run("bench", "train", "desk", "--size", "80x2000").Failed(2, "1024 at most");
        Lzu.Run("bench", "train", "desk", "--warp", "fixed").Failed(2, "--warp is for 'model'");
    }

    [TestCase("gem", "did you mean 'gemm'?")]
    [TestCase("everything", "choose one of")]
    public void UnknownSubject_IsAUsageError(string what, string mention) => Lzu.Run("bench", what).Failed(2, mention);

    [Test]
    public void UnknownModel_IsAUsageError() => Lzu.Run("bench", "model", "retinnet").Failed(2, "did you mean 'retinanet'?");
}
