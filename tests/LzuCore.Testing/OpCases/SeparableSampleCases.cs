using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Testing;

public sealed class SeparableSampleCases : OpCases
{
    public override string Op => "separable_sample";

    public override IEnumerable<OpCase> All() =>
    [
        Sample("a picture, zeros", [2, 3, 5, 7], 9, 4, PaddingMode.Zeros, shared: true),
        Sample("a picture, border", [2, 3, 5, 7], 9, 4, PaddingMode.Border, shared: true),
        Sample("each image its own coordinates", [3, 3, 5, 7], 9, 4, PaddingMode.Zeros, shared: false),
        Sample("features, zeros", [2, 37, 4, 5], 3, 6, PaddingMode.Zeros, shared: true),
        Sample("features, border", [1, 37, 4, 5], 3, 6, PaddingMode.Border, shared: false),
        Sample("one channel", [1, 1, 4, 30], 9, 6, PaddingMode.Zeros, shared: true),
        Sample("eight channels", [1, 8, 4, 9], 5, 6, PaddingMode.Border, shared: true),
        Sample("one pixel", [1, 2, 1, 1], 3, 2, PaddingMode.Zeros, shared: true),
        Sample("no images", [0, 3, 4, 4], 2, 2, PaddingMode.Zeros, shared: true),
        Case("whole numbers pick pixels", [Values([1, 1, 2, 3], 1, 2, 3, 4, 5, 6), Values([3], 2, 0, 1), Values([1], 1)], x => F.SeparableSample(x[0], x[1], x[2], PaddingMode.Zeros))
            with { Expected = [6, 4, 5], Smooth = false },
        Absurd(PaddingMode.Zeros, 0, 0, 0, 0, 0),
        Absurd(PaddingMode.Border, 1, 1, 2, 2, 1),
        Bytes("bytes, zeros", PaddingMode.Zeros, -1.5, 1.5),
        Bytes("bytes, border", PaddingMode.Border, -1.5, 1.5),
        Bytes("bytes, inside", PaddingMode.Zeros, 0, 0),
        Rejects("reflection", [Random([1, 1, 2, 2]), Random([2]), Random([2])], x => F.SeparableSample(x[0], x[1], x[2], PaddingMode.Reflection), because: "zeros or border, got reflection"),
        Rejects("another batch", [Random([2, 1, 2, 2]), Random([3, 2]), Random([2])], x => F.SeparableSample(x[0], x[1], x[2], PaddingMode.Zeros), because: "xs: must be [2, *], got [3, 2]"),
        Rejects("std 0", [Tensor.Zeros([2, 2, 3], DType.UInt8), Random([2]), Random([2])], x => F.SeparableSample(x[0], x[1], x[2], PaddingMode.Zeros, [0, 0, 0], [1, 0, 1]), because: "std must not be 0"),
        Rejects("floats for bytes", [Random([2, 2, 3]), Random([2]), Random([2])], x => F.SeparableSample(x[0], x[1], x[2], PaddingMode.Zeros, [0, 0, 0], [1, 1, 1]), because: "pixels must be uint8"),
    ];

    private OpCase Sample(string name, Shape image, int width, int height, PaddingMode padding, bool shared) =>
        Case(name, [Random(image), Random(shared ? [width] : [image[0], width], -1.9, image[3] + 0.9, seed: 5), Random(shared ? [height] : [image[0], height], -1.9, image[2] + 0.9, seed: 6)],
            x => F.SeparableSample(x[0], x[1], x[2], padding)) with
        { Reference = x => Dense(x[0], x[1], x[2], padding) };

    private OpCase Absurd(PaddingMode padding, params float[] expected) =>
        Case($"coordinates that are no numbers, {padding}",
            [Values([1, 1, 1, 2], 1, 2), Values([5], float.NaN, float.NegativeInfinity, float.PositiveInfinity, float.MaxValue, -float.MaxValue), Values([1], 0)],
            x => F.SeparableSample(x[0], x[1], x[2], padding)) with
        { Expected = expected, Smooth = false };

    // Bytes: the same samples of the normalised float image.
    private OpCase Bytes(string name, PaddingMode padding, double before, double after)
    {
        var pixels = Tensor.Generate([9, 50, 3], i => (i * 37 + i / 7) % 256).To(DType.UInt8);
        float[] mean = [123.675f, 116.28f, 103.53f], std = [58.395f, 57.12f, 57.375f];
        return Case(name, [pixels, Random([23], before, 49 + after, seed: 5), Random([11], before, 8 + after, seed: 6)],
            x => F.SeparableSample(x[0], x[1], x[2], padding, mean, std)) with
        {
            Smooth = false,
            Differentiable = [],
            Reference = x =>
            {
                var image = x[0].To(DType.Float64).Permute(2, 0, 1).Unsqueeze(0) + Tensor.From<double>([-mean[0], -mean[1], -mean[2]], [3, 1, 1]);
                return Dense(image.Times(Tensor.From<double>([1.0 / std[0], 1.0 / std[1], 1.0 / std[2]], [3, 1, 1])), x[1], x[2], padding);
            },
        };
    }

    // The definition: grid_sample at the dense grid, in float64.
    private static Tensor Dense(Tensor input, Tensor xs, Tensor ys, PaddingMode padding)
    {
        int batch = input.Shape[0], w = input.Shape[3], h = input.Shape[2], outW = xs.Shape[xs.Rank - 1], outH = ys.Shape[ys.Rank - 1];
        double[] x = xs.To(DType.Float64).Expand(batch, outW).ToArray<double>(), y = ys.To(DType.Float64).Expand(batch, outH).ToArray<double>();
        var grid = Tensor.Generate([batch, outH, outW, 2], k =>
        {
            var (n, i, j) = ((int)(k / 2 / outW / outH), (int)(k / 2 / outW % outH), (int)(k / 2 % outW));
            return k % 2 == 0 ? (2 * x[n * outW + j] + 1) / w - 1 : (2 * y[n * outH + i] + 1) / h - 1;
        }, DType.Float64);
        return F.GridSample(input.To(DType.Float64), grid, SamplingMode.Bilinear, padding, alignCorners: false);
    }
}
