using LzuCore.Memory;
using LzuCore.Vision.Data.Coco;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Metrics;
using LzuCore.Vision.Tasks.Detection;
using LzuCore.Vision.Training;

namespace LzuCore.Vision.Experiments;

/// <summary>COCO's metric on small pictures.</summary>
/// <param name="Scores">AP, AP50, AP75, APs, APm, APl.</param>
/// <param name="PerClass">AP of each class.</param>
/// <param name="Counts">Objects of each class: small, medium, large.</param>
public sealed record DetectionScores(IReadOnlyList<Score> Scores, IReadOnlyList<double> PerClass, IReadOnlyList<(int Small, int Medium, int Large)> Counts);

/// <summary>Collects what was found and what there is, and scores it.</summary>
/// <remarks>COCO's rules with its sizes at the picture's scale: small below 32², large from 96² square pixels of a picture 1024 pixels wide, so 16² and 48² at 512. Boxes are scored at that width; IoU does not change.
/// A class with fewer than 20 objects of a size is left out of that size's mean, for one lucky hit would move it by points. Ignored boxes absorb detections of every class.</remarks>
public sealed class DetectionScorer(IReadOnlyList<string> classes, Size2 picture)
{
    /// <summary>The fewest objects of a class and size that count.</summary>
    public const int FewestObjects = 20;

    private const double CocoWidth = 1024;

    private readonly double _scale = CocoWidth / picture.Width;
    private readonly List<CocoImage> _images = [];
    private readonly List<CocoAnnotation> _truths = [];
    private readonly List<CocoDetection> _found = [];

    /// <summary>Adds a picture.</summary>
    /// <param name="truth">In the picture's pixels.</param>
    /// <param name="found">In the picture's pixels.</param>
    public void Add(DenseTruth truth, IReadOnlyList<DenseDetection> found)
    {
        var image = _images.Count;
        _images.Add(new CocoImage(image, "", picture.Width, picture.Height));
        for (var i = 0; i < truth.Boxes.Length; i++) AddTruth(image, truth.Labels[i], truth.Boxes[i], ignored: false);
        foreach (var box in truth.Ignored)
            for (var label = 0; label < classes.Count; label++) AddTruth(image, label, box, ignored: true);
        foreach (var one in found) _found.Add(new CocoDetection(image, one.Label, CocoBox.From(Scaled(one.Box)), one.Score));
    }

    /// <summary>The scores, in per cent.</summary>
    public DetectionScores Score()
    {
        var score = CocoAveragePrecision.Score(new CocoAnnotations(_images, _truths, [.. classes.Select((name, i) => new CocoCategory(i, name))]), _found);
        (int, int, int)[] counts = [.. Enumerable.Range(0, classes.Count).Select(k => (CountOf(k, 1), CountOf(k, 2), CountOf(k, 3)))];
        return new(
            [
                new("AP", 100 * score.AP), new("AP50", 100 * score.AP50), new("AP75", 100 * score.AP75),
                new("APs", OfSize(1)), new("APm", OfSize(2)), new("APl", OfSize(3)),
            ], [.. score.PerClassAP.Select(p => 100 * p)], counts);

        double OfSize(int area)
        {
            double[] aps = [.. Enumerable.Range(0, classes.Count).Where(k => CountOf(k, area) >= FewestObjects).Select(k => score.ClassAP(k, area))];
            return aps.Length == 0 ? double.NaN : 100 * aps.Average();
        }
    }

    private int CountOf(int label, int area) => _truths.Count(t => !t.IsCrowd && t.CategoryId == label && SizeOf(t.Area) == area);

    private static int SizeOf(double area) => area < 32 * 32 ? 1 : area < 96 * 96 ? 2 : 3;

    private void AddTruth(int image, int label, Box box, bool ignored)
    {
        var coco = CocoBox.From(Scaled(box));
        _truths.Add(new CocoAnnotation(_truths.Count + 1, image, label, coco, coco.Width * coco.Height, IsCrowd: ignored));
    }

    private Box Scaled(Box box) => box.Scale((float)_scale, (float)_scale);
}
