using LzuCore.Memory;
using LzuCore.Vision.Data;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Models;

namespace LzuCore.Vision.Tasks.Detection3d;

/// <summary>The objects of one training picture.</summary>
/// <param name="Boxes2d">In pixels of the network's input.</param>
/// <param name="Boxes">In the camera's frame.</param>
/// <param name="Centers">Projections of the boxes' centres, in pixels of the network's input; they may lie outside the 2-D boxes.</param>
/// <param name="Labels">Classes, from 0.</param>
/// <param name="Attributes">Attributes, from 0; the last is none.</param>
public readonly record struct Detection3dTruth(Box[] Boxes2d, CameraBox3d[] Boxes, (float X, float Y)[] Centers, int[] Labels, int[] Attributes)
{
    /// <summary>The objects of a sample whose picture is the network's input.</summary>
    public static Detection3dTruth Of(Detection3dSample sample) =>
        new([.. sample.Boxes], [.. sample.Boxes3d], [.. sample.Centers.Select(c => ((float)c.X, (float)c.Y))], [.. sample.Labels], [.. sample.Attributes]);
}

/// <summary>What every cell of a picture shall predict. Arrays run level by level, row by row.</summary>
/// <param name="Objects">The index of each cell's object, or −1 for background.</param>
/// <param name="Boxes">Nine numbers a cell, as <see cref="Fcos3dOutput.Boxes"/> has them in training; zeros for background.</param>
/// <param name="Centerness">exp(−2.5·distance / (1.414·1.5·stride)); 0 for background.</param>
public readonly record struct Fcos3dAssignment(int[] Objects, float[] Boxes, float[] Centerness);

/// <summary>Which cell predicts which object, and what: FCOS3D's rule.</summary>
/// <remarks>A cell's point is (column·stride + stride/2, row·stride + stride/2). It may predict an object when the point lies within 1.5 strides of the projected centre on both axes, and the
/// greatest distance to the 2-D box' sides is in the level's range, both ends included; of several objects the one with the nearest centre is taken, of equally near ones the first.
/// All in float32, as the reference. The local yaw is yaw − atan2(X, Z), not wrapped. Source: mmdetection3d 1.0rc, <c>FCOSMono3DHead.get_targets</c>.</remarks>
public static class Fcos3dTargets
{
    // Strides around a centre in which cells take part.
    private const float Radius = 1.5f;
    private const float Falloff = 2.5f;

    private static readonly (float Least, float Most)[] Ranges = [(-1, 48), (48, 96), (96, 192), (192, 384), (384, 1e8f)];

    /// <summary>The assignment of one picture.</summary>
    /// <param name="levels">Height and width of each level's output.</param>
    /// <param name="truth">The objects.</param>
    /// <exception cref="ArgumentValueException">The arrays differ in length, or a number is not finite.</exception>
    /// <exception cref="ShapeException">There are not five levels.</exception>
    public static Fcos3dAssignment Assign(IReadOnlyList<Size2> levels, Detection3dTruth truth)
    {
        var count = truth.Boxes.Length;
        Check.That(truth.Boxes2d.Length == count && truth.Centers.Length == count && truth.Labels.Length == count && truth.Attributes.Length == count,
            $"targets: there must be as many 2-D boxes, centres, labels and attributes as 3-D boxes, got {truth.Boxes2d.Length}, {truth.Centers.Length}, {truth.Labels.Length}, {truth.Attributes.Length} and {count}.");
        for (var i = 0; i < count; i++)
            Check.That(truth.Boxes2d[i].IsFinite && truth.Boxes[i].IsFinite && float.IsFinite(truth.Centers[i].X) && float.IsFinite(truth.Centers[i].Y),
                $"targets: boxes and centres must be finite, got {truth.Boxes[i]} for object {i}. Remove it from the ground truth, or give unknown velocities as 0.");
        if (levels.Count != Ranges.Length) throw new ShapeException("fcos3d targets", $"there must be {Ranges.Length} levels", $"{levels.Count}");
        var cells = levels.Sum(l => l.Height * l.Width);
        var assignment = new Fcos3dAssignment(new int[cells], new float[Fcos3d.BoxValues * cells], new float[cells]);
        var cell = 0;
        for (var level = 0; level < levels.Count; level++)
        {
            var stride = Fcos3d.Strides[level];
            for (var y = 0; y < levels[level].Height; y++)
                for (var x = 0; x < levels[level].Width; x++, cell++)
                    Assign(assignment, cell, x * stride + stride / 2, y * stride + stride / 2, stride, Ranges[level], truth);
        }
        return assignment;
    }

    private static void Assign(Fcos3dAssignment assignment, int cell, float x, float y, int stride, (float Least, float Most) range, Detection3dTruth truth)
    {
        var reach = stride * Radius;
        var (nearest, taken) = (float.PositiveInfinity, -1);
        for (var i = 0; i < truth.Boxes.Length; i++)
        {
            var ((centerX, centerY), box) = (truth.Centers[i], truth.Boxes2d[i]);
            if (!(Math.Min(Math.Min(x - (centerX - reach), centerX + reach - x), Math.Min(y - (centerY - reach), centerY + reach - y)) > 0)) continue;
            var farthest = Math.Max(Math.Max(x - box.X1, box.X2 - x), Math.Max(y - box.Y1, box.Y2 - y));
            if (!(farthest >= range.Least && farthest <= range.Most)) continue;
            var (dx, dy) = (x - centerX, y - centerY);
            var distance = MathF.Sqrt(dx * dx + dy * dy);
            if (distance < nearest) (nearest, taken) = (distance, i);
        }
        assignment.Objects[cell] = taken;
        if (taken < 0) return;
        var (b, center) = (truth.Boxes[taken], truth.Centers[taken]);
        var target = assignment.Boxes.AsSpan(Fcos3d.BoxValues * cell, Fcos3d.BoxValues);
        target[0] = (x - center.X) / stride;
        target[1] = (y - center.Y) / stride;
        target[2] = (float)b.Z;
        target[3] = (float)b.Length;
        target[4] = (float)b.Height;
        target[5] = (float)b.Width;
        target[6] = (float)(b.Yaw - Math.Atan2(b.X, b.Z));
        target[7] = (float)b.VelocityX;
        target[8] = (float)b.VelocityZ;
        assignment.Centerness[cell] = MathF.Exp(-Falloff * nearest / (1.414f * Radius * stride));
    }
}
