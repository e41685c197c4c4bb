using System.Diagnostics;
using LzuCore.Memory;
using LzuCore.Vision.Data;
using LzuCore.Vision.Data.Coco;
using LzuCore.Vision.Data.Loading;
using LzuCore.Vision.Metrics;

namespace LzuCore.Vision.Tasks.Detection;

/// <summary>How a data set goes through a detector.</summary>
public sealed record DetectionEvaluatorOptions
{
    /// <summary>Threads that decode the pictures to come while the network works on one.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>Pictures that may be decoded ahead; they are what this needs memory for.</summary>
    public int Ahead { get; init; } = 4;

    /// <summary>Decodes a JPEG at 1/2, 1/4 or 1/8 where the network sees it no larger. It averages what the detector's own resizing would pass over, so the boxes differ a little.</summary>
    public bool ReducedDecoding { get; init; }

    /// <summary>The category id of a label; null for the data set's order of classes.</summary>
    public Func<int, long>? CategoryOf { get; init; }

    /// <summary>Told after each picture: how many are done, and how many there are.</summary>
    public Action<int, int>? Progress { get; init; }
}

/// <summary>What a detector found in a data set.</summary>
/// <param name="Detections">In the order of the pictures, each picture's by falling score: what the metric and the official tools take.</param>
/// <param name="Images">Pictures seen.</param>
/// <param name="Milliseconds">Mean times of the stages of one picture; decoding ran beside them.</param>
/// <param name="WallSeconds">From the first picture asked for to the last one done.</param>
/// <param name="CpuSeconds">Of the whole process in that time, all threads together.</param>
public sealed record DetectionEvaluation(IReadOnlyList<CocoDetection> Detections, int Images, StageTimes Milliseconds, double WallSeconds, double CpuSeconds)
{
    /// <summary>The official metric of what was found.</summary>
    /// <param name="truth">The annotations that the pictures were named by.</param>
    public CocoScore Score(CocoAnnotations truth) => CocoAveragePrecision.Score(truth, Detections);

    /// <summary>Writes the official results file; beside its place first, then renamed.</summary>
    /// <exception cref="LzuException">The file cannot be written.</exception>
    public void Save(string path)
    {
        var beside = $"{path}.{Guid.NewGuid():N}.partial";
        try
        {
            using (var file = File.Create(beside)) CocoDetections.Write(file, Detections);
            File.Move(beside, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            if (File.Exists(beside)) File.Delete(beside);
            throw new LzuException($"save {path}: cannot write it ({e.Message.Split('\n')[0].TrimEnd('.', '\r')}). Check the folder and its rights.", e);
        }
    }
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
        var loader = DataLoader.Of(InOrder(data), new LoaderOptions { Workers = options.Workers, Ahead = options.Ahead }, pictures: pictures);
        var found = new List<CocoDetection>();
        var (zoom, backbone, unzoom, head, decode) = (0d, 0d, 0d, 0d, 0d);
        var (clock, cpuBefore) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
        var (done, sequence) = (0, -1);
        foreach (var batch in loader.Epoch(0, cancellation: cancellation))
            foreach (var sample in batch.Items)
            {
                if (sample.Sequence < 0 || sample.Frame == 0 || sample.Sequence != sequence) detector.StartSequence();
                sequence = sample.Sequence;
                var result = detector.Detect(sample.Image, detector.SizeFor(sample.Original));
                float x = sample.Original.Width / (float)sample.Image.Width, y = sample.Original.Height / (float)sample.Image.Height;
                foreach (var one in result.Detections)
                    found.Add(new CocoDetection(sample.ImageId, category(one.Label), CocoBox.From(sample.Image.Size == sample.Original ? one.Box : one.Box.Scale(x, y)), one.Score));
                sample.Image.Recycle();
                var ms = result.Milliseconds;
                (zoom, backbone, unzoom, head, decode) = (zoom + ms.Zoom, backbone + ms.Backbone, unzoom + ms.Unzoom, head + ms.Head, decode + ms.Decode);
                options.Progress?.Invoke(++done, data.Count);
            }
        var n = Math.Max(1, done);
        return new DetectionEvaluation(found, done, new StageTimes(zoom / n, backbone / n, unzoom / n, head / n, decode / n), clock.Elapsed.TotalSeconds, (Environment.CpuUsage.TotalTime - cpuBefore).TotalSeconds);
    }

    // The file's order, or by sequence and frame where there are sequences.
    private static IDataset<DetectionSample> InOrder(CocoDataset data) => !data.HasSequences ? data
        : new Reordered<DetectionSample>(data, [.. Enumerable.Range(0, data.Count).OrderBy(i => data.ImageOf(i).Sequence).ThenBy(i => data.ImageOf(i).Frame)]);
}
