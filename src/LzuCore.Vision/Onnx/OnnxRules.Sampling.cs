using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Vision.Onnx;

internal static partial class OnnxRules
{
    private static Dictionary<string, OnnxRule> Sampling => new()
    {
        ["interpolate"] = Interpolate,
        ["grid_sample"] = (g, op) => g.Node("GridSample", Inputs(g, op),
            ("mode", Word(op, "mode")), ("padding_mode", Word(op, "padding_mode")), ("align_corners", op.Attributes.Whole("align_corners"))),
        ["separable_sample"] = SeparableSample,
        ["deform_conv2d"] = DeformableConvolution,
    };

    private static string Word(GraphNode op, string name) => op.Attributes.Text(name).ToLowerInvariant();

    private static string Interpolate(OnnxBuilder g, GraphNode op)
    {
        var (from, to, x) = (op.Inputs[0].Shape, op.Output.Shape, g.In(op, 0));
        if (op.Attributes.Text("mode") == "Bilinear")
            return g.Node("Resize", [x, "", "", g.Wholes(to.Dims)], ("mode", "linear"), ("coordinate_transformation_mode", op.Attributes.Flag("align_corners") ? "align_corners" : "half_pixel"));
        if (IsSame(from[2], to[2]) && IsSame(from[3], to[3]))
            return g.Node("Resize", [x, "", "", g.Wholes(to.Dims)], ("mode", "nearest"), ("coordinate_transformation_mode", "asymmetric"), ("nearest_mode", "floor"));
        return Rows(Rows(x, axis: 2), axis: 3);

        string Rows(string value, int axis) =>
            from[axis] == to[axis] ? value : g.Node("Gather", [value, g.Wholes([.. Enumerable.Range(0, to[axis]).Select(i => Nearest(i, from[axis], to[axis]))])], ("axis", axis));
    }

    // The pixel of PyTorch: the product in float32.
    private static int Nearest(int i, int from, int to) => Math.Min((int)MathF.Floor(i * ((float)from / to)), from - 1);

    // Whether every way of rounding i · from / to that runtimes have finds PyTorch's pixels; where not, the pixels are gathered by number.
    private static bool IsSame(int from, int to) => Enumerable.Range(0, to).All(i =>
        Nearest(i, from, to) == (int)((long)i * from / to) && (int)MathF.Floor(i / ((float)to / from)) == (int)((long)i * from / to));

    // Pixel numbers along each axis become the grid of grid_sample without align-corners, v = (2 i + 1)/D - 1; a constant one for a fixed warp.
    private static string SeparableSample(OnnxBuilder g, GraphNode op)
    {
        var (input, xs, ys, dtype) = (op.Inputs[0].Shape, op.Inputs[1], op.Inputs[2], op.Inputs[0].DType);
        int images = input[0], height = op.Output.Shape[2], width = op.Output.Shape[3];
        var grid = xs.Constant is not null && ys.Constant is not null
            ? g.Constant("grid", Grid(xs.Constant, ys.Constant))
            : g.Node("Concat", [Coordinates(1, input[3], [images, 1, width, 1]), Coordinates(2, input[2], [images, height, 1, 1])], ("axis", 3));
        return g.Node("GridSample", [g.In(op, 0), grid], ("mode", "bilinear"), ("padding_mode", Word(op, "padding_mode")), ("align_corners", 0));

        Tensor Grid(Tensor x, Tensor y)
        {
            double[] columns = Normalised(x, input[3]), rows = Normalised(y, input[2]);
            return Tensor.Generate([images, height, width, 2], i =>
            {
                var (point, image) = (i / 2 % ((long)height * width), i / 2 / ((long)height * width));
                return i % 2 == 0 ? columns[image * width + point % width] : rows[image * height + point / width];
            }, dtype);
        }

        static double[] Normalised(Tensor pixels, int size) => Array.ConvertAll(pixels.To(DType.Float64).ToArray<double>(), p => NormalisedOf(p, size));

        string Coordinates(int operand, int size, int[] shape)
        {
            var scaled = g.Node("Add", [g.Node("Mul", [g.In(op, operand), g.Scalar(2.0 / size, dtype)]), g.Scalar(1.0 / size - 1, dtype)]);
            return g.Node("Expand", [g.Reshape(scaled, shape), g.Wholes(images, height, width, 1)]);
        }
    }

