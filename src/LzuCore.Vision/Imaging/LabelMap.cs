using LzuCore.Memory;
using LzuCore.Tensors;

namespace LzuCore.Vision.Imaging;

/// <summary>A class for every pixel of a picture: one byte a pixel, rows from the top.</summary>
public sealed class LabelMap
{
    private readonly byte[] _labels;

    /// <summary>A map of zeros.</summary>
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

    /// <summary>Reads a PNG of one channel: grey values, or the indices of a palette, exactly as they are stored. Colours, gamma and profiles play no part.</summary>
    /// <exception cref="FileFormatException">The file is missing, damaged, no PNG, interlaced, or of more than one channel or 8 bits.</exception>
    /// <exception cref="ArgumentValueException">It has more than 268 megapixels; it was not decoded.</exception>
    public static LabelMap Load(string path) => LabelPng.Decode(ImageCodec.ReadAll(path), path);

    /// <summary>Reads a PNG of one channel from the bytes of a file; as <see cref="Load"/>.</summary>
    /// <param name="bytes">The file's content.</param>
    /// <param name="name">What to call it in messages.</param>
    /// <exception cref="FileFormatException">The bytes are not such a PNG.</exception>
    public static LabelMap Decode(ReadOnlySpan<byte> bytes, string name) => LabelPng.Decode(bytes, name);

    /// <summary>The labels as uint8 [1, H, W], as losses take them.</summary>
    public Tensor ToTensor() => Tensor.From<byte>(_labels, [1, Size.Height, Size.Width]);

    /// <summary>The bytes of a grey 8-bit PNG that holds the labels as they are.</summary>
    public byte[] Encode() => LabelPng.Encode(this);
}
