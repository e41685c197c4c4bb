using System.Globalization;
using LzuCore.Vision.Tasks;

namespace LzuCore.Cli.Commands;

/// <summary>Where a picture's time went, as documents and lines have it.</summary>
internal sealed record StageMs(double Load, double Zoom, double Backbone, double Unzoom, double Head, double Decode, double Total)
{
    /// <summary>The stages after loading.</summary>
    public static StageMs Of(double load, StageTimes ms) => new(load, ms.Zoom, ms.Backbone, ms.Unzoom, ms.Head, ms.Decode, load + ms.Total);

    /// <summary>One line.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"ms: load {Load:0.0}, zoom {Zoom:0.0}, backbone {Backbone:0.0}, unzoom {Unzoom:0.0}, head {Head:0.0}, decode {Decode:0.0}, total {Total:0.0}");
}
