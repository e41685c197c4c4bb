using SkiaSharp;

namespace LzuCore.Cli.Scenes;

/// <summary>The light of a late clear afternoon: a low sun behind the left shoulder, and haze that takes the colour out of what is far.</summary>
internal static class Daylight
{
    /// <summary>Toward the sun.</summary>
    public static readonly Point3 Sun = new Point3(-0.62, 0.62, -0.48).Unit();

    /// <summary>The colour everything fades to.</summary>
    public static readonly SKColor Haze = new(214, 219, 222);

    /// <summary>How much of a thing's own colour is left at a depth.</summary>
    public static double Clarity(double z) => Math.Exp(-Math.Max(0, z - 6) / 210);

    /// <summary>A colour as it arrives from a depth, after shading.</summary>
    public static SKColor Seen(SKColor color, double z, double shade = 1) => Mix(Haze, Shade(color, shade), Clarity(z)).WithAlpha(color.Alpha);

    /// <summary>Brighter (above 1) or darker.</summary>
    public static SKColor Shade(SKColor color, double shade) => new(Byte(color.Red * shade), Byte(color.Green * shade), Byte(color.Blue * shade), color.Alpha);

    /// <summary>A share of the second colour in the first.</summary>
    public static SKColor Mix(SKColor a, SKColor b, double share) =>
        new(Byte(a.Red + (b.Red - a.Red) * share), Byte(a.Green + (b.Green - a.Green) * share), Byte(a.Blue + (b.Blue - a.Blue) * share), Byte(a.Alpha + (b.Alpha - a.Alpha) * share));

    /// <summary>How bright a plane is: what the sky gives, and what the sun adds.</summary>
    public static double On(Point3 normal) => 0.66 + 0.5 * Math.Max(0, normal.Unit().Dot(Sun));

    private static byte Byte(double value) => (byte)Math.Clamp(Math.Round(value), 0, 255);
}
