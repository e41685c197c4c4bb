using LzuCore.Memory;

namespace LzuCore.Nn.Optim;

/// <summary>The learning rate of a step (counted from 0). A pure function of the step, so a resumed run needs nothing restored:
/// <c>optimizer.LearningRate = schedule(step)</c>. Steps are iterations, or epochs where the schedule is meant so.</summary>
public delegate double Schedule(int step);

/// <summary>Learning-rate schedules.</summary>
public static class Schedules
{
    /// <summary>Always the same.</summary>
    public static Schedule Constant(double rate) => _ => rate;

    /// <summary><c>rate · factor^⌊step / every⌋</c>.</summary>
    public static Schedule Step(double rate, int every, double factor = 0.1)
    {
        Check.That(every > 0, $"step schedule: every must be above 0, got {every}.");
        return step => rate * Math.Pow(factor, step / every);
    }

    /// <summary><c>rate · factor^(number of milestones at or before step)</c>.</summary>
    public static Schedule MultiStep(double rate, IReadOnlyList<int> milestones, double factor = 0.1) =>
        step => rate * Math.Pow(factor, milestones.Count(m => m <= step));

    /// <summary><c>(rate − lowest)·(1 − step / total)^power + lowest</c>; lowest after the end.</summary>
    public static Schedule Poly(double rate, int total, double power = 0.9, double lowest = 0)
    {
        CheckTotal(total);
        return step => (rate - lowest) * Math.Pow(1 - Math.Min(1.0, step / (double)total), power) + lowest;
    }

    /// <summary><c>lowest + (rate − lowest)·(1 + cos(π step / total)) / 2</c>; lowest after the end. Source: Loshchilov and Hutter 2017.</summary>
    public static Schedule Cosine(double rate, int total, double lowest = 0)
    {
        CheckTotal(total);
        return step => Between(rate, lowest, Math.Min(1.0, step / (double)total));
    }

    /// <summary>From <c>highest / startDivisor</c> up to <c>highest</c> over the first <paramref name="warm"/> of the steps, then down to
    /// <c>highest / startDivisor / endDivisor</c> at step total − 1, both along cosines. Source: Smith and Topin 2018; torch's OneCycleLR.</summary>
    public static Schedule OneCycle(double highest, int total, double warm = 0.3, double startDivisor = 25, double endDivisor = 1e4)
    {
        CheckTotal(total);
        Check.That(warm is >= 0 and <= 1, $"one-cycle schedule: the warm part must be within [0, 1], got {warm}.");
        double start = highest / startDivisor, end = start / endDivisor, peak = warm * total - 1, last = total - 1;
        return step => step <= peak ? Between(start, highest, peak > 0 ? step / peak : 1)
            : Between(highest, end, last > peak ? Math.Min(1, (step - peak) / (last - peak)) : 1);
    }

    /// <summary>Another schedule, for the first <paramref name="steps"/> times <c>1 − (1 − step / steps)·(1 − ratio)</c>: linear from
    /// <paramref name="ratio"/> to 1.</summary>
    public static Schedule WithWarmup(this Schedule schedule, int steps, double ratio) =>
        step => schedule(step) * (step < steps ? 1 - (1 - step / (double)steps) * (1 - ratio) : 1);

    // From a at 0 to b at 1 along half a cosine.
    private static double Between(double a, double b, double share) => b + (a - b) / 2 * (1 + Math.Cos(Math.PI * share));

    private static void CheckTotal(int total) => Check.That(total > 0, $"schedule: the total number of steps must be above 0, got {total}.");
}
