using LzuCore.Memory;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Imaging;

namespace LzuCore.Cli.Pictures;

/// <summary>Many small boxes on a picture: a colour a class, told once in a legend, for words at each would cover the others.</summary>
internal static class BoxPictures
{
    /// <summary>The picture with its boxes.</summary>
    /// <param name="display">The picture, of any size.</param>
    /// <param name="boxes">In pixels of <paramref name="frame"/>.</param>
    /// <param name="labels">Their classes.</param>
    /// <param name="names">Of the classes; all are in the legend, so that pictures side by side have the same.</param>
    /// <param name="frame">The size that boxes are told in.</param>
    public static Image Draw(Image display, IReadOnlyList<Box> boxes, IReadOnlyList<int> labels, IReadOnlyList<string> names, Size2 frame) => Drawing.On(display, d =>
    {
        float x = display.Width / (float)frame.Width, y = display.Height / (float)frame.Height;
        for (var i = 0; i < boxes.Count; i++)
        {
            var box = boxes[i].Scale(x, y);
            d.Box(box.X1, box.Y1, box.X2, box.Y2, Rgb.OfClass(labels[i]), width: 1.6f * d.Unit);
        }
        d.Legend([.. names.Select((name, i) => (Rgb.OfClass(i), name))]);
    });
}
