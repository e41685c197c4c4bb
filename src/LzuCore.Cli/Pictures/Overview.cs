using LzuCore.Memory;
using LzuCore.Vision.Imaging;

namespace LzuCore.Cli.Pictures;

/// <summary>Several pictures of one story on one sheet, two a row, each under its caption.</summary>
internal static class Overview
{
    private const int PanelWidth = 800, Gap = 12, Caption = 34;

    /// <summary>The sheet. Panels keep the first picture's proportions.</summary>
    public static Image Sheet(params ReadOnlySpan<(string Caption, Image Picture)> panels)
    {
        var first = panels[0].Picture;
        var panel = new Size2(PanelWidth * first.Height / first.Width, PanelWidth);
        var rows = (panels.Length + 1) / 2;
        var sheet = new Image(new Size2(Gap + rows * (panel.Height + Caption + Gap), Gap + 2 * (panel.Width + Gap)));
        sheet.Pixels.Fill(24);
        var captions = new List<(string Text, int Left, int Top)>();
        for (var k = 0; k < panels.Length; k++)
        {
            int left = Gap + k % 2 * (panel.Width + Gap), top = Gap + k / 2 * (panel.Height + Caption + Gap);
            captions.Add((panels[k].Caption, left, top));
            var picture = panels[k].Picture.To(panel);
            for (var y = 0; y < panel.Height; y++) picture.Row(y).CopyTo(sheet.Row(top + Caption + y)[(3 * left)..]);
        }
        return Drawing.On(sheet, d =>
        {
            foreach (var (text, left, top) in captions) d.Text(text, left, top + 6, Rgb.White, 20);
        });
    }
}
