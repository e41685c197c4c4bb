using System.Text;

namespace LzuCore.Memory;

/// <summary>Counter-based random numbers: element i of a stream depends on (seed, stream, i) only, so every device and thread count gives the same.</summary>
/// <remarks>Words are SplitMix64 with random access. Source: Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators".</remarks>
public readonly struct RandomSource
{
    private const ulong Gamma = 0x9E3779B97F4A7C15;
    private readonly ulong _base;

    private RandomSource(ulong start) => _base = start;

    /// <summary>The stream of a text key (FNV-1a of its UTF-8 bytes).</summary>
    public static RandomSource FromKey(string key)
    {
        var hash = 0xcbf29ce484222325;
        foreach (var b in Encoding.UTF8.GetBytes(key)) hash = (hash ^ b) * 0x100000001b3;
        return new RandomSource(hash);
    }

    /// <summary>Stream number <paramref name="stream"/> of a seed.</summary>
    public static RandomSource FromSeed(ulong seed, ulong stream = 0) => new(Mix(seed * Gamma + 1) ^ Mix(stream + Gamma));

    /// <summary>The 64 bits at a position.</summary>
    public ulong Word(ulong index) => Mix(_base + (index + 1) * Gamma);

    /// <summary>A multiple of 2⁻²⁴ in [0, 1), exact in float32.</summary>
    public double Uniform(ulong index) => (Word(index) >> 40) * (1.0 / (1 << 24));

    /// <summary>A multiple of 2⁻²³ in [-1, 1).</summary>
    public double Signed(ulong index) => 2 * Uniform(index) - 1;

    /// <summary>A standard normal number (Box–Muller over words 2·index and 2·index + 1).</summary>
    public double Normal(ulong index)
    {
        var u = ((Word(2 * index) >> 11) + 1) * (1.0 / (1UL << 53));
        var v = (Word(2 * index + 1) >> 11) * (1.0 / (1UL << 53));
        return Math.Sqrt(-2 * Math.Log(u)) * Math.Cos(2 * Math.PI * v);
    }

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
