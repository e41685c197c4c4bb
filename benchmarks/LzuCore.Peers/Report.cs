using System.Globalization;
using System.Text;
using System.Text.Json;
using LzuCore.Cli.Bench;
using ScottPlot;
using PlotStyle = LzuCore.Cli.Reproduce.PlotStyle;

namespace LzuCore.Peers;

/// <summary>What came out, as text, Markdown, JSON and a plot of our time over each other's.</summary>
internal static class Report
{
    /// <summary>One line a contender.</summary>
    public static void Print(IEnumerable<ContestRow> rows)
    {
        foreach (var r in rows)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{r.Work,-44} {r.Peer,-13} {r.Threads,2} threads  cpu {r.CpuMs,9:0.000} ms  wall {r.WallMs,9:0.000} ms  min {r.MinMs,9:0.000}  {r.Gflops,6:0.0} GFLOP/s  ours is {r.OursOverCpu:0.000} of its CPU time, {r.OursOverWall:0.000} of its wall time  differs {r.Difference:0.0e+0}"));
    }

    /// <summary>Writes peers.md, peers.json and peers.png.</summary>
    public static void Write(string folder, IReadOnlyList<ContestRow> rows)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "peers.json"), JsonSerializer.Serialize(new { date = DateTime.UtcNow.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), peak_gflops = Peak.Best(), rows }, new JsonSerializerOptions { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower }));
        var text = new StringBuilder("| work | engine | threads | CPU ms | wall ms | GFLOP/s | ours over it, CPU | ours over it, wall | differs by |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
        foreach (var r in rows) text.AppendLine(CultureInfo.InvariantCulture, $"| {r.Work} | {r.Peer} | {r.Threads} | {r.CpuMs:0.00} | {r.WallMs:0.00} | {(r.Gflops > 0 ? r.Gflops.ToString("0.0", CultureInfo.InvariantCulture) : "")} | {r.OursOverCpu:0.00} | {r.OursOverWall:0.00} | {r.Difference:0.0e+0} |");
        File.WriteAllText(Path.Combine(folder, "peers.md"), text.ToString());
        Plot(Path.Combine(folder, "peers.png"), rows);
    }

    private static void Plot(string path, IReadOnlyList<ContestRow> rows)
    {
        var works = rows.Select(r => r.Work).Distinct().Reverse().ToList();
        var peers = rows.Select(r => r.Peer).Where(p => p != "LzuCore").Distinct().ToList();
        PlotStyle.Use();
        using var plot = new Plot();
        for (var p = 0; p < peers.Count; p++)
        {
            var bars = plot.Add.Bars(rows.Where(r => r.Peer == peers[p]).Select(r => new Bar
            {
                Position = works.IndexOf(r.Work) * (peers.Count + 1) + peers.Count - 1 - p,
                Value = r.Threads == 1 ? r.OursOverCpu : r.OursOverWall,
                FillColor = PlotStyle.ColourOf(p),
                LineWidth = 0,
                Size = 0.9,
                Label = (r.Threads == 1 ? r.OursOverCpu : r.OursOverWall).ToString("0.00", CultureInfo.InvariantCulture),
            }).ToArray());
            bars.Horizontal = true;
            bars.LegendText = $"over {peers[p]}";
        }
        var even = plot.Add.VerticalLine(1, color: Colors.Gray, pattern: LinePattern.Dashed);
        even.ExcludeFromLegend = true;
        plot.Axes.Left.SetTicks([.. works.Select((_, i) => i * (peers.Count + 1) + (peers.Count - 1) / 2.0)], [.. works]);
        plot.Axes.Left.MajorTickStyle.Length = 0;
        plot.Axes.SetLimitsX(0, Math.Max(1.2, rows.Max(r => r.Threads == 1 ? r.OursOverCpu : r.OursOverWall) * 1.1));
        plot.Title($"Our {(rows[0].Threads == 1 ? "CPU" : "wall")} time over theirs, {rows[0].Threads} thread{(rows[0].Threads == 1 ? "" : "s")}: shorter is better for us");
        plot.ShowLegend(Edge.Right);
        plot.SavePng(path, 1100, 120 + 22 * works.Count * (peers.Count + 1));
    }
}
