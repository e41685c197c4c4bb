using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Vision.Models;

namespace LzuCore.Vision.Tasks.Detection3d;

/// <summary>The nine losses of a monocular 3-D detector, scalars.</summary>
/// <param name="Classes">Focal loss of the class logits.</param>
/// <param name="Offset">Of the projected centre.</param>
/// <param name="Depth">Of the depth.</param>
/// <param name="Size">Of length, height and width.</param>
/// <param name="Rotation">Of the sine of the yaw's difference, which two opposite yaws share.</param>
/// <param name="Velocity">Of the velocity.</param>
/// <param name="Direction">Of the half turn.</param>
/// <param name="Attribute">Of the attribute.</param>
/// <param name="Centerness">Of the centreness.</param>
public readonly record struct Detection3dLosses(Tensor Classes, Tensor Offset, Tensor Depth, Tensor Size, Tensor Rotation, Tensor Velocity, Tensor Direction, Tensor Attribute, Tensor Centerness)
{
    /// <summary>Their sum.</summary>
    public Tensor Total => Classes + Offset + Depth + Size + Rotation + Velocity + Direction + Attribute + Centerness;
}

/// <summary>FCOS3D's losses, all of weight 1.</summary>
/// <remarks>Classes: focal, divided by the batch's cells with an object plus its pictures. Boxes: smooth L1 (β = 1/9) of those cells, depth weighted 0.2 and velocity 0.05, divided by their number.
/// Rotation compares sin p·cos t with cos p·sin t, and the gradient flows through both. Direction: cross-entropy; attribute: cross-entropy weighted by the centreness target;
/// centreness: binary cross-entropy. Losses of half activations are float32. Source: mmdetection3d 1.0rc, <c>FCOSMono3DHead.loss</c>.</remarks>
public sealed class Fcos3dLoss
{
    private const double Beta = 1.0 / 9;
    // A yaw's half turns begin here: a car that drives towards the camera or away from it is far from either border.
    private const double DirectionOffset = 0.7854;

    private static readonly float[] CodeWeights = [1, 1, 0.2f, 1, 1, 1, 1, 0.05f, 0.05f];

    /// <summary>Weight of cells with an object in the focal loss, 1 − α of the others.</summary>
    public double Alpha { get; init; } = 0.25;

    /// <summary>How strongly easy cells are played down.</summary>
    public double Gamma { get; init; } = 2;

    /// <summary>The processes whose batches count for the divisors: the mean over processes of the losses is then that of one batch of them all. Null for this batch's own counts,
    /// as mmdetection3d has it.</summary>
    public ProcessGroup? Across { get; init; }

