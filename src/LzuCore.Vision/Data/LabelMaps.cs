using LzuCore.Memory;
using LzuCore.Vision.Imaging;

namespace LzuCore.Vision.Data;

/// <summary>Label maps moved and resized as their pictures are.</summary>
public static class LabelMaps
{
    /// <summary>The label of pixels that count for nothing.</summary>
    public const byte Ignore = 255;

    /// <summary>Left and right exchanged.</summary>
    public static LabelMap Flip(this LabelMap map)
    {
        var result = new LabelMap(map.Size);
        for (var y = 0; y < map.Size.Height; y++)
        {
            map.Row(y).CopyTo(result.Row(y));
            result.Row(y).Reverse();
        }
        return result;
    }

    /// <summary>A part; what of it lies outside is left away.</summary>
    /// <exception cref="ArgumentValueException">Nothing of it lies inside.</exception>
    public static LabelMap Crop(this LabelMap map, int top, int left, Size2 size)
    {
        var result = new LabelMap(Rearrange.Inside(map.Size, top, left, size));
        for (var y = 0; y < result.Size.Height; y++) map.Row(top + y).Slice(left, result.Size.Width).CopyTo(result.Row(y));
        return result;
    }

    /// <summary>The same with <see cref="Ignore"/> added at the bottom and right.</summary>
    /// <exception cref="ArgumentValueException">The size is smaller than the map's.</exception>
    public static LabelMap Pad(this LabelMap map, Size2 size)
    {
        Check.That(size.Height >= map.Size.Height && size.Width >= map.Size.Width, $"pad: the size must hold {map.Size}, got {size}.");
        var result = new LabelMap(size);
        result.Labels.Fill(Ignore);
        for (var y = 0; y < map.Size.Height; y++) map.Row(y).CopyTo(result.Row(y));
        return result;
    }

    /// <summary>Another size, by the nearest pixel as OpenCV takes it: position <c>floor(i · from/to)</c>, not half-pixel centres.</summary>
    public static LabelMap Resize(this LabelMap map, Size2 size)
    {
        var result = new LabelMap(size);
        var (rows, columns) = (Nearest(map.Size.Height, size.Height), Nearest(map.Size.Width, size.Width));
        for (var y = 0; y < size.Height; y++)
        {
            var from = map.Row(rows[y]);
            var to = result.Row(y);
            for (var x = 0; x < to.Length; x++) to[x] = from[columns[x]];
        }
        return result;
    }

    // cv::resize inverts the factor twice in float64, which decides positions that are whole but for rounding.
    private static int[] Nearest(int from, int to)
    {
        var step = 1 / ((double)to / from);
        return [.. Enumerable.Range(0, to).Select(i => Math.Min((int)Math.Floor(i * step), from - 1))];
    }
}
