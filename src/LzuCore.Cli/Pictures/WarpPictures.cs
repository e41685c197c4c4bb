using System.Globalization;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Imaging;
using LzuCore.Warping;

namespace LzuCore.Cli.Pictures;

/// <summary>What a warp looks like: where it looks, how it stretches, by how much.</summary>
internal static class WarpPictures
{
    /// <summary>The saliency over the picture, with the boxes it came from and a colour bar in multiples of uniform.</summary>
    public static Image Saliency(ZoomRun run, Box[] boxes)
    {
        var uniform = run.Saliency.Select(v => v * run.Saliency.Length).ToArray();
        var range = HeatMap.RangeOf(uniform);
        if (range.Max - range.Min < 1e-3) range = (range.Min - 0.5, range.Max + 0.5);
        // A few sharp peaks would leave all else black: beyond a factor of twelve, colours follow the logarithm.
        var logarithmic = range.Min > 0 && range.Max > 12 * range.Min;
        var heat = logarithmic
            ? HeatMap.Render([.. uniform.Select(v => MathF.Log(v))], run.SaliencySize, run.Original.Size, Colormap.Inferno, (Math.Log(range.Min), Math.Log(range.Max)))
            : HeatMap.Render(uniform, run.SaliencySize, run.Original.Size, Colormap.Inferno, range);
        return Drawing.On(HeatMap.Blend(Grey(run.Original), heat, 0.62), d =>
        {
            foreach (var box in boxes) d.Box(box.X1, box.Y1, box.X2, box.Y2, Rgb.White, width: 0.8f * d.Unit);
            var scale = logarithmic ? ", logarithmic" : "";
            Title(d, boxes.Length > 0 ? $"saliency from {boxes.Length} {(boxes.Length == 1 ? "box" : "boxes")}, in multiples of uniform{scale}" : $"saliency, in multiples of uniform{scale}");
            d.ColorBar(Colormap.Inferno, Times(range.Min), Times(range.Max));
        });
    }

    /// <summary>The warp's mesh over the picture: every cell becomes a cell of one size in the zoomed picture, so small cells are magnified.</summary>
    public static Image Grid(ZoomRun run) => Drawing.On(HeatMap.Blend(run.Original, new Image(run.Original.Size), 0.3), d =>
    {
        var nodes = run.Warp.Nodes.To(Device.Cpu).To(DType.Float64).ToArray<double>();
        var points = new (float X, float Y)[nodes.Length / 2];
        // Nodes are normalised between the centres of the end pixels; drawing counts from the outer corner of the first.
        for (var i = 0; i < points.Length; i++)
            points[i] = ((float)((nodes[2 * i] + 1) / 2 * (run.Original.Width - 1) + 0.5), (float)((nodes[2 * i + 1] + 1) / 2 * (run.Original.Height - 1) + 0.5));
        d.Mesh(points, run.Warp.Size, new Rgb(120, 220, 255), 0.7f * d.Unit);
        Title(d, $"{run.Warp.Size.Height}x{run.Warp.Size.Width} nodes; every cell gets the same room in the zoomed picture");
    });

    /// <summary>By how much lengths grow against plain resizing, over the picture, with a colour bar.</summary>
    public static Image Magnification(ZoomRun run)
    {
        var map = Resize.Fit(run.Original.Size, new Size2(540, 960));
        var logarithm = LogMagnification(run.Warp, map);
        var reach = Math.Max(0.05, logarithm.Where(float.IsFinite).Select(Math.Abs).DefaultIfEmpty(0).Max());
        var heat = HeatMap.Render(logarithm, map, run.Original.Size, Colormap.BlueRed, (-reach, reach));
        return Drawing.On(HeatMap.Blend(Grey(run.Original), heat, 0.58), d =>
        {
            Title(d, "magnification of lengths against plain resizing");
            d.ColorBar(Colormap.BlueRed, Times(Math.Pow(2, -reach)), Times(Math.Pow(2, reach)));
        });
    }

    /// <summary>Base-2 logarithm of the magnification of lengths (square root of area) at every pixel of a map over the original; NaN where the zoomed picture does not reach.</summary>
    internal static float[] LogMagnification(WarpGrid warp, Size2 size)
    {
        var inverse = warp.Invert(size);
        var places = inverse.Coordinates.To(Device.Cpu).To(DType.Float64).ToArray<double>();
        var valid = inverse.Valid.To(Device.Cpu).To(DType.Float64).ToArray<double>();
        int height = size.Height, width = size.Width;
        var result = new float[height * width];
        for (var y = 0; y < height; y++)
            for (var x = 0; x < width; x++)
            {
                int left = Math.Max(0, x - 1), right = Math.Min(width - 1, x + 1), up = Math.Max(0, y - 1), down = Math.Min(height - 1, y + 1);
                if (new[] { y * width + left, y * width + right, up * width + x, down * width + x }.Any(i => valid[i] == 0))
                {
                    result[y * width + x] = float.NaN;
                    continue;
                }
                double stepX = (right - left) * 2.0 / (width - 1), stepY = (down - up) * 2.0 / (height - 1);
                var (ax, ay) = ((places[2 * (y * width + right)] - places[2 * (y * width + left)]) / stepX, (places[2 * (y * width + right) + 1] - places[2 * (y * width + left) + 1]) / stepX);
                var (bx, by) = ((places[2 * (down * width + x)] - places[2 * (up * width + x)]) / stepY, (places[2 * (down * width + x) + 1] - places[2 * (up * width + x) + 1]) / stepY);
                result[y * width + x] = (float)(0.5 * Math.Log2(Math.Max(1e-6, Math.Abs(ax * by - ay * bx))));
            }
        return result;
    }

    /// <summary>A title in the top left corner.</summary>
    public static void Title(Drawing drawing, string text) => drawing.Label(text, 0.6f * drawing.TextSize, 0.6f * drawing.TextSize, Rgb.Black);

    private static string Times(double value) => value.ToString(value < 10 ? "0.00" : "0.0", CultureInfo.InvariantCulture) + "×";

    private static Image Grey(Image image)
    {
        var grey = new Image(image.Size);
        var from = image.Pixels;
        var to = grey.Pixels;
        for (var i = 0; i < from.Length; i += 3)
            to[i] = to[i + 1] = to[i + 2] = (byte)(0.299 * from[i] + 0.587 * from[i + 1] + 0.114 * from[i + 2] + 0.5);
        return grey;
    }
}
