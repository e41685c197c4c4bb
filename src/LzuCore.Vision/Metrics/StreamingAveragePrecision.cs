using LzuCore.Memory;
using LzuCore.Vision.Data.Coco;

namespace LzuCore.Vision.Metrics;

/// <summary>What a detector had to say, and when it had.</summary>
/// <param name="ReadyAt">Seconds since the sequence's first frame.</param>
/// <param name="Detections">Boxes; their image ids play no part.</param>
public sealed record StreamedOutput(double ReadyAt, IReadOnlyList<CocoDetection> Detections);

/// <summary>One sequence as it went by.</summary>
/// <param name="ImageIds">Its frames in order.</param>
/// <param name="FrameTimes">When each was taken, in seconds since the first; rising.</param>
/// <param name="Outputs">What the detector gave, in any order.</param>
public sealed record StreamedSequence(IReadOnlyList<long> ImageIds, IReadOnlyList<double> FrameTimes, IReadOnlyList<StreamedOutput> Outputs)
{
    /// <summary>A sequence at a fixed rate: frame i at <c>i / framesPerSecond</c>.</summary>
    /// <exception cref="ArgumentValueException">The rate is not a positive number.</exception>
    public static StreamedSequence AtRate(IReadOnlyList<long> imageIds, double framesPerSecond, IReadOnlyList<StreamedOutput> outputs)
    {
        Check.That(framesPerSecond > 0 && double.IsFinite(framesPerSecond), $"streaming: frames per second must be positive, got {framesPerSecond}.");
        return new StreamedSequence(imageIds, [.. Enumerable.Range(0, imageIds.Count).Select(i => i / framesPerSecond)], outputs);
    }
}

/// <summary>Average precision of a detector that the world does not wait for: every frame is scored with the latest output that was ready when the frame was taken,
/// whichever frame that output was computed from. Before the first output there are no detections.</summary>
/// <remarks>An output that is ready at the very time of a frame counts for it. Source: Li, Wang, Ramanan, "Towards Streaming Perception", ECCV 2020.</remarks>
public static class StreamingAveragePrecision
{
    /// <summary>The detections that every frame is scored with.</summary>
    /// <exception cref="ArgumentValueException">There are not as many times as frames, times do not rise, or a time is not finite.</exception>
    public static IReadOnlyList<CocoDetection> Pair(StreamedSequence sequence)
    {
        var (frames, times) = (sequence.ImageIds, sequence.FrameTimes);
        Check.That(frames.Count == times.Count, $"streaming: there must be a time for each of {frames.Count} frames, got {times.Count}.");
        for (var i = 0; i < times.Count; i++) Check.That(double.IsFinite(times[i]) && (i == 0 || times[i] >= times[i - 1]), $"streaming: frame times must rise, got {times[i]} for frame {i}.");
        foreach (var output in sequence.Outputs) Check.That(double.IsFinite(output.ReadyAt), $"streaming: an output's time must be finite, got {output.ReadyAt}.");
        StreamedOutput[] outputs = [.. sequence.Outputs.OrderBy(o => o.ReadyAt)];
        var paired = new List<CocoDetection>();
        var ready = 0;
        for (var i = 0; i < frames.Count; i++)
        {
            while (ready < outputs.Length && outputs[ready].ReadyAt <= times[i]) ready++;
            if (ready == 0) continue;
            foreach (var one in outputs[ready - 1].Detections) paired.Add(one with { ImageId = frames[i] });
        }
        return paired;
    }

    /// <summary>The COCO metric of the paired detections.</summary>
    /// <param name="truth">Ground truth of all frames.</param>
    /// <param name="sequences">Every sequence once.</param>
    /// <exception cref="ArgumentValueException">As <see cref="Pair"/> and <see cref="CocoAveragePrecision.Score"/>.</exception>
    public static CocoScore Score(CocoAnnotations truth, IEnumerable<StreamedSequence> sequences) => CocoAveragePrecision.Score(truth, [.. sequences.SelectMany(Pair)]);
}
