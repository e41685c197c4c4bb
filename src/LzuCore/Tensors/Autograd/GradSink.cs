using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Tensors.Autograd;

/// <summary>Where an op's backward pass puts the gradients of its inputs. Says which are wanted and undoes broadcasting, so that no op repeats either.</summary>
public sealed class GradSink
{
    private readonly Tensor[] _inputs;
    private readonly Tensor?[] _gradients;

    internal GradSink(ReadOnlySpan<Tensor> inputs)
    {
        _inputs = inputs.ToArray();
        _gradients = new Tensor?[inputs.Length];
    }

    /// <summary>Whether input <paramref name="index"/> needs a gradient.</summary>
    public bool Wants(int index) => _inputs[index].RequiresGrad;

    /// <summary>A buffer of zeros, shaped like the input, that will be its gradient; null when not wanted. For kernels that add.</summary>
    public Tensor? Zeros(int index)
    {
        var buffer = Empty(index);
        if (buffer is not null) buffer.Backend.Kernel<ICopyKernel>().Fill(0, buffer.View);
        return buffer;
    }

    /// <summary>An uninitialised buffer, shaped like the input, that will be its gradient; null when not wanted. For kernels that overwrite.</summary>
    public Tensor? Empty(int index) => Wants(index) ? _gradients[index] = Tensor.Empty(_inputs[index].Shape, _inputs[index]) : null;

    /// <summary>Adds a gradient for an input; axes along which the input was broadcast are summed.</summary>
    public void Add(int index, Tensor gradient)
    {
        if (!Wants(index)) return;
        gradient = SumTo(gradient, _inputs[index].Shape);
        _gradients[index] = _gradients[index] is { } existing ? Sum(existing, gradient) : gradient;
    }

    internal Tensor? Take(int index) => _gradients[index];

    internal static Tensor Sum(Tensor a, Tensor b)
    {
        if (a.DType.IsHalf()) return Widening.To(Sum(Widening.Wide(a), Widening.Wide(b)), a.DType);
        var result = Tensor.Empty(a.Shape, a);
        a.Backend.Kernel<IZipKernel>().Forward(default(Add), a.View, b.View, result.View);
        return result;
    }

    /// <summary>The adjoint of broadcasting.</summary>
    internal static Tensor SumTo(Tensor gradient, Shape shape)
    {
        if (gradient.Shape == shape) return gradient;
        if (gradient.DType.IsHalf()) return Widening.To(SumTo(Widening.Wide(gradient), shape), gradient.DType);
        var lead = gradient.Rank - shape.Rank;
        var kept = new int[gradient.Rank];
        for (var i = 0; i < kept.Length; i++) kept[i] = i < lead ? 1 : shape[i - lead];
        var sum = Tensor.EmptyWithLayout(Layout.RowMajor(new Shape(kept)), gradient.DType, gradient.Device);
        gradient.Backend.Kernel<IReduceKernel>().Forward(ReduceKind.Sum, gradient.View, sum.View);
        return new Tensor(sum.Storage, Layout.RowMajor(shape), gradient.DType);
    }
}
