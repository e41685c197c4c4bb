using LzuCore.Memory;
using LzuCore.Nn.Serialization;
using LzuCore.Vision.Data;
using LzuCore.Vision.Data.Cityscapes;
using LzuCore.Vision.Data.Loading;
using LzuCore.Vision.Imaging;
using LzuCore.Vision.Metrics;

namespace LzuCore.Vision.Tasks.Segmentation;

/// <summary>How a data set goes through a segmentation network.</summary>
public sealed record SegmentationEvaluatorOptions : EvaluatorOptions
{
    /// <summary>A folder that gets a PNG of label ids for each picture, as Cityscapes' server and scripts take them; null for none.</summary>
    public string? PredictionsFolder { get; init; }
}

/// <summary>How well a data set was labelled.</summary>
/// <param name="Score">Over all pixels that count.</param>
/// <param name="Cost">What it took.</param>
public sealed record SegmentationEvaluation(MeanIou Score, EvaluationCost Cost);

/// <summary>Runs a segmentation network over a data set. Pictures are decoded ahead by threads of the loader.</summary>
public static class SegmentationEvaluator
{
    /// <summary>Labels every picture, and compares with the truth.</summary>
    /// <param name="segmenter">The network.</param>
    /// <param name="data">Pictures with train ids.</param>
    /// <param name="options">Threads, progress, files; null for one thread that decodes.</param>
    /// <param name="cancellation">Ends it with <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="FileFormatException">A picture or a label map cannot be read.</exception>
    /// <exception cref="LzuException">A prediction cannot be written.</exception>
    public static SegmentationEvaluation Run(Segmenter segmenter, IDataset<SegmentationSample> data, SegmentationEvaluatorOptions? options = null, CancellationToken cancellation = default)
    {
        options ??= new();
        var score = new MeanIou(segmenter.Classes);
        if (options.PredictionsFolder is { } folder) Directory.CreateDirectory(folder);
        var cost = Evaluation.Over(data, options, new PictureReader(), (sample, _) =>
        {
            // Pictures of a data set are no sequence.
            segmenter.StartSequence();
            var result = segmenter.Segment(sample.Image);
            score.Add(sample.Labels.Labels, result.Labels.Labels);
            if (options.PredictionsFolder is { } to)
                AtomicFile.Write(Path.Combine(to, $"{sample.Id.Replace('\\', '/').Split('/')[^1]}_pred_labelIds.png"), file => file.Write(LabelIds(result.Labels).Encode()));
            sample.Image.Recycle();
            return result.Milliseconds;
        }, begins: null, cancellation);
        return new SegmentationEvaluation(score.SumOver(options.Processes), cost);
    }

    /// <summary>Cityscapes' label ids of a map of train ids; 0 for what is not scored.</summary>
    public static LabelMap LabelIds(LabelMap trainIds)
    {
        var mapped = new LabelMap(trainIds.Size);
        for (var i = 0; i < mapped.Labels.Length; i++) mapped.Labels[i] = CityscapesClasses.LabelIdOf(trainIds.Labels[i]);
        return mapped;
    }
}
