using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Vision.Onnx;

/// <summary>A graph under construction: what the rules write nodes and constants with. Every value has one name.</summary>
internal sealed class OnnxBuilder(OnnxGraph graph)
{
    private readonly Dictionary<GraphValue, string> _names = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<string, string> _small = [];
    private readonly Dictionary<string, int> _taken = [];
    private readonly HashSet<string> _made = [];

    /// <summary>Declares an input of the graph.</summary>
    public void Input(string name, GraphValue value)
    {
        Reserve(name);
        graph.Inputs.Add((_names[value] = name, value.DType, value.Shape));
    }

    /// <summary>Says that a name will be wanted later.</summary>
    public void Reserve(string name)
    {
        if (!_taken.TryAdd(name, 1)) throw new ArgumentValueException($"export onnx: two inputs or outputs are called '{name}'. Give each its own name.");
    }

    /// <summary>Gives what a rule made for an op's output.</summary>
    public void Define(GraphValue value, string name)
    {
        _names[value] = name;
        if (_made.Contains(name)) graph.Between.Add((name, value.DType, value.Shape));
    }

    /// <summary>The name of an op's input.</summary>
    public string In(GraphNode op, int index) => NameOf(op.Inputs[index]);

    /// <summary>The name of a value; a constant becomes an initializer the first time.</summary>
    public string NameOf(GraphValue value)
    {
        if (_names.TryGetValue(value, out var name)) return name;
        return _names[value] = Constant(value.Name ?? "constant", value.Constant ?? throw new InvalidOperationException("a value was used before the op that makes it"));
    }

    /// <summary>A node with one output, which is named after it.</summary>
    public string Node(string type, string[] inputs, params ReadOnlySpan<OnnxAttribute> attributes) => Nodes(type, 1, inputs, attributes)[0];

    /// <summary>A node with several outputs.</summary>
    public string[] Nodes(string type, int outputs, string[] inputs, params ReadOnlySpan<OnnxAttribute> attributes)
    {
        var names = new string[outputs];
        for (var i = 0; i < outputs; i++) _made.Add(names[i] = Unique(type));
        graph.Nodes.Add(new OnnxNode(type, inputs, names, attributes.ToArray()));
        return names;
    }

    /// <summary>An initializer.</summary>
    public string Constant(string name, Tensor value)
    {
        name = Unique(name);
        graph.Initializers.Add((name, value.Persist()));
        return name;
    }

    /// <summary>An initializer of whole numbers, as shapes and axes are given; equal ones are one.</summary>
    public string Wholes(params ReadOnlySpan<int> values)
    {
        var key = string.Join("x", values.ToArray());
        if (_small.TryGetValue(key, out var name)) return name;
        var wide = new long[values.Length];
        for (var i = 0; i < wide.Length; i++) wide[i] = values[i];
        return _small[key] = Constant("wholes_" + key, Tensor.From(wide, [wide.Length]));
    }

    /// <summary>An initializer of one number without axes; equal ones are one.</summary>
    public string Scalar(double value, DType dtype)
    {
        var key = $"{dtype.Name()} {BitConverter.DoubleToInt64Bits(value)}";
        return _small.TryGetValue(key, out var name) ? name : _small[key] = Constant("scalar", Tensor.Scalar(value, DType.Float64).To(dtype));
    }

    /// <summary>The value in another shape.</summary>
    public string Reshape(string value, params ReadOnlySpan<int> shape) => Node("Reshape", [value, Wholes(shape)]);

    /// <summary>Makes a value an output of the graph under a name.</summary>
    public void Output(string name, GraphValue value)
    {
        graph.Outputs.Add((name, value.DType, value.Shape));
        var now = NameOf(value);
        // What a node made takes the name itself; an input, a constant or a second name of one value goes through a node.
        if (!_made.Remove(now))
        {
            graph.Nodes.Add(new OnnxNode("Identity", [now], [name], []));
            return;
        }
        for (var i = 0; i < graph.Nodes.Count; i++)
        {
            var node = graph.Nodes[i];
            graph.Nodes[i] = node with { Inputs = Array.ConvertAll(node.Inputs, Renamed), Outputs = Array.ConvertAll(node.Outputs, Renamed) };
        }
        graph.Between.RemoveAll(v => v.Name == now);
        foreach (var (other, _) in _names.Where(p => p.Value == now).ToList()) _names[other] = name;

        string Renamed(string old) => old == now ? name : old;
    }

    private string Unique(string name)
    {
        if (_taken.TryAdd(name, 1)) return name;
        string next;
        do next = $"{name}_{_taken[name]++}";
        while (!_taken.TryAdd(next, 1));
        return next;
    }
}
