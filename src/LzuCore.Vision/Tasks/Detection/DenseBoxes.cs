using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Models;

namespace LzuCore.Vision.Tasks.Detection;

/// <summary>The objects of a picture for a dense head.</summary>
/// <param name="Boxes">In input pixels (edges).</param>
/// <param name="Labels">Classes, from 0.</param>
/// <param name="Ignored">What is neither object nor background.</param>
public readonly record struct DenseTruth(Box[] Boxes, int[] Labels, Box[] Ignored);

/// <summary>A cell that has an object.</summary>
/// <param name="Row">Among all pictures' cells.</param>
/// <param name="Picture">Which of the batch.</param>
/// <param name="Object">Which of the picture's objects.</param>
/// <param name="Cell">Which of the picture's cells.</param>
public readonly record struct DensePositive(int Row, int Picture, int Object, int Cell);

/// <summary>The boxes of a dense head: its loss, and its answers.</summary>
/// <remarks>A cell says <c>centre = middle + (dx, dy)·stride, size = exp(clamp(log size, -4, 5))·2·stride</c>. Loss: focal (α 0.25, γ 2) over the cells that take part, divided by the number of cells with an
/// object in the batch; and the mean of 1 − GIoU over those.</remarks>
public static class DenseBoxes
{
    private const double LeastLogSize = -4, MostLogSize = 5;

    /// <summary>The focal loss of a batch, and which cells have objects.</summary>
    /// <param name="output">The head's.</param>
    /// <param name="strides">Input pixels a cell of each level.</param>
    /// <param name="classes">How many of a row's numbers are class logits.</param>
    /// <param name="truths">One for each picture.</param>
    /// <param name="across">The processes whose cells are counted: the mean over processes of the loss is then that of one batch of them all. Null for this batch's own.</param>
    /// <exception cref="ShapeException">There are not as many truths as pictures.</exception>
    public static (Tensor Loss, IReadOnlyList<DensePositive> Positives) ClassLoss(DenseOutput output, IReadOnlyList<int> strides, int classes, IReadOnlyList<DenseTruth> truths, ProcessGroup? across = null)
    {
        int pictures = output.Rows.Shape[0], cells = output.Rows.Shape[1];
        if (truths.Count != pictures) throw new ShapeException("dense loss", $"there must be a truth for each of {pictures} pictures", $"{truths.Count}");
        var targets = new float[pictures * cells * classes];
        var counts = new float[pictures * cells];
        var positives = new List<DensePositive>();
        for (var picture = 0; picture < pictures; picture++)
        {
            var marks = DenseTargets.Assign(output.Sizes, strides, truths[picture].Boxes, truths[picture].Ignored);
            for (var cell = 0; cell < cells; cell++)
            {
                var row = picture * cells + cell;
                counts[row] = marks[cell] == DenseTargets.Ignored ? 0 : 1;
                if (marks[cell] < 0) continue;
                var label = truths[picture].Labels[marks[cell]];
                Check.That(label >= 0 && label < classes, $"dense loss: labels must be 0 to {classes - 1}, got {label}.");
                targets[row * classes + label] = 1;
                positives.Add(new DensePositive(row, picture, marks[cell], cell));
            }
        }
        var logits = output.Rows.Narrow(2, 0, classes);
        var focal = F.SigmoidFocalLoss(logits, Tensor.From(targets, logits.Shape).To(logits.Device), reduction: Reduction.None);
        return ((focal * Tensor.From(counts, [pictures, cells, 1]).To(logits.Device)).Sum() / Divisor(positives.Count, across ?? ProcessGroup.Alone), positives);

        static double Divisor(int count, ProcessGroup processes) => Math.Max(1, processes.Sum(count)) / processes.World;
    }

    /// <summary>The rows of cells that have an object: [m, values], gradients to the output.</summary>
    public static Tensor RowsOf(DenseOutput output, IReadOnlyList<DensePositive> positives)
    {
        var shape = output.Rows.Shape;
        return output.Rows.Reshape(shape[0] * shape[1], shape[2]).IndexSelect(0, Tensor.From([.. positives.Select(p => (long)p.Row)], [positives.Count]).To(output.Rows.Device));
    }

