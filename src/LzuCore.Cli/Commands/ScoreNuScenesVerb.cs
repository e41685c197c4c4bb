using System.CommandLine;
using System.Globalization;
using System.Text.Json.Serialization;
using LzuCore.Cli.Manners;
using LzuCore.Memory;
using LzuCore.Vision.Data.NuScenes;
using LzuCore.Vision.Metrics;

namespace LzuCore.Cli.Commands;

/// <summary>What <c>lzu score nuscenes --json</c> writes; names as in the devkit's reports.</summary>
internal sealed record ScoreNuScenesDocument(
    string Schema, [property: JsonPropertyName("NDS")] double DetectionScore, [property: JsonPropertyName("mAP")] double MeanAveragePrecision,
    [property: JsonPropertyName("mATE")] double Translation, [property: JsonPropertyName("mASE")] double Scale, [property: JsonPropertyName("mAOE")] double Orientation,
    [property: JsonPropertyName("mAVE")] double Velocity, [property: JsonPropertyName("mAAE")] double Attribute,
    IReadOnlyDictionary<string, Dictionary<string, double>> LabelAps, IReadOnlyDictionary<string, double> MeanDistAps, IReadOnlyDictionary<string, Dictionary<string, double>> LabelTpErrors,
    int Samples, int GroundTruths, int Predictions);

/// <summary><c>lzu score nuscenes</c>: nuScenes' detection metric.</summary>
internal sealed class ScoreNuScenesVerb() : Verb("nuscenes", "nuScenes' detection metric, number for number the devkit's")
{
    private static readonly (string Name, NuScenesError Error)[] Errors =
    [
        ("trans_err", NuScenesError.Translation), ("scale_err", NuScenesError.Scale), ("orient_err", NuScenesError.Orientation), ("vel_err", NuScenesError.Velocity), ("attr_err", NuScenesError.Attribute),
    ];

    private readonly Option<string?> _data = Opt.Text("--data", "DIR", "the data set's folder", required: true);
    private readonly Option<string?> _version = Opt.Text("--version", "V", "its folder of tables, such as v1.0-trainval", required: true);
    private readonly Option<string?> _results = Opt.Text("--results", "FILE", "the submission: meta and results", required: true);
    private readonly Option<string?> _split = Opt.Text("--split", "NAME", "whose scenes are scored, or all (default: val; mini_val of a mini version, test of a test version)");

    /// <inheritdoc/>
    protected override void Declare(Command command)
    {
        foreach (var option in new Option[] { _data, _version, _results, _split }) command.Add(option);
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult parsed, Session session)
    {
        var version = parsed.GetValue(_version)!;
        var split = parsed.GetValue(_split) ?? (version.EndsWith("mini", StringComparison.Ordinal) ? "mini_val" : version.EndsWith("test", StringComparison.Ordinal) ? "test" : "val");
        if (split != "all" && !NuScenesSplits.Names.Contains(split))
            throw new UsageException($"score nuscenes: there is no split '{split}'{(NearestName.Of(split, NuScenesSplits.Names.Append("all")) is { } name ? $", did you mean '{name}'?" : ";")} choose one of {string.Join(", ", NuScenesSplits.Names)}, all.");
        var results = NuScenesResults.Load(parsed.GetValue(_results)!);
        var database = NuScenesDatabase.Load(parsed.GetValue(_data)!, version);
        session.Cancellation.ThrowIfCancellationRequested();
        var samples = SamplesOf(database, version, split, session);
        var score = NuScenesDetectionScore.Score(database, samples, results);
        Show(session, score, samples.Count);
        session.Document(Document(score, samples.Count), TrainingJson.Default.ScoreNuScenesDocument);
        return ExitCode.Done;
    }

    // A data set of one's own has scenes that no official split need know: it is scored whole.
    private static IReadOnlyList<NuScenesSample> SamplesOf(NuScenesDatabase database, string version, string split, Session session)
    {
        var samples = split == "all" ? database.Samples : database.SamplesOf(NuScenesSplits.ScenesOf(split));
        if (samples.Count > 0) return samples;
        if (split == "all" || version.EndsWith("trainval", StringComparison.Ordinal) || version.EndsWith("mini", StringComparison.Ordinal) || version.EndsWith("test", StringComparison.Ordinal) || database.Samples.Count == 0)
            throw new UsageException($"score nuscenes: {version} has no scene of the split '{split}' among its {database.Scenes.Count}. Choose another --split or --version.");
        session.Say($"{version} has no scene of the split '{split}': all of its {database.Scenes.Count} scenes are scored");
        return database.Samples;
    }

    private static ScoreNuScenesDocument Document(NuScenesScore score, int samples)
    {
        var labels = NuScenesClasses.DevkitOrder.Select(n => (Name: n, Label: NuScenesClasses.LabelOf(n))).ToList();
        return new ScoreNuScenesDocument("lzu.score/1", score.DetectionScore, score.MeanAveragePrecision, score.MeanError(NuScenesError.Translation), score.MeanError(NuScenesError.Scale),
            score.MeanError(NuScenesError.Orientation), score.MeanError(NuScenesError.Velocity), score.MeanError(NuScenesError.Attribute),
            labels.ToDictionary(l => l.Name, l => NuScenesDetectionScore.Distances.Select((d, i) => (d, i)).ToDictionary(d => d.d.ToString("0.0", CultureInfo.InvariantCulture), d => score.AveragePrecision(l.Label, d.i))),
            labels.ToDictionary(l => l.Name, l => score.AveragePrecision(l.Label)), labels.ToDictionary(l => l.Name, l => Errors.ToDictionary(e => e.Name, e => score.Error(l.Label, e.Error))),
            samples, score.Truths.Scored, score.Predictions.Scored);
    }

    private static void Show(Session session, NuScenesScore score, int samples)
    {
        session.Print(string.Create(CultureInfo.InvariantCulture, $"{samples} samples; scored: {score.Truths.Scored} of {score.Truths.Loaded} ground truths, {score.Predictions.Scored} of {score.Predictions.Loaded} boxes"));
        session.Print($"{"",-22} {"AP",6} {"ATE",6} {"ASE",6} {"AOE",6} {"AVE",6} {"AAE",6}");
        foreach (var name in NuScenesClasses.DevkitOrder)
        {
            var label = NuScenesClasses.LabelOf(name);
            session.Print($"{name,-22} {ScoreCocoVerb.Shown(score.AveragePrecision(label))} {string.Join(' ', Errors.Select(e => Shown(score.Error(label, e.Error))))}");
        }
        session.Print($"{"mean",-22} {ScoreCocoVerb.Shown(score.MeanAveragePrecision)} {string.Join(' ', Errors.Select(e => Shown(score.MeanError(e.Error))))}");
        session.Print($"{"NDS",-22} {ScoreCocoVerb.Shown(score.DetectionScore)}");
    }

    private static string Shown(double error) => double.IsNaN(error) ? "     -" : string.Create(CultureInfo.InvariantCulture, $"{error,6:0.000}");
}
