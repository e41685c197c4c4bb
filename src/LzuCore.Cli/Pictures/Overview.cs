using LzuCore.Memory;
using LzuCore.Vision.Imaging;

namespace LzuCore.Cli.Pictures;

/// <summary>Several pictures of one story on one sheet, each under its caption.</summary>
internal static class Overview
{
    private const int PanelWidth = 800, Gap = 12, Caption = 34;

    /// <summary>The sheet, two a row.</summary>
    public static Image Sheet(params ReadOnlySpan<(string Caption, Image Picture)> panels) => Sheet(2, PanelWidth, panels);

    /// <summary>The sheet. All panels are as high as the first, and as wide as the picture at the top of their column asks for.</summary>
    /// <param name="columns">Pictures a row.</param>
    /// <param name="width">Of the first, in pixels.</param>
    /// <param name="panels">Row by row.</param>
    public static Image Sheet(int columns, int width, params ReadOnlySpan<(string Caption, Image Picture)> panels)
    {
        var height = width * panels[0].Picture.Height / panels[0].Picture.Width;
        int[] widths = new int[columns], lefts = new int[columns];
        var all = Gap;
        for (var c = 0; c < columns && c < panels.Length; c++)
        {
            (widths[c], lefts[c]) = (height * panels[c].Picture.Width / panels[c].Picture.Height, all);
            all += widths[c] + Gap;
        }
        var sheet = new Image(new Size2(Gap + (panels.Length + columns - 1) / columns * (height + Caption + Gap), all));
        sheet.Pixels.Fill(24);
        var captions = new List<(string Text, int Left, int Top)>();
        for (var k = 0; k < panels.Length; k++)
        {
            int left = lefts[k % columns], top = Gap + k / columns * (height + Caption + Gap);
            captions.Add((panels[k].Caption, left, top));
            var picture = panels[k].Picture.To(new Size2(height, widths[k % columns]));
            for (var y = 0; y < height; y++) picture.Row(y).CopyTo(sheet.Row(top + Caption + y)[(3 * left)..]);
        }
        return Drawing.On(sheet, d =>
        {
            foreach (var (text, left, top) in captions) d.Text(text, left, top + 6, Rgb.White, 20);
        });
    }
}
