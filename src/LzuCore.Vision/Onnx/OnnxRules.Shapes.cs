using LzuCore.Memory;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Vision.Onnx;

internal static partial class OnnxRules
{
    private static Dictionary<string, OnnxRule> Shapes => new()
    {
        ["contiguous"] = Same,
        // Also the copy that makes a reshape possible, which keeps the shape: ONNX has no strides.
        ["reshape"] = (g, op) => op.Inputs[0].Shape == op.Output.Shape ? g.In(op, 0) : g.Reshape(g.In(op, 0), op.Output.Shape.Dims),
        ["unsqueeze"] = (g, op) => g.Reshape(g.In(op, 0), op.Output.Shape.Dims),
        ["permute"] = (g, op) => g.Node("Transpose", [g.In(op, 0)], ("perm", op.Attributes.Wholes("dims"))),
        ["narrow"] = Narrow,
        ["select"] = (g, op) => op.Inputs[0].Shape[op.Attributes.Whole("dim")] == 1
            ? g.Reshape(g.In(op, 0), op.Output.Shape.Dims)
            : g.Node("Gather", [g.In(op, 0), g.Scalar(op.Attributes.Whole("start"), DType.Int64)], ("axis", op.Attributes.Whole("dim"))),
        ["expand"] = (g, op) => g.Node("Expand", [g.In(op, 0), g.Wholes(op.Output.Shape.Dims)]),
        ["cat"] = (g, op) => g.Node("Concat", Inputs(g, op), ("axis", op.Attributes.Whole("dim"))),
        ["pad"] = Pad,

        ["gather"] = (g, op) => g.Node("GatherElements", Inputs(g, op), ("axis", op.Attributes.Whole("dim"))),
        ["index_select"] = (g, op) => g.Node("GatherElements", Inputs(g, op), ("axis", op.Attributes.Whole("dim"))),
        ["scatter"] = (g, op) => g.Node("ScatterElements", Inputs(g, op), ("axis", op.Attributes.Whole("dim"))),
        ["scatter_add"] = (g, op) => g.Node("ScatterElements", Inputs(g, op), ("axis", op.Attributes.Whole("dim")), ("reduction", "add")),
        ["sort"] = Order,
        ["topk"] = Order,
        ["argmax"] = (g, op) => g.Node("ArgMax", [g.In(op, 0)], ("axis", op.Attributes.Whole("dim")), ("keepdims", 1)),
        ["argmin"] = (g, op) => g.Node("ArgMin", [g.In(op, 0)], ("axis", op.Attributes.Whole("dim")), ("keepdims", 1)),
        ["cumsum"] = (g, op) => g.Node("CumSum", [g.In(op, 0), g.Scalar(op.Attributes.Whole("dim"), DType.Int64)]),

        ["sum"] = (g, op) => Axes(op) is { Length: > 0 } axes ? g.Node("ReduceSum", [g.In(op, 0), g.Wholes(axes)], ("keepdims", 1)) : g.In(op, 0),
        ["mean"] = Reduction("ReduceMean"),
        ["amax"] = Reduction("ReduceMax"),
        ["amin"] = Reduction("ReduceMin"),
    };

    private static string Narrow(OnnxBuilder g, GraphNode op)
    {
        int axis = op.Attributes.Whole("dim"), start = op.Attributes.Whole("start");
        return g.Node("Slice", [g.In(op, 0), g.Wholes(start), g.Wholes(start + op.Output.Shape[axis]), g.Wholes(axis)]);
    }

    // All starts, then all ends; of the last two axes.
    private static string Pad(OnnxBuilder g, GraphNode op)
    {
        var (a, rank, mode) = (op.Attributes, op.Output.Shape.Rank, op.Attributes.Text("mode"));
        var pads = new int[2 * rank];
        (pads[rank - 1], pads[^1]) = (a.Whole("left"), a.Whole("right"));
        if (rank > 1) (pads[rank - 2], pads[^2]) = (a.Whole("top"), a.Whole("bottom"));
        string[] inputs = mode == "Constant" ? [g.In(op, 0), g.Wholes(pads), g.Scalar(a.Number("value"), op.Output.DType)] : [g.In(op, 0), g.Wholes(pads)];
        return g.Node("Pad", inputs, ("mode", mode switch { "Constant" => "constant", "Reflect" => "reflect", _ => "edge" }));
    }

    // The indices; values are gathered by them. Equal values keep their order, here as in ONNX.
    private static string Order(OnnxBuilder g, GraphNode op)
    {
        var a = op.Attributes;
        return g.Nodes("TopK", 2, [g.In(op, 0), g.Wholes(a.Whole("k"))], ("axis", a.Whole("dim")), ("largest", a.Whole("largest")), ("sorted", 1))[1];
    }

    // ReduceSum takes its axes as an input in opset 16, the others as an attribute.
    private static OnnxRule Reduction(string type) => (g, op) =>
        Axes(op) is { Length: > 0 } axes ? g.Node(type, [g.In(op, 0)], ("axes", axes), ("keepdims", 1)) : g.In(op, 0);

    // Reductions keep their axes with size 1; an axis that had size 1 before needs no reducing.
    private static int[] Axes(GraphNode op) => [.. Enumerable.Range(0, op.Output.Shape.Rank).Where(i => op.Inputs[0].Shape[i] != op.Output.Shape[i])];
}
