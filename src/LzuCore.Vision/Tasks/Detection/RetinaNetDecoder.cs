using System.Runtime.Intrinsics;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Models;
using LzuCore.Warping;

namespace LzuCore.Vision.Tasks.Detection;

/// <summary>Where the picture that a head saw lies in the original one.</summary>
/// <param name="Padded">Size of the network's input.</param>
/// <param name="Valid">The part of it that is picture: the rest, at the bottom and right, is padding.</param>
/// <param name="Original">Size of the original picture, which <paramref name="Valid"/> shows all of.</param>
public readonly record struct DetectionFrame(Size2 Padded, Size2 Valid, Size2 Original)
{
    /// <summary>The warp that made the valid part of the original, where boxes have to be unwarped; null where the head saw the original geometry.</summary>
    public WarpGrid? Warp { get; init; }

    /// <summary>A picture that went in as it is.</summary>
    public static DetectionFrame Of(Size2 size) => new(size, size, size);
}

/// <summary>A RetinaNet head's output to detections, by mmdetection's rule (2.2x) or torchvision's (0.14).</summary>
/// <remarks>For each level: sigmoid, (anchor, class) pairs above the threshold, the best thousand, decoded and clipped to the picture; then suppression within each class
/// over all levels, and the best hundred (mmdetection) or three hundred (torchvision). mmdetection goes to original pixels before the suppression, torchvision after.
/// Equal scores keep the order of the output. Values that are not numbers are no detections.</remarks>
public sealed class RetinaNetDecoder
{
    // This far under a score's logit no rounding of the sigmoid can reach the score, up to the highest score that this is asked of.
    private const float LogitMargin = 1e-3f;
    private const float HighestCut = 0.99f;

    private readonly CheckpointLayout _layout;
    private readonly AnchorGenerator _anchors;
    private readonly BoxCoder _coder;

    /// <summary>The rule that goes with a layout.</summary>
    public RetinaNetDecoder(CheckpointLayout layout)
    {
        _layout = layout;
        (_anchors, _coder, MaxDetections) = layout == CheckpointLayout.Torchvision
            ? (AnchorGenerator.Torchvision(), BoxCoder.Torchvision, 300)
            : (AnchorGenerator.Mmdet(RetinaNet.Strides), BoxCoder.Mmdet, 100);
    }

    /// <summary>Pairs at or below it are dropped.</summary>
    public float ScoreThreshold { get; init; } = 0.05f;

    /// <summary>A box that overlaps a better one of its class by more is dropped.</summary>
    public double IouThreshold { get; init; } = 0.5;

    /// <summary>Pairs kept of each level before suppression; at least 1.</summary>
    public int CandidatesPerLevel { get; init; } = 1000;

    /// <summary>Detections at most.</summary>
    public int MaxDetections { get; init; }

    /// <summary>The detections of one picture of a batch, by falling score, in original pixels.</summary>
    /// <exception cref="ShapeException">The levels, channels or sizes do not fit each other.</exception>
    public Detection[] Decode(DetectorOutput output, DetectionFrame frame, int batchIndex = 0)
    {
        if (output.Logits.Length > _anchors.Levels || output.Logits.Length != output.Deltas.Length)
            throw new ShapeException("decode", $"there must be as many logits as deltas, and at most {_anchors.Levels} levels", $"{output.Logits.Length} and {output.Deltas.Length}");
        Check.That(CandidatesPerLevel >= 1, $"decode: candidates a level must be 1 or more, got {CandidatesPerLevel}.");
        var (boxes, scores, labels) = (new List<Box>(), new List<float>(), new List<int>());
        for (var level = 0; level < output.Logits.Length; level++)
        {
            var (logits, deltas) = (OnHost(output.Logits[level]), OnHost(output.Deltas[level]));
            Decode(level, logits, deltas, frame, batchIndex, boxes, scores, labels);
            GC.KeepAlive(logits);
            GC.KeepAlive(deltas);
        }
        var (all, allScores, allLabels) = (boxes.ToArray(), scores.ToArray(), labels.ToArray());
        float toOriginalX = frame.Original.Width / (float)frame.Valid.Width, toOriginalY = frame.Original.Height / (float)frame.Valid.Height;
        if (_layout == CheckpointLayout.Mmdet) Scale(all);
        var kept = _layout == CheckpointLayout.Mmdet
            ? Nms.KeepPerClass(all, allScores, allLabels, IouThreshold, MaxDetections)
            : Nms.KeepPerClassTorchvision(all, allScores, allLabels, IouThreshold, MaxDetections);
        if (_layout == CheckpointLayout.Torchvision) Scale(all);
        return [.. kept.Select(i => new Detection(all[i], allScores[i], allLabels[i]))];

        void Scale(Box[] array)
        {
            if (frame.Warp is { } warp) Boxes.From(warp.To(Device.Cpu).ToOriginal(Boxes.ToTensor(array), frame.Valid, frame.Original)).CopyTo(array, 0);
            if (frame.Warp is not null || frame.Valid == frame.Original) return;
            for (var i = 0; i < array.Length; i++) array[i] = array[i].Scale(toOriginalX, toOriginalY);
        }
    }

