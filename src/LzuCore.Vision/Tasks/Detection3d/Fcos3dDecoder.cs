using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Models;

namespace LzuCore.Vision.Tasks.Detection3d;

/// <summary>An FCOS3D head's output to boxes in space, by mmdetection3d's rule (1.0rc).</summary>
/// <remarks>A cell's score is class × centreness. For each level the thousand best cells; the projected centre is the cell's point less the offset, and is put at its depth;
/// yaw = φ + π·direction + atan2(u − cx, fx), where φ is the predicted angle brought into half a turn. Then rotated suppression from above within each class, over all levels, and the best two hundred.
/// Targets take atan2(X, Z) where this takes (u − cx) / fx: the same for a camera without skew. Numbers that are not finite are no detections.
/// Source: mmdetection3d 1.0rc, <c>FCOSMono3DHead.get_bboxes</c>.</remarks>
public sealed class Fcos3dDecoder
{
    private const double DirectionOffset = 0.7854;

    /// <summary>Scores at or below it are dropped.</summary>
    public float ScoreThreshold { get; init; } = 0.05f;

    /// <summary>A box that overlaps a better one of its class by as much, seen from above, is dropped.</summary>
    public double IouThreshold { get; init; } = 0.8;

    /// <summary>Cells kept of each level before suppression; at least 1.</summary>
    public int CellsPerLevel { get; init; } = 1000;

    /// <summary>Detections at most.</summary>
    public int MaxDetections { get; init; } = 200;

    private readonly record struct Cell(CameraBox3d Box, float[] Scores, int Attribute);

    /// <summary>The detections of one picture of a batch, by falling score.</summary>
    /// <param name="output">The head's output in evaluation.</param>
    /// <param name="camera">Of the network's input: scaled with the picture.</param>
    /// <param name="batchIndex">Which picture.</param>
    /// <exception cref="ShapeException">The levels, channels or sizes do not fit each other.</exception>
    public Detection3d[] Decode(Fcos3dOutput output, Camera camera, int batchIndex = 0)
    {
        var levels = output.Classes.Length;
        if (levels > Fcos3d.Strides.Length || output.Boxes.Length != levels || output.Directions.Length != levels || output.Attributes.Length != levels || output.Centerness.Length != levels)
            throw new ShapeException("fcos3d decode", $"there must be as many of each output, and at most {Fcos3d.Strides.Length} levels", $"{levels}, {output.Boxes.Length}, {output.Directions.Length}, {output.Attributes.Length}, {output.Centerness.Length}");
        Check.That(CellsPerLevel >= 1, $"fcos3d decode: cells a level must be 1 or more, got {CellsPerLevel}.");
        var cells = new List<Cell>();
        for (var level = 0; level < levels; level++) Decode(output, level, camera, batchIndex, cells);
        return Suppress(cells);
    }

    private void Decode(Fcos3dOutput output, int level, Camera camera, int batchIndex, List<Cell> found)
    {
        var shape = output.Classes[level].Shape;
        Check.Rank("fcos3d decode: classes", shape, 4);
        int classes = shape[1], attributes = output.Attributes[level].Shape[1], width = shape[3], cells = shape[2] * shape[3], stride = Fcos3d.Strides[level];
        if (batchIndex < 0 || batchIndex >= shape[0]) throw new ShapeException("fcos3d decode", $"batch index must be 0 to {shape[0] - 1}", $"{batchIndex}");
        float[] logits = Rows(output.Classes[level], classes), boxes = Rows(output.Boxes[level], Fcos3d.BoxValues), directions = Rows(output.Directions[level], 2),
            ofAttributes = Rows(output.Attributes[level], attributes), centerness = Rows(output.Centerness[level], 1);
        var best = new (float Score, int At)[cells];
        for (var cell = 0; cell < cells; cell++)
        {
            var top = float.NegativeInfinity;
            foreach (var logit in logits.AsSpan(cell * classes, classes)) top = Math.Max(top, logit);
            best[cell] = (Sigmoid(top) * Sigmoid(centerness[cell]), cell);
        }
        // Below the threshold a cell has nothing to say; NaN is below.
        var kept = best.Where(b => b.Score > ScoreThreshold).OrderByDescending(b => b.Score).Take(CellsPerLevel);
        foreach (var (_, cell) in kept)
        {
            var box = boxes.AsSpan(cell * Fcos3d.BoxValues, Fcos3d.BoxValues);
            double u = cell % width * stride + stride / 2 - box[0], v = cell / width * stride + stride / 2 - box[1];
            var center = camera.Unproject(u, v, box[2]);
            var angle = box[6] - DirectionOffset;
            angle -= Math.Floor(angle / Math.PI) * Math.PI;
            var turned = directions[2 * cell + 1] > directions[2 * cell] ? Math.PI : 0;
            var yaw = angle + DirectionOffset + turned + Math.Atan2(u - camera.Cx, camera.Fx);
            var decoded = new CameraBox3d(center.X, center.Y, center.Z, box[3], box[4], box[5], yaw, box[7], box[8]);
            if (!decoded.IsFinite) continue;
            var scores = new float[classes];
            for (var c = 0; c < classes; c++) scores[c] = Sigmoid(logits[cell * classes + c]) * Sigmoid(centerness[cell]);
            found.Add(new Cell(decoded, scores, Greatest(ofAttributes.AsSpan(cell * attributes, attributes))));
        }

        float[] Rows(Tensor tensor, int values)
        {
            Check.Shape("fcos3d decode: output", tensor.Shape, [shape[0], values, shape[2], shape[3]]);
            return tensor.Narrow(0, batchIndex, 1).To(Device.Cpu).To(DType.Float32).Permute(0, 2, 3, 1).ToArray<float>();
        }
    }

    private Detection3d[] Suppress(List<Cell> cells)
    {
        var detections = new List<Detection3d>();
        for (var label = 0; label < (cells.Count == 0 ? 0 : cells[0].Scores.Length); label++)
        {
            var candidates = cells.Where(c => c.Scores[label] > ScoreThreshold).ToArray();
            var kept = RotatedNms.Keep([.. candidates.Select(c => c.Box.FromAbove)], [.. candidates.Select(c => c.Scores[label])], IouThreshold, MaxDetections);
            detections.AddRange(kept.Select(i => new Detection3d(candidates[i].Box, candidates[i].Scores[label], label, candidates[i].Attribute)));
        }
        return [.. detections.OrderByDescending(d => d.Score).Take(MaxDetections)];
    }

    private static int Greatest(ReadOnlySpan<float> values)
    {
        var best = 0;
        for (var i = 1; i < values.Length; i++)
            if (values[i] > values[best]) best = i;
        return best;
    }

    private static float Sigmoid(float x) => 1 / (1 + MathF.Exp(-x));
}
