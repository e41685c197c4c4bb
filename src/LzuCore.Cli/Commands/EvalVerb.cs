using System.CommandLine;
using LzuCore.Cli.Manners;
using LzuCore.Vision.Configuration;

namespace LzuCore.Cli.Commands;

/// <summary>What <c>lzu eval --json</c> writes.</summary>
internal sealed record EvalDocument(string Schema, string Task, string Weights, int? Step, IReadOnlyDictionary<string, double> Metrics);

/// <summary><c>lzu eval</c>: scores of weights on what a training's configuration evaluates on.</summary>
internal sealed class EvalVerb() : Verb("eval", "scores weights on what a training's configuration evaluates on")
{
    private readonly Option<string?> _config = Opt.Text("--config", "FILE.json", "the training's configuration: docs/training.md", required: true);
    private readonly Option<string?> _weights = Opt.Text("--weights", "FILE", "best.safetensors, last.safetensors, a training's checkpoint, or any checkpoint of the network", required: true);

    /// <inheritdoc/>
    protected override void Declare(Command command)
    {
        command.Add(_config);
        command.Add(_weights);
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult parsed, Session session)
    {
        var config = TrainConfig.Read(parsed.GetValue(_config)!);
        var processes = session.Processes;
        var run = TrainingRun.Create(config, session.Device, processes);
        var weights = parsed.GetValue(_weights)!;
        var scores = session.Track("evaluating", int.MaxValue, report =>
        {
            run.Evaluating += report;
            return run.Evaluate(weights, session.Cancellation);
        });
        session.Print($"{weights} on what {parsed.GetValue(_config)} evaluates on:");
        foreach (var (name, value) in scores) session.Print($"{name,-12} {ScoreCocoVerb.Shown(value)}");
        session.Document(new EvalDocument("lzu.eval/1", config.Task, weights, TrainingRun.StepOf(weights), scores.ToDictionary(s => s.Name, s => s.Value)), TrainingJson.Default.EvalDocument);
        return ExitCode.Done;
    }
}
