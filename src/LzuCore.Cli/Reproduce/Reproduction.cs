using LzuCore.Cli.Manners;
using LzuCore.Vision.Experiments;

namespace LzuCore.Cli.Reproduce;

/// <summary>A score of a row: its mean over seeds, half its 95 % interval, and the gain over the baseline with its own.</summary>
internal sealed record ReproducedScore(string Name, double Mean, double HalfWidth, double Gain, double GainLow, double GainHigh, double Paper);

/// <summary>A row of a table or a point of a figure. Milliseconds and GFLOP are not defined where the table is not about them.</summary>
internal sealed record ReproducedRow(string Method, double Scale, int Seeds, IReadOnlyList<ReproducedScore> Scores, double LatencyMs, double AddedMs, double GFlop, IReadOnlyDictionary<string, int[]> Counts)
{
    /// <summary>A report's row.</summary>
    public static ReproducedRow Of(ReportedRow row)
    {
        Spread Gain(string column) => row.Result.Gains.GetValueOrDefault(column, new Spread(double.NaN, double.NaN, 0));
        return new(row.Result.Row.Title, row.Result.Row.Trials[0].Scale, row.Result.Scores.Values.Max(s => s.Count),
            [.. row.Result.Scores.Select(s => new ReproducedScore(s.Key, s.Value.Mean, s.Value.HalfWidth, Gain(s.Key).Mean, Gain(s.Key).Low, Gain(s.Key).High, row.Result.Row.Paper.GetValueOrDefault(s.Key, double.NaN)))],
            row.Cost?.TotalMs ?? double.NaN, row.Cost?.AddedMs ?? double.NaN, row.Cost?.GFlop ?? double.NaN, row.Result.Counts);
    }
}

/// <summary>A table or figure of the paper: which trials it needs, and what is written of them.</summary>
internal abstract class Reproduction
{
    /// <summary>What the command calls it.</summary>
    public abstract string Name { get; }

    /// <summary>What makes them.</summary>
    public abstract ITrials Maker { get; }

    /// <summary>Its trials, in the order in which they are made.</summary>
    public abstract IReadOnlyList<Trial> Trials { get; }

    /// <summary>Whether the trained networks are looked at besides their scores.</summary>
    public virtual bool NeedsWeights => false;

    /// <summary>Tests or looks at what was trained, and writes files. Trials that were not made are left out.</summary>
    /// <param name="session">For progress.</param>
    /// <param name="outputs">Takes the files.</param>
    /// <param name="folder">Where they lie.</param>
    public abstract Reproduced Write(Session session, OutputFiles outputs, string folder);
}

/// <summary>What came of it.</summary>
/// <param name="Rows">Of a table, or points of a figure.</param>
/// <param name="Files">What was written.</param>
/// <param name="Text">What the terminal shows: Markdown.</param>
internal sealed record Reproduced(IReadOnlyList<ReproducedRow> Rows, IReadOnlyList<string> Files, string Text);
