using System.Diagnostics;
using LzuCore.Cli.Bench;

namespace LzuCore.Peers;

/// <summary>How far two cores are from each other: about 100 ns for a round trip where they share their last cache, 400 where they do not, and then one thread reads what the other has written at a third of the speed.
/// A virtual machine's host moves its cores, so it is measured beside whatever two threads take.</summary>
internal static class CoreDistance
{
    private const int Trips = 20_000, Samples = 9;

    /// <summary>Nanoseconds from one core to another and back, by a line that both write in turn; median of nine samples. 0 where there is one core.</summary>
    public static double RoundTripNs()
    {
        if (Environment.ProcessorCount < 2) return 0;
        var turn = 0;
        var other = new Thread(() => { for (var trip = 0; trip < Samples * Trips; trip++) Pass(ref turn, 2 * trip + 1); }) { IsBackground = true };
        other.Start();
        var samples = new List<double>();
        for (var sample = 0; sample < Samples; sample++)
        {
            var started = Stopwatch.GetTimestamp();
            for (var trip = 0; trip < Trips; trip++) Pass(ref turn, 2 * (sample * Trips + trip));
            samples.Add(Stopwatch.GetElapsedTime(started).TotalNanoseconds / Trips);
        }
        other.Join();
        return Timing.Median(samples);
    }

    // Waits for its turn and hands it on.
    private static void Pass(ref int turn, int awaited)
    {
        while (Volatile.Read(ref turn) != awaited) { }
        Volatile.Write(ref turn, awaited + 1);
    }
}