    private static Tensor OnHost(Tensor tensor) => tensor.To(Device.Cpu).Contiguous();

    private unsafe void Decode(int level, Tensor logits, Tensor deltas, DetectionFrame frame, int batchIndex, List<Box> boxes, List<float> scores, List<int> labels)
    {
        Check.Rank("decode: logits", logits.Shape, 4);
        int channels = logits.Shape[1], height = logits.Shape[2], width = logits.Shape[3], perCell = _anchors.PerCell;
        if (channels % perCell != 0) throw new ShapeException("decode: logits", $"channels must be a multiple of {perCell} anchors", logits.Shape.ToString());
        if (batchIndex < 0 || batchIndex >= logits.Shape[0]) throw new ShapeException("decode", $"batch index must be 0 to {logits.Shape[0] - 1}", $"{batchIndex}");
        Check.Shape("decode: deltas", deltas.Shape, [logits.Shape[0], 4 * perCell, height, width]);
        // Channels-last: cell by cell, anchor by anchor, class by class. The flat position is the reference's own order.
        var classes = channels / perCell;
        var flat = new ReadOnlySpan<float>(logits.View.Pointer<float>() + (long)batchIndex * channels * height * width, channels * height * width);
        var delta = new ReadOnlySpan<float>(deltas.View.Pointer<float>() + 4L * batchIndex * perCell * height * width, 4 * perCell * height * width);
        var stride = _anchors.StrideOf(level, new Size2(height, width), frame.Padded);
        foreach (var (score, at) in Best(flat))
        {
            var (anchor, label) = (at / classes, at % classes);
            var (cell, number) = (anchor / perCell, anchor % perCell);
            var d = delta.Slice(4 * anchor, 4);
            var box = _coder.Decode(_anchors.At(level, cell / width, cell % width, number, stride), d[0], d[1], d[2], d[3]);
            if (!box.IsFinite) continue;
            boxes.Add(box.Clip(frame.Valid));
            scores.Add(score);
            labels.Add(label);
        }
    }

    // The best scores above the threshold with their positions, best first. A list that is four times too long is cut back, so memory does not grow with the image.
    private List<(float Score, int At)> Best(ReadOnlySpan<float> logits)
    {
        var found = new List<(float Score, int At)>();
        var least = ScoreThreshold;
        var cut = CutOf(least);
        var cuts = Vector256.Create(cut);
        for (var i = 0; i < logits.Length; i++)
        {
            // Nearly all are far below: eight at a time.
            while (i + Vector256<float>.Count <= logits.Length && !Vector256.GreaterThanOrEqualAny(Vector256.Create(logits.Slice(i, Vector256<float>.Count)), cuts)) i += Vector256<float>.Count;
            if (i >= logits.Length || !(logits[i] >= cut)) continue;
            var score = 1 / (1 + MathF.Exp(-logits[i]));
            if (!(score > least)) continue;
            found.Add((score, i));
            if (found.Count < 4 * CandidatesPerLevel) continue;
            Trim(found);
            least = found[^1].Score;
            cuts = Vector256.Create(cut = CutOf(least));
        }
        Trim(found);
        return found;
    }

    private static float CutOf(float score) => score <= 0 ? float.NegativeInfinity : MathF.Log(Math.Min(score, HighestCut) / (1 - Math.Min(score, HighestCut))) - LogitMargin;

    private void Trim(List<(float Score, int At)> found)
    {
        found.Sort(static (a, b) => a.Score != b.Score ? b.Score.CompareTo(a.Score) : a.At.CompareTo(b.At));
        if (found.Count > CandidatesPerLevel) found.RemoveRange(CandidatesPerLevel, found.Count - CandidatesPerLevel);
    }
}
