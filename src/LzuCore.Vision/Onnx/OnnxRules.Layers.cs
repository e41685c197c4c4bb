using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Vision.Onnx;

internal static partial class OnnxRules
{
    private static Dictionary<string, OnnxRule> Layers => new()
    {
        ["conv2d"] = Convolution,
        ["conv_transpose2d"] = TransposedConvolution,
        ["linear"] = (g, op) => g.Node("Gemm", Inputs(g, op), ("transB", 1)),
        ["matmul"] = Plain("MatMul"),
        ["batch_norm"] = BatchNorm,
        ["group_norm"] = GroupNorm,
        ["layer_norm"] = GroupNorm,
        ["max_pool2d"] = MaxPool,
        ["avg_pool2d"] = AveragePool,
        ["adaptive_avg_pool2d"] = AdaptivePool,
        ["softmax"] = (g, op) => g.Node("Softmax", [g.In(op, 0)], ("axis", op.Attributes.Whole("dim"))),
        ["log_softmax"] = (g, op) => g.Node("LogSoftmax", [g.In(op, 0)], ("axis", op.Attributes.Whole("dim"))),
        ["dropout"] = (_, op) => throw Refused(op.Op, "it is random; call Eval() on the model first"),
        ["dropout2d"] = (_, op) => throw Refused(op.Op, "it is random; call Eval() on the model first"),
    };

    // Inputs: input, weight, bias, residual; the activation is last.
    private static string Convolution(OnnxBuilder g, GraphNode op)
    {
        var y = g.Node("Conv", [.. op.Inputs.Take(3).Select(g.NameOf)], Geometry(op));
        if (op.Inputs.Count > 3) y = g.Node("Add", [y, g.In(op, 3)]);
        return op.Attributes.Text("activation") == "Relu" ? g.Node("Relu", [y]) : y;
    }

    private static string TransposedConvolution(OnnxBuilder g, GraphNode op) =>
        g.Node("ConvTranspose", Inputs(g, op), [.. Geometry(op), ("output_padding", op.Attributes.Wholes("output_padding"))]);

    private static OnnxAttribute[] Geometry(GraphNode op)
    {
        var (a, weight) = (op.Attributes, op.Inputs[1].Shape);
        return
        [
            ("kernel_shape", [weight[2], weight[3]]), ("strides", a.Wholes("stride")), ("pads", BothSides(a.Wholes("padding"))),
            ("dilations", a.Wholes("dilation")), ("group", a.Whole("groups")),
        ];
    }

    private static int[] BothSides(int[] padding) => [.. padding, .. padding];

    private static string BatchNorm(OnnxBuilder g, GraphNode op)
    {
        var a = op.Attributes;
        if (a.Flag("training")) throw Refused(op.Op, "it takes batch statistics; call Eval() on the model first");
        var (channels, dtype) = (op.Inputs[0].Shape[1], op.Output.DType);
        var weight = a.Flag("weight") ? g.In(op, 1) : g.Constant("ones", Tensor.Ones([channels], dtype));
        var bias = a.Flag("bias") ? g.In(op, a.Flag("weight") ? 2 : 1) : g.Constant("zeros", Tensor.Zeros([channels], dtype));
        return g.Node("BatchNormalization", [g.In(op, 0), weight, bias, g.In(op, op.Inputs.Count - 2), g.In(op, op.Inputs.Count - 1)], ("epsilon", (float)a.Number("eps")));
    }

    // Opset 16 has no group norm: each group as one long channel, then weight and bias of every channel.
    private static string GroupNorm(OnnxBuilder g, GraphNode op)
    {
        var (a, shape, dtype) = (op.Attributes, op.Output.Shape, op.Output.DType);
        int images = shape[0], channels = shape[1], groups = a.Whole("num_groups");
        var rows = g.Reshape(g.In(op, 0), images, groups, checked((int)(shape.Count / Math.Max(1, (long)images * groups))));
        var y = g.Node("InstanceNormalization", [rows, g.Constant("ones", Tensor.Ones([groups], dtype)), g.Constant("zeros", Tensor.Zeros([groups], dtype))], ("epsilon", (float)a.Number("eps")));
        y = g.Reshape(y, shape.Dims);
        if (a.Flag("weight")) y = g.Node("Mul", [y, ForChannels(1)]);
        if (a.Flag("bias")) y = g.Node("Add", [y, ForChannels(a.Flag("weight") ? 2 : 1)]);
        return y;

        string ForChannels(int input) => shape.Rank == 2 ? g.In(op, input) : g.Reshape(g.In(op, input), channels, 1, 1);
    }

