using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Ops;

public static partial class F
{
    /// <summary>Tensors one after the other along an axis; all other sizes are equal. Gradient: each tensor's part of dOutput.</summary>
    /// <exception cref="ArgumentValueException">There are no tensors.</exception>
    /// <exception cref="ShapeException">Ranks, or sizes other than the axis', differ.</exception>
    /// <exception cref="DTypeException">The dtypes differ.</exception>
    public static Tensor Concat(IReadOnlyList<Tensor> tensors, int dim)
    {
        Check.That(tensors.Count > 0, $"cat: needs at least one tensor, got none.");
        var first = tensors[0].Shape;
        var axis = Check.Axis("cat", first, dim);
        long size = 0;
        for (var i = 0; i < tensors.Count; i++)
        {
            var shape = tensors[i].Shape;
            Check.SameDType("cat", tensors[0].DType, tensors[i].DType);
            if (shape.Rank != first.Rank || shape.With(axis, first[axis]) != first)
                throw new ShapeException("cat", $"tensor {i} must have the shape {first} on every axis but {axis}", shape.ToString());
            size += shape[axis];
        }
        return tensors.Count == 1 ? tensors[0] : Op.Apply(new ConcatOp(axis, first.With(axis, checked((int)size))), [.. tensors]);
    }

    /// <summary>Tensors of one shape along a new axis. Gradient: each tensor's part of dOutput.</summary>
    /// <exception cref="ArgumentValueException">There are no tensors.</exception>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    public static Tensor Stack(IReadOnlyList<Tensor> tensors, int dim)
    {
        Check.That(tensors.Count > 0, $"stack: needs at least one tensor, got none.");
        for (var i = 1; i < tensors.Count; i++)
            if (tensors[i].Shape != tensors[0].Shape) throw new ShapeException("stack", $"every tensor must have the first one's shape {tensors[0].Shape}", $"{tensors[i].Shape} for tensor {i}");
        return Concat([.. tensors.Select(t => t.Unsqueeze(dim))], dim < 0 ? dim + tensors[0].Rank + 1 : dim);
    }
}

internal sealed class ConcatOp(int axis, Shape shape) : Op("cat")
{
    protected internal override OpAttributes Attributes => new() { { "dim", axis } };

    protected override bool TakesHalves(ReadOnlySpan<Tensor> inputs) => true;

    private int[] _sizes = [];

    protected override Tensor Forward(ReadOnlySpan<Tensor> inputs)
    {
        var output = Tensor.Empty(shape, inputs[0]);
        var copy = output.Backend.Kernel<ICopyKernel>();
        _sizes = new int[inputs.Length];
        var start = 0;
        for (var i = 0; i < inputs.Length; start += _sizes[i++])
        {
            _sizes[i] = inputs[i].Shape[axis];
            copy.Copy(inputs[i].View, output.View.With(output.Layout.Narrow(axis, start, _sizes[i])));
        }
        return output;
    }

    protected internal override void Backward(Tensor dOutput, GradSink sink)
    {
        var start = 0;
        for (var i = 0; i < _sizes.Length; start += _sizes[i++])
            if (sink.Empty(i) is { } dInput) dOutput.Backend.Kernel<ICopyKernel>().Copy(dOutput.View.With(dOutput.Layout.Narrow(axis, start, _sizes[i])), dInput.View);
    }
}
