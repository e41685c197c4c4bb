using System.Diagnostics;
using LzuCore.Cli.Bench;
using LzuCore.Cli.Bench.Interop;
using LzuCore.Memory;

namespace LzuCore.Peers;

/// <summary>One engine that does a piece of work.</summary>
/// <param name="Peer">Whose.</param>
/// <param name="Run">Does it once.</param>
/// <param name="Outputs">Does it once and returns the results in NCHW order, for comparison.</param>
/// <param name="Before">Sets it up again after another has run, untimed; null where nothing is needed.</param>
internal sealed record Contender(string Peer, Action Run, Func<IReadOnlyList<float[]>> Outputs, Action? Before = null);

/// <summary>What a contender took, and in what ratio to ours: medians over the rounds, of the ratios too.</summary>
/// <param name="Work">What was done.</param>
/// <param name="Peer">By whom.</param>
/// <param name="Threads">Threads.</param>
/// <param name="CpuMs">CPU time of the calling thread on one thread, else of the process.</param>
/// <param name="WallMs">Wall time.</param>
/// <param name="MinMs">Least CPU time on one thread, else wall time.</param>
/// <param name="Gflops">10⁹ operations of direct sums a second, of CPU time on one thread, else wall time. 0 where none were counted.</param>
/// <param name="OursOverCpu">Our CPU time over theirs in the same round, median.</param>
/// <param name="OursOverWall">The same of wall time.</param>
/// <param name="Difference">Largest difference from our results, of the largest value; of a training the largest of those that <see cref="Trainings"/> names.</param>
/// <param name="Rounds">Rounds.</param>
internal sealed record ContestRow(string Work, string Peer, int Threads, double CpuMs, double WallMs, double MinMs, double Gflops, double OursOverCpu, double OursOverWall, double Difference, int Rounds);

/// <summary>Engines that do the same work in turn, in one process, so that a busy machine slows all alike. Results are compared before anything is timed.</summary>
internal static class Contest
{
    // Engines may keep other numbers of digits between layers.
    private const double AllowedDifference = 2e-3;

    /// <summary>Runs a contest; ours is the first contender.</summary>
    /// <param name="work">What is done.</param>
    /// <param name="flops">Its arithmetic by direct sums.</param>
    /// <param name="contenders">Ours first.</param>
    /// <param name="rounds">Every contender runs once a round, in an order that rotates.</param>
    /// <param name="difference">Between our results and another's; null for the largest difference, of the largest value of its tensor.</param>
    /// <exception cref="LzuException">Results differ; nothing is timed then.</exception>
    public static IReadOnlyList<ContestRow> Hold(string work, double flops, IReadOnlyList<Contender> contenders, int rounds, Func<IReadOnlyList<float[]>, IReadOnlyList<float[]>, double>? difference = null)
    {
        var ours = contenders[0].Outputs();
        var differences = contenders.Select(c => ReferenceEquals(c, contenders[0]) ? 0 : (difference ?? Difference)(ours, c.Outputs())).ToArray();
        for (var i = 0; i < contenders.Count; i++)
            if (!(differences[i] <= AllowedDifference)) throw new LzuException($"peers: {work}: {contenders[i].Peer} differs from ours by {differences[i]:g3} of the largest value, more than {AllowedDifference:g1}. Nothing was timed.");
        var times = contenders.Select(_ => (Cpu: new List<double>(), Wall: new List<double>())).ToArray();
        for (var round = 0; round < rounds; round++)
            for (var turn = 0; turn < contenders.Count; turn++)
            {
                var i = (turn + round) % contenders.Count;
                // Workers of the one before, which spin for a while (ONNX Runtime's for 20 ms), go to sleep; then caches are this one's.
                Thread.Sleep(ParallelRows.Threads == 1 ? 5 : 50);
                contenders[i].Before?.Invoke();
                contenders[i].Run();
                var cpu = Clock();
                var wall = Stopwatch.GetTimestamp();
                contenders[i].Run();
                times[i].Wall.Add(Stopwatch.GetElapsedTime(wall).TotalMilliseconds);
                times[i].Cpu.Add(Clock() - cpu);
            }
        return [.. contenders.Select((c, i) =>
        {
            double cpu = Timing.Median(times[i].Cpu), wall = Timing.Median(times[i].Wall), rate = ParallelRows.Threads == 1 ? cpu : wall;
            return new ContestRow(work, c.Peer, ParallelRows.Threads, cpu, wall, ParallelRows.Threads == 1 ? times[i].Cpu.Min() : times[i].Wall.Min(), flops / rate / 1e6,
                Timing.Median(times[0].Cpu.Zip(times[i].Cpu, (a, b) => a / b)), Timing.Median(times[0].Wall.Zip(times[i].Wall, (a, b) => a / b)), differences[i], rounds);
        })];
    }

    private static double Clock() => ParallelRows.Threads == 1 ? ThreadClock.Milliseconds : ThreadClock.ProcessMilliseconds;

    private static double Difference(IReadOnlyList<float[]> a, IReadOnlyList<float[]> b)
    {
        if (a.Count != b.Count || a.Zip(b).Any(p => p.First.Length != p.Second.Length)) return double.NaN;
        return a.Zip(b, (x, y) =>
        {
            double worst = 0, largest = 1e-30;
            for (var i = 0; i < x.Length; i++) (worst, largest) = (Math.Max(worst, Math.Abs(x[i] - y[i])), Math.Max(largest, Math.Abs(x[i])));
            return worst / largest;
        }).Max();
    }
}
