using LzuCore.Memory;

namespace LzuCore.Cli.Scenes;

/// <summary>Numbers drawn one after the other from a named stream: the same name gives the same scene everywhere.</summary>
internal sealed class Dice(string stream)
{
    private readonly RandomSource _source = RandomSource.FromKey(stream);
    private ulong _drawn;

    /// <summary>Uniform in [low, high).</summary>
    public double Between(double low, double high) => low + (high - low) * _source.Uniform(_drawn++);

    /// <summary>One of some things.</summary>
    public T Pick<T>(params ReadOnlySpan<T> things) => things[(int)Between(0, things.Length)];

    /// <summary>True with a chance.</summary>
    public bool Chance(double chance) => Between(0, 1) < chance;
}