    private static string MaxPool(OnnxBuilder g, GraphNode op) => g.Node("MaxPool", [g.In(op, 0)], Window(op));

    private static string AveragePool(OnnxBuilder g, GraphNode op)
    {
        var a = op.Attributes;
        var counted = a.Flag("count_include_pad");
        var y = g.Node("AveragePool", [g.In(op, 0)], [.. Window(op), ("count_include_pad", counted ? 1 : 0)]);
        if (!counted) return y;
        // What a last, incomplete window reaches beyond the padding counts in ONNX but not here.
        var (kernel, stride, padding, shape) = (a.Wholes("kernel_size"), a.Wholes("stride"), a.Wholes("padding"), op.Inputs[0].Shape);
        int height = op.Output.Shape[2], width = op.Output.Shape[3];
        var shares = Tensor.Generate([1, 1, height, width], i => Share(0, (int)(i / width)) * Share(1, (int)(i % width)), op.Output.DType);
        return Share(0, height - 1) == 1 && Share(1, width - 1) == 1 ? y : g.Node("Mul", [y, g.Constant("window_share", shares)]);

        double Share(int axis, int i) => (double)kernel[axis] / Math.Min(kernel[axis], shape[2 + axis] + 2 * padding[axis] - i * stride[axis]);
    }

    // Padding at the end is what the last window needs, which says incomplete windows without ceil_mode, whose meaning runtimes disagree on.
    private static OnnxAttribute[] Window(GraphNode op)
    {
        var a = op.Attributes;
        int[] kernel = a.Wholes("kernel_size"), stride = a.Wholes("stride"), padding = a.Wholes("padding");
        return [("kernel_shape", kernel), ("strides", stride), ("pads", [.. padding, End(0), End(1)])];

        int End(int axis) => Math.Max(0, (op.Output.Shape[2 + axis] - 1) * stride[axis] + kernel[axis] - op.Inputs[0].Shape[2 + axis] - padding[axis]);
    }

    // Equal bins slide; others differ in size, and overlap: averages over each axis as products with constant matrices.
    private static string AdaptivePool(OnnxBuilder g, GraphNode op)
    {
        var (from, to, x) = (op.Inputs[0].Shape, op.Output.Shape, g.In(op, 0));
        if (to[2] == 1 && to[3] == 1) return g.Node("GlobalAveragePool", [x]);
        if (from[2] % to[2] == 0 && from[3] % to[3] == 0)
        {
            int[] bin = [from[2] / to[2], from[3] / to[3]];
            return g.Node("AveragePool", [x], ("kernel_shape", bin), ("strides", bin));
        }
        var rows = Bins(from[2], to[2], (bin, at) => [bin, at]);
        var columns = Bins(from[3], to[3], (bin, at) => [at, bin]);
        return g.Node("MatMul", [g.Node("MatMul", [g.Constant("row_bins", rows), x]), g.Constant("column_bins", columns)]);

        Tensor Bins(int size, int bins, Func<int, int, int[]> place)
        {
            var shape = place(bins, size);
            var weights = new double[bins * size];
            for (var b = 0; b < bins; b++)
            {
                int start = (int)((long)b * size / bins), end = (int)(((b + 1L) * size + bins - 1) / bins);
                for (var i = start; i < end; i++)
                {
                    var at = place(b, i);
                    weights[at[0] * shape[1] + at[1]] = 1.0 / (end - start);
                }
            }
            return Tensor.Generate(shape, i => weights[i], op.Output.DType);
        }
    }
}
