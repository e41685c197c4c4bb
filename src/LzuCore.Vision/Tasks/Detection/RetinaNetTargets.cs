using LzuCore.Memory;
using LzuCore.Vision.Data;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Models;

namespace LzuCore.Vision.Tasks.Detection;

/// <summary>The objects of one training picture.</summary>
/// <param name="Boxes">In pixels of the network's input.</param>
/// <param name="Labels">Classes, from 0; torchvision's count the background as 0.</param>
public readonly record struct DetectionTruth(Box[] Boxes, int[] Labels)
{
    /// <summary>Size of this picture with its own padding, where pictures of several sizes share a batch; null for the whole input. Cells beyond it take no part.</summary>
    public Size2? Valid { get; init; }

    /// <summary>The objects of a sample whose picture is the network's input.</summary>
    public static DetectionTruth Of(DetectionSample sample) => new([.. sample.Boxes], [.. sample.Labels]);
}

/// <summary>Which anchor predicts which object: the anchors of all levels together, matched by mmdetection's rule or torchvision's.</summary>
public sealed class RetinaNetTargets
{
    private readonly AnchorGenerator _generator;
    private readonly Matcher _matcher;
    private readonly bool _checksValid;

    /// <summary>The rule that goes with a layout.</summary>
    public RetinaNetTargets(CheckpointLayout layout)
    {
        (_generator, _matcher, _checksValid) = layout == CheckpointLayout.Torchvision
            ? (AnchorGenerator.Torchvision(), Matcher.Torchvision, false)
            : (AnchorGenerator.Mmdet(RetinaNet.Strides), Matcher.Mmdet, true);
    }

    /// <summary>The anchors of an input, in the order of <see cref="Pyramid.Rows"/>.</summary>
    /// <param name="levels">Height and width of each level's output.</param>
    /// <param name="padded">The input's size.</param>
    public Box[] Anchors(IReadOnlyList<Size2> levels, Size2 padded) => [.. _generator.Generate(levels, padded).SelectMany(level => level)];

    /// <summary>For every anchor the index of its object, <see cref="Matcher.Negative"/> or <see cref="Matcher.Ignored"/>.</summary>
    /// <param name="anchors">From <see cref="Anchors"/>.</param>
    /// <param name="levels">Height and width of each level's output.</param>
    /// <param name="padded">The input's size.</param>
    /// <param name="truth">The objects.</param>
    /// <exception cref="ArgumentValueException">Boxes and labels differ in number, or a box is not finite.</exception>
    public int[] Assign(Box[] anchors, IReadOnlyList<Size2> levels, Size2 padded, DetectionTruth truth)
    {
        Check.That(truth.Boxes.Length == truth.Labels.Length, $"targets: there must be a label for each box, got {truth.Boxes.Length} boxes and {truth.Labels.Length} labels.");
        foreach (var box in truth.Boxes) Check.That(box.IsFinite, $"targets: boxes must be finite, got {box}. Remove it from the ground truth.");
        if (!_checksValid || truth.Valid is not { } valid || valid == padded) return _matcher.Match(anchors, truth.Boxes);
        var inside = Inside(levels, valid);
        var matched = _matcher.Match(anchors.Where((_, i) => inside[i]).ToArray(), truth.Boxes);
        var assigned = new int[anchors.Length];
        for (int i = 0, next = 0; i < assigned.Length; i++) assigned[i] = inside[i] ? matched[next++] : Matcher.Ignored;
        return assigned;
    }

    // A cell counts when it begins inside the picture's own padded size.
    private bool[] Inside(IReadOnlyList<Size2> levels, Size2 valid)
    {
        var inside = new List<bool>();
        for (var level = 0; level < levels.Count; level++)
        {
            var stride = RetinaNet.Strides[level];
            var (rows, columns) = ((valid.Height + stride - 1) / stride, (valid.Width + stride - 1) / stride);
            for (var y = 0; y < levels[level].Height; y++)
                for (var x = 0; x < levels[level].Width; x++)
                    for (var a = 0; a < _generator.PerCell; a++) inside.Add(y < rows && x < columns);
        }
        return [.. inside];
    }
}
