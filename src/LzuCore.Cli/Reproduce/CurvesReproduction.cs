using LzuCore.Cli.Manners;
using LzuCore.Vision.Experiments;

namespace LzuCore.Cli.Reproduce;

/// <summary>Figure 7: what each method scores for what it costs. Milliseconds for detection, arithmetic for segmentation, as in the paper.</summary>
internal sealed class CurvesReproduction(IReadOnlyList<PaperTable> tables, Laboratory laboratory) : Reproduction
{
    /// <inheritdoc/>
    public override ITrials Maker => laboratory;

    /// <inheritdoc/>
    public override string Name => "figure7";

    /// <inheritdoc/>
    public override IReadOnlyList<Trial> Trials => [.. tables.SelectMany(t => t.Trials).Distinct().OrderBy(t => t.Scale)];

    /// <inheritdoc/>
    public override Reproduced Write(Session session, OutputFiles outputs, string folder)
    {
        var reports = tables.Select(t => TableReport.Of(t, laboratory)).Where(r => r.Rows.Count > 0).ToList();
        return new([.. reports.SelectMany(r => r.Rows).Select(ReproducedRow.Of)],
            [.. reports.SelectMany(r => TableReproduction.Write(r, outputs, folder, path => CostPlot.Save(r, path)))], string.Join('\n', reports.Select(r => r.Markdown())));
    }
}
