using LzuCore.Vision.Experiments;
using ScottPlot;

namespace LzuCore.Cli.Reproduce;

/// <summary>A table as a picture: what each row gains over its baseline, with 95 % intervals.</summary>
internal static class TablePlot
{
    /// <summary>Draws it as a PNG.</summary>
    public static void Save(TableReport report, string path)
    {
        var rows = report.Rows.Where(r => r.Result.Row.Baseline is not null).Reverse().ToList();
        var columns = report.Table.Columns;
        using var plot = new Plot();
        var palette = new[] { "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9" };
        for (var c = 0; c < columns.Count; c++)
            for (var r = 0; r < rows.Count; r++)
            {
                var gain = rows[r].Result.Gains.GetValueOrDefault(columns[c], new Spread(double.NaN, double.NaN, 0));
                if (!double.IsFinite(gain.Mean)) continue;
                var y = r + 0.35 - 0.7 * c / Math.Max(1, columns.Count - 1);
                var colour = Color.FromHex(palette[c % palette.Length]);
                var marker = plot.Add.Marker(gain.Mean, y, MarkerShape.FilledCircle, 9, colour);
                if (r == 0) marker.LegendText = columns[c];
                if (double.IsFinite(gain.HalfWidth)) plot.Add.Line(gain.Low, y, gain.High, y).LineColor = colour;
            }
        var zero = plot.Add.VerticalLine(0);
        (zero.LineColor, zero.LineWidth) = (Colors.Gray, 1);
        plot.Axes.Left.SetTicks([.. Enumerable.Range(0, rows.Count).Select(i => (double)i)], [.. rows.Select(r => $"{r.Result.Row.Title}\nover {r.Result.Row.Baseline!.Title}")]);
        plot.Axes.SetLimitsY(-0.6, rows.Count - 0.4);
        plot.XLabel("gain, percentage points; lines are 95 % confidence intervals over seeds");
        plot.Title($"{report.Table.Name}: {report.Table.Title}", 18);
        plot.ShowLegend(Edge.Right);
        plot.SavePng(path, 1200, 160 + 90 * Math.Max(1, rows.Count));
    }
}
