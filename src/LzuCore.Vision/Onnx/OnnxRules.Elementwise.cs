using LzuCore.Memory;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Vision.Onnx;

internal static partial class OnnxRules
{
    private static Dictionary<string, OnnxRule> Elementwise => new()
    {
        ["relu"] = Plain("Relu"),
        ["sigmoid"] = Plain("Sigmoid"),
        ["tanh"] = Plain("Tanh"),
        ["hardswish"] = Plain("HardSwish"),
        ["hardsigmoid"] = (g, op) => g.Node("HardSigmoid", [g.In(op, 0)], ("alpha", 1f / 6), ("beta", 0.5f)),
        ["leaky_relu"] = (g, op) => g.Node("LeakyRelu", [g.In(op, 0)], ("alpha", (float)op.Attributes.Number("negative_slope"))),
        ["elu"] = (g, op) => g.Node("Elu", [g.In(op, 0)], ("alpha", (float)op.Attributes.Number("alpha"))),
        ["silu"] = (g, op) => g.Node("Mul", [g.In(op, 0), g.Node("Sigmoid", [g.In(op, 0)])]),
        ["gelu"] = Gelu,
        ["softplus"] = Softplus,
        ["relu6"] = Clip,
        ["hardtanh"] = Clip,
        ["clamp"] = Clip,

        ["add"] = Arithmetic("Add"),
        ["sub"] = Arithmetic("Sub"),
        ["mul"] = Arithmetic("Mul"),
        ["div"] = Arithmetic("Div"),
        ["reciprocal"] = Arithmetic("Reciprocal"),
        ["neg"] = Plain("Neg"),
        ["abs"] = Plain("Abs"),
        ["sign"] = Plain("Sign"),
        ["floor"] = Plain("Floor"),
        ["ceil"] = Plain("Ceil"),
        ["round"] = Plain("Round"),
        ["exp"] = Plain("Exp"),
        ["expm1"] = (g, op) => g.Node("Sub", [g.Node("Exp", [g.In(op, 0)]), g.Scalar(1, op.Output.DType)]),
        ["log"] = Plain("Log"),
        ["sqrt"] = Plain("Sqrt"),
        ["rsqrt"] = (g, op) => g.Node("Reciprocal", [g.Node("Sqrt", [g.In(op, 0)])]),
        ["square"] = Power,
        ["pow"] = Power,
        ["sin"] = Plain("Sin"),
        ["cos"] = Plain("Cos"),
        ["maximum"] = Plain("Max"),
        ["minimum"] = Plain("Min"),

        ["eq"] = Compare,
        ["ne"] = Compare,
        ["lt"] = Compare,
        ["le"] = Compare,
        ["gt"] = Compare,
        ["ge"] = Compare,
        ["logical_and"] = Compare,
        ["logical_or"] = Compare,
        ["logical_not"] = Compare,
        ["isnan"] = Compare,
        ["where"] = Plain("Where"),
        ["to"] = (g, op) => op.Inputs[0].DType == op.Output.DType ? g.In(op, 0) : Cast(g, g.In(op, 0), op.Output.DType),
    };

    private static string Cast(OnnxBuilder g, string value, DType dtype) => g.Node("Cast", [value], ("to", OnnxWriter.TypeOf(dtype)));

    // Between two tensors, or between a tensor and numbers that the op holds.
    private static OnnxRule Arithmetic(string type) => (g, op) =>
    {
        var (a, x, dtype) = (op.Attributes, g.In(op, 0), op.Output.DType);
        if (op.Inputs.Count == 2) return g.Node(type, [x, g.In(op, 1)]);
        if (a.Has("divisor")) return g.Node("Div", [x, g.Scalar(a.Number("divisor"), dtype)]);
        if (a.Has("numerator")) return a.Number("numerator") == 1 ? g.Node("Reciprocal", [x]) : g.Node("Div", [g.Scalar(a.Number("numerator"), dtype), x]);
        var (scale, shift) = (a.Number("scale"), a.Number("shift"));
        if (scale == -1 && shift != 0) return g.Node("Sub", [g.Scalar(shift, dtype), x]);
        if (scale != 1 || shift == 0) x = g.Node("Mul", [x, g.Scalar(scale, dtype)]);
        return shift == 0 ? x : g.Node("Add", [x, g.Scalar(shift, dtype)]);
    };

    private static string Power(OnnxBuilder g, GraphNode op)
    {
        if (op.Attributes.Has("numerator")) return g.Node("Reciprocal", [g.In(op, 0)]);
        var exponent = op.Attributes.Number("exponent");
        return exponent == 2 ? g.Node("Mul", [g.In(op, 0), g.In(op, 0)]) : g.Node("Pow", [g.In(op, 0), g.Scalar(exponent, op.Output.DType)]);
    }

    private static string Clip(OnnxBuilder g, GraphNode op)
    {
        return g.Node("Clip", [g.In(op, 0), Bound("min"), Bound("max")]);

        string Bound(string name) => double.IsInfinity(op.Attributes.Number(name)) ? "" : g.Scalar(op.Attributes.Number(name), op.Output.DType);
    }

    private static string Gelu(OnnxBuilder g, GraphNode op)
    {
        var (x, dtype) = (g.In(op, 0), op.Output.DType);
        var erf = g.Node("Erf", [g.Node("Mul", [x, g.Scalar(Math.Sqrt(0.5), dtype)])]);
        return g.Node("Mul", [g.Node("Mul", [x, g.Scalar(0.5, dtype)]), g.Node("Add", [erf, g.Scalar(1, dtype)])]);
    }

    private static string Softplus(OnnxBuilder g, GraphNode op)
    {
        var (x, dtype, beta, threshold) = (g.In(op, 0), op.Output.DType, op.Attributes.Number("beta"), op.Attributes.Number("threshold"));
        var scaled = beta == 1 ? x : g.Node("Mul", [x, g.Scalar(beta, dtype)]);
        var soft = g.Node("Softplus", [scaled]);
        if (beta != 1) soft = g.Node("Div", [soft, g.Scalar(beta, dtype)]);
        return g.Node("Where", [g.Node("Greater", [scaled, g.Scalar(threshold, dtype)]), x, soft]);
    }

    // By relation, not by name: "greater" is "less" of the operands the other way round.
    private static string Compare(OnnxBuilder g, GraphNode op)
    {
        var (a, b) = (g.In(op, 0), g.In(op, 1));
        return op.Attributes.Text("relation") switch
        {
            "Equal" => g.Node("Equal", [a, b]),
            "NotEqual" => g.Node("Not", [g.Node("Equal", [a, b])]),
            "Less" => g.Node("Less", [a, b]),
            "LessOrEqual" => g.Node("LessOrEqual", [a, b]),
            "And" => g.Node("And", [True(0), True(1)]),
            _ => g.Node("Or", [True(0), True(1)]),
        };

        string True(int i) => op.Inputs[i].DType == DType.Bool ? g.In(op, i) : Cast(g, g.In(op, i), DType.Bool);
    }
}
