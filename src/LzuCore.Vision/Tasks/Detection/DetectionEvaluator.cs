using LzuCore.Memory;
using LzuCore.Nn.Serialization;
using LzuCore.Vision.Data;
using LzuCore.Vision.Data.Coco;
using LzuCore.Vision.Data.Loading;
using LzuCore.Vision.Metrics;

namespace LzuCore.Vision.Tasks.Detection;

/// <summary>How a data set goes through a detector.</summary>
public sealed record DetectionEvaluatorOptions : EvaluatorOptions
{
    /// <summary>Decodes a JPEG at 1/2, 1/4 or 1/8 where the network sees it no larger. It averages what the detector's own resizing would pass over, so the boxes differ a little.</summary>
    public bool ReducedDecoding { get; init; }

    /// <summary>The category id of a label; null for the data set's order of classes.</summary>
    public Func<int, long>? CategoryOf { get; init; }
}

/// <summary>What a detector found in a data set.</summary>
/// <param name="Detections">In the order of the pictures, each picture's by falling score: what the metric and the official tools take.</param>
/// <param name="Cost">What it took.</param>
public sealed record DetectionEvaluation(IReadOnlyList<CocoDetection> Detections, EvaluationCost Cost)
{
    /// <summary>The official metric of what was found.</summary>
    /// <param name="truth">The annotations that the pictures were named by.</param>
    public CocoScore Score(CocoAnnotations truth) => CocoAveragePrecision.Score(truth, Detections);

    /// <summary>Writes the official results file, whole or not at all.</summary>
    /// <exception cref="LzuException">The file cannot be written.</exception>
    public void Save(string path) => AtomicFile.Write(path, file => CocoDetections.Write(file, Detections));
}

/// <summary>Runs a detector over a data set.</summary>
/// <remarks>Frames of a sequence come in order, and each sequence starts afresh. Pictures are decoded ahead by threads of the loader.</remarks>
public static class DetectionEvaluator
{
    // What the decoders drop anyway: reporting from here on loses nothing.
    private const float MostLeastScore = 0.05f;

    /// <summary>Finds the objects of every picture.</summary>
    /// <param name="detector">Must report all it finds: <see cref="DetectorOptions.Score"/> at most 0.05.</param>
    /// <param name="data">The pictures.</param>
    /// <param name="options">Threads and progress; null for one thread that decodes.</param>
    /// <param name="cancellation">Ends it with <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="ArgumentValueException">The detector leaves out low scores, or has other classes than the data set.</exception>
    /// <exception cref="FileFormatException">A picture cannot be read.</exception>
    public static DetectionEvaluation Run(Detector detector, CocoDataset data, DetectionEvaluatorOptions? options = null, CancellationToken cancellation = default)
    {
        options ??= new();
        Check.That(detector.Options.Score <= MostLeastScore, $"evaluate: the detector leaves out scores below {detector.Options.Score}, which precision at high recall needs. Make it with Score = 0.");
        Check.That(options.CategoryOf is not null || detector.Classes == data.Categories.Count,
            $"evaluate: the detector has {detector.Classes} classes, the data set {data.Categories.Count}. Say which are which with CategoryOf.");
        Check.That(!options.ReducedDecoding || detector.Options.Saliency is null or { IsFixed: true }, $"evaluate: a zoom that follows boxes measures in pixels of the whole picture. Decode all of them: ReducedDecoding = false.");
        var category = options.CategoryOf ?? (label => data.Categories[label].Id);
        var pictures = new PictureReader(needed: options.ReducedDecoding ? detector.SizeFor : null);
        var found = new List<CocoDetection>();
        var sequence = -1;
        var (samples, order) = InOrder(data);
        var cost = Evaluation.Over(samples, options, pictures, (sample, _) =>
        {
            if (sample.Sequence < 0 || sample.Frame == 0 || sample.Sequence != sequence) detector.StartSequence();
            sequence = sample.Sequence;
            var result = detector.Detect(sample.Image, detector.SizeFor(sample.Original));
            float x = sample.Original.Width / (float)sample.Image.Width, y = sample.Original.Height / (float)sample.Image.Height;
            foreach (var one in result.Detections)
                found.Add(new CocoDetection(sample.ImageId, category(one.Label), CocoBox.From(sample.Image.Size == sample.Original ? one.Box : one.Box.Scale(x, y)), one.Score));
            sample.Image.Recycle();
            return result.Milliseconds;
        }, order is null ? null : at => data.ImageOf(order[at]).Sequence != data.ImageOf(order[at - 1]).Sequence, cancellation);
        return new DetectionEvaluation(Evaluation.Gathered(found, options.Processes), cost);
    }

    // The file's order, or by sequence and frame where there are sequences.
    private static (IDataset<DetectionSample> Samples, int[]? Order) InOrder(CocoDataset data)
    {
        if (!data.HasSequences) return (data, null);
        int[] order = [.. Enumerable.Range(0, data.Count).OrderBy(i => data.ImageOf(i).Sequence).ThenBy(i => data.ImageOf(i).Frame)];
        return (new Reordered<DetectionSample>(data, order), order);
    }
}
