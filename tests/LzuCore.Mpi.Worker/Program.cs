using System.Diagnostics;
using System.Globalization;
using System.Text;
using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Mpi.Worker;
using LzuCore.Nn.Distributed;
using LzuCore.Nn.Serialization;
using LzuCore.Ops;
using LzuCore.Tensors;

// What tests start under mpirun: `worker WORK [name=value …]`. Process 0 prints what was found, a line each; faults are one line, then the end of all.
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var options = args.Skip(1).Select(a => a.Split('=', 2)).ToDictionary(a => a[0], a => a[1]);
ParallelRows.Threads = Number("threads", 1);
ProcessGroup? group = null;
try
{
    group = ProcessGroup.Join();
    switch (args[0])
    {
        case "train": Train(group); break;
        case "collectives": Collectives(group); break;
        case "stall": Stall(group); break;
        case "bandwidth": Bandwidth(group); break;
        default: throw new ArgumentValueException($"worker: no such work as '{args[0]}'.");
    }
    group.Dispose();
    return 0;
}
catch (LzuException fault)
{
    Console.Error.WriteLine($"error: rank {group?.Rank ?? 0} of {group?.World ?? 1}: {fault.Message}");
    var code = fault is DeviceException ? 3 : 2;
    if (group is { World: > 1 }) group.Abort(code);
    return code;
}

int Number(string name, int otherwise) => options.TryGetValue(name, out var text) ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

void Train(ProcessGroup group)
{
    var training = new SmallTraining(group, new(Number("batch", 4), Number("steps", 20), Number("width", 16), Number("norms", 0) != 0, Number("counted", 0) != 0,
        new DataParallelOptions { BucketBytes = Number("bucket", 1 << 12), Overlap = Number("overlap", 1) != 0 }));
    var (clock, dieAt) = (Stopwatch.StartNew(), Number("die", -1));
    var losses = training.Run(step =>
    {
        if (step == 0) clock.Restart();
        if (group.IsFirst && options.TryGetValue("checkpoint", out var file)) Safetensors.Write(file, training.Model.StateDict());
        if (step != dieAt || group.Rank != 1) return;
        if (Number("kill", 0) == 0) throw new ArgumentValueException("worker: told to fail here.");
        Process.GetCurrentProcess().Kill();
    });
    var seconds = clock.Elapsed.TotalSeconds;
    if (!group.IsFirst) return;
    foreach (var loss in losses) Console.WriteLine($"loss {loss:R}");
    if (options.TryGetValue("out", out var path)) Safetensors.Write(path, training.Model.StateDict());
    Console.WriteLine($"parameters {training.Model.Parameters.Sum(p => p.Shape.Count)}");
    Console.WriteLine($"ms {1000 * seconds / Math.Max(1, losses.Count - 1):0.000}");
}

void Collectives(ProcessGroup group)
{
    var (rank, world) = (group.Rank, group.World);
    Require(group.LocalRank == rank, "all processes of this test are on one machine");
    Span<double> numbers = [rank, 1, 0.1 * (rank + 1)];
    group.Sum(numbers);
    Require(numbers[0] == world * (world - 1) / 2 && numbers[1] == world, "numbers");

    var bytes = new byte[100_000];
    if (rank == 0) Random.Shared.NextBytes(bytes);
    group.Broadcast(bytes.AsSpan());
    group.RequireSame("what was broadcast", Convert.ToHexString(bytes));

    var all = group.Gather(Encoding.UTF8.GetBytes(new string((char)('a' + rank), rank * 3)));
    Require(all.Select(Encoding.UTF8.GetString).SequenceEqual(Enumerable.Range(0, world).Select(r => new string((char)('a' + r), r * 3))), "gather of other lengths, none included");

    // Sums that overlap, with others in between, in another order in each process.
    foreach (var dtype in new[] { DType.Float32, DType.Float64 })
    {
        var tensors = Enumerable.Range(1, 5).Select(i => Tensor.Full([i * 30_000 - 29_999], i + rank, dtype).Persist()).ToList();
        var sums = tensors.Select(t => group.StartSum(t.View)).ToList();
        group.Barrier();
        Require(group.Sum(1.0) == world, "a number while sums are on their way");
        foreach (var i in rank % 2 == 0 ? new[] { 0, 1, 2, 3, 4 } : [4, 3, 2, 1, 0]) sums[i].Wait();
        for (var i = 0; i < 5; i++) Require(tensors[i].To64().All(v => v == world * (i + 1) + world * (world - 1) / 2), $"sum {i} of {dtype}");
    }

    try
    {
        group.RequireSame("this test's rank", $"{rank}");
        Require(world == 1, "a difference must be said");
    }
    catch (ArgumentValueException fault)
    {
        Require(fault.Message.Contains("this test's rank must be the same", StringComparison.Ordinal), fault.Message);
    }

    // Open MPI has handlers of its own for what the runtime makes exceptions of.
    try
    {
        string? nothing = options.GetValueOrDefault("nothing");
        _ = nothing!.Length;
        Require(false, "null must be refused");
    }
    catch (NullReferenceException)
    {
    }
    if (rank == 0) Console.WriteLine($"fine {world}");
}

void Stall(ProcessGroup group)
{
    if (group.Rank == 1) Thread.Sleep(TimeSpan.FromSeconds(Number("seconds", 60)));
    group.Barrier();
}

void Bandwidth(ProcessGroup group)
{
    foreach (var kib in new[] { 4, 64, 1024, 16384 })
    {
        var tensor = Tensor.Zeros([kib * 256]).Persist();
        for (var i = 0; i < 3; i++) group.StartSum(tensor.View).Wait();
        const int runs = 10;
        var clock = Stopwatch.StartNew();
        for (var i = 0; i < runs; i++) group.StartSum(tensor.View).Wait();
        var ms = clock.Elapsed.TotalMilliseconds / runs;
        if (group.IsFirst) Console.WriteLine($"sum of {kib} KiB: {ms:0.000} ms, {kib / 1024.0 / ms * 1000:0} MiB/s");
    }
}

static void Require(bool holds, string what)
{
    if (!holds) throw new ArgumentValueException($"worker: {what}.");
}

internal static class Values
{
    public static double[] To64(this Tensor tensor) => tensor.To(DType.Float64).ToArray<double>();
}
