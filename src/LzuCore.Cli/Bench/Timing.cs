using System.Diagnostics;
using LzuCore.Cli.Bench.Interop;
using LzuCore.Memory;

namespace LzuCore.Cli.Bench;

/// <summary>Repeated measurement of one action: medians, because other programs disturb single runs.</summary>
/// <param name="MedianMs">Median wall time.</param>
/// <param name="MinMs">Least wall time.</param>
/// <param name="CpuMs">Median CPU time.</param>
internal readonly record struct Timing(double MedianMs, double MinMs, double CpuMs)
{
    private const int FewestRuns = 5, MostRuns = 60;

    /// <summary>Runs an action until the budget is spent, at least 5 times, after one run that is not counted.</summary>
    /// <param name="action">What to measure.</param>
    /// <param name="budgetMs">Wall time to spend.</param>
    public static Timing Of(Action action, double budgetMs = 400)
    {
        action();
        var wall = new List<double>();
        var cpu = new List<double>();
        var alone = ParallelRows.Threads == 1;
        var spent = Stopwatch.StartNew();
        while (wall.Count < FewestRuns || wall.Count < MostRuns && spent.Elapsed.TotalMilliseconds < budgetMs)
        {
            var started = alone ? ThreadClock.Milliseconds : ThreadClock.ProcessMilliseconds;
            var at = Stopwatch.GetTimestamp();
            action();
            wall.Add(Stopwatch.GetElapsedTime(at).TotalMilliseconds);
            cpu.Add((alone ? ThreadClock.Milliseconds : ThreadClock.ProcessMilliseconds) - started);
        }
        return new(Median(wall), wall.Min(), Median(cpu));
    }

    /// <summary>What rates are computed from: CPU time on one thread, wall time on several.</summary>
    public double RateMs => ParallelRows.Threads == 1 && CpuMs > 0 ? CpuMs : MedianMs;

    private static double Median(List<double> values)
    {
        values.Sort();
        return values.Count % 2 == 1 ? values[values.Count / 2] : (values[values.Count / 2 - 1] + values[values.Count / 2]) / 2;
    }
}
