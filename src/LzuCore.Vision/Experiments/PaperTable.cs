namespace LzuCore.Vision.Experiments;

/// <summary>What a row's scores were taken on.</summary>
public enum PaperScores
{
    /// <summary>Test pictures that have nothing to do with each other.</summary>
    Stills,
    /// <summary>Drives, frame after frame.</summary>
    Sequences,
    /// <summary>Test pictures as cameras of fewer pixels would have taken them.</summary>
    Cameras,
}

/// <summary>A row of one of the paper's tables: trials of several seeds, and what the paper has.</summary>
/// <param name="Title">What the row is called.</param>
/// <param name="Trials">One a seed.</param>
/// <param name="Paper">The paper's numbers by score, in its data and with its network; empty where it has none.</param>
public sealed record PaperRow(string Title, IReadOnlyList<Trial> Trials, IReadOnlyDictionary<string, double> Paper)
{
    /// <summary>The row that differences are taken from; null for none.</summary>
    public PaperRow? Baseline { get; init; }

    /// <summary>What the scores were taken on.</summary>
    public PaperScores On { get; init; }

    /// <summary>The paper's gain in the first score, where it is not over the paper's number of <see cref="Baseline"/>.</summary>
    public double? PaperGain { get; init; }
}

/// <summary>A row with what came out.</summary>
/// <param name="Row">The row.</param>
/// <param name="Scores">Over the seeds.</param>
/// <param name="Gains">Over the baseline's, seed by seed; empty without a baseline.</param>
/// <param name="Counts">Objects that the scores were taken on, by class: small, medium, large.</param>
public sealed record PaperRowResult(PaperRow Row, IReadOnlyDictionary<string, Spread> Scores, IReadOnlyDictionary<string, Spread> Gains, IReadOnlyDictionary<string, int[]> Counts);

/// <summary>One of the paper's tables at desk scale.</summary>
/// <param name="Name"><c>table1</c> …</param>
/// <param name="Title">What it compares.</param>
/// <param name="Columns">Scores in order, as <see cref="TrialResult"/> names them.</param>
/// <param name="Rows">In order.</param>
public sealed record PaperTable(string Name, string Title, IReadOnlyList<string> Columns, IReadOnlyList<PaperRow> Rows)
{
    /// <summary>Every trial once: the smallest pictures first, and of those one seed of every row before the others.</summary>
    public IReadOnlyList<Trial> Trials => [.. Rows.SelectMany(r => r.Trials).Distinct().OrderBy(t => t.Scale).ThenBy(t => t.Seed)];

    /// <summary>The trials whose weights are wanted besides their scores.</summary>
    public IReadOnlyList<Trial> Resampled => [.. Rows.Where(r => r.On == PaperScores.Cameras).SelectMany(r => r.Trials).Distinct()];

    /// <summary>The rows with what came out; a row with a trial that was not made has the seeds that were.</summary>
    public IReadOnlyList<PaperRowResult> Collect(ITrials made) => [.. Rows.Select(row =>
    {
        var own = Results(row);
        var scores = Columns.ToDictionary(c => c, c => Spread.Of([.. own.Select(r => Value(row, r.Result, c)).Where(double.IsFinite)]));
        var gains = new Dictionary<string, Spread>();
        if (row.Baseline is { } baseline)
        {
            var theirs = Results(baseline).ToDictionary(r => r.Trial.Seed, r => r.Result);
            var paired = own.Where(r => theirs.ContainsKey(r.Trial.Seed)).ToList();
            foreach (var column in Columns)
            {
                var both = paired.Select(r => (Ours: Value(row, r.Result, column), Theirs: Value(row, theirs[r.Trial.Seed], column))).Where(p => double.IsFinite(p.Ours) && double.IsFinite(p.Theirs)).ToList();
                gains[column] = Spread.OfDifferences([.. both.Select(p => p.Ours)], [.. both.Select(p => p.Theirs)]);
            }
        }
        return new PaperRowResult(row, scores, gains, own.Count > 0 ? own[0].Result.Counts : new Dictionary<string, int[]>());
        List<(Trial Trial, TrialResult Result)> Results(PaperRow of) => [.. of.Trials.Select(t => (t, of.On == PaperScores.Cameras ? made.FindResampled(t) : made.Find(t))).Where(p => p.Item2 is not null).Select(p => (p.t, p.Item2!))];
    })];

    // A row on sequences compares with the baseline on the same sequences.
    private static double Value(PaperRow row, TrialResult result, string column) => (row.On == PaperScores.Sequences ? result.Sequences : result.Stills).GetValueOrDefault(column, double.NaN);
}
