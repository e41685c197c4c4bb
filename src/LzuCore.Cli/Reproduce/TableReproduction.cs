using LzuCore.Cli.Manners;
using LzuCore.Vision.Experiments;

namespace LzuCore.Cli.Reproduce;

/// <summary>One of the paper's tables: Markdown, CSV, and a plot of the gains.</summary>
internal sealed class TableReproduction(PaperTable table, ITrials maker) : Reproduction
{
    /// <inheritdoc/>
    public override ITrials Maker => maker;

    /// <inheritdoc/>
    public override string Name => table.Name;

    /// <inheritdoc/>
    public override IReadOnlyList<Trial> Trials => table.Trials;

    /// <inheritdoc/>
    public override bool NeedsWeights => table.Resampled.Count > 0;

    /// <inheritdoc/>
    public override Reproduced Write(Session session, OutputFiles outputs, string folder)
    {
        if (maker is Laboratory laboratory)
        {
            var untested = table.Resampled.Where(t => laboratory.IsMade(t, withWeights: true) && laboratory.FindResampled(t) is null).ToList();
            session.ForEach("testing", untested, trial => laboratory.Resample(trial, session.Cancellation));
        }
        var report = TableReport.Of(table, maker);
        return new([.. report.Rows.Select(ReproducedRow.Of)], Write(report, outputs, folder, path => GainPlot.Save(report, path)), report.Markdown());
    }

    /// <summary>A report's text, numbers and picture.</summary>
    public static IReadOnlyList<string> Write(TableReport report, OutputFiles outputs, string folder, Action<string> plot) =>
    [
        outputs.Add(Path.Combine(folder, report.Table.Name + ".md"), path => File.WriteAllText(path, report.Markdown())),
        outputs.Add(Path.Combine(folder, report.Table.Name + ".csv"), path => File.WriteAllText(path, report.Csv())),
        outputs.Add(Path.Combine(folder, report.Table.Name + ".png"), plot),
    ];
}
