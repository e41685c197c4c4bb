namespace LzuCore.Vision.Imaging;

/// <summary>Hue, saturation and value in bytes, operation for operation OpenCV's: hue in half degrees, 0 to 179.</summary>
internal static class HueBytes
{
    private const int Bits = 12;
    private static readonly int[] OverValue = [.. Enumerable.Range(0, 256).Select(v => v == 0 ? 0 : (int)Math.Round((255 << Bits) / (double)v))];
    private static readonly int[] OverSpread = [.. Enumerable.Range(0, 256).Select(d => d == 0 ? 0 : (int)Math.Round((180 << Bits) / (6.0 * d)))];

    /// <summary>From red, green, blue.</summary>
    public static (byte H, byte S, byte V) From(byte r, byte g, byte b)
    {
        int value = Math.Max(r, Math.Max(g, b)), spread = value - Math.Min(r, Math.Min(g, b));
        var s = (spread * OverValue[value] + (1 << (Bits - 1))) >> Bits;
        var sixth = value == r ? g - b : value == g ? b - r + 2 * spread : r - g + 4 * spread;
        var h = (sixth * OverSpread[spread] + (1 << (Bits - 1))) >> Bits;
        return ((byte)(h < 0 ? h + 180 : h), (byte)s, (byte)value);
    }

    /// <summary>To red, green, blue.</summary>
    public static (byte R, byte G, byte B) To(byte h, byte s, byte v)
    {
        var (r, g, b) = HueFloats.To(h * 2f, s * (1 / 255f), v * (1 / 255f));
        return (Byte(r), Byte(g), Byte(b));

        static byte Byte(float x) => (byte)Math.Clamp(MathF.Round(x * 255), 0, 255);
    }
}

/// <summary>Hue in degrees, saturation 0 to 1, value as large as the channels, as OpenCV has them for floats.</summary>
internal static class HueFloats
{
    private const float Epsilon = 1.1920929e-07f;

    /// <summary>From red, green, blue.</summary>
    public static (float H, float S, float V) From(float r, float g, float b)
    {
        float value = Math.Max(r, Math.Max(g, b)), spread = value - Math.Min(r, Math.Min(g, b));
        var scale = 60 / (spread + Epsilon);
        var h = value == r ? (g - b) * scale : value == g ? (b - r) * scale + 120 : (r - g) * scale + 240;
        return (h < 0 ? h + 360 : h, spread / (Math.Abs(value) + Epsilon), value);
    }

    /// <summary>To red, green, blue.</summary>
    public static (float R, float G, float B) To(float h, float s, float v)
    {
        if (s == 0) return (v, v, v);
        var turn = h * (6 / 360f);
        while (turn < 0) turn += 6;
        while (turn >= 6) turn -= 6;
        var sector = (int)turn;
        var part = turn - sector;
        float low = v * (1 - s), falling = v * (1 - s * part), rising = v * (1 - s * (1 - part));
        return sector switch
        {
            0 => (v, rising, low),
            1 => (falling, v, low),
            2 => (low, v, rising),
            3 => (low, falling, v),
            4 => (rising, low, v),
            _ => (v, low, falling),
        };
    }
}
