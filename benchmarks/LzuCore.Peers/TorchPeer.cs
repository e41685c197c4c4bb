using LzuCore.Memory;
using LzuCore.Tensors.Autograd;
using TorchSharp;
using static TorchSharp.torch;
using Tensor = LzuCore.Tensors.Tensor;
using Torch = TorchSharp.torch.Tensor;

namespace LzuCore.Peers;

/// <summary>libtorch, eager, channels-last, norms folded: the calls of our captured graph, one by one, with our weights.</summary>
internal sealed class TorchPeer : IDisposable
{
    private readonly List<(GraphValue Value, Func<Dictionary<GraphValue, Torch>, Torch> Call)> _calls = [];
    private readonly Dictionary<GraphValue, Torch> _constants = new(ReferenceEqualityComparer.Instance);
    private readonly GraphValue[] _inputs, _outputs;
    private readonly Torch[] _given;

    /// <summary>Captures a computation.</summary>
    /// <param name="inputs">Example inputs, which every run gets.</param>
    /// <param name="compute">From those very tensors to the outputs.</param>
    /// <exception cref="NotSupportedException">An op has no call here.</exception>
    public TorchPeer(Tensor[] inputs, Func<Tensor[]> compute)
    {
        set_num_threads(ParallelRows.Threads);
        using var off = LzuCore.Tensors.Autograd.Grad.Off();
        using var scope = new LzuCore.Tensors.TensorScope();
        _given = [.. inputs.Select(Of)];
        using var capture = GraphCapture.Begin(inputs);
        _outputs = [.. compute().Select(capture.ValueOf)];
        _inputs = [.. inputs.Select(capture.ValueOf)];
        var wanted = new HashSet<GraphValue>(_outputs, ReferenceEqualityComparer.Instance);
        foreach (var node in capture.Nodes.Reverse())
        {
            if (!wanted.Contains(node.Output)) continue;
            wanted.UnionWith(node.Inputs);
            foreach (var constant in node.Inputs.Where(i => i.Constant is not null)) _constants.TryAdd(constant, Of(constant.Constant!));
            _calls.Insert(0, (node.Output, Call(node)));
        }
    }

    /// <summary>The peer for a work, or null, said so, where an op has no call here.</summary>
    public static TorchPeer? Where(Work work)
    {
        try
        {
            return new TorchPeer(work.PeerInputs, () => work.PeerCompute(work.PeerInputs));
        }
        catch (NotSupportedException e)
        {
            Console.Error.WriteLine($"{work.Name}: {e.Message}");
            return null;
        }
    }

    /// <summary>As a contender.</summary>
    public Contender Contender => new("libtorch", () => Run(_ => { }), () =>
    {
        var results = new List<float[]>();
        Run(values => results.AddRange(_outputs.Select(o => values[o].contiguous().data<float>().ToArray())));
        return results;
    }, () => set_num_threads(ParallelRows.Threads));

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in _constants.Values.Concat(_given)) tensor.Dispose();
    }

    private void Run(Action<Dictionary<GraphValue, Torch>> read)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var values = new Dictionary<GraphValue, Torch>(_constants, ReferenceEqualityComparer.Instance);
        for (var i = 0; i < _inputs.Length; i++) values[_inputs[i]] = _given[i];
        foreach (var (value, call) in _calls) values[value] = call(values);
        read(values);
    }

    // Rank 4 in channels-last memory, as our own.
    private static Torch Of(Tensor t)
    {
        using var off = no_grad();
        var made = tensor(t.ToArray<float>(), [.. t.Shape.Dims.ToArray().Select(d => (long)d)]);
        return (t.Shape.Rank == 4 ? made.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2) : made).DetachFromDisposeScope();
    }

    private static Func<Dictionary<GraphValue, Torch>, Torch> Call(GraphNode op)
    {
        var a = op.Attributes;
        var inputs = op.Inputs;
        switch (op.Op)
        {
            case "conv2d":
                long[] stride = Longs("stride"), padding = Longs("padding"), dilation = Longs("dilation");
                int groups = a.Whole("groups");
                var relu = a.Text("activation") == "Relu";
                return v =>
                {
                    var y = nn.functional.conv2d(v[inputs[0]], v[inputs[1]], inputs.Count > 2 ? v[inputs[2]] : null, stride, padding, dilation, groups);
                    if (inputs.Count > 3) y = y.add_(v[inputs[3]]);
                    return relu ? y.relu_() : y;
                };
            case "max_pool2d":
                long[] kernel = Longs("kernel_size"), step = Longs("stride"), around = Longs("padding");
                return v => nn.functional.max_pool2d(v[inputs[0]], kernel, step, around);
            case "adaptive_avg_pool2d":
                return v => nn.functional.adaptive_avg_pool2d(v[inputs[0]], [op.Output.Shape[2], op.Output.Shape[3]]);
            case "interpolate":
                var nearest = a.Text("mode") == "Nearest";
                var corners = a.Flag("align_corners");
                return v => nearest
                    ? nn.functional.interpolate(v[inputs[0]], size: [op.Output.Shape[2], op.Output.Shape[3]], mode: InterpolationMode.Nearest)
                    : nn.functional.interpolate(v[inputs[0]], size: [op.Output.Shape[2], op.Output.Shape[3]], mode: InterpolationMode.Bilinear, align_corners: corners);
            case "separable_sample":
                var grid = Grid(inputs[0].Shape, inputs[1].Constant!.ToArray<float>(), inputs[2].Constant!.ToArray<float>());
                var mode = a.Text("padding_mode") == "Zeros" ? GridSamplePaddingMode.Zeros : GridSamplePaddingMode.Border;
                return v => nn.functional.grid_sample(v[inputs[0]], grid, GridSampleMode.Bilinear, mode, align_corners: true);
            case "relu": return v => v[inputs[0]].relu();
            case "sigmoid": return v => v[inputs[0]].sigmoid();
            case "exp": return v => v[inputs[0]].exp();
            case "add": return v => v[inputs[0]].add(v[inputs[1]]);
            case "mul": return v => v[inputs[0]].mul(v[inputs[1]]);
            case "cat": return v => cat([.. inputs.Select(i => v[i])], a.Whole("dim"));
            case "linear": return v => nn.functional.linear(v[inputs[0]], v[inputs[1]], inputs.Count > 2 ? v[inputs[2]] : null);
            case "reshape" or "flatten" or "contiguous": return v => v[inputs[0]].reshape([.. op.Output.Shape.Dims.ToArray().Select(d => (long)d)]);
            default: throw new NotSupportedException($"libtorch: '{op.Op}' has no call in TorchPeer");
        }

        static Torch Grid(LzuCore.Memory.Shape image, float[] xs, float[] ys)
        {
            var points = new float[2 * xs.Length * ys.Length];
            for (var i = 0; i < points.Length; i++) points[i] = i % 2 == 0 ? 2 * xs[i / 2 % xs.Length] / (image[3] - 1) - 1 : 2 * ys[i / 2 / xs.Length] / (image[2] - 1) - 1;
            return tensor(points, [1, ys.Length, xs.Length, 2]).DetachFromDisposeScope();
        }

        long[] Longs(string name) => [.. a.Wholes(name).Select(w => (long)w)];
    }
}
