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
            double[] columns = x.To(DType.Float64).ToArray<double>(), rows = y.To(DType.Float64).ToArray<double>();
            return Tensor.Generate([images, height, width, 2], i =>
            {
                var ((point, axis), image) = (Math.DivRem(i, 2), i / (2L * height * width));
                return axis == 0
                    ? (2 * columns[image * width + point % width] + 1) / input[3] - 1
                    : (2 * rows[image * height + point / width % height] + 1) / input[2] - 1;
            }, dtype);
        }

        string Coordinates(int operand, int size, int[] shape)
        {
            var scaled = g.Node("Add", [g.Node("Mul", [g.In(op, operand), g.Scalar(2.0 / size, dtype)]), g.Scalar(1.0 / size - 1, dtype)]);
            return g.Node("Expand", [g.Reshape(scaled, shape), g.Wholes(images, height, width, 1)]);
        }
    }
}
