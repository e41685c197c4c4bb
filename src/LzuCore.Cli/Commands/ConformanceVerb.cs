using System.CommandLine;
using System.Globalization;
using LzuCore.Cli.Conformance;
using LzuCore.Cli.Manners;
using LzuCore.Memory;

namespace LzuCore.Cli.Commands;

/// <summary>What <c>lzu conformance --json</c> writes.</summary>
internal sealed record ConformanceDocument(string Schema, string Device, int Passed, int Failed, int Skipped, IReadOnlyList<CaseResult> Cases);

/// <summary><c>lzu conformance</c>: runs suites of stored cases on a device and compares.</summary>
internal sealed class ConformanceVerb() : Verb("conformance", "runs conformance suites on a device and compares; ends with 'N passed, N failed, N skipped'")
{
    private readonly Argument<string[]> _paths = new("PATH") { Description = "suites (.npz), or folders of them", Arity = ArgumentArity.OneOrMore };
    private readonly Option<string?> _op = Opt.Text("--op", "NAME", "only the cases of this operator");

    /// <inheritdoc/>
    protected override void Declare(Command command)
    {
        command.Add(_paths);
        command.Add(_op);
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult parsed, Session session)
    {
        var files = parsed.GetRequiredValue(_paths).SelectMany(Suites).ToList();
        var only = parsed.GetValue(_op);
        var ops = new SortedSet<string>(StringComparer.Ordinal);
        var results = new List<CaseResult>();
        var device = session.Device;
        session.ForEach("suites", files, file =>
        {
            using var suite = new Suite(file);
            var own = new List<CaseResult>();
            foreach (var source in suite.Cases)
            {
                session.Cancellation.ThrowIfCancellationRequested();
                ops.Add(source.Op);
                if (only is null || source.Op == only) own.Add(CaseRunner.Run(source, device));
            }
            results.AddRange(own);
            Show(session, suite.Name, own);
        });
        if (results.Count == 0)
        {
            throw new UsageException(only is null
                ? $"there are no cases in {files.Count} {(files.Count == 1 ? "suite" : "suites")}."
                : $"no case has operator '{only}'{(NearestName.Of(only, ops) is { } name ? $", did you mean '{name}'?" : "")}; the suites hold {string.Join(", ", ops)}.");
        }
        int Count(string status) => results.Count(r => r.Status == status);
        var document = new ConformanceDocument("lzu.conformance/1", device.ToString(), Count("passed"), Count("failed"), Count("skipped"), results);
        session.Print($"{document.Passed} passed, {document.Failed} failed, {document.Skipped} skipped");
        session.Document(document, CliJson.Default.ConformanceDocument);
        return document.Failed == 0 ? ExitCode.Done : ExitCode.No;
    }

    private static IEnumerable<string> Suites(string path)
    {
        if (File.Exists(path)) return [path];
        if (!Directory.Exists(path)) throw new UsageException($"conformance {path}: there is no such file or folder.");
        var found = Directory.GetFiles(path, "*.npz", SearchOption.AllDirectories);
        Array.Sort(found, StringComparer.Ordinal);
        return found.Length > 0 ? found : throw new UsageException($"conformance {path}: the folder holds no suites (.npz).");
    }

    private static void Show(Session session, string suite, List<CaseResult> own)
    {
        if (own.Count == 0) return;
        var worst = own.Where(r => r.Worst is not null).MaxBy(r => r.Worst!.Severity)?.Worst;
        session.Print(string.Create(CultureInfo.InvariantCulture, $"{suite,-32} {own.Count(r => r.Status == "passed"),4} of {own.Count,4}{(worst is null ? "" : $"   closest to its limit: {worst.Array} off by {worst.Error:g3} of {worst.Tolerance:g3}")}"));
        foreach (var result in own.Where(r => r.Status == "failed")) session.Print($"  failed  {result.Case}: {result.Reason}");
        foreach (var group in own.Where(r => r.Status == "skipped").GroupBy(r => r.Reason)) session.Print($"  skipped {string.Join(", ", group.Take(4).Select(r => r.Case))}{(group.Count() > 4 ? ", …" : "")}: {group.Key}");
    }
}
