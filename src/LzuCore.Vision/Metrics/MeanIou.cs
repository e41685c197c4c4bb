using System.Runtime.InteropServices;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Vision.Metrics;

/// <summary>Mean intersection over union of label maps, counted over a whole data set: mmsegmentation's numbers, and for Cityscapes' nineteen classes those of its own
/// scripts, too.</summary>
/// <remarks>Pixels whose label is <see cref="Ignore"/> are passed over. A prediction that is no class is wrong, and counts for no class's predictions. A class that is in
/// neither labels nor predictions has no IoU (NaN) and is left out of the mean.</remarks>
public sealed class MeanIou
{
    private readonly long[] _confusion;
    private readonly long[] _labels;

    /// <summary>Counts nothing yet.</summary>
    /// <param name="classes">How many classes; 1 to 255.</param>
    /// <param name="ignore">The label that is passed over.</param>
    /// <exception cref="ArgumentValueException">The number of classes is out of range, or <paramref name="ignore"/> is one of them.</exception>
    public MeanIou(int classes, byte ignore = 255)
    {
        Check.That(classes is >= 1 and <= 255, $"mean IoU: classes must be 1 to 255, got {classes}.");
        Check.That(ignore >= classes, $"mean IoU: the label to ignore must not be one of the {classes} classes, got {ignore}.");
        (Classes, Ignore) = (classes, ignore);
        _confusion = new long[classes * classes];
        _labels = new long[classes];
    }

    /// <summary>How many classes.</summary>
    public int Classes { get; }

    /// <summary>The label that is passed over.</summary>
    public byte Ignore { get; }

    /// <summary>Adds one image's maps: a byte a pixel, in any order that both share. Cost: a run of equal pixels is counted eight at a time.</summary>
    /// <exception cref="ShapeException">The maps differ in size.</exception>
    /// <exception cref="ArgumentValueException">A label is neither a class nor the one to ignore; nothing was counted.</exception>
    public void Add(ReadOnlySpan<byte> labels, ReadOnlySpan<byte> predictions)
    {
        if (labels.Length != predictions.Length) throw new ShapeException("mean IoU", $"a prediction must have its label map's {labels.Length} pixels", $"{predictions.Length}");
        var counts = new int[256 * 256];
        Count(labels, predictions, counts);
        for (var label = Classes; label < 256; label++)
            if (label != Ignore)
                Check.That(counts.AsSpan(256 * label, 256).IndexOfAnyExcept(0) < 0, $"mean IoU: labels must be 0 to {Classes - 1} or {Ignore}, got {label}. Map label ids to train ids first.");
        for (var label = 0; label < Classes; label++)
            for (var prediction = 0; prediction < 256; prediction++)
            {
                _labels[label] += counts[256 * label + prediction];
                if (prediction < Classes) _confusion[label * Classes + prediction] += counts[256 * label + prediction];
            }
    }

    /// <summary>The counts of all processes together, where each counted its own images.</summary>
    /// <exception cref="ArgumentValueException">They count other numbers of classes.</exception>
    public MeanIou SumOver(ProcessGroup processes)
    {
        var all = new MeanIou(Classes, Ignore);
        foreach (var part in processes.Gather(MemoryMarshal.AsBytes<long>([.. _confusion, .. _labels])))
        {
            var counts = MemoryMarshal.Cast<byte, long>(part);
            Check.That(counts.Length == _confusion.Length + _labels.Length, $"mean IoU: all processes must count {Classes} classes, got {counts.Length} numbers from one.");
            for (var i = 0; i < counts.Length; i++)
                if (i < _confusion.Length) all._confusion[i] += counts[i];
                else all._labels[i - _confusion.Length] += counts[i];
        }
        return all;
    }

    /// <summary>Pixels of a label that were predicted so.</summary>
    public long Confusion(int label, int prediction) => _confusion[label * Classes + prediction];

    /// <summary>Intersection over union of a class; NaN when it occurs nowhere.</summary>
    public double Iou(int label) => (double)Confusion(label, label) / (Predicted(label) + _labels[label] - Confusion(label, label));

    /// <summary>The share of a class's pixels that were found; NaN when it has none.</summary>
    public double Accuracy(int label) => (double)Confusion(label, label) / _labels[label];

    /// <summary>The mean of the IoUs that there are (mIoU).</summary>
    public double Mean => MeanOf(Iou);

    /// <summary>The mean of the accuracies that there are (mAcc).</summary>
    public double MeanAccuracy => MeanOf(Accuracy);

    /// <summary>The share of all pixels that were found (aAcc).</summary>
    public double OverallAccuracy => (double)Enumerable.Range(0, Classes).Sum(c => Confusion(c, c)) / _labels.Sum();

    private long Predicted(int prediction)
    {
        var sum = 0L;
        for (var label = 0; label < Classes; label++) sum += Confusion(label, prediction);
        return sum;
    }

    private double MeanOf(Func<int, double> value) => Enumerable.Range(0, Classes).Select(value).Where(v => !double.IsNaN(v)).DefaultIfEmpty(double.NaN).Average();

    private static void Count(ReadOnlySpan<byte> labels, ReadOnlySpan<byte> predictions, Span<int> counts)
    {
        const ulong Ones = 0x0101010101010101;
        var labelWords = MemoryMarshal.Cast<byte, ulong>(labels);
        var predictionWords = MemoryMarshal.Cast<byte, ulong>(predictions);
        for (var w = 0; w < labelWords.Length; w++)
        {
            byte label = labels[8 * w], prediction = predictions[8 * w];
            if (labelWords[w] == label * Ones && predictionWords[w] == prediction * Ones)
            {
                var run = w + 1;
                while (run < labelWords.Length && labelWords[run] == labelWords[w] && predictionWords[run] == predictionWords[w]) run++;
                counts[256 * label + prediction] += 8 * (run - w);
                w = run - 1;
            }
            else
                for (var i = 8 * w; i < 8 * w + 8; i++) counts[256 * labels[i] + predictions[i]]++;
        }
        for (var i = 8 * labelWords.Length; i < labels.Length; i++) counts[256 * labels[i] + predictions[i]]++;
    }
}
