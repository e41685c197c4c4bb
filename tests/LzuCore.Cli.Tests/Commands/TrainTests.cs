using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using LzuCore.Memory;
using LzuCore.Nn.Serialization;
using LzuCore.Vision.Imaging;

namespace LzuCore.Cli.Tests.Commands;

/// <summary><c>lzu train</c> and <c>lzu eval</c> on two small pictures: in process, and as a process that is interrupted and killed.</summary>
public sealed class TrainTests
{
    private WorkFolder _folder = null!;

    [OneTimeSetUp]
    public void Make()
    {
        _folder = new WorkFolder();
        for (var i = 0; i < 2; i++)
        {
            Directory.CreateDirectory(_folder["leftImg8bit/train/ulm"]);
            Directory.CreateDirectory(_folder["gtFine/train/ulm"]);
            _folder.Picture($"leftImg8bit/train/ulm/ulm_00000{i}_000019_leftImg8bit.png", 32, 32);
            var labels = new LabelMap(new Size2(32, 32));
            for (var y = 0; y < 32; y++) labels.Row(y).Fill((byte)(y / 16));
            File.WriteAllBytes(_folder[$"gtFine/train/ulm/ulm_00000{i}_000019_gtFine_labelTrainIds.png"], labels.Encode());
        }
    }

    [OneTimeTearDown]
    public void Remove() => _folder.Dispose();

    private string Config(string name, int steps, string more = "") => _folder.Text($"{name}.json", $$"""
        {
          "task": "segmentation", "folder": "{{name}}",
          "model": {"depth": 18, "classes": 2, "form": "pyramid", "channels": 8},
          "data": {"root": ".", "validation_split": "train"},
          "augment": {"flip": 0.5},
          "optimizer": {"learning_rate": 0.01},
          "training": {"steps": {{steps}}, "batch": 2, "workers": 1, "evaluate_every": 1000{{more}}}
        }
        """);

    [Test]
    public void Train_WritesWhatEvalScores()
    {
        var config = Config("whole", 3);
        var trained = Lzu.Run("train", "--config", config, "--json").Succeeded().Json;
        Assert.That(trained.GetProperty("schema").GetString(), Is.EqualTo("lzu.train/1"));
        Assert.That((trained.GetProperty("step").GetInt32(), trained.GetProperty("epoch").GetInt32(), trained.GetProperty("interrupted").GetBoolean()), Is.EqualTo((3, 3, false)));
        Assert.That(trained.GetProperty("losses").GetProperty("decode").GetDouble(), Is.GreaterThan(0));
        var scored = Lzu.Run("eval", "--config", config, "--weights", _folder["whole/best.safetensors"], "--json").Succeeded().Json;
        Assert.That(scored.GetProperty("step").GetInt32(), Is.EqualTo(3));
        Assert.That(scored.GetProperty("metrics").ToString(), Is.EqualTo(trained.GetProperty("metrics").ToString()));
        Lzu.Run("train", "--config", config).Failed(2, "--resume");
        Assert.That(Lzu.Run("train", "--config", config, "--resume", "--json").Succeeded().Json.GetProperty("step").GetInt32(), Is.EqualTo(3));
    }

    [Test]
    public void BadConfigurations_AreOneLine()
    {
        Lzu.Run("train", "--config", _folder["none.json"]).Failed(2, "none.json: there is no such file");
        Lzu.Run("train", "--config", _folder.Text("fast.json", File.ReadAllText(Config("f", 3)).Replace("0.01", "\"fast\""))).Failed(2, "fast.json: optimizer.learning_rate must be a number above 0, got \"fast\".");
        Lzu.Run("train", "--config", Config("unbegun", 3), "--resume").Failed(2, "checkpoint.safetensors");
        Lzu.Run("eval", "--config", Config("unbegun", 3), "--weights", _folder["fast.json"]).Failed(2, "fast.json");
    }

    [TestCase("TERM")]
    [TestCase("INT")]
    [Platform(Exclude = "Win")]
    public void Signal_LeavesACheckpointThatGoesOn(string signal)
    {
        var config = Config("signal " + signal, 100_000);
        using var process = Start("train", "--config", config, "--json");
        WaitForStep(process, _folder[$"signal {signal}/train.csv"], 2);
        Process.Start("kill", $"-{signal} {process.Id}").WaitForExit();
        var document = JsonDocument.Parse(process.StandardOutput.ReadToEnd()).RootElement;
        Assert.That(process.WaitForExit(60_000), Is.True, "it does not stop");
        Assert.That(process.ExitCode, Is.EqualTo(130));
        Assert.That(document.GetProperty("interrupted").GetBoolean(), Is.True);
        var step = document.GetProperty("step").GetInt32();
        Assert.That(StepOf($"signal {signal}"), Is.EqualTo(step).And.GreaterThanOrEqualTo(2));
        Assert.That(File.ReadLines(_folder[$"signal {signal}/train.csv"]).Count(), Is.EqualTo(step + 1));
        Assert.That(Directory.GetFiles(_folder["signal " + signal], "*.tmp"), Is.Empty);
    }

    // LZU_KILLS=200 asks for more.
    [Test]
    public void Killed_AtRandomMoments_AlwaysLeavesACheckpointThatGoesOn()
    {
        var kills = int.TryParse(Environment.GetEnvironmentVariable("LZU_KILLS"), out var asked) && asked > 0 ? asked : 2;
        var config = Config("killed", 100_000, ", \"checkpoint_every\": 1");
        var random = new Random(7);
        var last = 0;
        for (var kill = 0; kill < kills; kill++)
        {
            using var process = Start(kill == 0 ? ["train", "--config", config, "--quiet"] : ["train", "--config", config, "--quiet", "--resume"]);
            WaitForStep(process, _folder["killed/train.csv"], last + 2);
            Thread.Sleep(random.Next(400));
            process.Kill();
            process.WaitForExit();
            var step = StepOf("killed");
            Assert.That(step, Is.GreaterThan(last), $"kill {kill}");
            last = step;
            // Whatever a kill interrupted lies beside; it is nobody's checkpoint.
            foreach (var half in Directory.GetFiles(_folder["killed"], ".*.tmp")) File.Delete(half);
        }
        TestContext.Out.WriteLine($"{kills} kills, {last} steps");
    }

    private int StepOf(string run)
    {
        using var checkpoint = Checkpoint.Open(_folder[$"{run}/checkpoint.safetensors"]);
        foreach (var tensor in checkpoint.Tensors) tensor.Sha256();
        using var weights = Checkpoint.Open(_folder[$"{run}/last.safetensors"]);
        Assert.That(weights.ToStateDict().Count, Is.GreaterThan(0));
        return int.Parse(checkpoint.Metadata["step"], CultureInfo.InvariantCulture);
    }

    private static Process Start(params string[] args) => Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "lzu.dll"), .. args]) { RedirectStandardOutput = true })!;

    // The log's last row is written before the next step begins.
    private static void WaitForStep(Process process, string csv, int step)
    {
        var clock = Stopwatch.StartNew();
        while (!File.Exists(csv) || !Rows(csv).Any(r => r >= step))
        {
            Assert.That(process.HasExited, Is.False, $"it ended before step {step}");
            Assert.That(clock.Elapsed, Is.LessThan(TimeSpan.FromMinutes(2)), $"no step {step}");
            Thread.Sleep(20);
        }
    }

    private static List<int> Rows(string csv)
    {
        using var reader = new StreamReader(new FileStream(csv, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        return [.. reader.ReadToEnd().Split('\n').Skip(1).Select(l => int.TryParse(l.Split(',')[0], out var n) ? n : 0)];
    }
}