    /// <summary>The losses of a batch. Gradient: to all outputs.</summary>
    /// <param name="output">The head's output in training mode.</param>
    /// <param name="truths">One for each picture of the batch.</param>
    /// <exception cref="ShapeException">There are not as many truths as pictures.</exception>
    /// <exception cref="ArgumentValueException">A label or attribute is out of range.</exception>
    public Detection3dLosses Compute(Fcos3dOutput output, IReadOnlyList<Detection3dTruth> truths)
    {
        var pictures = output.Classes[0].Shape[0];
        int classes = output.Classes[0].Shape[1], attributes = output.Attributes[0].Shape[1];
        if (truths.Count != pictures) throw new ShapeException("3-D detection loss", $"there must be a truth for each of {pictures} pictures", $"{truths.Count}");
        var sizes = output.Sizes;
        var cells = sizes.Sum(s => s.Height * s.Width);

        var target = new long[pictures * cells];
        Array.Fill(target, -1);
        var (rows, targetAttributes, directions) = (new List<long>(), new List<long>(), new List<long>());
        var (boxes, centerness) = (new List<float>(), new List<float>());
        for (var i = 0; i < pictures; i++)
        {
            var truth = truths[i];
            var assignment = Fcos3dTargets.Assign(sizes, truth);
            for (var cell = 0; cell < cells; cell++)
            {
                if (assignment.Objects[cell] is var number && number < 0) continue;
                Check.That(truth.Labels[number] >= 0 && truth.Labels[number] < classes, $"3-D detection loss: labels must be 0 to {classes - 1}, got {truth.Labels[number]}.");
                Check.That(truth.Attributes[number] >= 0 && truth.Attributes[number] < attributes, $"3-D detection loss: attributes must be 0 to {attributes - 1}, got {truth.Attributes[number]}.");
                target[i * cells + cell] = truth.Labels[number];
                rows.Add(i * cells + cell);
                targetAttributes.Add(truth.Attributes[number]);
                var box = assignment.Boxes.AsSpan(Fcos3d.BoxValues * cell, Fcos3d.BoxValues);
                foreach (var value in box) boxes.Add(value);
                directions.Add(DirectionOf(box[6]));
                centerness.Add(assignment.Centerness[cell]);
            }
        }
        var (device, dtype, positives) = (output.Classes[0].Device, output.Classes[0].DType.IsHalf() ? DType.Float32 : output.Classes[0].DType, rows.Count);
        var at = Ids(rows);
        var predicted = Taken(output.Boxes, Fcos3d.BoxValues);
        var wanted = Values(boxes, positives, Fcos3d.BoxValues);
        var weights = Values([.. CodeWeights], 1, CodeWeights.Length);
        var closeness = Values(centerness, positives);
        // Of all batches, then a process's share: the losses' mean over processes divides once more.
        Span<double> totals = [positives, pictures, centerness.Sum(c => (double)c)];
        Across?.Sum(totals);
        var world = Across?.World ?? 1;
        var (focalCount, count, sum) = ((totals[0] + totals[1]) / world, Math.Max(1, totals[0]) / world, Math.Max(totals[2], 1e-6) / world);
        var (sinTimesCos, cosTimesSin) = (Column(predicted, 6, 1).Sin() * Column(wanted, 6, 1).Cos(), Column(predicted, 6, 1).Cos() * Column(wanted, 6, 1).Sin());

        var all = Pyramid.Rows(output.Classes, classes).To(dtype).Reshape(target.Length, classes);
        var focal = F.SigmoidFocalLoss(all, F.OneHot(Tensor.From(target, [target.Length]).To(device), classes, dtype), Alpha, Gamma);
        return new(
            focal / focalCount,
            Smooth(0, 2), Smooth(2, 1), Smooth(3, 3),
            (F.SmoothL1(sinTimesCos, cosTimesSin, Beta, Reduction.None) * Column(weights, 6, 1)).Sum() / count,
            Smooth(7, 2),
            F.CrossEntropy(Taken(output.Directions, 2), Ids(directions), reduction: Reduction.Sum) / count,
            (F.CrossEntropy(Taken(output.Attributes, attributes), Ids(targetAttributes), reduction: Reduction.None) * closeness).Sum() / sum,
            F.BinaryCrossEntropyWithLogits(Taken(output.Centerness, 1).Squeeze(1), closeness, Reduction.Sum) / count);

        Tensor Smooth(int first, int columns) =>
            (F.SmoothL1(Column(predicted, first, columns), Column(wanted, first, columns), Beta, Reduction.None) * Column(weights, first, columns)).Sum() / count;
        Tensor Taken(Tensor[] levels, int values) => Pyramid.Rows(levels, values).To(dtype).Reshape(pictures * cells, values).IndexSelect(0, at);
        Tensor Ids(List<long> values) => Tensor.From(values.ToArray(), [values.Count]).To(device);
        Tensor Values(List<float> values, params int[] shape) => Tensor.From(values.ToArray(), shape).To(dtype).To(device);
    }

    private static Tensor Column(Tensor rows, int first, int columns) => rows.Narrow(1, first, columns);

    // Which half turn, counted from the offset.
    private static long DirectionOf(float localYaw)
    {
        var turn = localYaw - DirectionOffset;
        turn -= Math.Floor(turn / (2 * Math.PI)) * 2 * Math.PI;
        return Math.Clamp((long)Math.Floor(turn / Math.PI), 0, 1);
    }
}
