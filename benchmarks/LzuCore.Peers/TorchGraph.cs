using LzuCore.Memory;
using LzuCore.Tensors.Autograd;
using TorchSharp;
using static TorchSharp.torch;
using Tensor = LzuCore.Tensors.Tensor;
using Torch = TorchSharp.torch.Tensor;

namespace LzuCore.Peers;

/// <summary>A computation of ours as libtorch's calls: those of its captured graph, one by one, eager, rank 4 in channels-last memory, with our weights. A value that no later call reads is let go of at once, as a Python variable would be.</summary>
internal sealed class TorchGraph : IDisposable
{
    private readonly List<Call> _calls = [];
    private readonly Dictionary<GraphValue, Torch> _constants = [];
    private readonly GraphCapture _capture;
    private readonly GraphValue[] _outputs;

    private sealed record Call(GraphValue Output, TorchCall Compute, GraphValue[] Last);

    /// <summary>Captures a computation, in the mode of gradients that its caller is in.</summary>
    /// <param name="inputs">What it reads.</param>
    /// <param name="compute">From those very tensors to the outputs.</param>
    /// <exception cref="NotSupportedException">An op has no call here.</exception>
    public TorchGraph(Tensor[] inputs, Func<Tensor[]> compute)
    {
        set_num_threads(ParallelRows.Threads);
        using var scope = new LzuCore.Tensors.TensorScope();
        using (_capture = GraphCapture.Begin(inputs))
        {
            _outputs = [.. compute().Select(_capture.ValueOf)];
        }
        foreach (var input in inputs) _constants.Add(_capture.ValueOf(input), Of(input));
        var readers = new Dictionary<GraphValue, int>();
        foreach (var output in _outputs) readers[output] = 1;
        List<GraphNode> needed = [];
        foreach (var node in _capture.Nodes.Reverse())
        {
            if (!readers.ContainsKey(node.Output)) continue;
            needed.Insert(0, node);
            foreach (var input in node.Inputs) readers[input] = readers.GetValueOrDefault(input) + 1;
        }
        var makers = needed.ToDictionary(n => n.Output, n => n.Op);
        var kept = new HashSet<GraphValue>(_outputs);
        foreach (var node in needed.AsEnumerable().Reverse())
        {
            foreach (var constant in node.Inputs.Where(i => i.Constant is not null)) _constants.TryAdd(constant, Of(constant.Constant!));
            // Autograd does not read the results of these again, so that they may be written over by whoever alone reads them.
            var overwrites = readers[node.Inputs[0]] == 1 && makers.GetValueOrDefault(node.Inputs[0]) is "conv2d" or "batch_norm" or "add" or "interpolate";
            GraphValue[] last = [.. node.Inputs.Where(i => makers.ContainsKey(i) && kept.Add(i))];
            _calls.Insert(0, new(node.Output, TorchCalls.Of(node, overwrites), last));
        }
    }

    /// <summary>What stands for one of our parameters, made a leaf that wants a gradient; null where the outputs do not depend on it.</summary>
    public TorchSharp.Modules.Parameter? Trained(Nn.Parameter parameter)
    {
        var value = _capture.ValueOf(parameter.Value);
        if (!_constants.TryGetValue(value, out var constant)) return null;
        var leaf = new TorchSharp.Modules.Parameter(constant, requires_grad: true);
        leaf.DetachFromDisposeScope();
        _constants[value] = leaf;
        return leaf;
    }

    /// <summary>The outputs. The caller has a dispose scope open.</summary>
    public Torch[] Run()
    {
        var values = new Dictionary<GraphValue, Torch>(_constants);
        foreach (var (output, compute, last) in _calls)
        {
            var result = values[output] = compute(values);
            foreach (var ended in last)
                if (values.Remove(ended, out var tensor) && !ReferenceEquals(tensor, result)) tensor.Dispose();
        }
        return [.. _outputs.Select(o => values[o])];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in _constants.Values) tensor.Dispose();
    }

    private static Torch Of(Tensor t)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var made = tensor(t.ToArray<float>(), [.. t.Shape.Dims.ToArray().Select(d => (long)d)]);
        return (t.Shape.Rank == 4 ? made.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2) : made).DetachFromDisposeScope();
    }
}
