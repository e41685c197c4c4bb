using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Testing;

public sealed class InterpolateCases : OpCases
{
    public override string Op => "interpolate";

    public override IEnumerable<OpCase> All() =>
    [
        Resize("nearest, twice", [2, 3, 4, 5], (8, 10), InterpolationMode.Nearest, false),
        Resize("nearest, odd sizes", [1, 2, 5, 7], (11, 3), InterpolationMode.Nearest, false),
        Resize("bilinear, edges, larger", [2, 3, 4, 5], (9, 8), InterpolationMode.Bilinear, false),
        Resize("bilinear, edges, smaller", [1, 20, 9, 8], (4, 5), InterpolationMode.Bilinear, false),
        Resize("bilinear, align-corners, larger", [2, 3, 4, 5], (9, 8), InterpolationMode.Bilinear, true),
        Resize("bilinear, align-corners, smaller", [1, 33, 9, 8], (4, 5), InterpolationMode.Bilinear, true),
        Resize("from one pixel", [1, 2, 1, 1], (3, 4), InterpolationMode.Bilinear, true),
        Resize("to one pixel", [1, 2, 3, 4], (1, 1), InterpolationMode.Bilinear, true),
        Resize("no images", [0, 2, 3, 4], (6, 8), InterpolationMode.Bilinear, false),
        Case("align-corners keeps the ends", [Values([1, 1, 1, 3], 0, 2, 4)], x => F.Interpolate(x[0], (1, 5), InterpolationMode.Bilinear, true)) with { Expected = [0, 1, 2, 3, 4] },
        Case("edges repeat the ends", [Values([1, 1, 1, 2], 0, 4)], x => F.Interpolate(x[0], (1, 4), InterpolationMode.Bilinear, false)) with { Expected = [0, 1, 3, 4] },
        Rejects("size 0", [Random([1, 1, 2, 2])], x => F.Interpolate(x[0], (0, 4), InterpolationMode.Nearest, false), because: "at least 1x1, got 0x4"),
        Rejects("an empty image", [Random([1, 1, 0, 2])], x => F.Interpolate(x[0], 4, InterpolationMode.Nearest, false), because: "at least one row"),
        Rejects("no image", [Random([3, 4])], x => F.Interpolate(x[0], 4, InterpolationMode.Nearest, false), because: "must have 4 axes"),
    ];

    private OpCase Resize(string name, Shape image, Size2 size, InterpolationMode mode, bool alignCorners) =>
        Case(name, [Random(image)], x => F.Interpolate(x[0], size, mode, alignCorners)) with { Reference = x => Definition(x[0], size, mode, alignCorners) };

    // The definition, value by value in float64.
    private static Tensor Definition(Tensor input, Size2 size, InterpolationMode mode, bool alignCorners)
    {
        int planes = input.Shape[0] * input.Shape[1], height = input.Shape[2], width = input.Shape[3];
        var image = input.To(DType.Float64).ToArray<double>();
        var output = new double[planes * size.Height * size.Width];
        for (var k = 0; k < output.Length; k++)
        {
            var (plane, at) = Math.DivRem(k, size.Height * size.Width);
            double y = Source(at / size.Width, height, size.Height), x = Source(at % size.Width, width, size.Width);
            for (var i = 0; i < height; i++)
                for (var j = 0; j < width; j++)
                    output[k] += Math.Max(0, 1 - Math.Abs(y - i)) * Math.Max(0, 1 - Math.Abs(x - j)) * image[(plane * height + i) * width + j];
        }
        return Tensor.From(output, [input.Shape[0], input.Shape[1], size.Height, size.Width]);

        double Source(int i, int from, int to) =>
            mode == InterpolationMode.Nearest ? i * from / to :
            alignCorners ? to == 1 ? 0 : i * (from - 1.0) / (to - 1) :
            Math.Clamp((i + 0.5) * from / to - 0.5, 0, from - 1);
    }
}
