using System.Runtime.InteropServices;
using LzuCore.Memory;

namespace LzuCore.Vision.Scenes;

/// <summary>A band's samples to pixels: colour is the mean over a pixel's samples; label and instance are those of the owner with the most of them, the nearer one when two have as many.</summary>
internal sealed class PictureResolver
{
    private const int Sub = SampleBand.Sub;
    private const int Samples = Sub * Sub;
    private const int CurveSteps = 4;
    private static readonly short[] NoiseTable = MakeNoiseTable();

    private readonly float[] _curve = new float[CurveSteps * 256 + 1];
    private readonly Sky _sky = new();
    private SceneView _view = null!;
    private SceneLight _light = null!;
    private SurfaceList _list = null!;
    private GroundRow _ground;
    private float _noise;
    private ulong _noiseKey;

    /// <summary>Samples that each owner is seen with; by owner.</summary>
    public int[] Visible { get; } = new int[ushort.MaxValue + 1];

    /// <summary>Starts a picture.</summary>
    public void Begin(SceneView view, SceneLight light, SurfaceList list, bool photometry, ulong noiseKey, int owners)
    {
        (_view, _light, _list, _noiseKey) = (view, light, list, noiseKey);
        _noise = photometry ? (float)light.NoiseDeviation : 0;
        for (var i = 0; i < _curve.Length; i++)
        {
            var level = Math.Min(255, i / (double)CurveSteps);
            _curve[i] = photometry ? (float)(light.Gain * 255 * PortableMath.Power(level / 255, light.Gamma)) : (float)level;
        }
        Visible.AsSpan(0, owners).Clear();
        _sky.Prepare(view, light);
    }

    /// <summary>One row of pixels.</summary>
    /// <param name="band">Its samples.</param>
    /// <param name="y">The row, in the picture.</param>
    /// <param name="pixels">3 bytes a pixel; empty when not wanted.</param>
    /// <param name="owners">Who each pixel belongs to.</param>
    public void Row(SampleBand band, int y, Span<byte> pixels, Span<ushort> owners)
    {
        var first = y * Sub - band.FirstRow;
        ReadOnlySpan<ulong> p0 = Packed(band.Row(first)), p1 = Packed(band.Row(first + 1)), p2 = Packed(band.Row(first + 2)), p3 = Packed(band.Row(first + 3));
        ReadOnlySpan<uint> s0 = Shades(band.ShadeRow(first)), s1 = Shades(band.ShadeRow(first + 1)), s2 = Shades(band.ShadeRow(first + 2)), s3 = Shades(band.ShadeRow(first + 3));
        var surfaces = _list.Items;
        _ground = new GroundRow(_view, y + 0.5, _light.HazeMetres);
        var noise = RandomSource.FromSeed(_noiseKey, (ulong)y);
        // One colour holds for a whole run of a flat surface.
        var run = ulong.MaxValue;
        Tint color = default;
        for (var x = 0; x < p0.Length; x++)
        {
            var ids = p0[x];
            if (ids == p1[x] && ids == p2[x] && ids == p3[x] && ids == (ids & 0xffff) * 0x0001000100010001UL)
            {
                ref readonly var surface = ref surfaces[(int)(ids & 0xffff)];
                owners[x] = surface.Owner;
                Visible[surface.Owner] += Samples;
                if (pixels.IsEmpty) continue;
                if (ids != run) color = Seen(surface, x, y, surface.Material == Material.Flat ? 1 : Lit(s0[x], s1[x], s2[x], s3[x]));
                run = surface.Material == Material.Flat ? ids : ulong.MaxValue;
            }
            else
            {
                run = ulong.MaxValue;
                color = Mixed(surfaces, [p0[x], p1[x], p2[x], p3[x]], x, y, out owners[x], pixels.IsEmpty ? 1 : Lit(s0[x], s1[x], s2[x], s3[x]));
                if (pixels.IsEmpty) continue;
            }
            var word = _noise == 0 ? 0 : noise.Word((ulong)x);
            pixels[3 * x] = Byte(color.R, (int)(word & 4095));
            pixels[3 * x + 1] = Byte(color.G, (int)((word >> 20) & 4095));
            pixels[3 * x + 2] = Byte(color.B, (int)((word >> 40) & 4095));
        }
    }

    private byte Byte(float level, int draw)
    {
        var at = Math.Clamp(level, 0f, 255f) * CurveSteps;
        var i = (int)at;
        var value = _curve[i];
        value += (_curve[Math.Min(i + 1, _curve.Length - 1)] - value) * (at - i);
        return (byte)Math.Clamp(value + _noise * NoiseTable[draw] * (1f / 4096) + 0.5f, 0f, 255f);
    }

