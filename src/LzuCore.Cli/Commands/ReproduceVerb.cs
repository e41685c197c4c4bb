using System.CommandLine;
using System.Globalization;
using LzuCore.Cli.Inputs;
using LzuCore.Cli.Manners;
using LzuCore.Cli.Reproduce;
using LzuCore.Memory;
using LzuCore.Vision.Experiments;

namespace LzuCore.Cli.Commands;

/// <summary>A score of a row: its mean over seeds, half its 95 % interval, and the gain over the baseline with its own.</summary>
internal sealed record ReproducedScore(string Name, double Mean, double HalfWidth, double Gain, double GainLow, double GainHigh, double Paper);

/// <summary>A row of a table.</summary>
internal sealed record ReproducedRow(string Method, double Scale, int Seeds, IReadOnlyList<ReproducedScore> Scores, double LatencyMs, double AddedMs, IReadOnlyDictionary<string, int[]> Counts);

/// <summary>What <c>lzu reproduce --json</c> writes.</summary>
internal sealed record ReproduceDocument(string Schema, string Table, IReadOnlyList<ReproducedRow> Rows, IReadOnlyList<string> Files);

/// <summary><c>lzu reproduce</c>: trains and tests what a table of the paper compares, on procedural scenes.</summary>
internal sealed class ReproduceVerb() : Verb("reproduce", "trains and tests what a table or figure of the paper compares, on procedural scenes")
{
    private readonly Argument<string> _what = new("TABLE") { Description = string.Join(", ", PaperTable.Names) };
    private readonly Option<bool> _quick = Opt.Flag("--quick", "one seed, and only the rows that the table is about");
    private readonly Option<bool> _collect = Opt.Flag("--collect", "train nothing: tabulate the trials that were made so far");
    private readonly Option<long?> _seeds = Opt.Whole("--seeds", "trainings of each row that a claim rests on (default 5)", 1, 30, 5);
    private readonly Option<string?> _out = Opt.Text("--out", "DIR", "folder for tables, plots and trials (default reproduction)");
    private readonly Option<string?> _bundle = Opt.Text("--bundle", "DIR", "also write the float16 weights that lzu demo uses, of the first seed, into a folder (table1)");
    private readonly Option<long?> _steps = Opt.Whole("--steps", "steps of each training (default: the recipe's)", 1, 1_000_000);
    private readonly Option<long?> _training = Opt.Whole("--training", "scenes to train on (default 1400)", 8, 1_000_000);
    private readonly Option<long?> _test = Opt.Whole("--test", "scenes to test on (default 400)", DeskScenes.Frames, 1_000_000);