    // The standard computes the pixel back in float32, which in a wide image is good to some 1e-4 of a pixel. Of the numbers beside the right one, the one that comes back closest.
    private static double NormalisedOf(double pixel, int size)
    {
        var best = (float)((2 * pixel + 1) / size - 1);
        var (below, above) = (best, best);
        for (var step = 0; step < 3; step++)
        {
            (below, above) = (MathF.BitDecrement(below), MathF.BitIncrement(above));
            if (Error(below) < Error(best)) best = below;
            if (Error(above) < Error(best)) best = above;
        }
        return best;

        double Error(float v) => Math.Abs(((v + 1) * size - 1) / 2 - pixel);
    }

    // Opset 16 has no deformable convolution. Every tap of every output reads the input at its own place, which is one grid_sample an offset group: taps stand below each
    // other in a tall grid [N, taps·H, W, 2]. Times the mask, the samples are a convolution's columns, and the rest is a 1×1 convolution of channels·taps channels.
    private static string DeformableConvolution(OnnxBuilder g, GraphNode op)
    {
        var (a, input, weight, dtype) = (op.Attributes, op.Inputs[0].Shape, op.Inputs[1].Shape, op.Inputs[0].DType);
        int images = input[0], height = op.Output.Shape[2], width = op.Output.Shape[3], taps = weight[2] * weight[3];
        int groups = a.Whole("deform_groups"), channels = input[1] / groups, next = 3;
        int[] stride = a.Wholes("stride"), padding = a.Wholes("padding"), dilation = a.Wholes("dilation");
        var mask = a.Flag("mask") ? g.In(op, next++) : null;
        var bias = a.Flag("bias") ? g.In(op, next++) : null;

        // v = (2 p + 1)/D - 1 of a pixel p = base + offset, as numbers times the offset plus numbers; x before y, which offsets have the other way round.
        var scale = g.Constant("offset_scale", Tensor.Generate([2], i => 2.0 / input[3 - (int)i], dtype));
        var places = g.Constant("tap_places", Tensor.Generate([1, taps * height, width, 2], Place, dtype));
        var columns = new string[groups];
        for (var group = 0; group < groups; group++)
        {
            var offset = g.Reshape(Group(g.In(op, 2), 2 * taps), images, taps, 2, height, width);
            offset = g.Node("Transpose", [g.Node("Gather", [offset, g.Wholes(1, 0)], ("axis", 2))], ("perm", [0, 1, 3, 4, 2]));
            var grid = g.Node("Add", [g.Node("Mul", [g.Reshape(offset, images, taps * height, width, 2), scale]), places]);
            var samples = g.Node("GridSample", [Group(g.In(op, 0), channels), grid], ("mode", "bilinear"), ("padding_mode", "zeros"), ("align_corners", 0));
            if (mask is not null)
                samples = g.Node("Mul", [samples, g.Reshape(Group(mask, taps), images, 1, taps * height, width)]);
            columns[group] = g.Reshape(samples, images, channels * taps, height, width);

            string Group(string value, int size) => groups == 1 ? value : g.Node("Slice", [value, g.Wholes(group * size), g.Wholes((group + 1) * size), g.Wholes(1)]);
        }
        var all = groups == 1 ? columns[0] : g.Node("Concat", columns, ("axis", 1));
        var flat = g.Reshape(g.In(op, 1), weight[0], weight[1] * taps, 1, 1);
        var y = g.Node("Conv", bias is null ? [all, flat] : [all, flat, bias], ("kernel_shape", [1, 1]), ("group", a.Whole("groups")));
        if (next < op.Inputs.Count) y = g.Node("Add", [y, g.In(op, next)]);
        return a.Text("activation") == "Relu" ? g.Node("Relu", [y]) : y;

        double Place(long i)
        {
            var (column, row, tap) = ((int)(i / 2 % width), (int)(i / 2 / width % height), (int)(i / 2 / width / height));
            return i % 2 == 0
                ? (2.0 * (column * stride[1] - padding[1] + tap % weight[3] * dilation[1]) + 1) / input[3] - 1
                : (2.0 * (row * stride[0] - padding[0] + tap / weight[3] * dilation[0]) + 1) / input[2] - 1;
        }
    }
}
