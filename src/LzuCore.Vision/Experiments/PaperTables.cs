using LzuCore.Memory;

namespace LzuCore.Vision.Experiments;

/// <summary>The paper's tables and the curves of its Figure 7: which trials make them, and its own numbers.</summary>
public static class PaperTables
{
    private static readonly double[] Scales = [0.25, 0.5, 0.75, 1];
    private static readonly string[] DetectionColumns = ["AP", "AP50", "AP75", "APs", "APm", "APl"];
    private static readonly string[] SegmentationColumns = ["mIoU", "mAcc", "aAcc"];
    private static readonly string[] SpaceColumns = ["mAP", "mAPnear", "mAPfar", "NDS"];

    /// <summary>Names of the tables.</summary>
    public static IReadOnlyList<string> Names { get; } = ["table1", "table2", "table3", "table4", "table5"];

    /// <summary>A table.</summary>
    /// <param name="name">Which.</param>
    /// <param name="seeds">Trainings of each row that a claim rests on; others have one.</param>
    /// <param name="quick">The few rows that show what the table is about.</param>
    /// <param name="shape">Changes every trial, such as to fewer steps; null for the recipe.</param>
    /// <exception cref="ArgumentValueException">There is no such table.</exception>
    public static PaperTable Of(string name, int seeds, bool quick, Func<Trial, Trial>? shape = null) => name switch
    {
        "table1" => Table1(seeds, quick, shape ?? (t => t)),
        "table2" => Table2(quick, shape ?? (t => t)),
        "table3" => Table3(seeds, quick, shape ?? (t => t)),
        "table4" => Table4(seeds, shape ?? (t => t)),
        "table5" => Table5(seeds, quick, shape ?? (t => t)),
        _ => throw new ArgumentValueException($"reproduce: there is no {name}; choose one of {string.Join(", ", Names)}."),
    };

    private static PaperTable Table1(int seeds, bool quick, Func<Trial, Trial> shape)
    {
        var rows = new RowList(DeskTask.Detection, DetectionColumns, shape);
        var uniform = rows.Add("0.25x Uniform", ZoomMethod.Uniform, seeds, paper: [10.5, 18.0, 9.9, 0.3, 5.2, 38.6]);
        var averaged = quick ? null : rows.Add("0.25x Uniform, anti-aliased", ZoomMethod.UniformAveraged, seeds, uniform);
        rows.Add("0.25x FOVEA", ZoomMethod.Fovea, 1, uniform);
        var lzu = rows.Add("0.25x LZU, fixed", ZoomMethod.LzuFixed, seeds, uniform, [12.4, 22.6, 11.2, 1.0, 7.1, 39.2]);
        if (averaged is not null) rows.Again(lzu, "0.25x LZU, fixed (again)", averaged);
        var uniformOnDrives = rows.Drives("Uniform", ZoomMethod.Uniform, DeskWorld.Steady, seeds, null, [10.5, 18.0, 9.9, 0.3, 5.2, 38.6]);
        var fixedOnDrives = rows.Drives("LZU, fixed", ZoomMethod.LzuFixed, DeskWorld.Steady, seeds, uniformOnDrives, [12.4, 22.6, 11.2, 1.0, 7.1, 39.2]);
        rows.Drives("LZU, adaptive", ZoomMethod.LzuAdaptive, DeskWorld.Steady, seeds, fixedOnDrives, [12.3, 22.8, 11.3, 1.4, 6.6, 38.0]);
        if (!quick)
        {
            rows.Drives("LZU, adaptive, no cascade", ZoomMethod.LzuAdaptiveNoCascade, DeskWorld.Steady, 1, fixedOnDrives);
            rows.Drives("LZU, learned", ZoomMethod.LzuLearned, DeskWorld.Steady, 1, fixedOnDrives);
            var uniformMoving = rows.Drives("Uniform", ZoomMethod.Uniform, DeskWorld.Moving, seeds, null);
            var fixedMoving = rows.Drives("LZU, fixed", ZoomMethod.LzuFixed, DeskWorld.Moving, seeds, uniformMoving);
            rows.Drives("LZU, adaptive", ZoomMethod.LzuAdaptive, DeskWorld.Moving, seeds, fixedMoving);
            var half = rows.Scale(0.5, [22.6, 38.7, 21.7, 3.7, 22.1, 53.1], [25.2, 42.1, 24.8, 5.5, 26.7, 51.8]);
            rows.Add("0.5x FOVEA", ZoomMethod.Fovea, 1, half, [24.9, 40.3, 25.3, 7.1, 27.7, 50.6], 0.5);
            rows.Scale(0.75, [29.5, 48.4, 29.6, 9.1, 32.4, 55.1], [30.8, 50.4, 31.8, 10.9, 33.5, 54.1]);
            rows.Scale(1, [31.9, 51.5, 33.1, 11.4, 35.9, 54.5], [32.6, 52.8, 34.0, 13.2, 36.0, 54.7]);
        }
        return new("table1", "2-D detection of procedural scenes (the paper: RetinaNet, Argoverse-HD)", DetectionColumns, rows.All);
    }

