using LzuCore.Memory;

namespace LzuCore.Vision.Scenes;

/// <summary>Smooth noise over the plane that repeats after 256 cells: random values at whole coordinates, bilinear between them.</summary>
internal static class SmoothNoise
{
    private static readonly float[] Values = MakeValues();

    /// <summary>About mean 0 and standard deviation 1 at whole coordinates.</summary>
    public static float At(float x, float y)
    {
        float fx = MathF.Floor(x), fy = MathF.Floor(y);
        int x0 = (int)fx & 255, x1 = (x0 + 1) & 255, y0 = ((int)fy & 255) << 8, y1 = (y0 + 256) & 0xff00;
        float tx = x - fx, ty = y - fy;
        var upper = Values[y0 | x0] + (Values[y0 | x1] - Values[y0 | x0]) * tx;
        var lower = Values[y1 | x0] + (Values[y1 | x1] - Values[y1 | x0]) * tx;
        return upper + (lower - upper) * ty;
    }

    private static float[] MakeValues()
    {
        var source = RandomSource.FromKey("scenes/noise");
        var values = new float[256 * 256];
        for (var i = 0; i < values.Length; i++)
        {
            var sum = -2.0;
            for (var k = 0; k < 4; k++) sum += source.Uniform((ulong)(4 * i + k));
            values[i] = (float)(sum * 1.7320508);
        }
        return values;
    }
}

/// <summary>The ground's texture along one row of pixels: fixed to the world, fading where its grains are smaller than pixels.</summary>
internal readonly struct GroundRow
{
    // Grain sizes in metres; a little longer along the road, where they are seen at a grazing angle.
    private const float Grit = 0.011f, Fine = 0.045f, Middle = 0.5f, Coarse = 4.5f;

    private readonly float _x;
    private readonly float _z;
    private readonly float _dx;
    private readonly float _dz;
    private readonly float _grit;
    private readonly float _fine;
    private readonly float _middle;
    private readonly float _coarse;

    public GroundRow(SceneView view, double row, double haze)
    {
        var (ahead, depth) = view.GroundAt(row);
        if (!double.IsFinite(ahead) || depth > 2000)
        {
            this = default;
            Clear = 0;
            return;
        }
        Clear = (float)PortableMath.Exp(-depth / haze);
        var perPixel = depth / view.Camera.Fx;
        var left = (0.5 - view.Camera.Cx) * perPixel;
        (_x, _z) = ((float)(view.Eye.X + left * view.AheadZ + ahead * view.AheadX), (float)(view.Eye.Z - left * view.AheadX + ahead * view.AheadZ));
        (_dx, _dz) = ((float)(perPixel * view.AheadZ), (float)(-perPixel * view.AheadX));
        // Down the picture a pixel covers more ground than across.
        var footprint = perPixel * Math.Sqrt(depth / view.Eye.Up);
        _grit = Left(Grit, footprint);
        _fine = Left(Fine, footprint);
        _middle = Left(Middle, footprint);
        _coarse = Left(Coarse, footprint);

        static float Left(float grain, double footprint) => (float)Math.Clamp(1.5 * grain / footprint - 0.25, 0, 1);
    }

    /// <summary>How much of the ground's own colour the haze leaves.</summary>
    public float Clear { get; }

    /// <summary>Brightness to multiply with, at a column, of a roughness of fine, middle and coarse grains.</summary>
    public float At(int column, float fine, float middle, float coarse)
    {
        float x = _x + column * _dx, z = _z + column * _dz;
        var sum = 1f;
        if (_grit > 0) sum += 0.8f * fine * _grit * SmoothNoise.At(x * (1 / Grit), z * (1 / Grit));
        if (_fine > 0) sum += fine * _fine * SmoothNoise.At(x * (1 / Fine), z * (0.6f / Fine));
        if (_middle > 0) sum += middle * _middle * SmoothNoise.At(x * (1 / Middle) + 37.3f, z * (0.5f / Middle) + 11.7f);
        if (_coarse > 0) sum += coarse * _coarse * SmoothNoise.At(x * (1 / Coarse) + 101.1f, z * (0.4f / Coarse) + 53.9f);
        return sum;
    }
}
