using System.CommandLine;
using System.Globalization;
using LzuCore.Cli.Inputs;
using LzuCore.Cli.Manners;
using LzuCore.Cli.Reproduce;
using LzuCore.Memory;
using LzuCore.Vision.Configuration;
using LzuCore.Vision.Experiments;

namespace LzuCore.Cli.Commands;

/// <summary>What <c>lzu reproduce --json</c> writes.</summary>
internal sealed record ReproduceDocument(string Schema, string Table, IReadOnlyList<ReproducedRow> Rows, IReadOnlyList<string> Files);

/// <summary><c>lzu reproduce</c>: trains and tests what a table of the paper compares, on procedural scenes.</summary>
internal sealed class ReproduceVerb() : Verb("reproduce", "trains and tests what a table or figure of the paper compares, on procedural scenes")
{
    private static readonly string[] Names = [.. PaperTables.Names, "figure6", "figure7"];

    private readonly Argument<string> _what = new("TABLE") { Description = string.Join(", ", Names) };
    private readonly Option<string?> _config = Opt.Text("--config", "FILE", "a training's configuration: train its full-size network on its data under the table's methods (table1, table3, table5)");
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
        foreach (var option in new Option[] { _config, _quick, _collect, _seeds, _out, _bundle, _steps, _training, _test }) command.Add(option);
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult parsed, Session session)
    {
        var name = parsed.GetRequiredValue(_what);
        if (!Names.Contains(name)) throw new UsageException($"reproduce: there is no '{name}'{(NearestName.Of(name, Names) is { } near ? $", did you mean '{near}'?" : "")}; choose one of {string.Join(", ", Names)}.");
        var quick = parsed.GetValue(_quick);
        Trial Shape(Trial trial) => trial with
        {
            Steps = (int)(parsed.GetValue(_steps) ?? trial.Steps),
            Training = (int)(parsed.GetValue(_training) ?? trial.Training),
            Test = (int)(parsed.GetValue(_test) ?? trial.Test),
        };
        var folder = parsed.GetValue(_out) ?? "reproduction";
        var trials = Path.Combine(folder, "trials");
        var laboratory = new Laboratory(trials);
        var seeds = quick ? 1 : (int)parsed.GetValue(_seeds)!.Value;
        Reproduction reproduction = parsed.GetValue(_config) is { } config ? Configured(parsed, session, name, config, seeds, trials) : name switch
        {
            "figure6" => new StripsReproduction(laboratory, Shape),
            "figure7" => new CurvesReproduction(PaperTables.Curves(quick, Shape), laboratory),
            _ => new TableReproduction(PaperTables.Of(name, seeds, quick, Shape), laboratory),
        };
        if (!parsed.GetValue(_collect))
        {
            session.EndsByItself();
            try
            {
                Make(session, reproduction);
            }
            catch (OperationCanceledException)
            {
                session.Say("interrupted; what was trained is kept, and the same command goes on from there.");
                return ExitCode.Interrupted;
            }
        }
        else if (!reproduction.Trials.Any(t => reproduction.Maker.IsMade(t, reproduction.NeedsWeights))) throw new UsageException($"reproduce: '{folder}' holds no trial of {name}; leave out --collect, and they are made.");
        using var outputs = new OutputFiles(session.Cancellation);
        var reproduced = reproduction.Write(session, outputs, folder);
        var files = reproduced.Files;
        if (parsed.GetValue(_bundle) is { } bundle) files = [.. files, .. Bundle(outputs, bundle, laboratory, reproduction)];
        outputs.Commit();
        session.Print(reproduced.Text);
        foreach (var file in files) session.Print(file);
        session.Document(new ReproduceDocument("lzu.reproduce/1", name, reproduced.Rows, files), TrainingJson.Default.ReproduceDocument);
        return ExitCode.Done;
    }

    // The paper's own networks on one's own data.
    private TableReproduction Configured(ParseResult parsed, Session session, string name, string config, int seeds, string trials)
    {
        foreach (var (option, given) in new (string, bool)[] { ("--training", parsed.GetValue(_training) is not null), ("--test", parsed.GetValue(_test) is not null), ("--bundle", parsed.GetValue(_bundle) is not null) })
            if (given) throw new UsageException($"reproduce: {option} is for procedural scenes; with --config the configuration says what is trained and tested on.");
        if (name is not ("table1" or "table3" or "table5")) throw new UsageException($"reproduce: --config makes table1, table3 or table5, got {name}.");
        var table = PaperTables.Configured(name, seeds, parsed.GetValue(_quick));
        var maker = new ConfiguredTrials(config, trials, session.Device, (int?)parsed.GetValue(_steps));
        if (table.Trials[0].Task != maker.Task) throw new UsageException($"reproduce: {name} is about {Trial.Word(table.Trials[0].Task)}, and {config} trains {Trial.Word(maker.Task)}.");
        return new TableReproduction(table, maker);
    }

    private static void Make(Session session, Reproduction reproduction)
    {
        var missing = reproduction.Trials.Where(t => !reproduction.Maker.IsMade(t, reproduction.NeedsWeights)).ToList();
        if (missing.Count < reproduction.Trials.Count) session.Say($"{reproduction.Trials.Count - missing.Count} of {reproduction.Trials.Count} trials were made before");
        if (missing.Count == 0) return;
        var total = missing.Sum(reproduction.Maker.StepsOf);
        session.Say($"{missing.Count} trials to train, {total} steps in all; Ctrl-C keeps what is done");
        var done = new Dictionary<Trial, int>();
        session.Track("training", total, report =>
        {
            reproduction.Maker.MakeAll(missing, (trial, step) =>
            {
                lock (done)
                {
                    done[trial] = step.Step;
                    report(done.Values.Sum(), total);
                    if (step.Step == step.Steps) session.Whisper(string.Create(CultureInfo.InvariantCulture, $"{trial.Name}: loss {step.Loss:0.000}"));
                }
            }, reproduction.NeedsWeights, session.Cancellation);
            return true;
        });
    }

    private static List<string> Bundle(OutputFiles outputs, string folder, Laboratory laboratory, Reproduction reproduction)
    {
        var files = new List<string>();
        foreach (var method in BundledWeights.Bundled)
            if (reproduction.Trials.FirstOrDefault(t => t is { Task: DeskTask.Detection, Seed: 0, Scale: 0.25, World: DeskWorld.Steady } && t.Method == method) is { } trial)
                files.Add(outputs.Add(Path.Combine(folder, BundledWeights.NameOf(method)), path => DeskWeights.Save(path, laboratory, trial, $"lzu reproduce {reproduction.Name} --bundle DIR")));
        if (files.Count == 0) throw new UsageException($"reproduce: {reproduction.Name} has no weights to bundle; table1 has.");
        return files;
    }
}
