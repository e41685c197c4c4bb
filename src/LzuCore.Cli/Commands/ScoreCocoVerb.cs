using System.CommandLine;
using System.Globalization;
using System.Text.Json.Serialization;
using LzuCore.Cli.Manners;
using LzuCore.Vision.Data.Coco;
using LzuCore.Vision.Metrics;

namespace LzuCore.Cli.Commands;

/// <summary>What <c>lzu score coco --json</c> writes.</summary>
internal sealed record ScoreCocoDocument(
    string Schema, [property: JsonPropertyName("AP")] double AP, [property: JsonPropertyName("AP50")] double AP50, [property: JsonPropertyName("AP75")] double AP75,
    [property: JsonPropertyName("APs")] double APs, [property: JsonPropertyName("APm")] double APm, [property: JsonPropertyName("APl")] double APl,
    [property: JsonPropertyName("AR1")] double AR1, [property: JsonPropertyName("AR10")] double AR10, [property: JsonPropertyName("AR100")] double AR100,
    [property: JsonPropertyName("ARs")] double ARs, [property: JsonPropertyName("ARm")] double ARm, [property: JsonPropertyName("ARl")] double ARl,
    [property: JsonPropertyName("per_class_AP")] IReadOnlyList<double> PerClassAP, IReadOnlyList<string> Classes, int Images, int Detections);

/// <summary><c>lzu score coco</c>: COCO's box metric.</summary>
internal sealed class ScoreCocoVerb() : Verb("coco", "COCO's box metric, number for number pycocotools'")
{
    private readonly Option<string?> _truth = Opt.Text("--ground-truth", "FILE", "COCO or Argoverse-HD annotations", required: true);
    private readonly Option<string?> _found = Opt.Text("--detections", "FILE", "the results: a JSON list of image_id, category_id, bbox, score", required: true);

    /// <inheritdoc/>
    protected override void Declare(Command command)
    {
        command.Add(_truth);
        command.Add(_found);
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult parsed, Session session)
    {
        var truth = CocoAnnotations.Load(parsed.GetValue(_truth)!);
        var found = CocoDetections.Load(parsed.GetValue(_found)!);
        session.Cancellation.ThrowIfCancellationRequested();
        var score = CocoAveragePrecision.Score(truth, found);
        foreach (var (name, value) in score.Summary) session.Print($"{name,-6} {Shown(value)}");
        session.Print();
        foreach (var (category, value) in score.Categories.Zip(score.PerClassAP)) session.Print($"{Shown(value)}  {Plain(category.Name)}");
        session.Document(new ScoreCocoDocument("lzu.score/1", score.AP, score.AP50, score.AP75, score.APSmall, score.APMedium, score.APLarge, score.AR1, score.AR10, score.AR100,
            score.ARSmall, score.ARMedium, score.ARLarge, score.PerClassAP, [.. score.Categories.Select(c => c.Name)], truth.Images.Count, found.Count), TrainingJson.Default.ScoreCocoDocument);
        return ExitCode.Done;
    }

    /// <summary>Percent with two places; a dash for what is not defined.</summary>
    internal static string Shown(double value) => double.IsNaN(value) ? "     -" : string.Create(CultureInfo.InvariantCulture, $"{100 * value,6:0.00}");

    // A name may hold what a terminal would obey.
    private static string Plain(string text) => string.Concat(text.Select(c => char.IsControl(c) ? '?' : c));
}
