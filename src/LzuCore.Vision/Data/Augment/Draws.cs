using LzuCore.Memory;

namespace LzuCore.Vision.Data.Augment;

/// <summary>Random numbers drawn one after the other. What is drawn depends on the seed, the epoch and the sample's number alone: not on threads, nor on where training resumed.</summary>
public sealed class Draws(RandomSource source)
{
    private ulong _drawn;

    /// <summary>The draws of one sample in one epoch.</summary>
    public static Draws Of(ulong seed, int epoch, int index) => new(RandomSource.FromKey(FormattableString.Invariant($"augment#{seed}/{epoch}/{index}")));

    /// <summary>Uniform in [low, high).</summary>
    public double Between(double low, double high) => low + (high - low) * source.Uniform(_drawn++);

    /// <summary>True with a probability.</summary>
    public bool Coin(double probability = 0.5) => source.Uniform(_drawn++) < probability;

    /// <summary>A whole number from 0 to below a bound.</summary>
    public int Below(int bound) => (int)Math.BigMul(source.Word(_drawn++), (ulong)bound, out _);
}
