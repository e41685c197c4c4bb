using LzuCore.Memory;

namespace LzuCore.Tensors.Autograd;

/// <summary>A value of a captured graph: an input, a constant, or what an op made.</summary>
public sealed class GraphValue
{
    internal GraphValue(Tensor tensor, bool constant)
    {
        (Shape, DType) = (tensor.Shape, tensor.DType);
        if (constant) Constant = tensor;
    }

    /// <summary>The sizes of the axes.</summary>
    public Shape Shape { get; }

    /// <summary>The type of the elements.</summary>
    public DType DType { get; }

    /// <summary>The values, where they do not depend on the inputs; else null.</summary>
    public Tensor? Constant { get; }

    /// <summary>What a constant is called outside, such as a checkpoint's key; null where it has no name.</summary>
    public string? Name { get; internal set; }
}

/// <summary>One op call of a captured graph.</summary>
/// <param name="Op">The op's name.</param>
/// <param name="Attributes">Its options.</param>
/// <param name="Inputs">What it read.</param>
/// <param name="Output">What it made.</param>
public sealed record GraphNode(string Op, OpAttributes Attributes, IReadOnlyList<GraphValue> Inputs, GraphValue Output);

/// <summary>Records what is computed from some tensors on this thread while open, as a graph that can be read back: <c>using var capture = GraphCapture.Begin(image);</c>.</summary>
/// <remarks>
/// <para>Ops that the inputs do not reach are not recorded: what they make is a constant, and so are weights, folded weights, and the tables of a fixed warp. Capture under
/// <see cref="Grad.Off"/> and norms are folded as in inference.</para>
/// <para>A value is a storage and a layout over it: a tensor cut off from the graph is the same value. Ops that others use inside are recorded too; walk back from the outputs.
/// Values that depend on the inputs cannot be read on the host while capturing, because the graph could not follow. Intermediate buffers go back to the pool as usual.</para>
/// </remarks>
public sealed class GraphCapture : IDisposable
{
    [ThreadStatic] private static GraphCapture? _current;
    private readonly GraphCapture? _parent;
    private readonly List<GraphNode> _nodes = [];
    private readonly Dictionary<Key, GraphValue> _values = [];
    private readonly Dictionary<Key, string> _names = [];
    private readonly HashSet<Storage> _dependent = [];

    private GraphCapture(ReadOnlySpan<Tensor> inputs)
    {
        foreach (var input in inputs) Define(input);
        _parent = _current;
        _current = this;
    }

    /// <summary>Whether ops of this thread are being captured.</summary>
    public static bool IsOpen => _current is not null;

    /// <summary>The calls so far, in order: a call comes after those that made its inputs.</summary>
    public IReadOnlyList<GraphNode> Nodes => _nodes;

    /// <summary>Starts capturing on this thread what is computed from the inputs.</summary>
    public static GraphCapture Begin(params ReadOnlySpan<Tensor> inputs) => new(inputs);

    /// <summary>Says what a constant is called, where a capture is open on this thread.</summary>
    public static void Call(Tensor constant, string name) => _current?._names.TryAdd(new Key(constant), name);

    /// <summary>The value that a tensor is in this graph. A tensor that does not depend on the inputs is a constant.</summary>
    /// <exception cref="ArgumentValueException">The tensor is a view that no op made of something that depends on the inputs.</exception>
    public GraphValue ValueOf(Tensor tensor)
    {
        var key = new Key(tensor);
        if (_values.TryGetValue(key, out var value)) return value;
        if (_dependent.Contains(tensor.Storage))
            throw new ArgumentValueException($"graph capture: a tensor {tensor.DType.Name()} {tensor.Shape} is a view of a computed value that was not made by an op, so the graph cannot name it. Make it by Reshape, Narrow, Expand or another op.");
        return _values[key] = new GraphValue(tensor.Persist(), constant: true) { Name = _names.GetValueOrDefault(key) };
    }

    /// <summary>Stops capturing.</summary>
    public void Dispose() => _current = _parent;

    internal static void Record(Op op, Tensor[] inputs, Tensor output) => _current?.Add(op, inputs, output);

    /// <summary>Refuses to read a value on the host that depends on the inputs of an open capture.</summary>
    internal static void RefuseRead(string what, Tensor tensor)
    {
        if (_current is { } capture && capture._dependent.Contains(tensor.Storage))
            throw new ArgumentValueException($"{what}: a tensor {tensor.DType.Name()} {tensor.Shape} depends on the input of the graph that is being captured, and the graph cannot follow what is read on the host. Leave this step out of the capture.");
    }

    private void Add(Op op, Tensor[] inputs, Tensor output)
    {
        if (!inputs.Any(i => _dependent.Contains(i.Storage))) return;
        if (_values.ContainsKey(new Key(output))) return;   // a view that changes nothing
        var read = inputs.Select(ValueOf).ToArray();
        _nodes.Add(new GraphNode(op.Name, op.Attributes, read, Define(output)));
    }

    private GraphValue Define(Tensor tensor)
    {
        _dependent.Add(tensor.Storage);
        return _values[new Key(tensor)] = new GraphValue(tensor, constant: false);
    }

    // What makes two tensors the same value. Storages are kept here, so that none is mistaken for a later one.
    private readonly struct Key(Tensor tensor) : IEquatable<Key>
    {
        private readonly Storage _storage = tensor.Storage;
        private readonly Layout _layout = tensor.Layout;
        private readonly DType _dtype = tensor.DType;

        public bool Equals(Key other) => ReferenceEquals(_storage, other._storage) && _dtype == other._dtype && _layout.Offset == other._layout.Offset
            && _layout.Shape == other._layout.Shape && _layout.Strides.SequenceEqual(other._layout.Strides);

        public override bool Equals(object? obj) => obj is Key other && Equals(other);

        public override int GetHashCode() => HashCode.Combine(_storage, _layout.Offset, _layout.Shape);
    }
}
