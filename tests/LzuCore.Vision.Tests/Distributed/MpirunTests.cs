using System.Diagnostics;
using System.Globalization;
using LzuCore.Memory;
using LzuCore.Nn.Serialization;
using LzuCore.Ops;
using LzuCore.Testing;
using LzuCore.Vision.Tests.Data;

namespace LzuCore.Vision.Tests.Distributed;

/// <summary>Real processes under Open MPI's mpirun: <c>tests/LzuCore.Mpi.Worker</c>. Passed over, with a reason, where there is no mpirun.</summary>
[Category("Mpi")]
public sealed class MpirunTests
{
    private PictureFolder _folder = null!;

    [OneTimeSetUp]
    public void Look()
    {
        if (!Mpirun.IsThere) Assert.Ignore(Mpirun.Absent);
        _folder = new PictureFolder();
    }

    [OneTimeTearDown]
    public void Remove() => _folder?.Dispose();

    private static string Worker => Path.Combine(AppContext.BaseDirectory, "LzuCore.Mpi.Worker.dll");

    private static double[] Losses(Mpirun.Outcome run) => [.. run.Lines("loss ").Select(l => double.Parse(l, CultureInfo.InvariantCulture))];

    [TestCase(2), TestCase(3)]
    public void Collectives_AreRight(int processes)
    {
        var run = Mpirun.Run(processes, Worker, "collectives");
        Assert.That((run.Code, run.Lines("fine ").FirstOrDefault()), Is.EqualTo((0, $"{processes}")), run.Error);
    }

    // A plain mean; one over pixels that count, of which each process has other numbers; with batch norms.
    [TestCase(""), TestCase("counted=1"), TestCase("norms=1")]
    public void TwoProcesses_HaveTheLossesAndParametersOfOneWithTwiceTheBatch(string more)
    {
        string[] work = more.Length > 0 ? ["train", "steps=20", more] : ["train", "steps=20"];
        var one = Mpirun.Alone(Worker, [.. work, "batch=8", $"out={_folder["one.safetensors"]}"]);
        var two = Mpirun.Run(2, Worker, [.. work, "batch=4", $"out={_folder["two.safetensors"]}"]);
        Assert.That((one.Code, two.Code), Is.EqualTo((0, 0)), one.Error + two.Error);
        Assert.That(Losses(two), Has.Length.EqualTo(20).And.EqualTo(Losses(one)).Within(1e-5));
        using Checkpoint expected = Checkpoint.Open(_folder["one.safetensors"]), actual = Checkpoint.Open(_folder["two.safetensors"]);
        foreach (var (key, value) in expected.ToStateDict())
            Assert.That(actual.ToStateDict()[key].To(DType.Float64).ToArray<double>(), Is.EqualTo(value.To(DType.Float64).ToArray<double>()).Within(2e-5), key);
    }

    [Test]
    public void TwoRuns_AgreeBitByBit_WithAndWithoutOverlap()
    {
        var runs = new[] { "overlap=1", "overlap=1", "overlap=0" }.Select((overlap, i) => Mpirun.Run(3, Worker, "train", "batch=2", "steps=6", overlap, $"out={_folder[$"{i}.safetensors"]}")).ToList();
        Assert.That(runs.Select(r => r.Code), Is.All.Zero, runs[0].Error);
        Assert.That(runs.Skip(1).Select(Losses), Is.All.EqualTo(Losses(runs[0])));
        Assert.That(new[] { 1, 2 }.Select(i => File.ReadAllBytes(_folder[$"{i}.safetensors"])), Is.All.EqualTo(File.ReadAllBytes(_folder["0.safetensors"])));
    }

    [Test]
    public void ARankThatFails_EndsTheRunWithItsReason()
    {
        var run = Mpirun.Run(2, Worker, "train", "die=3", $"checkpoint={_folder["failed.safetensors"]}");
        Assert.That(run.Code, Is.EqualTo(2));
        Assert.That(run.Error, Does.Contain("error: rank 1 of 2: worker: told to fail here."));
    }

    [Test]
    public void ARankThatIsKilled_EndsTheRun_WithAMessage_AndAValidCheckpoint()
    {
        var run = Mpirun.Run(2, Worker, "train", "die=3", "kill=1", "steps=1000000", $"checkpoint={_folder["killed.safetensors"]}");
        Assert.That(run.Code, Is.Not.Zero);
        Assert.That(run.Error, Does.Contain("process rank 1").And.Contain("signal 9"));
        using var checkpoint = Checkpoint.Open(_folder["killed.safetensors"]);
        Assert.That(checkpoint.ToStateDict().Select(p => p.Key), Does.Contain("last.weight"));
    }

    [Test]
    public void ARankThatDoesNotCome_IsAnErrorAfterAWhile_NotAHang()
    {
        var clock = Stopwatch.StartNew();
        var run = Mpirun.RunWith("LZU_MPI_TIMEOUT=2", 2, Worker, "stall", "seconds=100");
        Assert.That(run.Code, Is.EqualTo(3));
        Assert.That(run.Error, Does.Contain("rank 0 of 2 waited 2 s for the others in MPI_Ibarrier"));
        Assert.That(clock.Elapsed, Is.LessThan(TimeSpan.FromSeconds(60)));
    }
}
