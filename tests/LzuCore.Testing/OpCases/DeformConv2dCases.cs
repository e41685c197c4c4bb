using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Testing;

public sealed class DeformConv2dCases : OpCases
{
    public override string Op => "deform_conv2d";

    public override IEnumerable<OpCase> All() =>
    [
        Case("half a pixel right, half weight", [Values([1, 1, 1, 3], 2, 4, 8), Values([1, 1, 1, 1], 10), Values([1, 2, 1, 3], 0, 0, 0, 0.5f, 0.5f, 0.5f), Values([1, 1, 1, 3], 1, 0.5f, 1)],
            x => F.DeformConv2d(x[0], x[1], null, x[2], x[3])) with { Expected = [30, 30, 40], Smooth = false },
        Case("places that are no numbers, or far away, read 0", [Values([1, 1, 1, 2], 1, 2), Values([1, 1, 1, 1], 3), Values([1], 0.25f),
            Values([1, 2, 1, 2], float.NaN, float.NegativeInfinity, 1e30f, float.PositiveInfinity)], x => F.DeformConv2d(x[0], x[1], x[2], x[3]))
            with { Expected = [0.25f, 0.25f], Smooth = false },
        Case("a coordinate of -1 or of the height reads 0", [Values([1, 1, 2, 1], 5, 7), Values([1, 1, 1, 1], 1), Values([1, 2, 2, 1], -1, 1, 0, 0)], x => F.DeformConv2d(x[0], x[1], null, x[2]))
            with { Expected = [0, 0], Smooth = false },
        Case("infinity reaches only its neighbours", [Values([1, 1, 1, 4], float.PositiveInfinity, 1, 2, 3), Values([1, 1, 1, 1], 2), Values([1, 2, 1, 4], 0, 0, 0, 0, -1.5f, 0.25f, 0.25f, 0.25f)],
            x => F.DeformConv2d(x[0], x[1], null, x[2])) with { Expected = [0, 2.5f, 4.5f, 4.5f], Smooth = false },
        Same("3x3, padding 1", [2, 5, 6, 7], [4, 5, 3, 3], padding: 1),
        Same("3x3, stride 2, padding 1", [1, 4, 7, 8], [5, 4, 3, 3], stride: 2, padding: 1),
        Same("dilation 2", [1, 3, 8, 9], [4, 3, 3, 3], padding: 2, dilation: 2),
        Same("1x1", [2, 3, 4, 5], [2, 3, 1, 1]),
        Same("asymmetric kernel, stride, padding, dilation", [2, 3, 9, 8], [4, 3, 2, 3], stride: (2, 1), padding: (1, 2), dilation: (1, 2)),
        Same("two deform groups", [1, 6, 5, 6], [3, 6, 3, 3], padding: 1, deformGroups: 2),
        Same("two groups in one deform group", [1, 4, 5, 6], [6, 2, 3, 3], padding: 1, groups: 2),
        Same("two groups, four deform groups, stride 2", [2, 8, 7, 6], [4, 4, 3, 3], stride: 2, padding: 1, groups: 2, deformGroups: 4),
        Same("three groups across two deform groups", [1, 12, 4, 5], [3, 4, 2, 2], groups: 3, deformGroups: 2),
        Same("depthwise", [1, 6, 5, 6], [6, 1, 3, 3], padding: 1, groups: 6, deformGroups: 3),
        Same("one pixel", [1, 3, 1, 1], [2, 3, 3, 3], padding: 1),
        Same("offsets far outside", [1, 4, 6, 5], [3, 4, 3, 3], padding: 1, reach: 9),
        Same("whole offsets", [1, 4, 6, 5], [3, 4, 3, 3], padding: 1, whole: true) with { Smooth = false },
        Same("no batch entries", [0, 3, 4, 4], [2, 3, 3, 3], padding: 1),
        Version1("no mask", [2, 5, 6, 7], [4, 5, 3, 3], padding: 1),
        Version1("no mask, stride 2, two deform groups", [1, 8, 9, 7], [4, 8, 3, 3], stride: 2, padding: 1, deformGroups: 2),
        Same("channels that fill no vector", [1, 17, 4, 5], [37, 17, 3, 3], padding: 1) with { Smooth = false },
        Same("many channels", [2, 70, 9, 11], [72, 70, 3, 3], padding: 1) with { Smooth = false, Tolerance = 3e-5 },
        Same("many channels, groups, deform groups", [1, 96, 13, 11], [64, 24, 3, 3], padding: 1, groups: 4, deformGroups: 3) with { Smooth = false, Tolerance = 3e-5 },
        Same("taps of 4 KiB", [1, 1024, 4, 5], [24, 1024, 3, 3], padding: 1) with { Smooth = false, Tolerance = 1e-4 },
        Case("transposed views", [Random([6, 5, 3, 2]), Random([3, 3, 2, 2], seed: 2), Random([5, 4, 24, 2], -1.3, 1.3, seed: 4)], x =>
        {
            var field = x[2].Permute(3, 2, 1, 0);
            return F.DeformConv2d(x[0].Permute(3, 2, 1, 0), x[1], null, field.Narrow(1, 0, 8), field.Narrow(1, 20, 4));
        })
            with
        {
            Reference = x => Definition(x[0].Permute(3, 2, 1, 0), x[1], null, x[2].Permute(3, 2, 1, 0).Narrow(1, 0, 8), x[2].Permute(3, 2, 1, 0).Narrow(1, 20, 4), 1, 0, 1, 1, 1),
        },
        Benchmark("fcos3d layer3", 256, (29, 50), 256),
        Benchmark("fcos3d layer4", 512, (15, 25), 512),
        Benchmark("fcos3d tower p3", 256, (57, 100), 256),
        Rejects("channels differ", [Random([8, 64, 6, 6]), Random([2, 128, 3, 3]), Random([8, 18, 4, 4])], x => F.DeformConv2d(x[0], x[1], null, x[2]), because: "deform_conv2d: weight [2, 128, 3, 3] with 1 groups expects 128 input channels"),
        Rejects("offset channels", [Random([1, 4, 6, 6]), Random([2, 4, 3, 3]), Random([1, 9, 4, 4])], x => F.DeformConv2d(x[0], x[1], null, x[2]), because: "deform_conv2d: offset: must be [1, 18, 4, 4], got [1, 9, 4, 4]"),
        Rejects("offset of the input's size", [Random([1, 4, 6, 6]), Random([2, 4, 3, 3]), Random([1, 18, 6, 6])], x => F.DeformConv2d(x[0], x[1], null, x[2]), because: "deform_conv2d: offset: must be [1, 18, 4, 4]"),
        Rejects("mask channels", [Random([1, 4, 6, 6]), Random([2, 4, 3, 3]), Random([1, 36, 4, 4]), Random([1, 9, 4, 4])], x => F.DeformConv2d(x[0], x[1], null, x[2], x[3], deformGroups: 2), because: "deform_conv2d: mask: must be [1, 18, 4, 4]"),
        Rejects("deform groups do not divide", [Random([1, 4, 6, 6]), Random([2, 4, 3, 3]), Random([1, 54, 4, 4])], x => F.DeformConv2d(x[0], x[1], null, x[2], deformGroups: 3), because: "deform groups must divide the 4 channels"),
        Rejects("no deform groups", [Random([1, 4, 6, 6]), Random([2, 4, 3, 3]), Random([1, 0, 4, 4])], x => F.DeformConv2d(x[0], x[1], null, x[2], deformGroups: 0), because: "deform groups must be 1 or more, got 0"),
        Rejects("dtypes differ", [Random([1, 4, 6, 6]), Random([2, 4, 3, 3]), Random([1, 18, 4, 4]).To(DType.Float64)], x => F.DeformConv2d(x[0], x[1], null, x[2]), because: "operands are float32 and float64"),
        Rejects("bias size", [Random([1, 4, 6, 6]), Random([3, 4, 3, 3]), Random([4]), Random([1, 18, 4, 4])], x => F.DeformConv2d(x[0], x[1], x[2], x[3]), because: "deform_conv2d: bias"),
    ];