    private Tint Mixed(ReadOnlySpan<Surface> surfaces, ReadOnlySpan<ulong> rows, int x, int y, out ushort owner, float lit)
    {
        float r = 0, g = 0, b = 0;
        Span<ushort> owners = stackalloc ushort[Samples];
        Span<int> counts = stackalloc int[Samples];
        Span<int> fronts = stackalloc int[Samples];
        var distinct = 0;
        var last = -1;
        Tint color = default;
        var slot = 0;
        foreach (var row in rows)
            for (var k = 0; k < Sub; k++)
            {
                var id = (int)((row >> (16 * k)) & 0xffff);
                if (id != last)
                {
                    ref readonly var surface = ref surfaces[id];
                    color = Seen(surface, x, y, lit);
                    for (slot = 0; slot < distinct && owners[slot] != surface.Owner;) slot++;
                    if (slot == distinct) (owners[distinct], counts[distinct], fronts[distinct++]) = (surface.Owner, 0, id);
                    fronts[slot] = Math.Max(fronts[slot], id);
                    last = id;
                }
                counts[slot]++;
                r += color.R;
                g += color.G;
                b += color.B;
            }
        var best = 0;
        for (var i = 0; i < distinct; i++)
        {
            Visible[owners[i]] += counts[i];
            if (counts[i] > counts[best] || counts[i] == counts[best] && fronts[i] > fronts[best]) best = i;
        }
        owner = owners[best];
        return new(r / Samples, g / Samples, b / Samples);
    }

    private Tint Seen(in Surface surface, int x, int y, float lit) => surface.Material switch
    {
        Material.Flat => Shaded(surface.Color, surface.Base + surface.Slope * (y + 0.5f)),
        Material.Sky => _sky.At(x, y),
        Material.Asphalt => Ground(surface.Color, _ground.At(x, 0.055f, 0.03f, 0.045f) * lit),
        Material.Terrain => Ground(surface.Color, _ground.At(x, 0.13f, 0.1f, 0.08f) * lit),
        Material.Pavement => Ground(surface.Color, _ground.At(x, 0.03f, 0.025f, 0.03f) * lit),
        _ => Ground(surface.Color, _ground.At(x, 0.05f, 0.03f, 0f) * lit),
    };

    private static Tint Shaded(Tint color, float factor) => new(color.R * factor, color.G * factor, color.B * factor);

    // Haze is laid over the ground here, pixel by pixel; everything else has it in its colour.
    private Tint Ground(Tint color, float factor)
    {
        var own = factor * _ground.Clear;
        var haze = 1 - _ground.Clear;
        return new(color.R * own + _light.Haze.R * haze, color.G * own + _light.Haze.G * haze, color.B * own + _light.Haze.B * haze);
    }

    private static float Lit(uint a, uint b, uint c, uint d)
    {
        if ((a | b | c | d) == 0) return 1;
        var sum = 0u;
        foreach (var four in (ReadOnlySpan<uint>)[a, b, c, d]) sum += (four & 255) + ((four >> 8) & 255) + ((four >> 16) & 255) + (four >> 24);
        return 1 - sum * (1f / (255 * Samples));
    }

    private static ReadOnlySpan<ulong> Packed(ReadOnlySpan<ushort> row) => MemoryMarshal.Cast<ushort, ulong>(row);

    private static ReadOnlySpan<uint> Shades(ReadOnlySpan<byte> row) => MemoryMarshal.Cast<byte, uint>(row);

    // Quantiles of a normal distribution, in 1/4096 of its deviation, made by adding twelve dice of sixteen faces: whole numbers only.
    private static short[] MakeNoiseTable()
    {
        var ways = new double[12 * 15 + 1];
        ways[0] = 1;
        for (var die = 0; die < 12; die++)
            for (var sum = ways.Length - 1; sum >= 0; sum--)
            {
                var total = 0.0;
                for (var face = 0; face < 16 && face <= sum; face++) total += ways[sum - face];
                ways[sum] = total;
            }
        var table = new short[4096];
        var all = 281474976710656.0;
        double below = 0;
        var at = 0;
        for (var i = 0; i < table.Length; i++)
        {
            var target = (i + 0.5) / table.Length * all;
            while (below + ways[at] < target) below += ways[at++];
            var within = (target - below) / ways[at];
            table[i] = (short)Math.Floor((at - 90 - 0.5 + within) * 4096 / 15.968719422671311 + 0.5);
        }
        return table;
    }
}
