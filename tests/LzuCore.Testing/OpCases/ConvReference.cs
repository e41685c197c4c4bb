using LzuCore.Memory;
using LzuCore.Tensors;

namespace LzuCore.Testing;

/// <summary>Convolutions by their defining sum, in float64 over logical indices: what the cases compare with.</summary>
internal static class ConvReference
{
    public static Tensor Conv2d(Tensor input, Tensor weight, Tensor? bias, Size2 stride, Size2 padding, Size2 dilation, int groups)
    {
        double[] x = Doubles(input), w = Doubles(weight), b = bias is null ? new double[weight.Shape[0]] : Doubles(bias);
        int batch = input.Shape[0], channels = input.Shape[1], h = input.Shape[2], wd = input.Shape[3];
        int outputs = weight.Shape[0], per = weight.Shape[1], kh = weight.Shape[2], kw = weight.Shape[3];
        int oh = (h + 2 * padding.Height - dilation.Height * (kh - 1) - 1) / stride.Height + 1;
        int ow = (wd + 2 * padding.Width - dilation.Width * (kw - 1) - 1) / stride.Width + 1;
        var y = new double[batch * outputs * oh * ow];
        for (var n = 0; n < batch; n++)
            for (var o = 0; o < outputs; o++)
                for (var r = 0; r < oh; r++)
                    for (var q = 0; q < ow; q++)
                    {
                        var sum = b[o];
                        for (var c = 0; c < per; c++)
                            for (var i = 0; i < kh; i++)
                                for (var j = 0; j < kw; j++)
                                {
                                    int iy = r * stride.Height - padding.Height + i * dilation.Height, ix = q * stride.Width - padding.Width + j * dilation.Width;
                                    if (iy < 0 || iy >= h || ix < 0 || ix >= wd) continue;
                                    sum += w[((o * per + c) * kh + i) * kw + j] * x[((n * channels + o / (outputs / groups) * per + c) * h + iy) * wd + ix];
                                }
                        y[((n * outputs + o) * oh + r) * ow + q] = sum;
                    }
        return Tensor.From(y, [batch, outputs, oh, ow]);
    }

    public static Tensor ConvTranspose2d(Tensor input, Tensor weight, Tensor? bias, Size2 stride, Size2 padding, Size2 extra, int groups, Size2 dilation)
    {
        double[] x = Doubles(input), w = Doubles(weight);
        int batch = input.Shape[0], channels = input.Shape[1], h = input.Shape[2], wd = input.Shape[3];
        int per = weight.Shape[1], kh = weight.Shape[2], kw = weight.Shape[3], outputs = per * groups;
        int oh = (h - 1) * stride.Height - 2 * padding.Height + dilation.Height * (kh - 1) + extra.Height + 1;
        int ow = (wd - 1) * stride.Width - 2 * padding.Width + dilation.Width * (kw - 1) + extra.Width + 1;
        var b = bias is null ? new double[outputs] : Doubles(bias);
        var y = new double[batch * outputs * oh * ow];
        for (var i = 0; i < y.Length; i++) y[i] = b[i / (oh * ow) % outputs];
        for (var n = 0; n < batch; n++)
            for (var c = 0; c < channels; c++)
                for (var r = 0; r < h; r++)
                    for (var q = 0; q < wd; q++)
                        for (var o = 0; o < per; o++)
                            for (var i = 0; i < kh; i++)
                                for (var j = 0; j < kw; j++)
                                {
                                    int ty = r * stride.Height - padding.Height + i * dilation.Height, tx = q * stride.Width - padding.Width + j * dilation.Width;
                                    if (ty < 0 || ty >= oh || tx < 0 || tx >= ow) continue;
                                    y[((n * outputs + c / (channels / groups) * per + o) * oh + ty) * ow + tx] += w[((c * per + o) * kh + i) * kw + j] * x[((n * channels + c) * h + r) * wd + q];
                                }
        return Tensor.From(y, [batch, outputs, oh, ow]);
    }

    /// <summary>Products of matrices in the last two axes; a and b share their batch axes.</summary>
    public static Tensor MatMul(Tensor a, Tensor b)
    {
        double[] x = Doubles(a), y = Doubles(b);
        int m = a.Shape[a.Rank - 2], k = a.Shape[a.Rank - 1], n = b.Shape[b.Rank - 1], batch = m * k == 0 ? 1 : x.Length / (m * k);
        var z = new double[batch * m * n];
        for (var t = 0; t < batch; t++)
            for (var i = 0; i < m; i++)
                for (var j = 0; j < n; j++)
                    for (var p = 0; p < k; p++) z[(t * m + i) * n + j] += x[(t * m + i) * k + p] * y[(t * k + p) * n + j];
        return Tensor.From(z, a.Shape.With(a.Rank - 1, n));
    }

    private static double[] Doubles(Tensor t) => Ops.F.To(t, DType.Float64).ToArray<double>();
}
