using ScottPlot;
using SkiaSharp;

namespace LzuCore.Cli.Reproduce;

/// <summary>The embedded font for plots, so that they look alike where a system has none.</summary>
internal sealed class PlotFont : IFontResolver
{
    private const string Name = "Inter Medium";

    /// <summary>Makes it the font of all plots.</summary>
    public static void Use()
    {
        if (Fonts.Default == Name) return;
        Fonts.FontResolvers.Insert(0, new PlotFont());
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
