using LzuCore.Memory;

namespace LzuCore.Vision.Experiments;

/// <summary>A row of one of the paper's tables: trials of several seeds, and what the paper has.</summary>
/// <param name="Title">What the row is called.</param>
/// <param name="Trials">One a seed.</param>
/// <param name="Paper">The paper's numbers by score, in its data and with its network; empty where it has none.</param>
public sealed record PaperRow(string Title, IReadOnlyList<Trial> Trials, IReadOnlyDictionary<string, double> Paper)
{
    /// <summary>The row that differences are taken from; null for none.</summary>
    public PaperRow? Baseline { get; init; }

    /// <summary>Whether scores are of sequences and not of stills.</summary>
    public bool OnSequences { get; init; }
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
    private static readonly string[] DetectionColumns = ["AP", "AP50", "AP75", "APs", "APm", "APl"];

    /// <summary>Names of the tables.</summary>
    public static IReadOnlyList<string> Names { get; } = ["table1", "table2", "table3", "table4", "table5"];

    /// <summary>Every trial once, those that claims rest on first.</summary>
    public IReadOnlyList<Trial> Trials => [.. Rows.SelectMany(r => r.Trials.Select((t, seed) => (t, seed))).OrderBy(p => p.seed > 0).ThenBy(p => p.t.Scale).Select(p => p.t).Distinct()];

    /// <summary>A table.</summary>
    /// <param name="name">Which.</param>
    /// <param name="seeds">Trainings of each row that a claim rests on; others have one.</param>
    /// <param name="quick">The few rows that show what the table is about.</param>
    /// <param name="shape">Changes every trial, such as to fewer steps; null for the recipe.</param>
    /// <exception cref="ArgumentValueException">There is no such table.</exception>
    public static PaperTable Of(string name, int seeds, bool quick, Func<Trial, Trial>? shape = null) => name switch
    {
        "table1" => Table1(seeds, quick, shape ?? (t => t)),
        _ => throw new ArgumentValueException($"reproduce: there is no {name}; choose one of {string.Join(", ", Names)}."),
    };

    /// <summary>The rows with what came out; a row with a trial that was not made has the seeds that were.</summary>
    public IReadOnlyList<PaperRowResult> Collect(Laboratory laboratory) => [.. Rows.Select(row =>
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
        List<(Trial Trial, TrialResult Result)> Results(PaperRow of) => [.. of.Trials.Select(t => (t, laboratory.Find(t))).Where(p => p.Item2 is not null).Select(p => (p.t, p.Item2!))];
    })];

    // A row on sequences compares with the baseline on the same sequences.
    private static double Value(PaperRow row, TrialResult result, string column) => (row.OnSequences ? result.Sequences : result.Stills).GetValueOrDefault(column, double.NaN);

    private static PaperTable Table1(int seeds, bool quick, Func<Trial, Trial> shape)
    {
        var rows = new List<PaperRow>();
        var uniform = Add("0.25x Uniform", ZoomMethod.Uniform, 0.25, seeds, [10.5, 18.0, 9.9, 0.3, 5.2, 38.6]);
        if (!quick) Add("0.25x Uniform, anti-aliased", ZoomMethod.UniformAveraged, 0.25, seeds, [], uniform);
        Add("0.25x FOVEA", ZoomMethod.Fovea, 0.25, 1, [], uniform);
        var lzu = Add("0.25x LZU, fixed", ZoomMethod.LzuFixed, 0.25, seeds, [12.4, 22.6, 11.2, 1.0, 7.1, 39.2], uniform);
        if (!quick) rows.Add(lzu with { Title = "0.25x LZU, fixed, against anti-aliased", Baseline = rows[1], Paper = new Dictionary<string, double>() });
        var uniformOnSequences = AddSequence("0.25x Uniform, sequences", ZoomMethod.Uniform, DeskWorld.Steady, seeds, null);
        var fixedOnSequences = AddSequence("0.25x LZU, fixed, sequences", ZoomMethod.LzuFixed, DeskWorld.Steady, seeds, uniformOnSequences);
        AddSequence("0.25x LZU, adaptive, sequences", ZoomMethod.LzuAdaptive, DeskWorld.Steady, seeds, fixedOnSequences);
        if (quick) return Done();

        AddSequence("0.25x LZU, adaptive, no cascade, sequences", ZoomMethod.LzuAdaptiveNoCascade, DeskWorld.Steady, 1, fixedOnSequences);
        AddSequence("0.25x LZU, learned, sequences", ZoomMethod.LzuLearned, DeskWorld.Steady, 1, fixedOnSequences);
        var uniformMoving = AddSequence("0.25x Uniform, moving horizon", ZoomMethod.Uniform, DeskWorld.Moving, seeds, null);
        var fixedMoving = AddSequence("0.25x LZU, fixed, moving horizon", ZoomMethod.LzuFixed, DeskWorld.Moving, seeds, uniformMoving);
        AddSequence("0.25x LZU, adaptive, moving horizon", ZoomMethod.LzuAdaptive, DeskWorld.Moving, seeds, fixedMoving);
        foreach (var (scale, paper) in new (double, double[][])[]
        {
            (0.5, [[22.6, 38.7, 21.7, 3.7, 22.1, 53.1], [25.2, 42.1, 24.8, 5.5, 26.7, 51.8]]),
            (0.75, [[29.5, 48.4, 29.6, 9.1, 32.4, 55.1], [30.8, 50.4, 31.8, 10.9, 33.5, 54.1]]),
            (1, [[31.9, 51.5, 33.1, 11.4, 35.9, 54.5], [32.6, 52.8, 34.0, 13.2, 36.0, 54.7]]),
        })
        {
            var baseline = Add(FormattableString.Invariant($"{scale}x Uniform"), ZoomMethod.Uniform, scale, 1, paper[0]);
            Add(FormattableString.Invariant($"{scale}x LZU, fixed"), ZoomMethod.LzuFixed, scale, 1, paper[1], baseline);
        }
        return Done();

        PaperTable Done() => new("table1", "2-D detection: boxes of procedural scenes (the paper: RetinaNet on Argoverse-HD)", DetectionColumns, rows);

        PaperRow Add(string title, ZoomMethod method, double scale, int count, double[] paper, PaperRow? baseline = null)
        {
            var row = new PaperRow(title, [.. Enumerable.Range(0, count).Select(seed => shape(Trial.Of(DeskTask.Detection, method) with { Scale = scale, Seed = (ulong)seed }))],
                DetectionColumns.Zip(paper).ToDictionary(p => p.First, p => p.Second)) { Baseline = baseline };
            rows.Add(row);
            return row;
        }

        PaperRow AddSequence(string title, ZoomMethod method, DeskWorld world, int count, PaperRow? baseline)
        {
            var row = new PaperRow(title, [.. Enumerable.Range(0, count).Select(seed => shape(Trial.Of(DeskTask.Detection, method) with { World = world, Seed = (ulong)seed }))], new Dictionary<string, double>())
            {
                Baseline = baseline,
                OnSequences = true,
            };
            rows.Add(row);
            return row;
        }
    }
}
