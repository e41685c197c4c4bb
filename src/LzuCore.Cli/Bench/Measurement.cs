using System.Diagnostics;
using LzuCore.Memory;

namespace LzuCore.Cli.Bench;

/// <summary>One line of a benchmark. Rates are those of the fastest run; a rate that says nothing is null.</summary>
/// <param name="Name">What was measured.</param>
/// <param name="Threads">Threads it could use.</param>
/// <param name="Device">Where.</param>
/// <param name="MedianMs">Median wall time.</param>
/// <param name="MinMs">Least wall time.</param>
/// <param name="CpuMs">CPU time of all threads a run, on average: what counts on a busy machine.</param>
/// <param name="Gflops">Arithmetic a second, multiply-adds counted twice.</param>
/// <param name="GbS">Bytes read and written a second.</param>
/// <param name="PercentOfPeak">Arithmetic against this machine's measured ceiling with as many threads.</param>
internal sealed record BenchRow(string Name, int Threads, string Device, double MedianMs, double MinMs, double CpuMs, double? Gflops, double? GbS, double? PercentOfPeak);

/// <summary>Repeats a piece of work until its time is known.</summary>
internal static class Measurement
{
    private const int LeastRuns = 5;
    private const int MostRuns = 400;

    /// <summary>Warms up once, then runs for about the given seconds.</summary>
    /// <param name="name">What is measured.</param>
    /// <param name="device">Where; waited for.</param>
    /// <param name="work">The work.</param>
    /// <param name="flops">Its arithmetic; 0 for not counted.</param>
    /// <param name="bytes">What it reads and writes; 0 for not counted.</param>
    /// <param name="peak">The ceiling in GFLOP/s; null for none.</param>
    /// <param name="seconds">How long to repeat.</param>
    public static BenchRow Of(string name, Device device, Action work, double flops = 0, double bytes = 0, double? peak = null, double seconds = 1)
    {
        var backend = BackendRegistry.Get(device);
        work();
        backend.Synchronize();
        var times = new List<double>();
        var cpu = Environment.CpuUsage.TotalTime;
        var all = Stopwatch.StartNew();
        while (times.Count < LeastRuns || (all.Elapsed.TotalSeconds < seconds && times.Count < MostRuns))
        {
            var start = Stopwatch.GetTimestamp();
            work();
            backend.Synchronize();
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }
        var cpuMs = (Environment.CpuUsage.TotalTime - cpu).TotalMilliseconds / times.Count;
        times.Sort();
        var least = times[0];
        double? rate = flops > 0 ? flops / least / 1e6 : null;
        return new BenchRow(name, ParallelRows.Threads, device.ToString(), times[times.Count / 2], least, cpuMs, rate, bytes > 0 ? bytes / least / 1e6 : null, rate is { } r && peak is { } p ? 100 * r / p : null);
    }
}
