using ScottPlot;
using SkiaSharp;

namespace LzuCore.Cli.Reproduce;

/// <summary>The embedded font for plots, so that they look alike where a system has none, and their colours.</summary>
internal sealed class PlotStyle : IFontResolver
{
    private const string Name = "Inter Medium";

    // Okabe and Ito's colours, dark enough for thin lines on white.
    private static readonly string[] Palette = ["#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#000000", "#8C8C8C"];

    /// <summary>The colour of the n-th thing in a plot.</summary>
    public static Color ColourOf(int index) => Color.FromHex(Palette[index % Palette.Length]);

    /// <summary>Makes it the font of all plots.</summary>
    public static void Use()
    {
        if (Fonts.Default == Name) return;
        Fonts.FontResolvers.Insert(0, new PlotStyle());
        (Fonts.Default, Fonts.Sans) = (Name, Name);
    }

    /// <inheritdoc/>
    public SKTypeface? CreateTypeface(string fontName, FontWeight weight, FontSlant slant, FontSpacing spacing)
    {
        if (fontName != Name) return null;
        using var stream = typeof(LzuCore.Vision.Imaging.Drawing).Assembly.GetManifestResourceStream("Inter-Medium.otf")!;
        using var data = SKData.Create(stream);
        return SKTypeface.FromData(data);
    }

    /// <inheritdoc/>
    public SKTypeface? CreateTypeface(string fontName, bool bold, bool italic) => CreateTypeface(fontName, FontWeight.Normal, FontSlant.Upright, FontSpacing.Normal);
}
