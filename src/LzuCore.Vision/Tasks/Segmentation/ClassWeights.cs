using LzuCore.Memory;
using LzuCore.Vision.Imaging;

namespace LzuCore.Vision.Tasks.Segmentation;

/// <summary>What a class's pixels count in a loss, so that people are learned beside sky: <c>1 / √(share of the pixels)</c>, brought to a mean of 1.</summary>
public static class ClassWeights
{
    /// <summary>The weights of a training set's classes; 0 for classes that do not occur.</summary>
    /// <param name="maps">Label maps.</param>
    /// <param name="classes">How many classes; other labels are passed over.</param>
    /// <exception cref="ArgumentValueException">No pixel has a class.</exception>
    public static double[] Of(IEnumerable<LabelMap> maps, int classes)
    {
        Check.That(classes is >= 1 and <= 256, $"class weights: classes must be 1 to 256, got {classes}.");
        var counts = new long[256];
        foreach (var map in maps)
            foreach (var label in map.Labels) counts[label]++;
        double[] weights = [.. counts.Take(classes).Select(c => c == 0 ? 0 : 1 / Math.Sqrt(c))];
        var there = weights.Where(w => w > 0).DefaultIfEmpty(double.NaN).Average();
        Check.That(there > 0, $"class weights: there must be a pixel of one of the {classes} classes, got none.");
        return [.. weights.Select(w => w / there)];
    }
}