    /// <inheritdoc/>
    protected override void Declare(Command command)
    {
        command.Add(_what);
        foreach (var option in new Option[] { _quick, _collect, _seeds, _out, _bundle, _steps, _training, _test }) command.Add(option);
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult parsed, Session session)
    {
        var name = parsed.GetRequiredValue(_what);
        if (!PaperTable.Names.Contains(name)) throw new UsageException($"reproduce: there is no '{name}'{(NearestName.Of(name, PaperTable.Names) is { } near ? $", did you mean '{near}'?" : "")}; choose one of {string.Join(", ", PaperTable.Names)}.");
        var quick = parsed.GetValue(_quick);
        var table = PaperTable.Of(name, quick ? 1 : (int)parsed.GetValue(_seeds)!.Value, quick, trial => trial with
        {
            Steps = (int)(parsed.GetValue(_steps) ?? trial.Steps),
            Training = (int)(parsed.GetValue(_training) ?? trial.Training),
            Test = (int)(parsed.GetValue(_test) ?? trial.Test),
        });
        var folder = parsed.GetValue(_out) ?? "reproduction";
        var laboratory = new Laboratory(Path.Combine(folder, "trials"));
        if (!parsed.GetValue(_collect))
        {
            session.EndsByItself();
            try
            {
                Make(session, laboratory, table);
            }
            catch (OperationCanceledException)
            {
                session.Say("interrupted; what was trained is kept, and the same command goes on from there.");
                return ExitCode.Interrupted;
            }
        }
        else if (!table.Trials.Any(t => laboratory.Find(t) is not null)) throw new UsageException($"reproduce: '{folder}' holds no trial of {name}; leave out --collect, and they are made.");
        var report = TableReport.Of(table, laboratory);
        using var outputs = new OutputFiles(session.Cancellation);
        string[] files =
        [
            outputs.Add(Path.Combine(folder, table.Name + ".md"), path => File.WriteAllText(path, report.Markdown())),
            outputs.Add(Path.Combine(folder, table.Name + ".csv"), path => File.WriteAllText(path, report.Csv())),
            outputs.Add(Path.Combine(folder, table.Name + ".png"), path => TablePlot.Save(report, path)),
        ];
        if (parsed.GetValue(_bundle) is { } bundle) files = [.. files, .. Bundle(outputs, bundle, laboratory, table)];
        outputs.Commit();
        session.Print(report.Markdown());
        foreach (var file in files) session.Print(file);
        session.Document(new ReproduceDocument("lzu.reproduce/1", table.Name, [.. report.Rows.Select(Row)], files), CliJson.Default.ReproduceDocument);
        return ExitCode.Done;
    }

    private static void Make(Session session, Laboratory laboratory, PaperTable table)
    {
        var missing = table.Trials.Where(t => laboratory.Find(t) is null).ToList();
        if (missing.Count < table.Trials.Count) session.Say($"{table.Trials.Count - missing.Count} of {table.Trials.Count} trials were made before");
        if (missing.Count == 0) return;
        session.Say($"{missing.Count} trials to train, {missing.Sum(t => t.Steps)} steps in all; Ctrl-C keeps what is done");
        var done = new Dictionary<Trial, int>();
        session.Track("training", missing.Sum(t => t.Steps), report =>
        {
            laboratory.MakeAll(missing, (trial, step) =>
            {
                lock (done)
                {
                    done[trial] = step.Step;
                    report(done.Values.Sum(), missing.Sum(t => t.Steps));
                    if (step.Step == trial.Steps) session.Whisper(string.Create(CultureInfo.InvariantCulture, $"{trial.Name}: loss {step.Loss:0.000}"));
                }
            }, session.Cancellation);
            return true;
        });
    }

    private static List<string> Bundle(OutputFiles outputs, string folder, Laboratory laboratory, PaperTable table)
    {
        var files = new List<string>();
        foreach (var method in BundledWeights.Bundled)
            if (table.Trials.FirstOrDefault(t => t is { Task: DeskTask.Detection, Seed: 0, Scale: 0.25, World: DeskWorld.Steady } && t.Method == method) is { } trial)
                files.Add(outputs.Add(Path.Combine(folder, BundledWeights.NameOf(method)), path => DeskWeights.Save(path, laboratory, trial, $"lzu reproduce {table.Name} --bundle DIR")));
        if (files.Count == 0) throw new UsageException($"reproduce: {table.Name} has no weights to bundle; table1 has.");
        return files;
    }

    private static ReproducedRow Row(ReportedRow row) => new(row.Result.Row.Title, row.Result.Row.Trials[0].Scale, row.Result.Scores.Values.Max(s => s.Count),
        [.. row.Result.Scores.Select(s => new ReproducedScore(s.Key, s.Value.Mean, s.Value.HalfWidth, Gain(row, s.Key).Mean, Gain(row, s.Key).Low, Gain(row, s.Key).High, row.Result.Row.Paper.GetValueOrDefault(s.Key, double.NaN)))],
        row.Latency.TotalMs, row.Latency.AddedMs, row.Result.Counts);

    private static Spread Gain(ReportedRow row, string column) => row.Result.Gains.GetValueOrDefault(column, new Spread(double.NaN, double.NaN, 0));
}
