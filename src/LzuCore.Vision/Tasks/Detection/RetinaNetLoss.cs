using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Models;

namespace LzuCore.Vision.Tasks.Detection;

/// <summary>The losses of a detector, scalars.</summary>
/// <param name="Classes">Focal loss of the class logits.</param>
/// <param name="Boxes">Of the box deltas of anchors that have an object.</param>
public readonly record struct DetectionLosses(Tensor Classes, Tensor Boxes)
{
    /// <summary>Their sum.</summary>
    public Tensor Total => Classes + Boxes;
}

/// <summary>How predicted boxes are compared with the truth.</summary>
public enum BoxLoss
{
    /// <summary>The difference of the deltas.</summary>
    L1,
    /// <summary>One minus the generalised IoU of the decoded boxes: torchvision's second version, FOVEA's Faster R-CNN.</summary>
    GeneralizedIou,
}

/// <summary>RetinaNet's losses, by mmdetection's rule (2.x) or torchvision's (0.14).</summary>
/// <remarks>Focal loss over all anchors that are not ignored, box loss over those with an object. mmdetection divides both by the batch's Σ max(#objects' anchors, 1);
/// torchvision divides each picture's by its own max(#, 1) and takes the mean over pictures. Losses of half activations are float32.</remarks>
public sealed class RetinaNetLoss
{
    private readonly CheckpointLayout _layout;
    private readonly RetinaNetTargets _targets;

    /// <summary>The rule that goes with a layout.</summary>
    public RetinaNetLoss(CheckpointLayout layout) => (_layout, _targets) = (layout, new RetinaNetTargets(layout));

    /// <summary>Weight of anchors with an object in the focal loss, 1 − α of the others.</summary>
    public double Alpha { get; init; } = 0.25;

    /// <summary>How strongly easy anchors are played down.</summary>
    public double Gamma { get; init; } = 2;

    /// <summary>How boxes are compared.</summary>
    public BoxLoss BoxLoss { get; init; } = BoxLoss.L1;

    /// <summary>The processes whose batches count for mmdetection's divisor: the mean over processes of the losses is then that of one batch of them all. Null for this batch's own
    /// count, as mmdetection has it. torchvision's rule needs nothing of the kind.</summary>
    public ProcessGroup? Across { get; init; }

