using System.Globalization;
using LzuCore.Memory;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Imaging;

namespace LzuCore.Cli.Pictures;

/// <summary>Something in a picture.</summary>
/// <param name="Class">What it is.</param>
/// <param name="Metres">How far ahead it is.</param>
internal readonly record struct SeenThing(string Class, double Metres);

/// <summary>Far things as a network gets them at the same number of pixels: plainly resized, and zoomed.</summary>
internal static class FarObjects
{
    private const int Tile = 300;
    private const int Caption = 34;
    private const int Gap = 8;

    /// <summary>Three far things, a row each: left from the plainly resized picture, right from the zoomed one, pixels enlarged by one factor for both.</summary>
    /// <param name="uniform">The plainly resized picture.</param>
    /// <param name="zoomed">The zoomed picture of the same size.</param>
    /// <param name="things">What is in the scene.</param>
    /// <param name="inUniform">Its boxes in the resized picture.</param>
    /// <param name="inZoomed">Its boxes in the zoomed picture.</param>
    public static Image SideBySide(Image uniform, Image zoomed, IReadOnlyList<SeenThing> things, Box[] inUniform, Box[] inZoomed)
    {
        var chosen = Choose(things, inUniform);
        var rows = chosen.Count;
        var sheet = new Image(new Size2(Gap + rows * (Tile + Caption + Gap), 3 * Gap + 2 * 2 * Tile));
        sheet.Pixels.Fill(24);
        for (var row = 0; row < rows; row++)
        {
            var i = chosen[row];
            var reach = Math.Max(9, 1.5f * Math.Max(inZoomed[i].Width / 2, inZoomed[i].Height));
            Paste(uniform, inUniform[i], reach, sheet, Gap, Top(row) + Caption);
            Paste(zoomed, inZoomed[i], reach, sheet, 2 * Gap + 2 * Tile, Top(row) + Caption);
        }
        return Drawing.On(sheet, d =>
        {
            for (var row = 0; row < rows; row++)
            {
                var i = chosen[row];
                Say(d, row, Gap, $"{things[i].Class} at {things[i].Metres:0} m, resized: {inUniform[i].Width:0}x{inUniform[i].Height:0} pixels");
                Say(d, row, 2 * Gap + 2 * Tile, $"zoomed: {inZoomed[i].Width:0}x{inZoomed[i].Height:0} pixels, {inZoomed[i].Area / Math.Max(1, inUniform[i].Area):0.0} times the area");
            }
        });

        static int Top(int row) => Gap + row * (Tile + Caption + Gap);

        static void Say(Drawing d, int row, int left, FormattableString text) => d.Text(text.ToString(CultureInfo.InvariantCulture), left + 4, Top(row) + 6, Rgb.White, 20);
    }

    // One of each kind, well apart, from what is 3 to 14 pixels high after resizing: the farthest first.
    private static List<int> Choose(IReadOnlyList<SeenThing> things, Box[] inUniform)
    {
        var chosen = new List<int>();
        var candidates = Enumerable.Range(0, things.Count).Where(i => inUniform[i].Height is >= 3 and <= 14).OrderByDescending(i => things[i].Metres).ToList();
        foreach (var distinct in new[] { true, false })
            foreach (var i in candidates)
            {
                if (chosen.Count == 3) break;
                if (chosen.Contains(i) || chosen.Any(c => (distinct && things[c].Class == things[i].Class) || Math.Abs(inUniform[c].X1 - inUniform[i].X1) < 8)) continue;
                chosen.Add(i);
            }
        return chosen;
    }

    // The surroundings of a box, two tiles wide and one high, every pixel as a square.
    private static void Paste(Image from, Box box, float reach, Image to, int left, int top)
    {
        var (centerX, centerY) = ((box.X1 + box.X2) / 2, (box.Y1 + box.Y2) / 2);
        for (var y = 0; y < Tile; y++)
            for (var x = 0; x < 2 * Tile; x++)
            {
                var (u, v) = (centerX + ((x + 0.5f) / Tile - 1) * reach, centerY + (2 * (y + 0.5f) / Tile - 1) * reach / 2);
                if (u >= 0 && v >= 0 && u < from.Width && v < from.Height) to[top + y, left + x] = from[(int)v, (int)u];
            }
    }
}
