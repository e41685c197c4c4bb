using System.CommandLine;
using System.Text.Json.Serialization;
using LzuCore.Cli.Inputs;
using LzuCore.Cli.Manners;
using LzuCore.Memory;
using LzuCore.Vision.Data.Cityscapes;
using LzuCore.Vision.Metrics;

namespace LzuCore.Cli.Commands;

/// <summary>What <c>lzu score cityscapes --json</c> writes.</summary>
internal sealed record ScoreCityscapesDocument(
    string Schema, [property: JsonPropertyName("mIoU")] double MeanIou, [property: JsonPropertyName("mAcc")] double MeanAccuracy, [property: JsonPropertyName("aAcc")] double OverallAccuracy,
    [property: JsonPropertyName("per_class_IoU")] IReadOnlyDictionary<string, double> PerClassIou, int Images, string Encoding);

/// <summary><c>lzu score cityscapes</c>: mean intersection over union of label maps.</summary>
internal sealed class ScoreCityscapesVerb() : Verb("cityscapes", "mean IoU over Cityscapes' nineteen classes")
{
    private readonly Option<string?> _truth = Opt.Text("--ground-truth", "DIR", "folder with …_gtFine_labelIds.png or …_gtFine_labelTrainIds.png, at any depth", required: true);
    private readonly Option<string?> _found = Opt.Text("--predictions", "DIR", "folder with a one-channel PNG of the same size for each, named alike up to _gtFine", required: true);
    private readonly Option<string> _encoding = Opt.Choice("--encoding", "what predictions hold; auto goes by their names, then by whether numbers from 19 occur", "auto", "train-ids", "label-ids");

    /// <inheritdoc/>
    protected override void Declare(Command command)
    {
        foreach (var option in new Option[] { _truth, _found, _encoding }) command.Add(option);
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult parsed, Session session)
    {
        var pairs = LabelMapPairs.Find(parsed.GetValue(_truth)!, parsed.GetValue(_found)!, session);
        MeanIou asTrainIds = new(CityscapesClasses.Names.Count), asLabelIds = new(CityscapesClasses.Names.Count);
        var beyondTrainIds = false;
        var counting = new Lock();
        ParallelRows.For(pairs.Count, 1, (begin, end) =>
        {
            for (var i = begin; i < end; i++)
            {
                session.Cancellation.ThrowIfCancellationRequested();
                var (truth, found) = pairs[i].Load();
                var translated = LabelMapPairs.Translate(found.Labels);
                lock (counting)
                {
                    beyondTrainIds |= LabelMapPairs.HoldsLabelIds(found.Labels);
                    asTrainIds.Add(truth.Labels, found.Labels);
                    asLabelIds.Add(truth.Labels, translated);
                }
            }
        });
        var encoding = parsed.GetValue(_encoding)!;
        if (encoding == "auto") encoding = LabelMapPairs.EncodingByName(pairs) ?? (beyondTrainIds ? "label-ids" : "train-ids");
        var iou = encoding == "label-ids" ? asLabelIds : asTrainIds;
        session.Say($"predictions are taken for {encoding}; --encoding says otherwise");
        session.Print($"{pairs.Count} images");
        for (var c = 0; c < iou.Classes; c++) session.Print($"{ScoreCocoVerb.Shown(iou.Iou(c))}  {CityscapesClasses.Names[c]}");
        session.Print($"{ScoreCocoVerb.Shown(iou.Mean)}  mIoU");
        session.Print($"{ScoreCocoVerb.Shown(iou.MeanAccuracy)}  mAcc");
        session.Print($"{ScoreCocoVerb.Shown(iou.OverallAccuracy)}  aAcc");
        session.Document(new ScoreCityscapesDocument("lzu.score/1", iou.Mean, iou.MeanAccuracy, iou.OverallAccuracy, CityscapesClasses.Names.Select((n, c) => (n, c)).ToDictionary(p => p.n, p => iou.Iou(p.c)),
            pairs.Count, encoding), TrainingJson.Default.ScoreCityscapesDocument);
        return ExitCode.Done;
    }
}
