using System.Diagnostics;
using LzuCore.Memory;

namespace LzuCore.Vision.Tasks;

/// <summary>Milliseconds of the stages of one picture.</summary>
/// <param name="Zoom">Bytes to tensor, saliency, warp or resize, padding.</param>
/// <param name="Backbone">Residual network and pyramid.</param>
/// <param name="Unzoom">Features back to the original geometry.</param>
/// <param name="Head">Head.</param>
/// <param name="Decode">Head's output to boxes or labels.</param>
public readonly record struct StageTimes(double Zoom, double Backbone, double Unzoom, double Head, double Decode)
{
    /// <summary>All stages.</summary>
    public double Total => Zoom + Backbone + Unzoom + Head + Decode;

    /// <summary>Stage by stage.</summary>
    public static StageTimes operator +(StageTimes a, StageTimes b) => new(a.Zoom + b.Zoom, a.Backbone + b.Backbone, a.Unzoom + b.Unzoom, a.Head + b.Head, a.Decode + b.Decode);

    /// <summary>Each stage as often.</summary>
    public static StageTimes operator *(StageTimes a, int count) => new(a.Zoom * count, a.Backbone * count, a.Unzoom * count, a.Head * count, a.Decode * count);

    /// <summary>Each stage's share.</summary>
    public static StageTimes operator /(StageTimes a, int count) => new(a.Zoom / count, a.Backbone / count, a.Unzoom / count, a.Head / count, a.Decode / count);
}

/// <summary>Measures stage after stage; a device's work counts for the stage that asked for it.</summary>
internal sealed class StageClock(Device device)
{
    private readonly Stopwatch _clock = Stopwatch.StartNew();

    /// <summary>Milliseconds since the last lap.</summary>
    public double Lap()
    {
        BackendRegistry.Get(device).Synchronize();
        var milliseconds = _clock.Elapsed.TotalMilliseconds;
        _clock.Restart();
        return milliseconds;
    }
}
