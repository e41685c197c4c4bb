using System.Globalization;
using LzuCore.Vision.Experiments;
using ScottPlot;

namespace LzuCore.Cli.Reproduce;

/// <summary>Scores over costs, a line a method: what lies above and to the left of all else is worth its cost.</summary>
internal static class CostPlot
{
    private const int Width = 1200, Height = 800;

    /// <summary>Draws it as a PNG.</summary>
    public static void Save(TableReport report, string path)
    {
        PlotStyle.Use();
        var score = report.Table.Columns[0];
        var byArithmetic = report.Rows.Any(r => r.Result.Row.Trials[0].Task == DeskTask.Segmentation);
        using var plot = new Plot();
        foreach (var (i, method) in report.Rows.GroupBy(r => r.Result.Row.Trials[0].Method).Index())
        {
            var points = method.OrderBy(r => r.Result.Row.Trials[0].Scale).Select(r => (X: byArithmetic ? r.Cost!.Value.GFlop : r.Cost!.Value.TotalMs, Y: r.Result.Scores[score].Mean, r.Result.Row.Trials[0].Scale)).ToList();
            var line = plot.Add.Scatter(points.Select(p => p.X).ToArray(), points.Select(p => p.Y).ToArray(), PlotStyle.ColourOf(i));
            (line.LegendText, line.LineWidth, line.MarkerSize) = (Trial.Title(method.Key), 2.5f, 12);
            if (i > 0) continue;
            foreach (var (x, y, scale) in points)
            {
                var text = plot.Add.Text(string.Create(CultureInfo.InvariantCulture, $"{scale}x"), x, y);
                (text.LabelFontSize, text.LabelFontColor, text.OffsetX, text.OffsetY) = (15, Colors.Gray, 10, 8);
            }
        }
        plot.XLabel(byArithmetic ? "GFLOP a picture" : "milliseconds a picture (CPU, one at a time): the baseline's time and what the method adds", 16);
        plot.YLabel(score, 16);
        plot.Title(report.Table.Title, 20);
        plot.Axes.Left.TickLabelStyle.FontSize = plot.Axes.Bottom.TickLabelStyle.FontSize = 15;
        plot.Legend.FontSize = 16;
        plot.ShowLegend(Edge.Right);
        plot.SavePng(path, Width, Height);
    }
}
