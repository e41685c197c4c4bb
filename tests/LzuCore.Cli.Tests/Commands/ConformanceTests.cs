using LzuCore.Nn.Serialization;
using LzuCore.Tensors;

namespace LzuCore.Cli.Tests.Commands;

public sealed class ConformanceTests
{
    private static IEnumerable<string> Suites => Directory.GetFiles(Repository.Conformance, "*.npz").Select(f => Path.GetFileNameWithoutExtension(f)).Order();

    [TestCaseSource(nameof(Suites))]
    public void GivenSuite_HasNoFailedCase(string suite)
    {
        var run = Lzu.Run("conformance", Path.Combine(Repository.Conformance, suite + ".npz"), "--quiet");
        TestContext.Out.WriteLine(run.Out);
        Assert.That(run.Code, Is.Zero, run.Out + run.Error);
        Assert.That(run.Out.TrimEnd().Split('\n')[^1], Does.Match(@"^\d+ passed, 0 failed, \d+ skipped$"));
    }

    [TestCase("grid_sample", 12)]
    [TestCase("interpolate", 12)]
    public void GivenSuite_PassesOnIlgpu(string suite, int cases)
    {
        var run = Lzu.Run("conformance", Path.Combine(Repository.Conformance, suite + ".npz"), "--device", "ilgpu").Succeeded();
        Assert.That(run.Out.TrimEnd().Split('\n')[^1], Is.EqualTo($"{cases} passed, 0 failed, 0 skipped"));
    }

    [Test]
    public void Json_CountsAndNamesTheWorstArray()
    {
        var document = Lzu.Run("conformance", Path.Combine(Repository.Conformance, "grid_sample.npz"), "--json").Succeeded().Json;
        Assert.That(document.GetProperty("schema").GetString(), Is.EqualTo("lzu.conformance/1"));
        Assert.That((document.GetProperty("passed").GetInt32(), document.GetProperty("failed").GetInt32(), document.GetProperty("skipped").GetInt32()), Is.EqualTo((12, 0, 0)));
        var first = document.GetProperty("cases")[0];
        Assert.That(first.GetProperty("suite").GetString(), Is.EqualTo("grid_sample"));
        Assert.That(first.GetProperty("status").GetString(), Is.EqualTo("passed"));
        Assert.That(first.GetProperty("worst").GetProperty("error").GetDouble(), Is.LessThanOrEqualTo(first.GetProperty("worst").GetProperty("tolerance").GetDouble()));
        Assert.That(first.GetProperty("worst").GetProperty("array").GetString(), Is.Not.Empty);
    }

    [Test]
    public void UnknownOperator_IsAUsageErrorWithTheNearestName() =>
        Lzu.Run("conformance", Path.Combine(Repository.Conformance, "grid_sample.npz"), "--op", "gridsample").Failed(2, "did you mean 'grid_sample'?");

    [Test]
    public void MissingPath_IsAUsageError() => Lzu.Run("conformance", "no such folder").Failed(2, "no such folder");

    [Test]
    public void ArchiveWithoutCases_IsAUsageError()
    {
        using var folder = new WorkFolder();
        var path = folder["other.npz"];
        Npz.Write(path, [KeyValuePair.Create("a", Tensor.Ones([2]))]);
        Lzu.Run("conformance", path, "--quiet").Failed(2, "cases.json");
    }

    [TestCase("+1e-3", 1, "failed", TestName = "WrongValue_Fails")]
    [TestCase("NaN", 1, "failed", TestName = "NaN_NeverPasses")]
    [TestCase("+0", 0, "passed", TestName = "RightValue_Passes")]
    public void ExpectedValue_DecidesTheStatus(string change, int code, string status)
    {
        float[] expected = [0, 1, 2, 0];
        expected[2] = change == "NaN" ? float.NaN : expected[2] + float.Parse(change, System.Globalization.CultureInfo.InvariantCulture);
        using var folder = new WorkFolder();
        var path = SuiteOfRelu(folder, expected);
        var run = Lzu.Run("conformance", path, "--json", "--quiet");
        Assert.That(run.Code, Is.EqualTo(code));
        Assert.That(run.Json.GetProperty("cases")[0].GetProperty("status").GetString(), Is.EqualTo(status));
    }

    // One case of relu over [-1, 1, 2, -3], written the way the format says.
    private static string SuiteOfRelu(WorkFolder folder, float[] expected)
    {
        var path = folder["relu.npz"];
        Npz.Write(path,
        [
            KeyValuePair.Create("a/in.input", Tensor.From<float>([-1, 1, 2, -3], [4])),
            KeyValuePair.Create("a/out.output", Tensor.From(expected, [4])),
        ]);
        using var zip = System.IO.Compression.ZipFile.Open(path, System.IO.Compression.ZipArchiveMode.Update);
        using var writer = new StreamWriter(zip.CreateEntry("cases.json").Open());
        writer.Write("""{"suite": "tiny", "cases": [{"name": "a", "op": "relu", "attrs": {}, "inputs": ["input"], "outputs": ["output"], "gradients": [], "tolerance": {"output": {"atol": 1e-5}}}]}""");
        return path;
    }
}
