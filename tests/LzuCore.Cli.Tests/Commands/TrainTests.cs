using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using LzuCore.Memory;
using LzuCore.Nn.Serialization;
using LzuCore.Testing;
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

    private static readonly string[] Tasks = ["detection", "segmentation", "detection3d"];

    // A small network on scenes that are drawn.
    private string DeskConfig(string name, string task, int steps, string zoom, string more) => _folder.Text($"{name}.json", $$"""
        {
          "task": "{{task}}", "folder": "{{name}}",
          "model": {"kind": "desk"},
          "data": {"kind": "scenes", "training": 4, "validation": 10, "size": "64x96"},
          "zoom": {"size": "16x24", "saliency": "{{zoom}}"},
          "optimizer": {"kind": "adamw", "learning_rate": 0.002},
          "training": {"steps": {{steps}}, "batch": 2, "workers": 1{{more}}}
        }
        """);

    [TestCase("detection", "adaptive", "AP", "APs")]
    [TestCase("segmentation", "training_set", "mIoU", "aAcc")]
    [TestCase("detection3d", "none", "mAP", "NDS")]
    public void Desk_IsTrainedAndScored(string task, string zoom, string first, string other)
    {
        var config = DeskConfig("desk " + task, task, 3, zoom, ", \"evaluate_every\": 2");
        var trained = Lzu.Run("train", "--config", config, "--json").Succeeded();
        Assert.That(trained.Error, Does.Contain("step 1/3  loss ").And.Contain("step 3/3  loss "));
        var metrics = trained.Json.GetProperty("metrics");
        Assert.That(metrics.TryGetProperty(first, out _) && metrics.TryGetProperty(other, out _));
        Assert.That(trained.Json.GetProperty("losses").GetProperty(task == "segmentation" ? "labels" : "classes").GetDouble(), Is.GreaterThan(0));
        foreach (var file in new[] { "last", "checkpoint" })
            Assert.That(Lzu.Run("eval", "--config", config, "--weights", _folder[$"desk {task}/{file}.safetensors"], "--json").Succeeded().Json.GetProperty("metrics").ToString(), Is.EqualTo(metrics.ToString()));
        Lzu.Run("eval", "--config", config, "--weights", _folder["desk " + task + "/train.csv"]).Failed(2, "train.csv");
        Lzu.Run("train", "--config", config, "--device", "ilgpu").Failed(2, "model.kind \"desk\" trains on the CPU");
    }

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
        Lzu.Run("train", "--config", _folder.Text("many.json", File.ReadAllText(Config("m", 3)).Replace("\"steps\": 3", "\"epochs\": \"many\""))).Failed(2, "many.json: training.epochs must be a number above 0 and at most 100000, got \"many\".");
        Lzu.Run("train", "--config", _folder.Text("no scenes.json", File.ReadAllText(DeskConfig("n", "detection", 3, "none", "")).Replace("\"training\": 4", "\"training\": 0"))).Failed(2, "data.training must be a whole number from 1 to 1000000, got 0.");
        Lzu.Run("train", "--config", Config("unbegun", 3), "--resume").Failed(2, "checkpoint.safetensors");
        Lzu.Run("eval", "--config", Config("unbegun", 3), "--weights", _folder["fast.json"]).Failed(2, "fast.json");
    }

    [Test]
    [Category("Mpi")]
    public void TwoProcesses_TrainAsOneWithTwiceTheBatch()
    {
        if (!Mpirun.IsThere) Assert.Ignore(Mpirun.Absent);
        var program = Path.Combine(AppContext.BaseDirectory, "lzu.dll");
        // Plain steps: Adam's first ones are the sign of a gradient, which rounding decides where there is none.
        string Batches(string name, int batch) => _folder.Text($"{name}.json", File.ReadAllText(DeskConfig(name, "detection", 4, "adaptive", ", \"evaluate_every\": 4")).Replace("\"batch\": 2", $"\"batch\": {batch}").Replace("\"training\": 4", "\"training\": 8").Replace("\"kind\": \"adamw\", \"learning_rate\": 0.002", "\"learning_rate\": 0.001"));
        Lzu.Run("train", "--config", Batches("of one", 4)).Succeeded();
        var run = Mpirun.Run(2, program, "train", "--config", Batches("of two", 2), "--threads", "1");
        Assert.That(run.Code, Is.Zero, run.Error);
        Assert.That(run.Lines("done: 4 of 4 steps"), Has.Length.EqualTo(1), "one process talks");
        var (one, two) = (Losses("of one"), Losses("of two"));
        Assert.That(two, Has.Length.EqualTo(4).And.EqualTo(one).Within(1e-5));
        Assert.That(StepOf("of two"), Is.EqualTo(4));

        double[] Losses(string name) => [.. File.ReadLines(_folder[$"{name}/train.csv"]).Skip(1).Select(l => double.Parse(l.Split(',')[2], CultureInfo.InvariantCulture))];
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
        // Where the whole run was started to ignore interrupts, so are its children.
        if (!process.WaitForExit(60_000)) process.Kill();
        process.WaitForExit();
        Assert.That(process.ExitCode, Is.EqualTo(130), "it does not stop");
        var document = JsonDocument.Parse(process.StandardOutput.ReadToEnd()).RootElement;
        Assert.That(document.GetProperty("interrupted").GetBoolean(), Is.True);
        var step = document.GetProperty("step").GetInt32();
        Assert.That(StepOf($"signal {signal}"), Is.EqualTo(step).And.GreaterThanOrEqualTo(2));
        Assert.That(File.ReadLines(_folder[$"signal {signal}/train.csv"]).Count(), Is.EqualTo(step + 1));
        Assert.That(Directory.GetFiles(_folder["signal " + signal], "*.tmp"), Is.Empty);
    }

    // Kill after kill another of the tasks; LZU_KILLS=200 asks for more.
    [Test]
    [Platform(Exclude = "Win")]
    public void Killed_AtRandomMoments_AlwaysLeavesACheckpointThatGoesOn()
    {
        var kills = int.TryParse(Environment.GetEnvironmentVariable("LZU_KILLS"), out var asked) && asked > 0 ? asked : 3;
        var random = new Random(7);
        var last = new int[Tasks.Length];
        var halves = 0;
        for (var kill = 0; kill < kills; kill++)
        {
            var task = kill % Tasks.Length;
            using var process = Start(task, last[task] > 0);
            WaitForStep(process, _folder[$"{Killed(task)}/train.csv"], last[task] + 2);
            Thread.Sleep(random.Next(400));
            process.Kill();
            process.WaitForExit();
            var step = StepOf(Killed(task));
            Assert.That(step, Is.GreaterThan(last[task]), $"kill {kill}");
            last[task] = step;
            halves += Halves(task).Length;
        }
        // What a kill interrupted lies beside, nobody's checkpoint; the next start removes it.
        for (var task = 0; task < Math.Min(kills, Tasks.Length); task++)
        {
            using var process = Start(task, resumes: true);
            // The killed process may have written the row of the step after its checkpoint.
            WaitForStep(process, _folder[$"{Killed(task)}/train.csv"], last[task] + 2);
            Process.Start("kill", $"-TERM {process.Id}").WaitForExit();
            Assert.That(process.WaitForExit(60_000), Is.True, "it does not stop");
            Assert.That(Halves(task), Is.Empty);
        }
        TestContext.Out.WriteLine($"{kills} kills, {halves} of them in the middle of a write; steps: {string.Join(", ", last)}");

        string Killed(int task) => "killed " + Tasks[task];
        string[] Halves(int task) => Directory.GetFiles(_folder[Killed(task)], ".*.tmp");
        Process Start(int task, bool resumes)
        {
            var config = DeskConfig(Killed(task), Tasks[task], 100_000, task == 0 ? "adaptive" : "training_set", ", \"checkpoint_every\": 1");
            return TrainTests.Start(["train", "--config", config, "--quiet", .. resumes ? new[] { "--resume" } : []]);
        }
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
