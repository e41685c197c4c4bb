using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Vision.Imaging;

/// <summary>Pictures to tensors and back.</summary>
public static class ImageTensor
{
    private const int RowsAChunk = 32;

    /// <summary>A picture as float32 [1, 3, H, W], normalised.</summary>
    public static unsafe Tensor ToTensor(this Image image, Normalization normalization)
    {
        var tensor = Tensor.Empty([1, 3, image.Height, image.Width]);
        var table = normalization.Table();
        var to = (nint)tensor.View.Pointer<float>();
        var (first, last) = normalization.Bgr ? (2, 0) : (0, 2);
        ParallelRows.For(image.Height, RowsAChunk, (begin, end) =>
        {
            for (var y = begin; y < end; y++)
                Normalize(image.Row(y), new Span<float>((float*)to + (long)y * image.Width * 3, image.Width * 3), table, first, last);
        });
        GC.KeepAlive(tensor);
        return tensor;
    }

    /// <summary>A picture resized (<see cref="BilinearResize"/>), normalised, and padded with zeros at the bottom and right to a frame: float32 [1, 3, frame], in one pass.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="size">What it is resized to.</param>
    /// <param name="frame">The tensor's size; at least <paramref name="size"/>.</param>
    /// <param name="normalization">Bytes to values; the padding is 0 after it, as mmdetection pads.</param>
    /// <exception cref="ArgumentValueException">The frame is smaller than the size, or a size is out of range.</exception>
    public static unsafe Tensor Letterbox(this Image image, Size2 size, Size2 frame, Normalization normalization)
    {
        Image.CheckSize("letterbox", size);
        Image.CheckSize("letterbox", frame);
        Check.That(frame.Height >= size.Height && frame.Width >= size.Width, $"letterbox: the frame must hold {size}, got {frame}.");
        var tensor = Tensor.Empty([1, 3, frame.Height, frame.Width]);
        var table = normalization.Table();
        var to = (nint)tensor.View.Pointer<float>();
        var (first, last) = normalization.Bgr ? (2, 0) : (0, 2);
        if (size == image.Size) ParallelRows.For(size.Height, RowsAChunk, (begin, end) => { for (var y = begin; y < end; y++) Fill(y, image.Row(y)); });
        else BilinearResize.ForRows(image, size, use: Fill);
        new Span<float>((float*)to + (long)size.Height * frame.Width * 3, (frame.Height - size.Height) * frame.Width * 3).Clear();
        GC.KeepAlive(tensor);
        return tensor;

        void Fill(int y, ReadOnlySpan<byte> row)
        {
            var values = new Span<float>((float*)to + (long)y * frame.Width * 3, frame.Width * 3);
            Normalize(row, values, table, first, last);
            values[row.Length..].Clear();
        }
    }

    /// <summary>A float32 tensor [1, 3, H, W] as a picture: the inverse of <see cref="ToTensor"/>, rounded to the nearest byte and clamped; NaN is 0.</summary>
    /// <exception cref="ShapeException">The tensor is not [1, 3, H, W].</exception>
    public static unsafe Image ToImage(this Tensor tensor, Normalization normalization)
    {
        Check.Shape("to_image: tensor", tensor.Shape, [1, 3, Check.Any, Check.Any]);
        var image = new Image(new Size2(tensor.Shape[2], tensor.Shape[3]));
        var values = tensor.To(DType.Float32).Permute(0, 2, 3, 1).ToArray<float>();
        var pixels = image.Pixels;
        for (var i = 0; i < values.Length; i++)
        {
            var channel = i % 3;
            var v = (values[i] * normalization.StdOf(channel) + normalization.MeanOf(channel)) * normalization.Scale;
            var at = normalization.Bgr ? i - channel + 2 - channel : i;
            pixels[at] = float.IsNaN(v) ? (byte)0 : (byte)Math.Clamp(MathF.Round(v), 0, 255);
        }
        return image;
    }

    private static unsafe void Normalize(ReadOnlySpan<byte> row, Span<float> values, float[][] table, int first, int last)
    {
        fixed (float* a = table[0], b = table[1], c = table[2], to = values)
        fixed (byte* from = row)
            for (var i = 0; i + 2 < row.Length; i += 3)
            {
                to[i] = a[from[i + first]];
                to[i + 1] = b[from[i + 1]];
                to[i + 2] = c[from[i + last]];
            }
    }
}
