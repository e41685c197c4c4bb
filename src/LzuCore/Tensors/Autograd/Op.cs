using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Tensors.Autograd;

/// <summary>One differentiable operation: forward and backward, one above the other. A fresh instance is made per call.
/// First order only: the backward pass is not itself recorded.</summary>
/// <param name="name">The outside world's name: errors, profiles and exports use it.</param>
public abstract class Op(string name)
{
    private Tensor[] _inputs = [];
    private Tensor[] _saved = [];

    /// <summary>The outside world's name, such as <c>grid_sample</c>.</summary>
    public string Name { get; } = name;

    /// <summary>The inputs of the recorded call.</summary>
    internal ReadOnlySpan<Tensor> Inputs => _inputs;

    /// <summary>Bytes that this call keeps for its backward pass.</summary>
    internal long SavedBytes => _saved.Sum(t => t.Shape.Count * t.DType.Size());

    /// <summary>Computes the output. Temporaries need no care: a scope around the call returns them.</summary>
    protected abstract Tensor Forward(ReadOnlySpan<Tensor> inputs);

    /// <summary>Hands the gradient of each wanted input to <paramref name="sink"/>, given the output's.</summary>
    protected internal abstract void Backward(Tensor dOutput, GradSink sink);

    /// <summary>Multiply-adds count twice. 0 where arithmetic is not the cost.</summary>
    protected virtual long Flops(ReadOnlySpan<Tensor> inputs, Tensor output) => 0;

    /// <summary>The call's options, in PyTorch's words, for whoever reads a captured graph (<see cref="GraphCapture"/>). Asked for after the forward pass, and only while capturing.</summary>
    protected internal virtual OpAttributes Attributes => OpAttributes.None;

    /// <summary>Whether the op works on float16 and bfloat16 inputs as they are stored. Others get float32 copies, and their result is stored like the first half input.</summary>
    protected virtual bool TakesHalves(ReadOnlySpan<Tensor> inputs) => false;

    /// <summary>Whether a call on these inputs is recorded for a backward pass.</summary>
    protected static bool Records(ReadOnlySpan<Tensor> inputs)
    {
        if (!Grad.IsOn) return false;
        foreach (var input in inputs)
            if (input.RequiresGrad) return true;
        return false;
    }

    /// <summary>Keeps tensors for the backward pass. Ignored when nothing is recorded.</summary>
    protected void Save(params Tensor[] tensors) => _saved = tensors;

    /// <summary>A tensor kept by <see cref="Save"/>.</summary>
    protected Tensor Saved(int index) => _saved[index];

    /// <summary>The one door: every op runs through here, which gives autograd, profiling, graph capture, anomaly detection and memory scopes.</summary>
    /// <exception cref="DeviceException">The inputs are on different devices.</exception>
    public static Tensor Apply(Op op, params Tensor[] inputs)
    {
        foreach (var input in inputs)
            if (input.Device != inputs[0].Device)
                throw new DeviceException($"{op.Name}: operands on {inputs[0].Device} and {input.Device}. Move one with .To(device).");

        foreach (var input in inputs)
            if (input.DType.IsHalf() && !op.TakesHalves(inputs))
                return Widening.Apply(op, inputs);

        var record = Records(inputs);
        var started = OpTrace.Start();
        Tensor result;
        using (var scope = new TensorScope())
        {
            var output = op.Forward(inputs);
            scope.Keep(output);
            if (record)
            {
                foreach (var saved in op._saved) scope.Keep(saved);
                op._inputs = inputs;
            }
            else op._saved = [];
            result = new Tensor(output.Storage, output.Layout, output.DType, record ? op : null, record);
        }
        OpTrace.Stop(started, op, op.Flops(inputs, result));
        GraphCapture.Record(op, inputs, result);
        if (Grad.IsDetectingAnomalies) CheckFinite($"{op.Name}: the result", result);
        GC.KeepAlive(inputs);
        return result;
    }

    /// <summary>Drops what the backward pass kept, once it has passed.</summary>
    internal void Free()
    {
        _saved = [];
        _inputs = [];
    }

    internal static void CheckFinite(string what, Tensor tensor)
    {
        var bad = tensor.Backend.Kernel<IReduceKernel>().CountNonFinite(tensor.View);
        if (bad > 0) throw new NonFiniteException($"{what} {tensor.Shape} holds {bad} values that are NaN or infinite. Look at this op's inputs, lower the learning rate, or clip gradients.");
        GC.KeepAlive(tensor);
    }
}
