using LzuCore.Memory;

namespace LzuCore.Vision.Scenes;

/// <summary>Numbers drawn one after the other. Only additions and multiplications: the same on every machine to the last bit.</summary>
internal sealed class SceneDice(ulong seed, ulong stream)
{
    private readonly RandomSource _source = RandomSource.FromSeed(seed, stream);
    private ulong _drawn;

    /// <summary>Uniform in [low, high).</summary>
    public double Between(double low, double high) => low + (high - low) * _source.Uniform(_drawn++);

    /// <summary>Uniform among low, low + 1, … high.</summary>
    public int Whole(int low, int high) => low + (int)((high - low + 1) * _source.Uniform(_drawn++));

    /// <summary>True with a chance.</summary>
    public bool Chance(double chance) => _source.Uniform(_drawn++) < chance;

    /// <summary>Sixty-four bits.</summary>
    public ulong Word() => _source.Word(_drawn++);

    /// <summary>-1 or 1.</summary>
    public int Side() => Chance(0.5) ? -1 : 1;

    /// <summary>Mean 0: the sum of twelve uniform numbers, which ends at six standard deviations.</summary>
    public double Normal(double deviation)
    {
        var sum = -6.0;
        for (var i = 0; i < 12; i++) sum += _source.Uniform(_drawn++);
        return deviation * sum;
    }

    /// <summary>One of some things.</summary>
    public T Pick<T>(params ReadOnlySpan<T> things) => things[Whole(0, things.Length - 1)];

    /// <summary>Somebody's skin.</summary>
    public Tint Skin() => Pick<Tint>(new(236, 194, 164), new(222, 172, 138), new(190, 138, 104), new(134, 92, 66), new(92, 62, 46));

    /// <summary>A colour that may be anything's: any hue, seldom garish. Class is told by shape, so everything painted draws from here.</summary>
    public Tint Paint()
    {
        var (hue, chroma, light) = (Between(0, 6), Between(0, 1), Between(0.12, 0.95));
        chroma *= 0.9 * chroma;
        var sector = (int)hue;
        var part = hue - sector;
        var (r, g, b) = sector switch
        {
            0 => (1.0, part, 0.0),
            1 => (1 - part, 1.0, 0.0),
            2 => (0.0, 1.0, part),
            3 => (0.0, 1 - part, 1.0),
            4 => (part, 0.0, 1.0),
            _ => (1.0, 0.0, 1 - part),
        };
        double Channel(double pure) => 255 * light * (1 - chroma + chroma * pure);
        return new((float)Channel(r), (float)Channel(g), (float)Channel(b));
    }
}
