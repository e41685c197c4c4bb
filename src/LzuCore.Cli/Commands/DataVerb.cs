using System.CommandLine;
using LzuCore.Cli.Manners;
using LzuCore.Memory;
using LzuCore.Vision.Data.Checking;

namespace LzuCore.Cli.Commands;

/// <summary>What <c>lzu data check --json</c> writes. Of each kind the first thousand are listed; counts are of all.</summary>
internal sealed record DataDocument(
    string Schema, string Kind, int Images, int Annotations, IReadOnlyList<DataFault> Faults, IReadOnlyDictionary<string, int> FaultCounts, IReadOnlyList<DataFault> Warnings, IReadOnlyDictionary<string, int> WarningCounts);

/// <summary><c>lzu data check</c>: whether a data set is whole, before hours are spent on it.</summary>
internal sealed class DataVerb() : Verb("data", "'data check': missing and broken pictures, bad boxes, unknown classes, empty splits, before anything runs")
{
    private const int ShownPerKind = 5;

    private readonly Argument<string> _what = new("WHAT") { Description = "check" };
    private readonly Option<string?> _annotations = Opt.Text("--annotations", "FILE", "COCO-style JSON (COCO, Argoverse-HD, one's own), nuScenes' mono-3D JSON, or Cityscapes' folder of label maps", required: true);
    private readonly Option<string?> _images = Opt.Text("--images", "DIR", "the folder that file names start from", required: true);
    private readonly Option<string> _kind = Opt.Choice("--kind", "what the data set is; auto sees it from the input", "auto", "coco", "cityscapes", "nuscenes");
    private readonly Option<bool> _decode = Opt.Flag("--decode", "decode every picture, not only its header");

    /// <inheritdoc/>
    protected override void Declare(Command command)
    {
        command.Add(_what);
        foreach (var option in new Option[] { _annotations, _images, _kind, _decode }) command.Add(option);
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult parsed, Session session)
    {
        var what = parsed.GetRequiredValue(_what);
        if (what != "check") throw new UsageException($"data: '{what}' is nothing that can be done{(NearestName.Of(what, ["check"]) is null ? "" : ", did you mean 'check'?")}; there is 'data check'.");
        DatasetKind? kind = parsed.GetValue(_kind) switch { "coco" => DatasetKind.Coco, "cityscapes" => DatasetKind.Cityscapes, "nuscenes" => DatasetKind.NuScenes, _ => null };
        var check = DataCheck.Open(parsed.GetValue(_annotations)!, parsed.GetValue(_images)!, kind);
        using (var pictures = check.CheckPictures(parsed.GetValue(_decode), ParallelRows.Threads, session.Cancellation).GetEnumerator())
            session.ForEach("pictures", [.. Enumerable.Range(0, check.Pictures)], _ => pictures.MoveNext());

        var name = check.Kind.ToString().ToLowerInvariant();
        session.Print($"{name}: {Count(check.Images, "image")}, {Count(check.Annotations, "annotation")}");
        Show(session, "", check.Faults);
        Show(session, "warning: ", check.Warnings);
        var faults = check.Faults.Counts.Values.Sum();
        session.Print(faults == 0 ? "no faults" : Count(faults, "fault"));
        session.Document(new DataDocument("lzu.data/1", name, check.Images, check.Annotations, check.Faults.Kept, check.Faults.Counts, check.Warnings.Kept, check.Warnings.Counts), TrainingJson.Default.DataDocument);
        return faults == 0 ? ExitCode.Done : ExitCode.No;
    }

    private static void Show(Session session, string label, FaultList list)
    {
        foreach (var (kind, count) in list.Counts)
        {
            session.Print($"{label}{kind}: {count}");
            foreach (var group in list.Kept.Where(f => f.Kind == kind).Take(ShownPerKind).GroupBy(f => f.Remedy))
            {
                foreach (var fault in group) session.Print($"  {Plain(fault.Where)}: {Plain(fault.Value)}");
                session.Print($"    {group.Key}");
            }
            if (count > ShownPerKind) session.Print($"  … and {count - ShownPerKind} more; --json lists them");
        }
    }

    // A name may hold what a terminal would obey.
    private static string Plain(string text) => string.Concat(text.Select(c => char.IsControl(c) ? '?' : c));

    private static string Count(int count, string noun) => $"{count} {noun}{(count == 1 ? "" : "s")}";
}
