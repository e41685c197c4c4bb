using System.Globalization;
using System.Text;
using LzuCore.Cli.Manners;
using LzuCore.Cli.Pictures;
using LzuCore.Memory;
using LzuCore.Vision.Experiments;
using LzuCore.Vision.Imaging;

namespace LzuCore.Cli.Reproduce;

/// <summary>Figure 6: for each task, two test pictures that gain most by the zoom and the one that loses most, chosen by their scores alone.</summary>
internal sealed class StripsReproduction(Laboratory laboratory, Func<Trial, Trial> shape) : Reproduction
{
    private const int Gaining = 2, PanelWidth = 640;
    private static readonly Size2 Display = new(640, 1024);

    private readonly (Trial Uniform, Trial Zoomed)[] _pairs =
        [.. new[] { DeskTask.Detection, DeskTask.Segmentation, DeskTask.Detection3d }.Select(task => (shape(Trial.Of(task, ZoomMethod.Uniform)), shape(Trial.Of(task, ZoomMethod.LzuFixed))))];

    /// <inheritdoc/>
    public override ITrials Maker => laboratory;

    /// <inheritdoc/>
    public override string Name => "figure6";

    /// <inheritdoc/>
    public override IReadOnlyList<Trial> Trials => [.. _pairs.SelectMany(p => new[] { p.Uniform, p.Zoomed })];

    /// <inheritdoc/>
    public override bool NeedsWeights => true;

    /// <inheritdoc/>
    public override Reproduced Write(Session session, OutputFiles outputs, string folder)
    {
        var text = new StringBuilder("# figure6: what zooming finds and what it loses, 0.25x\n\nOf all test pictures, the two that gain most and the one that loses most. "
            + "Columns: truth, uniform, LZU fixed, and by how much lengths grow.\n\n| picture | task | number | measure | uniform | LZU, fixed |\n| --- | --- | --- | --- | --- | --- |\n");
        var files = new List<string>();
        foreach (var (uniform, zoomed) in _pairs.Where(p => laboratory.IsMade(p.Uniform, withWeights: true) && laboratory.IsMade(p.Zoomed, withWeights: true)))
        {
            var strips = Strips.Of(laboratory, uniform, zoomed);
            var scores = session.Track("looking", strips.Count, report => Enumerable.Range(0, strips.Count).Select(i =>
            {
                session.Cancellation.ThrowIfCancellationRequested();
                report(i + 1, strips.Count);
                return (Index: i, Uniform: strips.ScoreOf(false, i), Zoomed: strips.ScoreOf(true, i));
            }).OrderByDescending(s => s.Zoomed - s.Uniform).ThenBy(s => s.Index).ToList());
            var chosen = scores.Take(Gaining).Concat(scores.Skip(Gaining).TakeLast(1)).ToList();
            var panels = new List<(string, Image)>();
            foreach (var (row, (index, before, after)) in chosen.Index())
            {
                var display = laboratory.Setup.ScenesOf(uniform).Drawn(index, Display);
                var letter = (char)('A' + row);
                var (saliency, warp) = strips.Look;
                panels.AddRange(
                [
                    ($"{letter}: truth", strips.Truth(index, display)),
                    ($"uniform: {strips.Measure} {Number(before)}", strips.Found(false, index, display)),
                    ($"LZU, fixed: {strips.Measure} {Number(after)}", strips.Found(true, index, display)),
                    ("magnification", WarpPictures.Magnification(new ZoomRun(display, saliency, [], warp, uniform.InputOf(Display), Device.Cpu))),
                ]);
                text.Append(CultureInfo.InvariantCulture, $"| {letter} | {Trial.Word(uniform.Task)} | {index} | {strips.Measure} | {Number(before)} | {Number(after)} |\n");
            }
            files.Add(outputs.Add(Path.Combine(folder, $"figure6-{Trial.Word(uniform.Task)}.png"), Overview.Sheet(4, PanelWidth, [.. panels])));
        }
        files.Add(outputs.Add(Path.Combine(folder, "figure6.md"), path => File.WriteAllText(path, text.ToString())));
        return new([], files, text.ToString());
    }

    private static string Number(double value) => value.ToString("0.00", CultureInfo.InvariantCulture);
}