    private OpCase Same(string name, Shape input, Shape weight, Size2? stride = null, Size2? padding = null, Size2? dilation = null, int groups = 1, int deformGroups = 1, double reach = 2.3, bool whole = false)
    {
        var (offset, mask) = Field(input, weight, stride ?? 1, padding ?? 0, dilation ?? 1, deformGroups, reach);
        if (whole) offset = Tensor.From(offset.ToArray<float>().Select(v => MathF.Round(v)).ToArray(), offset.Shape);
        return Case(name, [Random(input), Random(weight, seed: 2), Random([weight[0]], seed: 3), offset, mask], x => F.DeformConv2d(x[0], x[1], x[2], x[3], x[4], stride, padding, dilation, groups, deformGroups)) with
        {
            Reference = x => Definition(x[0], x[1], x[2], x[3], x[4], stride ?? 1, padding ?? 0, dilation ?? 1, groups, deformGroups),
        };
    }

    private OpCase Version1(string name, Shape input, Shape weight, Size2? stride = null, Size2? padding = null, int deformGroups = 1) =>
        Case(name, [Random(input), Random(weight, seed: 2), Field(input, weight, stride ?? 1, padding ?? 0, 1, deformGroups, 2.3).Offset], x => F.DeformConv2d(x[0], x[1], null, x[2], null, stride, padding, deformGroups: deformGroups)) with
        {
            Reference = x => Definition(x[0], x[1], null, x[2], null, stride ?? 1, padding ?? 0, 1, 1, deformGroups),
        };

