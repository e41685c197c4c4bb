using LzuCore.Memory;

namespace LzuCore.Vision.Experiments;

/// <summary>A mean over seeds and what is known about it.</summary>
/// <param name="Mean">The mean.</param>
/// <param name="HalfWidth">Half the 95 % confidence interval by Student's distribution; NaN for fewer than two values.</param>
/// <param name="Count">How many values.</param>
public readonly record struct Spread(double Mean, double HalfWidth, int Count)
{
    // Student's t at 97.5 %, for 1 to 30 degrees of freedom.
    private static readonly double[] Student =
    [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
        2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
    ];

    /// <summary>The lower end of the interval.</summary>
    public double Low => Mean - HalfWidth;

    /// <summary>The upper end of the interval.</summary>
    public double High => Mean + HalfWidth;

    /// <summary>Of values.</summary>
    public static Spread Of(IReadOnlyList<double> values)
    {
        if (values.Count == 0) return new(double.NaN, double.NaN, 0);
        var mean = values.Average();
        if (values.Count == 1) return new(mean, double.NaN, 1);
        var deviation = Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / (values.Count - 1));
        return new(mean, Student[Math.Min(values.Count - 2, Student.Length - 1)] * deviation / Math.Sqrt(values.Count), values.Count);
    }

    /// <summary>Of differences, seed by seed: trainings of one seed share weights, order and scenes, so what they share cancels.</summary>
    /// <exception cref="ShapeException">There are not as many of one as of the other.</exception>
    public static Spread OfDifferences(IReadOnlyList<double> ours, IReadOnlyList<double> theirs)
    {
        if (ours.Count != theirs.Count) throw new ShapeException("paired difference", $"there must be {ours.Count} values", $"{theirs.Count}");
        return Of([.. ours.Zip(theirs, (a, b) => a - b)]);
    }
}
