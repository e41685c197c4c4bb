using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Testing;

public sealed class GridSampleCases : OpCases
{
    public override string Op => "grid_sample";

    public override IEnumerable<OpCase> All() =>
    [
        Sample("zeros, align-corners", [2, 3, 5, 7], [2, 4, 6, 2], SamplingMode.Bilinear, PaddingMode.Zeros, true),
        Sample("zeros, edges", [2, 3, 5, 7], [2, 4, 6, 2], SamplingMode.Bilinear, PaddingMode.Zeros, false),
        Sample("border, align-corners", [1, 2, 4, 5], [1, 3, 6, 2], SamplingMode.Bilinear, PaddingMode.Border, true),
        Sample("border, edges", [1, 2, 4, 5], [1, 3, 6, 2], SamplingMode.Bilinear, PaddingMode.Border, false),
        Sample("reflection, align-corners", [1, 2, 4, 5], [1, 3, 6, 2], SamplingMode.Bilinear, PaddingMode.Reflection, true),
        Sample("reflection, edges", [1, 2, 4, 5], [1, 3, 6, 2], SamplingMode.Bilinear, PaddingMode.Reflection, false),
        Sample("more channels than any vector", [1, 37, 4, 5], [1, 2, 3, 2], SamplingMode.Bilinear, PaddingMode.Zeros, true),
        Sample("nearest, zeros", [2, 3, 5, 7], [2, 4, 6, 2], SamplingMode.Nearest, PaddingMode.Zeros, true),
        Sample("nearest, border", [2, 3, 5, 7], [2, 4, 6, 2], SamplingMode.Nearest, PaddingMode.Border, false),
        Sample("nearest, reflection", [2, 3, 5, 7], [2, 4, 6, 2], SamplingMode.Nearest, PaddingMode.Reflection, true),
        Sample("one pixel", [1, 2, 1, 1], [1, 2, 2, 2], SamplingMode.Bilinear, PaddingMode.Reflection, true),
        Sample("a batch of none", [0, 2, 3, 3], [0, 2, 2, 2], SamplingMode.Bilinear, PaddingMode.Zeros, true),
        Case("half a pixel outside has half weight", [Values([1, 1, 1, 3], 2, 4, 8), Values([1, 1, 5, 2], -1.5f, 0, -1, 0, 0.5f, 0, 1.5f, 0, 2, 0)],
            x => F.GridSample(x[0], x[1], SamplingMode.Bilinear, PaddingMode.Zeros, true)) with { Expected = [1, 2, 6, 4, 0], Smooth = false },
        Case("nearest rounds halves to even", [Values([1, 1, 1, 5], 0, 1, 2, 3, 4), Values([1, 1, 4, 2], -0.75f, 0, -0.25f, 0, 0.25f, 0, 0.75f, 0)],
            x => F.GridSample(x[0], x[1], SamplingMode.Nearest, PaddingMode.Zeros, true)) with { Expected = [0, 2, 2, 4], Smooth = false },
        Absurd(PaddingMode.Zeros, 0, 0, 0, 0, 0),
        Absurd(PaddingMode.Border, 1, 1, 2, 2, 1),
        Rejects("grid of another batch", [Random([4, 3, 8, 8]), Random([1, 2, 2, 2])], Zoom, because: "must be [4, *, *, 2], got [1, 2, 2, 2]"),
        Rejects("grid of triples", [Random([1, 3, 8, 8]), Random([1, 2, 2, 3])], Zoom, because: "must be [1, *, *, 2]"),
        Rejects("an empty image", [Random([1, 3, 0, 8]), Random([1, 2, 2, 2])], Zoom, because: "at least one row"),
        Rejects("integers", [Tensor.Zeros([1, 1, 2, 2], DType.Int64), Random([1, 2, 2, 2])], Zoom, because: "must be floating, got int64"),
    ];

    private static Tensor Zoom(Tensor[] x) => F.GridSample(x[0], x[1], SamplingMode.Bilinear, PaddingMode.Zeros, true);

    private OpCase Sample(string name, Shape image, Shape grid, SamplingMode mode, PaddingMode padding, bool alignCorners) =>
        Case(name, [Random(image), Random(grid, -1.6, 1.6, seed: 5)], x => F.GridSample(x[0], x[1], mode, padding, alignCorners))
            with
        { Reference = x => Definition(x[0], x[1], mode, padding, alignCorners), Tolerance = 1e-4 };

    // NaN, two infinities, two huge coordinates: nothing crashes, and the values are the documented ones.
    private OpCase Absurd(PaddingMode padding, params float[] expected) =>
        Case($"coordinates that are no numbers, {padding}", [Values([1, 1, 1, 2], 1, 2), Values([1, 1, 5, 2],
            float.NaN, 0, float.NegativeInfinity, 0, float.PositiveInfinity, 0, float.MaxValue, 0, -float.MaxValue, 0)],
            x => F.GridSample(x[0], x[1], SamplingMode.Bilinear, padding, true)) with
        { Expected = expected, Smooth = false };

    // The definition, pixel by pixel in float64: every pixel of the image weighted with the product of two hats around the folded coordinate.
    private static Tensor Definition(Tensor input, Tensor grid, SamplingMode mode, PaddingMode padding, bool alignCorners)
    {
        int batch = input.Shape[0], channels = input.Shape[1], height = input.Shape[2], width = input.Shape[3], h = grid.Shape[1], w = grid.Shape[2];
        double[] image = input.To(DType.Float64).ToArray<double>(), at = grid.To(DType.Float64).ToArray<double>();
        var output = new double[batch * channels * h * w];
        for (var k = 0; k < output.Length; k++)
        {
            var n = k / (channels * h * w);
            var point = (n * h * w + k % (h * w)) * 2;
            double x = Fold(at[point], width), y = Fold(at[point + 1], height);
            for (var i = 0; i < height; i++)
                for (var j = 0; j < width; j++) output[k] += Hat(y - i) * Hat(x - j) * image[(k / (h * w) * height + i) * width + j];
        }
        return Tensor.From(output, [batch, channels, h, w]);

        double Hat(double distance) => mode == SamplingMode.Bilinear ? Math.Max(0, 1 - Math.Abs(distance)) : Math.Abs(distance) < 0.5 ? 1 : 0;

        double Fold(double v, int size)
        {
            var index = alignCorners ? (v + 1) / 2 * (size - 1) : ((v + 1) * size - 1) / 2;
            if (padding == PaddingMode.Zeros) return index;
            double low = alignCorners ? 0 : -0.5, high = size - 1 - low;
            if (padding == PaddingMode.Reflection && high > low)
                while (index < low || index > high) index = index < low ? 2 * low - index : 2 * high - index;
            return Math.Clamp(index, 0, size - 1);
        }
    }
}
