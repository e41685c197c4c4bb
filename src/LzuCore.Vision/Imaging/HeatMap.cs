using LzuCore.Memory;

namespace LzuCore.Vision.Imaging;

/// <summary>Maps of numbers as pictures.</summary>
public static class HeatMap
{
    /// <summary>A map [h, w] as a picture of any size, interpolated between its nodes, the first and last of which lie on the picture's edge pixels.</summary>
    /// <param name="values">Row-major.</param>
    /// <param name="map">Height and width of the map.</param>
    /// <param name="size">Height and width of the picture.</param>
    /// <param name="colors">The colours.</param>
    /// <param name="range">The numbers of the first and last colour; by default the least and greatest finite ones.</param>
    /// <exception cref="ShapeException">The number of values is not the map's.</exception>
    public static Image Render(ReadOnlySpan<float> values, Size2 map, Size2 size, Colormap colors, (double Min, double Max)? range = null)
    {
        if (map.Height < 1 || map.Width < 1 || values.Length != map.Height * map.Width)
            throw new ShapeException("heat_map", $"a map of {map} needs {(long)map.Height * map.Width} values, at least one", $"{values.Length}");
        var (min, max) = range ?? RangeOf(values);
        var span = max > min ? max - min : 1;
        var image = new Image(size);
        for (var y = 0; y < size.Height; y++)
        {
            var (y0, y1, fy) = Between(y, size.Height, map.Height);
            for (var x = 0; x < size.Width; x++)
            {
                var (x0, x1, fx) = Between(x, size.Width, map.Width);
                var top = Mix(values[y0 * map.Width + x0], values[y0 * map.Width + x1], fx);
                var bottom = Mix(values[y1 * map.Width + x0], values[y1 * map.Width + x1], fx);
                image[y, x] = colors.At((Mix(top, bottom, fy) - min) / span);
            }
        }
        return image;
    }

    /// <summary>One picture seen through another: <c>(1 - opacity) · below + opacity · above</c>.</summary>
    /// <exception cref="ShapeException">The sizes differ.</exception>
    public static Image Blend(Image below, Image above, double opacity)
    {
        if (below.Size != above.Size) throw new ShapeException("blend", $"both pictures must be {below.Size}", above.Size.ToString());
        var result = new Image(below.Size);
        for (var i = 0; i < result.Pixels.Length; i++)
            result.Pixels[i] = (byte)(below.Pixels[i] + opacity * (above.Pixels[i] - below.Pixels[i]) + 0.5);
        return result;
    }

    /// <summary>The least and greatest finite number; (0, 1) when there is none.</summary>
    public static (double Min, double Max) RangeOf(ReadOnlySpan<float> values)
    {
        var (min, max) = (double.PositiveInfinity, double.NegativeInfinity);
        foreach (var v in values)
            if (float.IsFinite(v)) (min, max) = (Math.Min(min, v), Math.Max(max, v));
        return min <= max ? (min, max) : (0, 1);
    }

    private static (int, int, double) Between(int pixel, int pixels, int nodes)
    {
        var at = pixels == 1 ? 0 : (double)pixel * (nodes - 1) / (pixels - 1);
        var low = Math.Min((int)at, nodes - 1);
        return (low, Math.Min(low + 1, nodes - 1), at - low);
    }

    // A whole node is taken as it is, so that a NaN or infinite neighbour does not spread to it.
    private static double Mix(double a, double b, double f) => f == 0 ? a : a + f * (b - a);
}
