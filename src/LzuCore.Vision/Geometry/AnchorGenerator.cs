using LzuCore.Memory;

namespace LzuCore.Vision.Geometry;

/// <summary>The anchor boxes of every cell of every pyramid level, in the order of a head's output: level, row, column, then ratio-major.</summary>
/// <remarks>An anchor of ratio r (height / width) and size s has height s·√r and width s/√r, about (column·stride, row·stride): the cell's corner, not its middle.</remarks>
public sealed class AnchorGenerator
{
    private readonly Box[][] _base;
    private readonly int[]? _strides;

    private AnchorGenerator(Box[][] cell, int[]? strides) => (_base, _strides) = (cell, strides);

    /// <summary>Anchors of one cell.</summary>
    public int PerCell => _base[0].Length;

    /// <summary>Pyramid levels.</summary>
    public int Levels => _base.Length;

    /// <summary>mmdetection's RetinaNet: sizes 4·stride·2^(0, 1/3, 2/3), not rounded, strides fixed.</summary>
    public static AnchorGenerator Mmdet(params int[] strides)
    {
        var scales = Enumerable.Range(0, 3).Select(i => (float)(4 * Math.Pow(2, i / 3.0))).ToArray();
        return new AnchorGenerator([.. strides.Select(s => Cell(scales, w => s * w, s => 0.5f * s, round: false))], strides);
    }

    /// <summary>torchvision's RetinaNet: sizes x·2^(0, 1/3, 2/3) cut to integers, x = 32 … 512, corners rounded half to even; the stride of a level is
    /// the padded picture's size divided by the level's, as an integer.</summary>
    public static AnchorGenerator Torchvision() => new(
        [.. new[] { 32, 64, 128, 256, 512 }.Select(x => Cell([x, (int)(x * Math.Pow(2, 1.0 / 3)), (int)(x * Math.Pow(2, 2.0 / 3))], w => w, s => s / 2, round: true))], null);

    /// <summary>All anchors of a picture.</summary>
    /// <param name="levels">Height and width of each level's output.</param>
    /// <param name="image">The padded picture's size, which torchvision's strides follow from.</param>
    /// <returns>One array a level.</returns>
    /// <exception cref="ShapeException">The number of levels differs.</exception>
    public Box[][] Generate(IReadOnlyList<Size2> levels, Size2 image)
    {
        if (levels.Count != Levels) throw new ShapeException("anchors", $"there must be {Levels} levels", $"{levels.Count}");
        return [.. levels.Select((size, i) => Level(_base[i], size, StrideOf(i, size, image)))];
    }

    /// <summary>One anchor: number <paramref name="anchor"/> of the cell at (<paramref name="row"/>, <paramref name="column"/>).</summary>
    public Box At(int level, int row, int column, int anchor, Size2 stride) => _base[level][anchor].Shift(column * stride.Width, row * stride.Height);

    /// <summary>The stride of a level in the picture's pixels.</summary>
    public Size2 StrideOf(int level, Size2 size, Size2 image) =>
        _strides is { } fixedStrides ? fixedStrides[level] : new Size2(image.Height / Math.Max(1, size.Height), image.Width / Math.Max(1, size.Width));

    private static Box[] Level(Box[] cell, Size2 size, Size2 stride)
    {
        var anchors = new Box[size.Height * size.Width * cell.Length];
        var at = 0;
        for (var y = 0; y < size.Height; y++)
            for (var x = 0; x < size.Width; x++)
                foreach (var box in cell) anchors[at++] = box.Shift(x * stride.Width, y * stride.Height);
        return anchors;
    }

    private static Box[] Cell(float[] sizes, Func<float, float> scaled, Func<float, float> half, bool round)
    {
        var cell = new List<Box>();
        foreach (var ratio in (float[])[0.5f, 1, 2])
        {
            var tall = MathF.Sqrt(ratio);
            var wide = 1 / tall;
            foreach (var size in sizes)
            {
                float x = half(scaled(wide) * size), y = half(scaled(tall) * size);
                cell.Add(round ? new Box(MathF.Round(-x), MathF.Round(-y), MathF.Round(x), MathF.Round(y)) : new Box(-x, -y, x, y));
            }
        }
        return [.. cell];
    }
}
