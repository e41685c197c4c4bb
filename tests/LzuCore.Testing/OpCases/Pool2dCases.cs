using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Testing;

public sealed class Pool2dCases : OpCases
{
    public override string Op => "pool2d";

    public override IEnumerable<OpCase> All() =>
    [
        Case("max of four", [Values([1, 1, 2, 4], 1, 5, 2, 0, 3, 4, 9, 8)], x => F.MaxPool2d(x[0], 2)) with { Expected = [5, 9] },
        Max("the stem of a ResNet", [2, 20, 7, 9], 3, 2, 1, false),
        Max("incomplete last windows", [1, 3, 6, 7], 3, 2, 0, true),
        Max("incomplete last windows, padded", [1, 3, 8, 7], 3, 2, 1, true),
        Max("every other pixel", [1, 3, 5, 6], 1, 2, 0, false),
        Max("overlapping", [1, 3, 20, 5], (3, 2), 1, (1, 1), false),
        Case("negative numbers beat padding", [Values([1, 1, 1, 1], -3)], x => F.MaxPool2d(x[0], 3, 1, 1)) with { Expected = [-3] },
        Case("NaN wins", [Values([1, 1, 1, 3], 1, float.NaN, 7)], x => F.MaxPool2d(x[0], (1, 3))) with { Expected = [float.NaN], Smooth = false },
        Case("minus infinity stays", [Values([1, 1, 1, 2], float.NegativeInfinity, float.NegativeInfinity)], x => F.MaxPool2d(x[0], (1, 2))) with { Expected = [float.NegativeInfinity], Smooth = false },
        Average("average", [2, 19, 7, 9], 3, 2, 1, false, true),
        Average("average, padding not counted", [1, 3, 7, 8], 3, 2, 1, true, false),
        Average("average, incomplete last windows", [1, 3, 7, 7], 2, 2, 0, true, true),
        Case("a corner with counted padding", [Values([1, 1, 2, 2], 1, 2, 3, 6)], x => F.AvgPool2d(x[0], 3, 3, 1)) with { Expected = [12f / 9] },
        Adaptive("to one", [2, 18, 5, 7], 1),
        Adaptive("bins that overlap", [1, 3, 7, 10], (3, 6)),
        Adaptive("more bins than pixels", [1, 2, 2, 3], (4, 5)),
        Case("no images", [Random([0, 3, 4, 4])], x => F.MaxPool2d(x[0], 2)) with { Expected = [] },
        Rejects("too much padding", [Random([1, 1, 4, 4])], x => F.MaxPool2d(x[0], 2, 2, 2), because: "padding must be between 0 and half the kernel 2x2, got 2x2"),
        Rejects("kernel larger than the image", [Random([1, 1, 2, 2])], x => F.AvgPool2d(x[0], 3), because: "at least one 3x3 window"),
        Rejects("stride 0", [Random([1, 1, 4, 4])], x => F.MaxPool2d(x[0], 2, 0), because: "stride must be at least 1x1"),
        Rejects("no bins", [Random([1, 1, 4, 4])], x => F.AdaptiveAvgPool2d(x[0], 0), because: "at least 1x1"),
        Rejects("no image", [Random([4, 4])], x => F.MaxPool2d(x[0], 2), because: "must have 4 axes"),
    ];

    private OpCase Max(string name, Shape shape, Size2 kernel, Size2 stride, Size2 padding, bool ceil) =>
        Case(name, [Random(shape)], x => F.MaxPool2d(x[0], kernel, stride, padding, ceil))
            with
        { Reference = x => Definition(x[0], kernel, stride, padding, ceil, values => values.Max(v => v.Inside ? v.Value : double.NegativeInfinity)) };

    private OpCase Average(string name, Shape shape, Size2 kernel, Size2 stride, Size2 padding, bool ceil, bool counted) =>
        Case(name, [Random(shape)], x => F.AvgPool2d(x[0], kernel, stride, padding, ceil, counted))
            with
        { Reference = x => Definition(x[0], kernel, stride, padding, ceil, values => values.Sum(v => v.Value) / values.Count(v => counted || v.Inside)) };

    private OpCase Adaptive(string name, Shape shape, Size2 size) => Case(name, [Random(shape)], x => F.AdaptiveAvgPool2d(x[0], size)) with
    {
        Reference = x => Each(x[0], size, (image, at, i, j) =>
        {
            int h = x[0].Shape[2], w = x[0].Shape[3], top = i * h / size.Height, left = j * w / size.Width;
            int bottom = (int)Math.Ceiling((i + 1.0) * h / size.Height), right = (int)Math.Ceiling((j + 1.0) * w / size.Width);
            var sum = 0.0;
            for (var y = top; y < bottom; y++)
                for (var q = left; q < right; q++) sum += image[at + y * w + q];
            return sum / ((bottom - top) * (right - left));
        }),
    };

    // The definition: windows over the padded image, cut at its far end.
    private static Tensor Definition(Tensor input, Size2 kernel, Size2 stride, Size2 padding, bool ceil, Func<List<(double Value, bool Inside)>, double> value)
    {
        int h = input.Shape[2], w = input.Shape[3];
        return Each(input, (Count(h, kernel.Height, stride.Height, padding.Height), Count(w, kernel.Width, stride.Width, padding.Width)), (image, at, i, j) =>
        {
            var window = new List<(double, bool)>();
            for (var y = i * stride.Height - padding.Height; y < Math.Min(i * stride.Height - padding.Height + kernel.Height, h + padding.Height); y++)
                for (var x = j * stride.Width - padding.Width; x < Math.Min(j * stride.Width - padding.Width + kernel.Width, w + padding.Width); x++)
                    window.Add(y >= 0 && y < h && x >= 0 && x < w ? (image[at + y * w + x], true) : (0, false));
            return value(window);
        });

        int Count(int size, int k, int s, int p)
        {
            var n = 0;
            while (n * s - p + k <= size + p || (ceil && n * s - p < size && (n - 1) * s - p + k < size + p)) n++;
            return n;
        }
    }

    private static Tensor Each(Tensor input, Size2 size, Func<double[], int, int, int, double> value)
    {
        var image = input.To(DType.Float64).ToArray<double>();
        int planes = input.Shape[0] * input.Shape[1], plane = input.Shape[2] * input.Shape[3];
        var output = new double[planes * size.Height * size.Width];
        for (var k = 0; k < output.Length; k++)
        {
            var (p, at) = Math.DivRem(k, size.Height * size.Width);
            output[k] = value(image, p * plane, at / size.Width, at % size.Width);
        }
        return Tensor.From(output, [input.Shape[0], input.Shape[1], size.Height, size.Width]);
    }
}
