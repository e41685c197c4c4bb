using System.Diagnostics;

namespace LzuCore.Cli.Tests.Manners;

public sealed class CommandLineTests
{
    [Test]
    public void NoVerb_IsAUsageError() => Lzu.Run().Failed(2, "no verb", "lzu --help");

    [TestCase("doctr", "doctor")]
    [TestCase("dcotor", "doctor")]
    [TestCase("doc", "doctor")]
    public void MistypedVerb_IsAnsweredWithTheNearest(string typed, string meant) => Lzu.Run(typed).Failed(2, $"'{typed}'", $"did you mean '{meant}'?");

    [Test]
    public void MistypedVerbWithOptions_IsAboutTheVerb() => Lzu.Run("doctr", "a.png", "--scale", "1").Failed(2, "did you mean 'doctor'?");

    [Test]
    public void FarVerb_IsAnsweredWithoutAGuess() => Assert.That(Lzu.Run("frobnicate").Failed(2, "'frobnicate'").Error, Does.Not.Contain("did you mean"));

    [TestCase("--jsn", "--json")]
    [TestCase("--threds=3", "--threads")]
    public void MistypedOption_IsAnsweredWithTheNearest(string typed, string meant) => Lzu.Run("doctor", typed).Failed(2, $"did you mean '{meant}'?");

    [TestCase("0")]
    [TestCase("two")]
    [TestCase("99999999999999999999")]
    public void BadNumber_NamesOptionRangeAndValue(string value) => Lzu.Run("doctor", "--threads", value).Failed(2, "--threads", "1 to 1024", value);

    [Test]
    public void UnknownDevice_IsAUsageError() => Lzu.Run("doctor", "--device", "tpu").Failed(2, "--device", "'tpu'");

    [Test]
    public void Help_ListsTheVerbsAndSucceeds() => Assert.That(Lzu.Run("--help").Succeeded().Out, Does.Contain("doctor"));

    [Test]
    public void Cancelled_Returns130() => Lzu.Run(new CancellationToken(canceled: true), "doctor").Failed(130, "interrupted");

    // `timeout` sends its signal to the process and to its group, so twice; the verb's own thread learns of it as well.
    [Test]
    [Platform(Exclude = "Win")]
    public void SignalledTwiceWhileItWrites_SaysOneLineAndLeavesNothing()
    {
        using var folder = new WorkFolder();
        string[] command = [Path.Combine(AppContext.BaseDirectory, "lzu.dll"), "scenes", "--out", folder["x"], "--count", "100000", "--quiet"];
        using var process = Process.Start(new ProcessStartInfo("dotnet", command) { RedirectStandardError = true })!;
        var waited = Stopwatch.StartNew();
        while (!process.HasExited && (!Directory.Exists(folder["x"]) || Directory.GetFiles(folder["x"], "*", SearchOption.AllDirectories).Length < 4) && waited.Elapsed < TimeSpan.FromSeconds(60)) Thread.Sleep(10);
        Process.Start("sh", ["-c", $"kill -TERM {process.Id}; kill -TERM {process.Id}"]).WaitForExit();
        if (!process.WaitForExit(60_000)) process.Kill();
        var said = process.StandardError.ReadToEnd();
        Assert.That(process.ExitCode, Is.EqualTo(130), said);
        Assert.That(said.Trim(), Is.EqualTo("error: interrupted; nothing was left behind."));
        Assert.That(folder.Entries, Is.Empty);
    }

    [Test]
    public void Threads_AreGivenBackAfterTheRun()
    {
        var before = LzuCore.Memory.ParallelRows.Threads;
        Lzu.Run("doctor", "--threads", "7").Succeeded();
        Assert.That(LzuCore.Memory.ParallelRows.Threads, Is.EqualTo(before));
    }

    [Test]
    public void WithoutTraining_ItsVerbsAreGoneAndSaidToBe()
    {
        var all = VerbsInHelp();
        AppContext.SetSwitch("LzuCore.Cli.Training", false);
        try
        {
            Assert.That(all.Except(VerbsInHelp()), Is.EquivalentTo(Parts.TrainingVerbs));
            foreach (var verb in Parts.TrainingVerbs) Lzu.Run(verb).Failed(2, $"'{verb}' is not in this program", "InferenceOnly");
            Lzu.Run("trian").Failed(2, "'trian' is not a verb");
            Lzu.Run("bench", "train", "desk").Failed(2, "'train' is nothing to measure", "conv, gemm, warp, model.");
            Lzu.Run("bench", "warp", "20 boxes").Succeeded();
        }
        finally
        {
            AppContext.SetSwitch("LzuCore.Cli.Training", true);
        }
    }

    private static string[] VerbsInHelp() => [.. Lzu.Run("--help").Succeeded().Out.Split("Commands:")[1].Split('\n').Where(l => l.StartsWith("  ") && l[2] != ' ').Select(l => l.Trim().Split(' ')[0])];
}
