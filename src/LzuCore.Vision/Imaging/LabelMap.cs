using LzuCore.Memory;

namespace LzuCore.Vision.Imaging;

/// <summary>A class number for every pixel: uint8, H×W, rows from the top. 255 means none where a data set says so.</summary>
public sealed class LabelMap
{
    private readonly byte[] _labels;

    /// <summary>All zeros.</summary>
    /// <exception cref="ArgumentValueException">A side is below 1, or there are more than <see cref="Image.MaxPixels"/>.</exception>
    public LabelMap(Size2 size)
    {
        Image.CheckSize("label map", size);
        Size = size;
        _labels = new byte[(long)size.Height * size.Width];
    }

    /// <summary>Height and width.</summary>
    public Size2 Size { get; }

    /// <summary>All labels, row by row.</summary>
    public Span<byte> Labels => _labels;

    /// <summary>The labels of one row.</summary>
    public Span<byte> Row(int y) => _labels.AsSpan(Size.Width * y, Size.Width);

    /// <summary>One label.</summary>
    public byte this[int y, int x]
    {
        get => Row(y)[x];
        set => Row(y)[x] = value;
    }
}