    /// <summary>The losses of a batch. Gradient: to logits and deltas.</summary>
    /// <param name="output">The head's output.</param>
    /// <param name="truths">One for each picture of the batch.</param>
    /// <param name="padded">The input's size.</param>
    /// <param name="zoomed">For features that were not unzoomed (FOVEA): anchors are matched in the original picture, in whose pixels the truths are then, and predicted boxes are compared there
    /// (or, under L1, the truths' deltas are taken in the zoomed one). Null where the head saw the truths' own geometry.</param>
    /// <exception cref="ShapeException">There are not as many truths as pictures.</exception>
    /// <exception cref="ArgumentValueException">A label is not a class.</exception>
    public DetectionLosses Compute(DetectorOutput output, IReadOnlyList<DetectionTruth> truths, Size2 padded, ZoomedFrame? zoomed = null)
    {
        var pictures = output.Logits[0].Shape[0];
        if (truths.Count != pictures) throw new ShapeException("detection loss", $"there must be a truth for each of {pictures} pictures", $"{truths.Count}");
        var classes = output.Logits[0].Shape[1] / RetinaNet.AnchorsPerCell;
        var anchors = _targets.Anchors(output.Sizes, padded);

        var target = new long[pictures * anchors.Length];
        var weight = new float[target.Length];
        var positives = new List<long>();
        var (positiveAnchors, positiveBoxes, positiveWeights) = (new List<Box>(), new List<Box>(), new List<float>());
        var positivesOf = new int[pictures];
        var total = 0;
        for (var i = 0; i < pictures; i++)
        {
            var assigned = _targets.Assign(zoomed?.ToOriginal(anchors, i) ?? anchors, output.Sizes, padded, truths[i]);
            var compared = BoxLoss == BoxLoss.L1 && zoomed is { } frame ? frame.ToZoomed(truths[i].Boxes, i) : truths[i].Boxes;
            var own = Math.Max(1, assigned.Count(a => a >= 0));
            total += own;
            var share = _layout == CheckpointLayout.Torchvision ? 1f / own / pictures : 1;
            for (var a = 0; a < anchors.Length; a++)
            {
                var row = i * anchors.Length + a;
                target[row] = -1;
                if (assigned[a] == Matcher.Ignored) continue;
                weight[row] = share;
                if (assigned[a] < 0) continue;
                var label = truths[i].Labels[assigned[a]];
                Check.That(label >= 0 && label < classes, $"detection loss: labels must be 0 to {classes - 1}, got {label}.");
                target[row] = label;
                positives.Add(row);
                positiveAnchors.Add(anchors[a]);
                positiveBoxes.Add(compared[assigned[a]]);
                positivesOf[i]++;
                positiveWeights.Add(share);
            }
        }
        var divisor = _layout == CheckpointLayout.Torchvision ? 1.0 : Across?.Mean(total) ?? total;
        var device = output.Logits[0].Device;
        var dtype = output.Logits[0].DType.IsHalf() ? DType.Float32 : output.Logits[0].DType;
        var logits = Pyramid.Rows(output.Logits, classes).To(dtype).Reshape(target.Length, classes);
        var deltas = Pyramid.Rows(output.Deltas, 4).To(dtype).Reshape(target.Length, 4).IndexSelect(0, Tensor.From(positives.ToArray(), [positives.Count]).To(device));
        var focal = F.SigmoidFocalLoss(logits, F.OneHot(Tensor.From(target, [target.Length]).To(device), classes, dtype), Alpha, Gamma, Reduction.None);
        var boxes = BoxLoss == BoxLoss.L1 ? Differences(deltas, positiveAnchors, positiveBoxes) : Overlaps(deltas, positiveAnchors, positiveBoxes, zoomed, positivesOf);
        return new(Sum(focal, weight, divisor), Sum(boxes, [.. positiveWeights], divisor));
    }

    // Σ rows · weights / divisor.
    private static Tensor Sum(Tensor rows, float[] weights, double divisor) => (rows * Tensor.From(weights, [weights.Length, 1]).To(rows.DType).To(rows.Device)).Sum() / divisor;

    private static Tensor Differences(Tensor deltas, List<Box> anchors, List<Box> boxes)
    {
        var encoded = new float[4 * anchors.Count];
        for (var i = 0; i < anchors.Count; i++)
            (encoded[4 * i], encoded[4 * i + 1], encoded[4 * i + 2], encoded[4 * i + 3]) = BoxCoder.Encode(anchors[i], boxes[i]);
        return F.L1(deltas, Tensor.From(encoded, [anchors.Count, 4]).To(deltas.DType).To(deltas.Device), Reduction.None);
    }

    private Tensor Overlaps(Tensor deltas, List<Box> anchors, List<Box> boxes, ZoomedFrame? zoomed, int[] positivesOf)
    {
        var coder = _layout == CheckpointLayout.Torchvision ? BoxCoder.Torchvision : BoxCoder.Mmdet;
        var predicted = BoxTensors.Decode(coder, Boxes.ToTensor(anchors.ToArray()).To(deltas.DType).To(deltas.Device), deltas);
        if (zoomed is { } frame)
        {
            var first = 0;
            predicted = F.Concat([.. positivesOf.Select((count, i) => frame.ToOriginal(predicted.Narrow(0, (first += count) - count, count), i))], 0);
        }
        return 1 - BoxTensors.GeneralizedIou(predicted, Boxes.ToTensor(boxes.ToArray()).To(deltas.DType).To(deltas.Device)).Unsqueeze(1);
    }
}
