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
    private static readonly string[] SegmentationColumns = ["mIoU", "mAcc", "aAcc"];
    private static readonly string[] SpaceColumns = ["mAP", "mAPnear", "mAPfar", "NDS"];

    /// <summary>Names of the tables.</summary>
    public static IReadOnlyList<string> Names { get; } = ["table1", "table3", "table4", "table5"];

    /// <summary>Every trial once: the smallest pictures first, and of those one seed of every row before the others.</summary>
    public IReadOnlyList<Trial> Trials => [.. Rows.SelectMany(r => r.Trials).Distinct().OrderBy(t => t.Scale).ThenBy(t => t.Seed)];

    /// <summary>A table.</summary>
    /// <param name="name">Which.</param>
    /// <param name="seeds">Trainings of each row that a claim rests on; others have one.</param>
    /// <param name="quick">The few rows that show what the table is about.</param>
    /// <param name="shape">Changes every trial, such as to fewer steps; null for the recipe.</param>
    /// <exception cref="ArgumentValueException">There is no such table.</exception>
    public static PaperTable Of(string name, int seeds, bool quick, Func<Trial, Trial>? shape = null) => name switch
    {
        "table1" => Table1(seeds, quick, shape ?? (t => t)),
        "table3" => Table3(seeds, quick, shape ?? (t => t)),
        "table4" => Table4(seeds, shape ?? (t => t)),
        "table5" => Table5(seeds, quick, shape ?? (t => t)),
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
        var rows = new RowList(DeskTask.Detection, DetectionColumns, shape);
        var uniform = rows.Add("0.25x Uniform", ZoomMethod.Uniform, seeds, paper: [10.5, 18.0, 9.9, 0.3, 5.2, 38.6]);
        var averaged = quick ? null : rows.Add("0.25x Uniform, anti-aliased", ZoomMethod.UniformAveraged, seeds, uniform);
        rows.Add("0.25x FOVEA", ZoomMethod.Fovea, 1, uniform);
        var lzu = rows.Add("0.25x LZU, fixed", ZoomMethod.LzuFixed, seeds, uniform, [12.4, 22.6, 11.2, 1.0, 7.1, 39.2]);
        if (averaged is not null) rows.Again(lzu, "0.25x LZU, fixed (again)", averaged);
        var fixedOnSequences = rows.Drives("LZU, fixed", ZoomMethod.LzuFixed, DeskWorld.Steady, seeds, rows.Drives("Uniform", ZoomMethod.Uniform, DeskWorld.Steady, seeds, null));
        rows.Drives("LZU, adaptive", ZoomMethod.LzuAdaptive, DeskWorld.Steady, seeds, fixedOnSequences);
        if (!quick)
        {
            rows.Drives("LZU, adaptive, no cascade", ZoomMethod.LzuAdaptiveNoCascade, DeskWorld.Steady, 1, fixedOnSequences);
            rows.Drives("LZU, learned", ZoomMethod.LzuLearned, DeskWorld.Steady, 1, fixedOnSequences);
            var fixedMoving = rows.Drives("LZU, fixed", ZoomMethod.LzuFixed, DeskWorld.Moving, seeds, rows.Drives("Uniform", ZoomMethod.Uniform, DeskWorld.Moving, seeds, null));
            rows.Drives("LZU, adaptive", ZoomMethod.LzuAdaptive, DeskWorld.Moving, seeds, fixedMoving);
            rows.Scale(0.5, [22.6, 38.7, 21.7, 3.7, 22.1, 53.1], [25.2, 42.1, 24.8, 5.5, 26.7, 51.8]);
            rows.Scale(0.75, [29.5, 48.4, 29.6, 9.1, 32.4, 55.1], [30.8, 50.4, 31.8, 10.9, 33.5, 54.1]);
            rows.Scale(1, [31.9, 51.5, 33.1, 11.4, 35.9, 54.5], [32.6, 52.8, 34.0, 13.2, 36.0, 54.7]);
        }
        return new("table1", "2-D detection of procedural scenes (the paper: RetinaNet, Argoverse-HD)", DetectionColumns, rows.All);
    }

    // The paper's classes are Cityscapes' 19, ours 10: only the mean compares.
    private static PaperTable Table3(int seeds, bool quick, Func<Trial, Trial> shape)
    {
        var rows = new RowList(DeskTask.Segmentation, SegmentationColumns, shape);
        var uniform = rows.Add("0.25x Uniform (the paper: 64x64)", ZoomMethod.Uniform, seeds, paper: [26.4]);
        var averaged = quick ? null : rows.Add("0.25x Uniform, anti-aliased", ZoomMethod.UniformAveraged, seeds, uniform);
        var lzu = rows.Add("0.25x LZU, fixed (the paper: 64x64)", ZoomMethod.LzuFixed, seeds, uniform, [26.7]);
        if (averaged is not null) rows.Again(lzu, "0.25x LZU, fixed (again)", averaged);
        if (!quick) rows.Scale(0.5, [39.3], [41.7]);
        return new("table3", "Semantic segmentation of procedural scenes (the paper: PSPNet, Cityscapes)", SegmentationColumns, rows.All);
    }

    private static PaperTable Table4(int seeds, Func<Trial, Trial> shape)
    {
        var rows = new RowList(DeskTask.Segmentation, SegmentationColumns, shape);
        var uniform = rows.Add("Uniform", ZoomMethod.Uniform, seeds, paper: [26.4]);
        rows.Add("ES", ZoomMethod.EdgeSampling, 1, uniform, [32]);
        rows.Add("LDS", ZoomMethod.Lds, 1, uniform, [36]);
        rows.Add("LZU, fixed", ZoomMethod.LzuFixed, seeds, uniform, [26.7]);
        return new("table4", "Segmentation against prior work, 0.25x (the paper: 64x64, ES and LDS over a baseline of 29)", SegmentationColumns, rows.All);
    }

    private static PaperTable Table5(int seeds, bool quick, Func<Trial, Trial> shape)
    {
        var rows = new RowList(DeskTask.Detection3d, SpaceColumns, shape);
        var uniform = rows.Add("0.25x Uniform", ZoomMethod.Uniform, seeds, paper: [11.4]);
        var averaged = quick ? null : rows.Add("0.25x Uniform, anti-aliased", ZoomMethod.UniformAveraged, seeds, uniform);
        var lzu = rows.Add("0.25x LZU, fixed", ZoomMethod.LzuFixed, seeds, uniform, [13.1]);
        if (averaged is not null) rows.Again(lzu, "0.25x LZU, fixed (again)", averaged);
        if (!quick)
        {
            rows.Scale(0.5, [17.5], [20.1]);
            rows.Scale(0.75, [21.0], [22.4]);
            rows.Scale(1, [22.4], [24.8]);
        }
        return new("table5", "Monocular 3-D detection of procedural scenes (the paper: FCOS3D, nuScenes)", SpaceColumns, rows.All);
    }

    // Rows as they are added: of one task, every trial in the same shape.
    private sealed class RowList(DeskTask task, IReadOnlyList<string> columns, Func<Trial, Trial> shape)
    {
        public List<PaperRow> All { get; } = [];

        public PaperRow Add(string title, ZoomMethod method, int seeds, PaperRow? over = null, double[]? paper = null, double scale = 0.25) =>
            Add(new PaperRow(title, TrialsOf(method, seeds, scale, DeskWorld.Steady), columns.Zip(paper ?? []).ToDictionary(p => p.First, p => p.Second)) { Baseline = over });

        public PaperRow Drives(string title, ZoomMethod method, DeskWorld world, int seeds, PaperRow? over) =>
            Add(new PaperRow($"{title}, {(world == DeskWorld.Steady ? "sequences" : "moving horizon")}", TrialsOf(method, seeds, 0.25, world), new Dictionary<string, double>()) { Baseline = over, OnSequences = true });

        public void Again(PaperRow row, string title, PaperRow over) => Add(row with { Title = title, Baseline = over, Paper = new Dictionary<string, double>() });

        public void Scale(double scale, double[] uniform, double[] lzu)
        {
            var baseline = Add(FormattableString.Invariant($"{scale}x Uniform"), ZoomMethod.Uniform, 1, null, uniform, scale);
            Add(FormattableString.Invariant($"{scale}x LZU, fixed"), ZoomMethod.LzuFixed, 1, baseline, lzu, scale);
        }

        private PaperRow Add(PaperRow row)
        {
            All.Add(row);
            return row;
        }

        private Trial[] TrialsOf(ZoomMethod method, int seeds, double scale, DeskWorld world) =>
            [.. Enumerable.Range(0, seeds).Select(seed => shape(Trial.Of(task, method) with { Scale = scale, Seed = (ulong)seed, World = world }))];
    }
}
