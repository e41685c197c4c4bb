using LzuCore.Memory;

namespace LzuCore.Cli.Bench;

/// <summary>The time of work that a GPU has recorded: nothing on the host is repeated, so it is what the device itself needs.</summary>
internal static class GraphTiming
{
    /// <summary>Median milliseconds of a replay, by the device's clock; null where the device records nothing.</summary>
    public static double? MedianMs(Device device, Action work)
    {
#if CPU_ONLY
        _ = work;
        return null;
#else
        if (BackendRegistry.Get(device) is not LzuCore.Gpu.GpuBackend gpu || device.Kind != "cuda") return null;
        const int samples = 20, replays = 5;
        // Twice before: what is compiled, searched for or kept at first use cannot be recorded.
        work();
        work();
        using var graph = gpu.Capture(work);
        graph.Replay();
        var times = new List<double>();
        for (var i = 0; i < samples; i++)
            times.Add(gpu.MeasureMs(() =>
            {
                for (var k = 0; k < replays; k++) graph.Replay();
            }) / replays);
        times.Sort();
        return (times[samples / 2 - 1] + times[samples / 2]) / 2;
#endif
    }
}
