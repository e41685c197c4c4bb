using System.Numerics;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Vision.Imaging;

namespace LzuCore.Vision.Tasks.Segmentation;

/// <summary>Logits to a label of every pixel: bilinear to the picture's size (<c>align_corners=False</c>), then the greatest.</summary>
/// <remarks>Done row by row, so that the resized logits (160 MB for Cityscapes) never exist; softmax does not change which is greatest. Of equal classes the first wins,
/// and NaN never does. Source: mmseg 0.x, <c>EncoderDecoder.simple_test</c>, with one resize instead of two.</remarks>
public static class SegmentationDecoder
{
    private const int RowsAChunk = 8;

    /// <summary>The labels of one picture of a batch.</summary>
    /// <param name="logits">[N, K, h, w], K from 1 to 256.</param>
    /// <param name="network">Size of the network's input, padding included, which the logits cover.</param>
    /// <param name="valid">The part of it that is picture: the rest, at the bottom and right, is padding.</param>
    /// <param name="size">Size of the picture.</param>
    /// <param name="batchIndex">Which picture.</param>
    /// <exception cref="ShapeException">The logits are not [N, K, h, w], or there is no such picture.</exception>
    public static unsafe LabelMap Decode(Tensor logits, Size2 network, Size2 valid, Size2 size, int batchIndex = 0)
    {
        Check.Rank("segmentation decode: logits", logits.Shape, 4);
        int classes = logits.Shape[1], height = logits.Shape[2], width = logits.Shape[3];
        if (batchIndex < 0 || batchIndex >= logits.Shape[0]) throw new ShapeException("segmentation decode", $"batch index must be 0 to {logits.Shape[0] - 1}", $"{batchIndex}");
        if (classes is < 1 or > 256 || height < 1 || width < 1) throw new ShapeException("segmentation decode: logits", "must have 1 to 256 classes and at least one cell", logits.Shape.ToString());
        var host = logits.To(Device.Cpu).To(DType.Float32).Contiguous();
        var cells = (nint)(host.View.Pointer<float>() + (long)batchIndex * classes * height * width);
        // Picture pixel to cell, half-pixel centres, over the valid part of the input.
        var rows = new Axis(size.Height, valid.Height * (double)height / network.Height, height);
        var columns = new Axis(size.Width, valid.Width * (double)width / network.Width, width);
        var lanes = (classes + Vector<float>.Count - 1) / Vector<float>.Count * Vector<float>.Count;
        var labels = new LabelMap(size);
        ParallelRows.For(size.Height, RowsAChunk, (begin, end) =>
        {
            // One row of cells, blended from the two above and below, each cell's classes padded to whole vectors with what can never win.
            var blended = new float[width * lanes];
            Array.Fill(blended, float.NegativeInfinity);
            for (var y = begin; y < end; y++)
            {
                var (top, bottom, share) = rows[y];
                float* upper = (float*)cells + (long)top * width * classes, lower = (float*)cells + (long)bottom * width * classes;
                for (var x = 0; x < width; x++)
                    for (var c = 0; c < classes; c++)
                        blended[x * lanes + c] = upper[x * classes + c] + share * (lower[x * classes + c] - upper[x * classes + c]);
                Greatest(blended, lanes, columns, labels.Row(y));
            }
        });
        GC.KeepAlive(host);
        return labels;
    }

    private static void Greatest(ReadOnlySpan<float> cells, int lanes, Axis columns, Span<byte> labels)
    {
        for (var x = 0; x < labels.Length; x++)
        {
            var (left, right, share) = columns[x];
            ReadOnlySpan<float> a = cells.Slice(left * lanes, lanes), b = cells.Slice(right * lanes, lanes);
            var (best, label) = (float.NegativeInfinity, 0);
            for (var first = 0; first < lanes; first += Vector<float>.Count)
            {
                Vector<float> va = new(a[first..]), value = va + new Vector<float>(share) * (new Vector<float>(b[first..]) - va);
                // Padding is -inf in both cells, and its difference NaN: neither is greater than anything.
                if (!Vector.GreaterThanAny(value, new Vector<float>(best))) continue;
                for (var lane = 0; lane < Vector<float>.Count; lane++)
                    if (value[lane] > best) (best, label) = (value[lane], first + lane);
            }
            labels[x] = (byte)label;
        }
    }

    // For each pixel of a side: the two cells around it and the share of the second. Source: F.Interpolate with align_corners=False.
    private readonly struct Axis
    {
        private readonly (int Low, int High, float Share)[] _at;

        public Axis(int pixels, double span, int cells)
        {
            _at = new (int, int, float)[pixels];
            var scale = (float)(span / pixels);
            for (var i = 0; i < pixels; i++)
            {
                var at = Math.Max(0, (i + 0.5f) * scale - 0.5f);
                var low = Math.Min((int)at, cells - 1);
                _at[i] = (low, Math.Min(low + 1, cells - 1), at - low);
            }
        }

        public (int Low, int High, float Share) this[int pixel] => _at[pixel];
    }
}
