using LzuCore.Memory;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Vision.Onnx;

/// <summary>Writes the nodes of one op call and returns the name of what they make.</summary>
internal delegate string OnnxRule(OnnxBuilder graph, GraphNode op);

/// <summary>What each op becomes, by its name; a file for each family. A new op adds one line.</summary>
internal static partial class OnnxRules
{
    private static readonly Dictionary<string, OnnxRule> All = new(((IEnumerable<KeyValuePair<string, OnnxRule>>)[.. Elementwise, .. Layers, .. Sampling, .. Shapes]));

    /// <summary>The rule of an op.</summary>
    /// <exception cref="ArgumentValueException">It has none.</exception>
    public static OnnxRule Of(string op) => All.GetValueOrDefault(op)
        ?? throw Refused(op, "it has no form in ONNX opset 16 here; compute it outside of the graph, or add a rule to OnnxRules");

    private static ArgumentValueException Refused(string op, string why) => new($"export onnx: '{op}' cannot be exported: {why}.");

    // An op that is one node of the same inputs.
    private static OnnxRule Plain(string type) => (g, op) => g.Node(type, Inputs(g, op));

    private static string[] Inputs(OnnxBuilder g, GraphNode op) => [.. op.Inputs.Select(g.NameOf)];

    private static string Same(OnnxBuilder g, GraphNode op) => g.In(op, 0);
}
