using ScottPlot;

namespace LzuCore.Cli.Reproduce;

/// <summary>A table as a picture: what each row gains over its baseline, with 95 % intervals.</summary>
internal static class GainPlot
{
    private const int Width = 1400, RowHeight = 96, Margins = 190;

    /// <summary>Draws it as a PNG.</summary>
    public static void Save(TableReport report, string path)
    {
        PlotStyle.Use();
        var rows = report.Rows.Where(r => r.Result.Gains.Values.Any(g => double.IsFinite(g.Mean))).Reverse().ToList();
        var columns = report.Table.Columns;
        using var plot = new Plot();
        for (var c = 0; c < columns.Count; c++)
        {
            var colour = PlotStyle.ColourOf(c);
            var shown = Enumerable.Range(0, rows.Count).Select(r => (Y: r + 0.33 - 0.66 * c / Math.Max(1, columns.Count - 1), Gain: rows[r].Result.Gains[columns[c]])).Where(p => double.IsFinite(p.Gain.Mean)).ToList();
            foreach (var (y, gain) in shown)
                if (double.IsFinite(gain.HalfWidth)) plot.Add.Line(gain.Low, y, gain.High, y).LineColor = colour;
            var points = plot.Add.ScatterPoints(shown.Select(p => p.Gain.Mean).ToArray(), shown.Select(p => p.Y).ToArray(), colour);
            (points.MarkerSize, points.LegendText) = (10, columns[c]);
        }
        var zero = plot.Add.VerticalLine(0);
        (zero.LineColor, zero.LineWidth) = (Colors.Gray, 1.5f);
        plot.Axes.Left.SetTicks([.. Enumerable.Range(0, rows.Count).Select(i => (double)i)], [.. rows.Select(r => $"{r.Result.Row.Title}\nover {r.Result.Row.Baseline!.Title}")]);
        plot.Axes.Left.TickLabelStyle.FontSize = plot.Axes.Bottom.TickLabelStyle.FontSize = 15;
        plot.Axes.SetLimitsY(-0.6, Math.Max(0, rows.Count - 1) + 0.6);
        plot.XLabel("gain, percentage points; lines are 95 % confidence intervals over seeds", 16);
        plot.Title(report.Table.Title, 20);
        plot.Legend.FontSize = 15;
        plot.ShowLegend(Edge.Right);
        plot.SavePng(path, Width, Margins + RowHeight * Math.Max(1, rows.Count));
    }
}