    // What was trained at a scale, tested on pictures of lesser cameras. One seed: the paper has one.
    private static PaperTable Table2(bool quick, Func<Trial, Trial> shape)
    {
        string[] columns = [.. Laboratory.Cameras.Select(Laboratory.CameraColumn)];
        var all = new List<PaperRow>();
        Add(DeskTask.Detection, "2-D",
            [[10.5, 10.5, 10.5, 10.5], [17.0, 22.6, 22.6, 22.6], [23.5, 28.5, 29.5, 29.5], [13.5, 28.4, 30.9, 31.9]],
            [[11.7, 12.4, 12.4, 12.4], [20.9, 24.8, 24.8, 25.2], [22.5, 29.4, 30.0, 30.8], [22.1, 30.7, 31.2, 32.6]]);
        if (!quick)
            Add(DeskTask.Detection3d, "3-D",
                [[21.8, 21.8, 21.8, 21.8], [25.4, 27.5, 27.5, 27.5], [27.6, 30.3, 30.5, 30.5], [28.4, 30.7, 31.1, 31.2]],
                [[22.5, 23.5, 23.4, 23.4], [27.0, 29.2, 29.1, 29.3], [29.0, 31.6, 31.6, 31.8], [30.1, 32.5, 32.7, 32.6]]);
        return new("table2", "Detection from cameras of fewer pixels, up- and downsampled (AP in 2-D, mAP in 3-D; the paper's 3-D numbers are NDS)", columns, all);

        void Add(DeskTask task, string word, double[][] uniform, double[][] lzu)
        {
            var rows = new RowList(task, columns, shape) { On = PaperScores.Cameras };
            foreach (var (i, scale) in Scales.Take(quick ? 2 : Scales.Length).Index()) rows.Scale(scale, uniform[i], lzu[i], word + " ");
            all.AddRange(rows.All);
        }
    }

    /// <summary>A table of trials of a configuration: the paper's networks on one's own data, with the methods that configurations know.</summary>
    /// <param name="name">table1, table3 or table5.</param>
    /// <param name="seeds">Trainings of each row.</param>
    /// <param name="quick">One scale: half of the sides, or a quarter for segmentation.</param>
    /// <exception cref="ArgumentValueException">There is no such table of configurations.</exception>
    public static PaperTable Configured(string name, int seeds, bool quick)
    {
        switch (name)
        {
            case "table1":
                var boxes = new RowList(DeskTask.Detection, DetectionColumns, t => t);
                foreach (var (scale, uniform, lzu, adaptive) in new (double, double[], double[], double[])[]
                {
                    (0.25, [10.5, 18.0, 9.9, 0.3, 5.2, 38.6], [12.4, 22.6, 11.2, 1.0, 7.1, 39.2], [12.3, 22.8, 11.3, 1.4, 6.6, 38.0]),
                    (0.5, [22.6, 38.7, 21.7, 3.7, 22.1, 53.1], [25.2, 42.1, 24.8, 5.5, 26.7, 51.8], [25.3, 43.0, 24.6, 6.1, 25.9, 52.6]),
                    (0.75, [29.5, 48.4, 29.6, 9.1, 32.4, 55.1], [30.8, 50.4, 31.8, 10.9, 33.5, 54.1], [26.5, 44.6, 26.7, 8.3, 28.7, 48.7]),
                    (1, [31.9, 51.5, 33.1, 11.4, 35.9, 54.5], [32.6, 52.8, 34.0, 13.2, 36.0, 54.7], [32.0, 52.4, 33.1, 12.5, 36.3, 52.9]),
                })
                {
                    if (quick && scale != 0.5) continue;
                    var baseline = boxes.Scale(scale, uniform, lzu, seeds: seeds);
                    if (scale == 0.5) boxes.Add("0.5x FOVEA", ZoomMethod.Fovea, seeds, baseline, [24.9, 40.3, 25.3, 7.1, 27.7, 50.6], scale);
                    boxes.Add(FormattableString.Invariant($"{scale}x LZU, adaptive"), ZoomMethod.LzuAdaptive, seeds, baseline, adaptive, scale);
                }
                return new(name, "2-D detection of the configuration's data (the paper: Argoverse-HD)", DetectionColumns, boxes.All);
            case "table3":
                var labels = new RowList(DeskTask.Segmentation, ["mIoU"], t => t);
                foreach (var scale in quick ? [0.25] : Scales) labels.Scale(scale, [], [], seeds: seeds);
                return new(name, "Semantic segmentation of the configuration's data (the paper's sizes are crops, so its numbers have no row here)", ["mIoU"], labels.All);
            case "table5":
                string[] columns = ["NDS", "mAP", "mATE", "mASE", "mAOE", "mAVE", "mAAE"];
                var space = new RowList(DeskTask.Detection3d, columns, t => t);
                foreach (var (scale, uniform, lzu) in new (double, double[], double[])[] { (0.25, [21.8, 11.4], [23.4, 13.1]), (0.5, [27.5, 17.5], [29.3, 20.1]), (0.75, [30.5, 21.0], [31.8, 22.4]), (1, [31.2, 22.4], [32.6, 24.8]) })
                    if (!quick || scale == 0.5) space.Scale(scale, uniform, lzu, seeds: seeds);
                return new(name, "Monocular 3-D detection of the configuration's data (the paper: nuScenes)", columns, space.All);
            default:
                throw new ArgumentValueException($"reproduce: a configuration makes table1, table3 or table5, got {name}.");
        }
    }

