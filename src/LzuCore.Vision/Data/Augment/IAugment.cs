namespace LzuCore.Vision.Data.Augment;

/// <summary>A change of a sample, drawn at random or the same for all. The sample that comes in, and its picture, stay as they are.</summary>
/// <typeparam name="TSample">The kind of sample.</typeparam>
public interface IAugment<TSample>
{
    /// <summary>The changed sample.</summary>
    /// <param name="sample">What is changed.</param>
    /// <param name="draws">Where every choice comes from.</param>
    TSample Apply(TSample sample, Draws draws);
}

/// <summary>Changes one after the other.</summary>
public sealed class Pipeline<TSample>(params IReadOnlyList<IAugment<TSample>> steps) : IAugment<TSample>
{
    /// <inheritdoc/>
    public TSample Apply(TSample sample, Draws draws)
    {
        foreach (var step in steps) sample = step.Apply(sample, draws);
        return sample;
    }
}
