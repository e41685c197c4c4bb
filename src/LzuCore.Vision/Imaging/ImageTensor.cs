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
            float[] a = table[0], b = table[1], c = table[2];
            for (var y = begin; y < end; y++)
            {
                var row = image.Row(y);
                var p = (float*)to + (long)y * image.Width * 3;
                for (var i = 0; i + 2 < row.Length; i += 3)
                {
                    p[i] = a[row[i + first]];
                    p[i + 1] = b[row[i + 1]];
                    p[i + 2] = c[row[i + last]];
                }
            }
        });
        GC.KeepAlive(tensor);
        return tensor;
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
}
