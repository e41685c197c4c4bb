using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Vision.Onnx;

/// <summary>Any computation as an ONNX graph: runs it once, captures the ops that its inputs reach, and writes each in ONNX' words.</summary>
/// <remarks>Opset 16, no custom ops, so every runtime that knows the standard runs it; ONNX Runtime is what the tests compare with. Sizes, batch included, are those of the
/// example inputs. Batch norms are folded and fixed warps are constants, as in inference. What has no form is refused by name. docs/onnx.md lists what becomes what.</remarks>
public static class OnnxExport
{
    /// <summary>Runs a computation and captures it.</summary>
    /// <param name="inputs">The graph's inputs: names and example values, whose sizes the graph keeps. Float images are already normalised.</param>
    /// <param name="compute">Computes the outputs from those very tensors, with their names. Gradients are off meanwhile.</param>
    /// <param name="model">Whose keys name the weights; null leaves them without names.</param>
    /// <param name="description">What the file says about itself.</param>
    /// <exception cref="ArgumentValueException">An op has no ONNX form, an output does not depend on the inputs, or a value was read on the host on the way.</exception>
    public static OnnxGraph Capture(
        IReadOnlyList<(string Name, Tensor Value)> inputs, Func<IReadOnlyList<(string Name, Tensor Value)>> compute, Module? model = null, OnnxDescription? description = null)
    {
        using var off = Grad.Off();
        using var scope = new TensorScope();
        using var capture = GraphCapture.Begin([.. inputs.Select(i => i.Value)]);
        foreach (var (key, value) in model?.StateDict() ?? []) GraphCapture.Call(value, key);
        var outputs = compute().Select(o => (o.Name, Value: capture.ValueOf(o.Value))).ToList();
        Check.That(outputs.Count > 0, $"export onnx: the graph is empty: nothing was computed. Return at least one output.");
        foreach (var (name, value) in outputs)
            if (value.Constant is not null) throw new ArgumentValueException($"export onnx: the output '{name}' does not depend on the inputs. Compute it from the tensors that were given as inputs.");
        return Translate([.. inputs.Select(i => (i.Name, capture.ValueOf(i.Value)))], Reaching(capture.Nodes, outputs.Select(o => o.Value)), outputs, description ?? new());
    }

    private static OnnxGraph Translate(
        List<(string Name, GraphValue Value)> inputs, IEnumerable<GraphNode> nodes, List<(string Name, GraphValue Value)> outputs, OnnxDescription description)
    {
        var graph = new OnnxGraph(description);
        var builder = new OnnxBuilder(graph);
        foreach (var (name, _) in outputs) builder.Reserve(name);
        foreach (var (name, value) in inputs) builder.Input(name, value);
        foreach (var node in nodes) builder.Define(node.Output, OnnxRules.Of(node.Op)(builder, node));
        foreach (var (name, value) in outputs) builder.Output(name, value);
        return graph;
    }

    // The calls that the outputs need, in order; ops use others inside, whose results only they see.
    private static IEnumerable<GraphNode> Reaching(IReadOnlyList<GraphNode> nodes, IEnumerable<GraphValue> outputs)
    {
        var wanted = new HashSet<GraphValue>(outputs, ReferenceEqualityComparer.Instance);
        var kept = new List<GraphNode>();
        for (var i = nodes.Count - 1; i >= 0; i--)
        {
            if (!wanted.Contains(nodes[i].Output)) continue;
            wanted.UnionWith(nodes[i].Inputs);
            kept.Add(nodes[i]);
        }
        kept.Reverse();
        return kept;
    }
}