    /// <summary>The rows of the paper's Figure 7, a table a task: every method at every scale, one seed.</summary>
    /// <param name="quick">Up to half of the sides.</param>
    /// <param name="shape">Changes every trial; null for the recipe.</param>
    public static IReadOnlyList<PaperTable> Curves(bool quick, Func<Trial, Trial>? shape = null)
    {
        return
        [
            Of(DeskTask.Detection, "2-D detection", DetectionColumns, [ZoomMethod.Uniform, ZoomMethod.Fovea, ZoomMethod.LzuFixed]),
            Of(DeskTask.Segmentation, "semantic segmentation", SegmentationColumns, [ZoomMethod.Uniform, ZoomMethod.EdgeSampling, ZoomMethod.Lds, ZoomMethod.LzuFixed]),
            Of(DeskTask.Detection3d, "monocular 3-D detection", SpaceColumns, [ZoomMethod.Uniform, ZoomMethod.LzuFixed]),
        ];

        PaperTable Of(DeskTask task, string title, string[] columns, ZoomMethod[] methods)
        {
            var rows = new RowList(task, columns, shape ?? (t => t));
            foreach (var scale in Scales.Take(quick ? 2 : Scales.Length))
            {
                PaperRow? uniform = null;
                foreach (var method in methods)
                {
                    var row = rows.Add(FormattableString.Invariant($"{scale}x {Trial.Title(method)}"), method, 1, uniform, scale: scale);
                    uniform ??= row;
                }
            }
            return new($"figure7-{Trial.Word(task)}", title, columns, rows.All);
        }
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
        // Published over a baseline of 29.
        rows.Add("ES", ZoomMethod.EdgeSampling, 1, uniform, [32], paperGain: 32 - 29);
        rows.Add("LDS", ZoomMethod.Lds, 1, uniform, [36], paperGain: 36 - 29);
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

        public PaperScores On { get; init; }

        public PaperRow Add(string title, ZoomMethod method, int seeds, PaperRow? over = null, double[]? paper = null, double scale = 0.25, double? paperGain = null) =>
            Add(new PaperRow(title, TrialsOf(method, seeds, scale, DeskWorld.Steady), ByColumn(paper)) { Baseline = over, On = On, PaperGain = paperGain });

        public PaperRow Drives(string title, ZoomMethod method, DeskWorld world, int seeds, PaperRow? over, double[]? paper = null) =>
            Add(new PaperRow($"{title}, {(world == DeskWorld.Steady ? "sequences" : "moving horizon")}", TrialsOf(method, seeds, 0.25, world), ByColumn(paper)) { Baseline = over, On = PaperScores.Sequences });

        public void Again(PaperRow row, string title, PaperRow over) => Add(row with { Title = title, Baseline = over, Paper = new Dictionary<string, double>() });

        public PaperRow Scale(double scale, double[] uniform, double[] lzu, string word = "", int seeds = 1)
        {
            var baseline = Add(FormattableString.Invariant($"{word}{scale}x Uniform"), ZoomMethod.Uniform, seeds, null, uniform, scale);
            Add(FormattableString.Invariant($"{word}{scale}x LZU, fixed"), ZoomMethod.LzuFixed, seeds, baseline, lzu, scale);
            return baseline;
        }

        private Dictionary<string, double> ByColumn(double[]? paper) => columns.Zip(paper ?? []).ToDictionary(p => p.First, p => p.Second);

        private PaperRow Add(PaperRow row)
        {
            All.Add(row);
            return row;
        }

        private Trial[] TrialsOf(ZoomMethod method, int seeds, double scale, DeskWorld world) =>
            [.. Enumerable.Range(0, seeds).Select(seed => shape(Trial.Of(task, method) with { Scale = scale, Seed = (ulong)seed, World = world }))];
    }
}
