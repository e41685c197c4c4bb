using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using LzuCore.Cli.Bench;
using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Peers;

/// <summary>What a number of threads took in some company.</summary>
/// <param name="Work">What was done.</param>
/// <param name="Threads">Threads.</param>
/// <param name="Busy">Other processes that each kept one core busy meanwhile.</param>
/// <param name="WallMs">Median wall time.</param>
/// <param name="MinMs">Least wall time.</param>
/// <param name="WorstMs">Greatest wall time.</param>
/// <param name="Speedup">One thread's wall time over it, in the same company and the same round; median.</param>
/// <param name="MeanSpeedup">One thread's mean wall time over the mean, which a few long stalls do not leave alone as they do the median.</param>
/// <param name="Same">Whether all results have the bits of one thread's.</param>
/// <param name="Rounds">Rounds.</param>
/// <param name="RoundTripNs">Nanoseconds from one core to another and back, <see cref="CoreDistance"/>, before.</param>
internal sealed record ScalingRow(string Work, int Threads, int Busy, double WallMs, double MinMs, double WorstMs, double Speedup, double MeanSpeedup, bool Same, int Rounds, double RoundTripNs);

/// <summary>Our own work on one thread and on more in turn, alone on the machine and beside processes that keep cores busy.</summary>
internal static class Scaling
{
    /// <summary>Measures.</summary>
    /// <param name="work">What to do.</param>
    /// <param name="threads">How many threads besides one.</param>
    /// <param name="busy">How many busy processes, each in turn.</param>
    /// <param name="rounds">Rounds, in which each number of threads has its turn.</param>
    public static IEnumerable<ScalingRow> Of(Work work, int[] threads, int[] busy, int rounds)
    {
        int[] counts = [1, .. threads];
        foreach (var others in busy)
        {
            var distance = CoreDistance.RoundTripNs();
            var company = Enumerable.Range(0, others).Select(_ => Burner()).ToList();
            var times = counts.Select(_ => new List<double>()).ToArray();
            var same = new bool[counts.Length];
            try
            {
                IReadOnlyList<float[]>? one = null;
                for (var i = 0; i < counts.Length; i++)
                {
                    ParallelRows.Threads = counts[i];
                    IReadOnlyList<float[]> results = Results(work);
                    one ??= results;
                    same[i] = one.Zip(results, (a, b) => a.AsSpan().SequenceEqual(b)).All(equal => equal);
                }
                for (var round = 0; round < rounds; round++)
                    for (var turn = 0; turn < counts.Length; turn++)
                    {
                        var i = (turn + round) % counts.Length;
                        ParallelRows.Threads = counts[i];
                        Once(work);
                        var started = Stopwatch.GetTimestamp();
                        Once(work);
                        times[i].Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
                    }
            }
            finally
            {
                foreach (var process in company)
                {
                    process.Kill();
                    process.Dispose();
                }
            }
            for (var i = 0; i < counts.Length; i++)
                yield return new(work.Name, counts[i], others, Timing.Median(times[i]), times[i].Min(), times[i].Max(), Timing.Median(times[0].Zip(times[i], (a, b) => a / b)), times[0].Sum() / times[i].Sum(), same[i], rounds, distance);
        }
    }

    /// <summary>Keeps one core busy until the standard input ends.</summary>
    public static void Burn()
    {
        // A peak is sampled on all threads, and this process is to want one core, not all of them.
        ParallelRows.Threads = 1;
        var over = Task.Run(Console.In.ReadToEnd);
        while (!over.IsCompleted) Peak.Sample();
    }

    /// <summary>Prints a row.</summary>
    public static void Print(ScalingRow r) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{r.Work,-44} {r.Threads,2} threads beside {r.Busy} busy processes  wall {r.WallMs,9:0.000} ms  min {r.MinMs,9:0.000}  worst {r.WorstMs,9:0.000}  {r.Speedup:0.00} times as fast as one thread, by the means {r.MeanSpeedup:0.00}  round trip between cores {r.RoundTripNs:0} ns  {(r.Same ? "equal bits" : "OTHER BITS")}"));

    /// <summary>Writes scaling.md and scaling.json.</summary>
    public static void Write(string folder, IReadOnlyList<ScalingRow> rows)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "scaling.json"), JsonSerializer.Serialize(new { date = DateTime.UtcNow.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), cores = Environment.ProcessorCount, peak_gflops = Peak.Sample(), rows }, new JsonSerializerOptions { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower }));
        var text = new StringBuilder("| work | threads | busy processes beside | wall ms | least | worst | times as fast as one thread | by the means | equal bits | round trip between cores, ns |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
        foreach (var r in rows) text.AppendLine(CultureInfo.InvariantCulture, $"| {r.Work} | {r.Threads} | {r.Busy} | {r.WallMs:0.0} | {r.MinMs:0.0} | {r.WorstMs:0.0} | {r.Speedup:0.00} | {r.MeanSpeedup:0.00} | {(r.Same ? "yes" : "no")} | {r.RoundTripNs:0} |");
        File.WriteAllText(Path.Combine(folder, "scaling.md"), text.ToString());
    }

    private static Process Burner()
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardInput = true, UseShellExecute = false };
        // Run as `dotnet LzuCore.Peers.dll`, the process is dotnet.
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet") start.ArgumentList.Add(typeof(Scaling).Assembly.Location);
        start.ArgumentList.Add("burn");
        return Process.Start(start)!;
    }

    private static void Once(Work work)
    {
        using var off = Grad.Off();
        using var scope = new TensorScope();
        work.Compute(work.Inputs);
    }

    private static IReadOnlyList<float[]> Results(Work work)
    {
        using var off = Grad.Off();
        using var scope = new TensorScope();
        return [.. work.Compute(work.Inputs).Select(t => t.ToArray<float>())];
    }
}
