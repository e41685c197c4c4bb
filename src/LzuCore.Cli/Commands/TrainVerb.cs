using System.CommandLine;
using System.Globalization;
using LzuCore.Cli.Manners;
using LzuCore.Vision.Configuration;
using LzuCore.Vision.Training;

namespace LzuCore.Cli.Commands;

/// <summary>What <c>lzu train --json</c> writes: the last step of the run and its last evaluation; empty where it made none.</summary>
internal sealed record TrainDocument(string Schema, string Task, int Step, int Steps, int Epoch, bool Interrupted, IReadOnlyDictionary<string, double> Losses, IReadOnlyDictionary<string, double> Metrics, double Best, int BestStep, string Folder);

/// <summary><c>lzu train</c>: a training as a configuration file describes it.</summary>
internal sealed class TrainVerb() : Verb("train", "trains a network as a configuration file describes it; stopped at any time, it goes on with --resume")
{
    private readonly Option<string?> _config = Opt.Text("--config", "FILE.json", "what is trained, on what, how long: docs/training.md", required: true);
    private readonly Option<bool> _resume = Opt.Flag("--resume", "go on from the checkpoint in the configuration's folder");

    /// <inheritdoc/>
    protected override void Declare(Command command)
    {
        command.Add(_config);
        command.Add(_resume);
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult parsed, Session session)
    {
        var config = TrainConfig.Read(parsed.GetValue(_config)!);
        var processes = session.TrainingProcesses;
        var run = TrainingRun.Create(config, session.Device, processes);
        session.EndsByItself();
        var result = session.Follow(run.Options.Steps, report =>
        {
            run.Stepped += step => report(step.Step, () => Text(step));
            run.Evaluated += evaluation => session.Whisper(Text(evaluation));
            return run.Run(parsed.GetValue(_resume), session.Cancellation);
        });

        var (progress, last) = (result.Progress, result.Last);
        session.Print(string.Create(CultureInfo.InvariantCulture, $"{(result.IsInterrupted ? "interrupted after" : "done:")} {progress.Step} of {run.Options.Steps} steps, epoch {progress.Next.Epoch}; checkpoint, last and best weights in {config.Folder}"));
        if (last is not null) session.Print(Text(last));
        if (result.Evaluation is { } scores) session.Print(Text(scores));
        session.Document(new TrainDocument("lzu.train/1", config.Task, progress.Step, run.Options.Steps, progress.Next.Epoch, result.IsInterrupted,
            (last?.Losses ?? []).ToDictionary(l => l.Name, l => l.Value), (result.Evaluation?.Scores ?? []).ToDictionary(s => s.Name, s => s.Value),
            progress.Best, progress.BestStep, config.Folder), TrainingJson.Default.TrainDocument);
        return result.IsInterrupted ? ExitCode.Interrupted : ExitCode.Done;
    }

    private static string Text(TrainingStep step) => string.Create(CultureInfo.InvariantCulture,
        $"step {step.Step}/{step.Steps}  loss {step.Loss:0.0000} ({string.Join(", ", step.Losses.Select(l => string.Create(CultureInfo.InvariantCulture, $"{l.Name} {l.Value:0.0000}")))})  rate {step.LearningRate:0.######}  {step.PicturesPerSecond:0.0} images/s  {step.Remaining:d\\.hh\\:mm\\:ss} left");

    private static string Text(TrainingEvaluation evaluation) => $"after step {evaluation.Step}: {string.Join("  ", evaluation.Scores.Select(s => $"{s.Name} {ScoreCocoVerb.Shown(s.Value)}"))}{(evaluation.IsBest ? "  (best)" : "")}";
}