    private OpCase Benchmark(string name, int channels, Size2 size, int outputs)
    {
        var (offset, mask) = Field([1, channels, size.Height, size.Width], [outputs, channels, 3, 3], 1, 1, 1, 1, 2);
        return Case(name, [Random([1, channels, size.Height, size.Width]), Random([outputs, channels, 3, 3], seed: 2), Random([outputs], seed: 3), offset, mask],
            x => F.DeformConv2d(x[0], x[1], x[2], x[3], x[4], padding: 1)) with
        { BenchmarkOnly = true };
    }

    private static (Tensor Offset, Tensor Mask) Field(Shape input, Shape weight, Size2 stride, Size2 padding, Size2 dilation, int deformGroups, double reach)
    {
        int taps = deformGroups * weight[2] * weight[3];
        int h = (input[2] + 2 * padding.Height - dilation.Height * (weight[2] - 1) - 1) / stride.Height + 1, w = (input[3] + 2 * padding.Width - dilation.Width * (weight[3] - 1) - 1) / stride.Width + 1;
        return (Random([input[0], 2 * taps, h, w], -reach, reach, seed: 4), Random([input[0], taps, h, w], 0, 1, seed: 5));
    }

    // The definition in float64 over logical indices: every pixel of the input weighted with the product of two hats around a tap's place. The place itself is rounded to the inputs' dtype.
    private static Tensor Definition(Tensor input, Tensor weight, Tensor? bias, Tensor offset, Tensor? mask, Size2 stride, Size2 padding, Size2 dilation, int groups, int deformGroups)
    {
        double[] x = Doubles(input), w = Doubles(weight), b = bias is null ? new double[weight.Shape[0]] : Doubles(bias), at = Doubles(offset), m = mask is null ? [] : Doubles(mask);
        int batch = input.Shape[0], channels = input.Shape[1], height = input.Shape[2], width = input.Shape[3], outputs = weight.Shape[0], per = weight.Shape[1], kh = weight.Shape[2], kw = weight.Shape[3];
        int taps = kh * kw, oh = offset.Shape[2], ow = offset.Shape[3];
        var y = new double[batch * outputs * oh * ow];
        for (var n = 0; n < batch; n++)
            for (var r = 0; r < oh; r++)
                for (var q = 0; q < ow; q++)
                    for (var c = 0; c < channels; c++)
                        for (var t = 0; t < taps; t++)
                        {
                            var k = c / (channels / deformGroups) * taps + t;
                            double py = Place(r * stride.Height - padding.Height + t / kw * dilation.Height, 2 * k), px = Place(q * stride.Width - padding.Width + t % kw * dilation.Width, 2 * k + 1);
                            double sample = 0;
                            for (var i = Math.Max(0, (int)Math.Floor(py)); i <= Math.Min(height - 1, (int)Math.Floor(py) + 1); i++)
                                for (var j = Math.Max(0, (int)Math.Floor(px)); j <= Math.Min(width - 1, (int)Math.Floor(px) + 1); j++)
                                    sample += (1 - Math.Abs(py - i)) * (1 - Math.Abs(px - j)) * x[((n * channels + c) * height + i) * width + j];
                            if (mask is not null) sample *= m[((n * deformGroups * taps + k) * oh + r) * ow + q];
                            for (int g = c / per, o = g * (outputs / groups); o < (g + 1) * (outputs / groups); o++) y[((n * outputs + o) * oh + r) * ow + q] += w[(o * per + c % per) * taps + t] * sample;

                            double Place(int tap, int channel)
                            {
                                var place = tap + at[((n * 2 * deformGroups * taps + channel) * oh + r) * ow + q];
                                return input.DType == DType.Float32 ? (float)place : place;
                            }
                        }
        for (var i = 0; i < y.Length; i++) y[i] += b[i / (oh * ow) % outputs];
        return Tensor.From(y, [batch, outputs, oh, ow]);
    }

    private static double[] Doubles(Tensor t) => t.To(DType.Float64).ToArray<double>();
}
