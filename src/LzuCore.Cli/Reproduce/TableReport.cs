using System.Globalization;
using System.Text;
using LzuCore.Vision.Experiments;

namespace LzuCore.Cli.Reproduce;

/// <summary>A row with its cost; null where the table is not about it.</summary>
internal sealed record ReportedRow(PaperRowResult Result, MethodCost? Cost);

/// <summary>A table of the paper with what came out, as text.</summary>
internal sealed class TableReport
{
    private readonly PaperTable _table;

    private TableReport(PaperTable table, IReadOnlyList<ReportedRow> rows) => (_table, Rows) = (table, rows);

    /// <summary>The rows.</summary>
    public IReadOnlyList<ReportedRow> Rows { get; }

    /// <summary>The table's name and columns.</summary>
    public PaperTable Table => _table;

    /// <summary>Collects what trials gave, and measures what each method adds. Rows without a trial are left out.</summary>
    public static TableReport Of(PaperTable table, ITrials maker)
    {
        var costs = new Dictionary<Trial, MethodCost?>();
        return new TableReport(table, [.. table.Collect(maker).Where(result => result.Scores.Values.Any(s => s.Count > 0)).Select(result =>
        {
            if (result.Row.On == PaperScores.Cameras) return new ReportedRow(result, null);
            var trial = result.Row.Trials[0] with { Seed = 0, World = DeskWorld.Steady };
            if (!costs.TryGetValue(trial, out var cost)) costs[trial] = cost = maker.CostOf(trial);
            return new ReportedRow(result, cost);
        })]);
    }

    /// <summary>Markdown: means, 95 % intervals, gains over the baseline, and the paper's numbers.</summary>
    public string Markdown()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"# {_table.Name}: {_table.Title}\n\n");
        var costed = Rows.Any(r => r.Cost is not null);
        Line(["method", "seeds", .. _table.Columns, .. costed ? ["ms", "GFLOP"] : Array.Empty<string>(), $"gain, {_table.Columns[0]}", "the paper's gain"]);
        Line([.. Enumerable.Repeat("---", _table.Columns.Count + (costed ? 6 : 4))]);
        foreach (var (result, cost) in Rows)
        {
            var (row, first) = (result.Row, _table.Columns[0]);
            var paperGain = row.PaperGain is { } published ? Signed(published) : row.Baseline is { } b && row.Paper.TryGetValue(first, out var ours) && b.Paper.TryGetValue(first, out var theirs) ? Signed(ours - theirs) : "";
            Line([row.Title, $"{result.Scores[first].Count}", .. _table.Columns.Select(c => WithWidth(result.Scores[c])), .. costed ? [Number(cost?.TotalMs ?? double.NaN), Exact(cost?.GFlop ?? double.NaN)] : Array.Empty<string>(),
                result.Gains.TryGetValue(first, out var gain) ? Gain(gain) : "", paperGain]);
        }
        text.Append("\n± is half a 95 % confidence interval over seeds (Student); a gain is taken seed by seed over the row's baseline. ");
        text.Append(costed ? "Milliseconds: one picture, the baseline's network and what the method adds. GFLOP: convolutions and products of one picture."
            : "Rows: the scale of the network's input, in training and test. Columns: the camera's share of the picture's sides; pictures are shrunk evenly to it, then resized or zoomed to the input.");
        text.Append("\n\n## Gains\n\n");
        Line(["method", "over", .. _table.Columns]);
        Line([.. Enumerable.Repeat("---", _table.Columns.Count + 2)]);
        foreach (var (result, _) in Rows)
            if (result.Row.Baseline is { } baseline)
                Line([result.Row.Title, baseline.Title, .. _table.Columns.Select(c => Gain(result.Gains[c]))]);
        if (Rows.Any(r => r.Result.Row.Paper.Count > 0))
        {
            text.Append("\n## The paper's numbers (its data, its network)\n\n");
            Line(["method", .. _table.Columns]);
            Line([.. Enumerable.Repeat("---", _table.Columns.Count + 1)]);
        }
        foreach (var (result, _) in Rows)
            if (result.Row.Paper.Count > 0) Line([result.Row.Title, .. _table.Columns.Select(c => Number(result.Row.Paper.GetValueOrDefault(c, double.NaN)))]);
        if (Rows.FirstOrDefault(r => r.Result.Counts.Count > 0) is { } counted)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n## Objects in the test pictures ({(_table.Columns.Contains("mAPnear") ? "nearer than 25 m, farther" : "small, medium, large")})\n\n");
            foreach (var (name, sizes) in counted.Result.Counts) text.Append(CultureInfo.InvariantCulture, $"- {name}: {string.Join(", ", sizes)}\n");
            if (_table.Columns.Contains("APs")) text.Append(CultureInfo.InvariantCulture, $"\nA class with fewer than {DetectionScorer.FewestObjects} objects of a size is left out of that size's mean.\n");
        }
        return text.ToString();

        void Line(IReadOnlyList<string> cells) => text.Append("| ").AppendJoin(" | ", cells).Append(" |\n");
    }

    /// <summary>One line a row and score.</summary>
    public string Csv()
    {
        var text = new StringBuilder("row,score,seeds,mean,half_width,gain,gain_half_width,paper,total_ms,added_ms,gflop\n");
        foreach (var (result, cost) in Rows)
            foreach (var column in _table.Columns)
            {
                var (score, gain) = (result.Scores[column], result.Gains.GetValueOrDefault(column, new Spread(double.NaN, double.NaN, 0)));
                text.Append(CultureInfo.InvariantCulture, $"\"{result.Row.Title}\",{column},{score.Count},{Exact(score.Mean)},{Exact(score.HalfWidth)},{Exact(gain.Mean)},{Exact(gain.HalfWidth)},{Exact(result.Row.Paper.GetValueOrDefault(column, double.NaN))},{Exact(cost?.TotalMs ?? double.NaN)},{Exact(cost?.AddedMs ?? double.NaN)},{Exact(cost?.GFlop ?? double.NaN)}\n");
            }
        return text.ToString();
    }

    private static string WithWidth(Spread spread) => double.IsFinite(spread.HalfWidth) ? string.Create(CultureInfo.InvariantCulture, $"{spread.Mean:0.0} ± {spread.HalfWidth:0.0}") : Number(spread.Mean);

    private static string Gain(Spread spread) => spread.Count == 0 ? "" : double.IsFinite(spread.HalfWidth)
        ? string.Create(CultureInfo.InvariantCulture, $"{Signed(spread.Mean)} ({Signed(spread.Low)} to {Signed(spread.High)})") : Signed(spread.Mean);

    private static string Signed(double value) => double.IsFinite(value) ? value.ToString("+0.0;-0.0;0.0", CultureInfo.InvariantCulture) : "";

    private static string Number(double value) => double.IsFinite(value) ? value.ToString("0.0", CultureInfo.InvariantCulture) : "";

    private static string Exact(double value) => double.IsFinite(value) ? value.ToString("0.####", CultureInfo.InvariantCulture) : "";
}
