using LzuCore.Vision.Data.Cityscapes;
using LzuCore.Vision.Imaging;

namespace LzuCore.Cli.Pictures;

/// <summary>Label maps painted over their pictures.</summary>
internal static class LabelPictures
{
    private const double Strength = 0.55;
    // Classes that cover less are too small to find in the picture, and the legend would be longer than it.
    private const double LeastShare = 0.002;
    private const int MostEntries = 14;

    /// <summary>The name of a class of a network with so many: 19 are Cityscapes'.</summary>
    public static string NameOf(int label, int classes) => classes == CityscapesClasses.Names.Count && label < classes ? CityscapesClasses.Names[label] : $"class {label}";

    /// <summary>The picture in its classes' colours, boundaries drawn, with a legend of those that cover most.</summary>
    public static Image Paint(Image image, LabelMap labels, int classes)
    {
        var painted = image.Clone();
        var counts = new long[256];
        for (var y = 0; y < image.Height; y++)
        {
            var pixels = painted.Row(y);
            var row = labels.Row(y);
            var below = y + 1 < image.Height ? labels.Row(y + 1) : row;
            for (var x = 0; x < image.Width; x++)
            {
                counts[row[x]]++;
                var color = ColorOf(row[x], classes);
                var boundary = row[x] != below[x] || (x + 1 < image.Width && row[x] != row[x + 1]);
                var p = pixels.Slice(3 * x, 3);
                (p[0], p[1], p[2]) = boundary ? (Half(color.R), Half(color.G), Half(color.B)) : (Mix(p[0], color.R), Mix(p[1], color.G), Mix(p[2], color.B));
            }
        }
        var listed = Enumerable.Range(0, 256).Where(i => counts[i] > LeastShare * labels.Labels.Length).OrderByDescending(i => counts[i]).Take(MostEntries);
        return Drawing.On(painted, d => d.Legend([.. listed.Select(i => (ColorOf(i, classes), NameOf(i, classes)))]));
    }

    private static Rgb ColorOf(int label, int classes) => classes == CityscapesClasses.Colors.Count && label < classes ? CityscapesClasses.Colors[label] : Rgb.OfClass(label);

    private static byte Mix(byte picture, byte color) => (byte)Math.Round((1 - Strength) * picture + Strength * color);

    private static byte Half(byte color) => (byte)(color / 2);
}
