using System.Security.Cryptography;
using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Nn.Serialization;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Vision.Training;

namespace LzuCore.Vision.Tests.Training;

public sealed class TrainerTests
{
    private const int Steps = 30;

    private static TrainerOptions Options(string? folder = null) =>
        new() { Steps = Steps, Folder = folder, ClipNorm = 1, Accumulation = 2, AverageDecay = 0.9, EvaluateEvery = 7, Fingerprint = "tiny" };

    [Test]
    public void Loss_GoesDown()
    {
        var losses = new List<double>();
        var trainer = TinyTask.Trainer(new TinyTask(), Options() with { Steps = 60 });
        trainer.Stepped += s => losses.Add(s.Losses[0].Value);
        var result = trainer.Run();
        Assert.That(losses, Has.Count.EqualTo(60));
        Assert.That(losses.TakeLast(10).Average(), Is.LessThan(0.5 * losses.Take(10).Average()), string.Join(", ", losses));
        Assert.That(result.IsInterrupted, Is.False);
        Assert.That(result.Progress.Step, Is.EqualTo(60));
        Assert.That(result.Progress.Best, Is.Not.NaN);
    }

    [Test]
    public void HalvesOfFiles_AreGoneWhenATrainingBegins()
    {
        using var folder = new WorkFolder();
        var mark = Guid.NewGuid().ToString("n");
        string[] halves = [$".checkpoint.safetensors.{mark}.tmp", $".last.safetensors.{mark}.tmp", $".best.safetensors.{mark}.tmp", $".train.csv.{mark}.tmp"];
        string[] others = [$".mine.safetensors.{mark}.tmp", $"checkpoint.safetensors.{mark}.tmp", $".checkpoint.safetensors.{mark}", $".checkpoint.safetensors.{mark[1..]}.tmp", $".checkpoint.safetensors.{mark.ToUpperInvariant()[..31]}X.tmp", ".checkpoint.safetensors.tmp"];
        foreach (var name in halves.Concat(others)) File.WriteAllText(folder[name], "half");
        TinyTask.Trainer(new TinyTask(), Options(folder.Path) with { Steps = 1 }).Run();
        Assert.That(Directory.GetFiles(folder.Path, "*mp*").Concat(Directory.GetFiles(folder.Path, ".*")).Select(Path.GetFileName).Distinct(), Is.EquivalentTo(others));
    }

    [Test]
    public void Resumed_AfterAnyStep_EndsWithTheSameBits([Values("sgd", "adamw")] string method)
    {
        using var whole = new WorkFolder();
        TinyTask.Trainer(new TinyTask(), Options(whole.Path), method: method).Run();
        var expected = Hash(whole);
        for (var stop = 1; stop < Steps; stop++)
        {
            using var folder = new WorkFolder();
            using var interrupt = new CancellationTokenSource();
            var first = TinyTask.Trainer(new TinyTask(), Options(folder.Path), workers: stop % 4, method);
            first.Stepped += s => { if (s.Step == stop) interrupt.Cancel(); };
            Assert.That(first.Run(interrupt.Token).IsInterrupted, Is.True);
            var threads = ParallelRows.Threads;
            ParallelRows.Threads = 1 + stop % 3;
            try
            {
                var second = TinyTask.Trainer(new TinyTask(), Options(folder.Path), workers: (stop + 1) % 4, method);
                second.Resume(folder["checkpoint.safetensors"]);
                Assert.That(second.Progress.Step, Is.EqualTo(stop));
                second.Run();
            }
            finally
            {
                ParallelRows.Threads = threads;
            }
            Assert.That(Hash(folder), Is.EqualTo(expected), $"stopped after step {stop}");
        }
    }

    [Test]
    public void Interrupted_WhileEvaluating_EvaluatesAgainAfterTheResume()
    {
        using var whole = new WorkFolder();
        TinyTask.Trainer(new TinyTask(), Options(whole.Path)).Run();
        using var folder = new WorkFolder();
        using var interrupt = new CancellationTokenSource();
        var first = TinyTask.Trainer(new TinyTask { OnEvaluate = interrupt.Cancel }, Options(folder.Path));
        Assert.That(first.Run(interrupt.Token).Progress, Is.EqualTo(TrainingProgress.Start with { Step = 7, Next = first.Progress.Next }));
        var second = TinyTask.Trainer(new TinyTask(), Options(folder.Path));
        second.Resume(folder["checkpoint.safetensors"]);
        second.Run();
        Assert.That(Hash(folder), Is.EqualTo(Hash(whole)));
    }

    [Test]
    public void AccumulatedBatches_StepLikeOneLargeBatch()
    {
        // Without batch norm and dropout the mean of two batches' gradients is the large batch's gradient.
        static double[] After(int accumulation, int batch)
        {
            var task = new SumTask();
            var items = Enumerable.Range(0, 4).Select(i => Tensor.Uniform([1, 5], RandomSource.FromSeed((ulong)i), -1, 1)).ToList();
            var batches = items.Chunk(batch).Select((c, i) => new LzuCore.Vision.Data.Loading.Batch<Tensor>(new(0, i), new(0, i + 1), [], c));
            new Trainer<Tensor>(task, (_, _) => batches, new Nn.Optim.Sgd(task.Model.Parameters, 0), _ => 0.1, new() { Steps = 1, Accumulation = accumulation }).Run();
            return [.. task.Model.Parameters.SelectMany(p => p.Value.ToArray<float>()).Select(v => (double)v)];
        }
        Assert.That(After(4, 1), Is.EqualTo(After(1, 4)).Within(1e-6));
        Assert.That(After(2, 2), Is.EqualTo(After(1, 4)).Within(1e-6));
    }

