using System.Diagnostics;
using LzuCore.Cli.Bench.Interop;
using LzuCore.Memory;

namespace LzuCore.Cli.Bench;

/// <summary>Repeated measurement of one action: medians, because other programs disturb single runs.</summary>
/// <param name="MedianMs">Median wall time.</param>
/// <param name="MinMs">Least wall time.</param>
/// <param name="CpuMs">Median CPU time.</param>
/// <param name="PossibleFlops">Median over the runs of what the multiply-add peak, sampled just before and just after a run, would have computed in that run's time. NaN where no peak was asked for.</param>
internal readonly record struct Timing(double MedianMs, double MinMs, double CpuMs, double PossibleFlops = double.NaN)
{
    private const int FewestRuns = 5, MostRuns = 60;

    // Shorter actions are called several times a run, and first for so long that the runtime has compiled them well: it does so in the background, after 30 calls and a pause.
    private const double ShortMs = 0.5, WarmMs = 600;

    // Time given to a sample of the peak, as a part of the last run's.
    private const double PeakPart = 0.05;

    /// <summary>Runs an action until the budget is spent, at least 5 times, after one run that is not counted. An action of less than half a millisecond is called many times a run.</summary>
    /// <param name="action">What to measure.</param>
    /// <param name="budgetMs">Wall time to spend.</param>
    /// <param name="peak">One sample of the peak in 10⁹ operations a second, taken between the runs: a neighbour on the same core slows both alike.</param>
    public static Timing Of(Action action, double budgetMs = 400, Func<double>? peak = null) => InTurn([action], FewestRuns, budgetMs, peak)[0];

    /// <summary>The same of several actions that take turns, so that a busy machine slows all alike; who is first changes from round to round.</summary>
    /// <param name="actions">What to measure.</param>
    /// <param name="fewest">Rounds at least.</param>
    /// <param name="budgetMs">Wall time to spend.</param>
    /// <param name="peak">As above.</param>
    public static Timing[] InTurn(IReadOnlyList<Action> actions, int fewest, double budgetMs, Func<double>? peak = null)
    {
        var runs = actions.Select(a => (Action: a, Calls: Warm(a), Wall: new List<double>(), Cpu: new List<double>(), Possible: new List<double>())).ToList();
        var before = peak is null ? double.NaN : Sample(peak, 0);
        var spent = Stopwatch.StartNew();
        for (var round = 0; round < fewest || round < MostRuns && spent.Elapsed.TotalMilliseconds < budgetMs; round++)
            for (var turn = 0; turn < runs.Count; turn++)
            {
                var (action, calls, wall, cpu, possible) = runs[(turn + round) % runs.Count];
                var (wallMs, cpuMs) = Measure(action, calls);
                wall.Add(wallMs);
                cpu.Add(cpuMs);
                if (peak is null) continue;
                var after = Sample(peak, PeakPart * wallMs);
                possible.Add((before + after) / 2 * Rate(wallMs, cpuMs) * 1e6);
                before = after;
            }
        return [.. runs.Select(r => new Timing(Median(r.Wall), r.Wall.Min(), Median(r.Cpu), peak is null ? double.NaN : Median(r.Possible)))];
    }

    /// <summary>The middle of some values.</summary>
    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted.Count % 2 == 1 ? sorted[sorted.Count / 2] : (sorted[sorted.Count / 2 - 1] + sorted[sorted.Count / 2]) / 2;
    }

    // Calls a run.
    private static int Warm(Action action)
    {
        action();
        // The second of the two: in a new process the first also finds the clock's own code uncompiled.
        var calls = (int)Math.Clamp(ShortMs / Math.Max(1e-4, Math.Min(OnceMs(action), OnceMs(action))), 1, 1000);
        for (var warming = Stopwatch.StartNew(); calls > 1 && warming.Elapsed.TotalMilliseconds < WarmMs;) action();
        return calls;
    }

    /// <summary>The time of one call, for a rate: CPU time on one thread, wall time on several.</summary>
    /// <param name="action">What to measure.</param>
    public static double OnceMs(Action action)
    {
        var (wallMs, cpuMs) = Measure(action);
        return Rate(wallMs, cpuMs);
    }

    /// <summary>What rates are computed from: CPU time on one thread, wall time on several.</summary>
    public double RateMs => Rate(MedianMs, CpuMs);

    private static (double WallMs, double CpuMs) Measure(Action action, int calls = 1)
    {
        double Cpu() => ParallelRows.Threads == 1 ? ThreadClock.Milliseconds : ThreadClock.ProcessMilliseconds;
        var cpu = Cpu();
        var wall = Stopwatch.GetTimestamp();
        for (var i = 0; i < calls; i++) action();
        return (Stopwatch.GetElapsedTime(wall).TotalMilliseconds / calls, (Cpu() - cpu) / calls);
    }

    private static double Rate(double wallMs, double cpuMs) => ParallelRows.Threads == 1 && cpuMs > 0 ? cpuMs : wallMs;

    // The mean of samples that take so much time together, and of at least two: a first one finds cold code.
    private static double Sample(Func<double> peak, double budgetMs)
    {
        var started = Stopwatch.StartNew();
        double sum = 0;
        var count = 0;
        do
        {
            sum += peak();
            count++;
        }
        while (count < 2 || started.Elapsed.TotalMilliseconds < budgetMs);
        return sum / count;
    }
}