    /// <summary>The boxes that rows say, [m, 4], in input pixels.</summary>
    /// <param name="values">[m, 4 or more]: dx, dy, log w, log h.</param>
    /// <param name="cells">Each row's cell.</param>
    public static Tensor Decode(Tensor values, IReadOnlyList<DenseCell> cells)
    {
        var (middles, strides) = (new float[2 * cells.Count], new float[cells.Count]);
        for (var i = 0; i < cells.Count; i++) (middles[2 * i], middles[2 * i + 1], strides[i]) = (cells[i].X, cells[i].Y, cells[i].Stride);
        var stride = Tensor.From(strides, [cells.Count, 1]).To(values.Device);
        var centre = Tensor.From(middles, [cells.Count, 2]).To(values.Device) + values.Narrow(1, 0, 2) * stride;
        var half = values.Narrow(1, 2, 2).Clamp(LeastLogSize, MostLogSize).Exp() * stride;
        return F.Concat([centre - half, centre + half], 1);
    }

    /// <summary>The mean of 1 − GIoU, 0 without boxes.</summary>
    /// <param name="boxes">[m, 4], with gradients.</param>
    /// <param name="truths">Row by row.</param>
    /// <param name="across">The processes over whose boxes the mean is, as in <see cref="ClassLoss"/>.</param>
    public static Tensor BoxLoss(Tensor boxes, IReadOnlyList<Box> truths, ProcessGroup? across = null)
    {
        var share = (across ?? ProcessGroup.Alone).Share(truths.Count);
        return truths.Count == 0 ? boxes.Sum() : (1 - BoxTensors.GeneralizedIou(boxes, Boxes.ToTensor([.. truths]).To(boxes.Device))).Mean() * share;
    }

    /// <summary>What a picture's rows say: the cells that score above a bound, best first, after suppression within each class.</summary>
    /// <param name="rows">[cells · values] of one picture.</param>
    /// <param name="values">Numbers a row.</param>
    /// <param name="classes">How many of them are class logits.</param>
    /// <param name="cells">The picture's cells.</param>
    /// <param name="options">Bounds.</param>
    public static IReadOnlyList<DenseDetection> Decode(ReadOnlySpan<float> rows, int values, int classes, DenseCell[] cells, DenseDecoderOptions options)
    {
        var least = MathF.Log(options.Score / (1 - options.Score));
        var candidates = new List<(float Logit, int Cell, int Label)>();
        for (var cell = 0; cell < cells.Length; cell++)
            for (var label = 0; label < classes; label++)
                if (rows[cell * values + label] is var logit && logit > least) candidates.Add((logit, cell, label));
        // Equal logits keep their order.
        var best = candidates.OrderByDescending(c => c.Logit).Take(options.Candidates).ToArray();
        var boxes = new Box[best.Length];
        for (var i = 0; i < best.Length; i++)
        {
            var (cell, at) = (cells[best[i].Cell], best[i].Cell * values + classes);
            float x = cell.X + rows[at] * cell.Stride, y = cell.Y + rows[at + 1] * cell.Stride;
            float w = Half(rows[at + 2]) * cell.Stride, h = Half(rows[at + 3]) * cell.Stride;
            boxes[i] = new Box(x - w, y - h, x + w, y + h);
        }
        float[] scores = [.. best.Select(b => 1 / (1 + MathF.Exp(-b.Logit)))];
        var kept = Nms.KeepPerClass(boxes, scores, [.. best.Select(b => b.Label)], options.Overlap, options.Most);
        return [.. kept.Select(i => new DenseDetection(boxes[i], scores[i], best[i].Label, best[i].Cell))];

        static float Half(float log) => MathF.Exp(Math.Clamp(log, (float)LeastLogSize, (float)MostLogSize));
    }
}

/// <summary>What a dense head's answers are cut down to.</summary>
public sealed record DenseDecoderOptions
{
    /// <summary>The least score.</summary>
    public float Score { get; init; } = 0.03f;

    /// <summary>How many cells and classes go into suppression.</summary>
    public int Candidates { get; init; } = 200;

    /// <summary>The greatest IoU of two boxes of a class.</summary>
    public double Overlap { get; init; } = 0.5;

    /// <summary>The most boxes of a picture.</summary>
    public int Most { get; init; } = 80;
}

/// <summary>An object that a dense head found.</summary>
/// <param name="Box">In input pixels.</param>
/// <param name="Score">0 to 1.</param>
/// <param name="Label">Its class.</param>
/// <param name="Cell">The cell that found it, whose row may say more.</param>
public readonly record struct DenseDetection(Box Box, float Score, int Label, int Cell);