    [Test]
    public void Memory_StaysFlat()
    {
        var live = new List<long>();
        var trainer = TinyTask.Trainer(new TinyTask(), Options() with { Steps = 80, EvaluateEvery = 0 });
        trainer.Stepped += _ =>
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            live.Add(BufferPool.Shared.Statistics.LiveBytes);
        };
        trainer.Run();
        Assert.That(live[79] - live[9], Is.LessThan(1 << 18), string.Join(", ", live.Where((_, i) => i % 10 == 9)));
    }

    [TestCase("loss")]
    [TestCase("gradient")]
    public void NotFinite_StopsWithinTheStepAndNamesTheOp(string where)
    {
        using var folder = new WorkFolder();
        // log(x - x) is -inf; sqrt has a finite value at 0 and an infinite gradient.
        var task = new TinyTask { Disturb = (step, loss) => step != 12 ? loss : where == "loss" ? loss + (loss - loss).Log() : loss + (loss - loss).Sqrt() };
        var trainer = TinyTask.Trainer(task, Options(folder.Path) with { CheckpointEvery = 5 });
        StateDict? before = null;
        trainer.Stepped += s => { if (s.Step == 12) before = Copy(task.Model.StateDict()); };
        var fault = Assert.Throws<NonFiniteException>(() => trainer.Run())!;
        Assert.That(fault.Message, Does.StartWith("step 12: ").And.Contain(where == "loss" ? "log: the result" : "sqrt: the gradient of input 0").And.Not.Contain("\n"));
        Assert.That(Values(task.Model.StateDict()), Is.EqualTo(Values(before!)), "weights and statistics moved");
        using var checkpoint = Checkpoint.Open(folder["checkpoint.safetensors"]);
        Assert.That(checkpoint.Metadata["step"], Is.EqualTo("10"));
    }

    [Test]
    public void NotFinite_InAWeight_NamesTheWeight()
    {
        var task = new TinyTask();
        var bad = Tensor.From([1f, float.NaN, 0, 0, 0, 0, 0, 0], [8]);
        task.Model.LoadStateDict(new StateDict([KeyValuePair.Create("conv.bias", bad)]), strict: false);
        var fault = Assert.Throws<NonFiniteException>(() => TinyTask.Trainer(task, Options()).Run())!;
        Assert.That(fault.Message, Does.Contain("conv.bias [8] itself holds 1 values"));
    }

    [Test]
    public void Resume_RefusesWhatIsNotItsOwn()
    {
        using var folder = new WorkFolder();
        TinyTask.Trainer(new TinyTask(), Options(folder.Path) with { Steps = 3 }).Run();
        var path = folder["checkpoint.safetensors"];
        Refuses(TinyTask.Trainer(new TinyTask(), Options() with { Fingerprint = "other" }), path, "another configuration");
        Refuses(TinyTask.Trainer(new TinyTask(channels: 4), Options()), path, "mis-shaped");
        Refuses(TinyTask.Trainer(new TinyTask(), Options(), method: "adamw"), path, "optimizer");
        Refuses(TinyTask.Trainer(new TinyTask(), Options() with { AverageDecay = null }), path, "average");
        Refuses(TinyTask.Trainer(new TinyTask(), Options()), folder["last.safetensors"], "no training's state");
        Refuses(TinyTask.Trainer(new TinyTask(), Options()), folder["none.safetensors"], "none.safetensors");
        var bytes = File.ReadAllBytes(path);
        File.WriteAllBytes(path, bytes[..(bytes.Length / 2)]);
        Refuses(TinyTask.Trainer(new TinyTask(), Options()), path, "checkpoint.safetensors");
    }

    private static void Refuses(Trainer<TinyItem> trainer, string path, string mention)
    {
        var fault = Assert.Throws<FileFormatException>(() => trainer.Resume(path))!;
        Assert.That(fault.Message, Does.Contain(mention).And.Not.Contain("\n"));
        Assert.That(trainer.Progress, Is.EqualTo(TrainingProgress.Start));
    }

    private static string Hash(WorkFolder folder) =>
        string.Join(" ", new[] { "checkpoint", "last", "best" }.Select(f => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(folder[f + ".safetensors"])))));

    private static StateDict Copy(StateDict state) => new(state.Select(s => KeyValuePair.Create(s.Key, (s.Value.DType == DType.Float32 ? s.Value * 1 : s.Value).Persist())));

    private static List<float> Values(StateDict state) => [.. state.Where(s => s.Value.DType == DType.Float32).SelectMany(s => s.Value.ToArray<float>())];

    private sealed class SumTask : TrainingTask<Tensor>
    {
        private readonly Linear _linear = new(5, 3);

        public override Module Model => _linear;

        public override IReadOnlyList<LossTerm> Loss(LzuCore.Vision.Data.Loading.Batch<Tensor> batch, TrainingMoment moment) =>
            [new("sum", _linear.Call(F.Concat([.. batch.Items], 0)).Square().Mean())];

        public override IReadOnlyList<Score> Evaluate(Action<int, int>? progress = null, CancellationToken cancellation = default) => [];
    }
}
