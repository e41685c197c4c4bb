using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Ops;

public static partial class F
{
    /// <summary>Affine map of the last axis: <c>y[…,o] = bias[o] + Σ_i x[…,i] · weight[o,i]</c>.</summary>
    /// <remarks>x [..., in]; weight [out, in]; bias [out]. Gradient: to all three. The weight is packed once and kept with its storage.
    /// Source: torch.nn.functional.linear.</remarks>
    /// <exception cref="ShapeException">The sizes do not fit.</exception>
    /// <exception cref="DTypeException">The dtypes differ or are not floating.</exception>
    public static Tensor Linear(Tensor x, Tensor weight, Tensor? bias = null)
    {
        Check.Floating("linear: input", x.DType);
        Check.Parameter("linear", x.DType, weight.DType);
        Check.Rank("linear: weight", weight.Shape, 2);
        int outputs = weight.Shape[0], features = weight.Shape[1];
        if (x.Rank < 1 || x.Shape.Dims[^1] != features) throw new ShapeException("linear", $"weight {weight.Shape} expects {features} features in the last axis", $"input {x.Shape}");
        if (bias is not null)
        {
            Check.Parameter("linear", x.DType, bias.DType);
            Check.Shape("linear: bias", bias.Shape, [outputs]);
        }
        long rows = 1;
        foreach (var d in x.Shape.Dims[..^1]) rows *= d;
        var flat = x.Reshape(checked((int)rows), features);
        var y = bias is null ? Op.Apply(new LinearOp(), flat, weight) : Op.Apply(new LinearOp(), flat, weight, bias);
        return y.Reshape([.. x.Shape.Dims[..^1], outputs]);
    }
}

internal sealed class LinearOp() : Op("linear")
{
    protected override Tensor Forward(ReadOnlySpan<Tensor> inputs)
    {
        Tensor x = inputs[0], weight = inputs[1];
        var bias = inputs.Length > 2 ? inputs[2].Contiguous() : null;
        var output = Tensor.Empty([x.Shape[0], weight.Shape[0]], x);
        Product(x, weight, transpose: true, new GemmArgs(KeepPacked: true), new Epilogue(bias?.View), output);
        Save(x, weight);
        return output;
    }

    protected internal override void Backward(Tensor dOutput, GradSink sink)
    {
        Tensor x = Saved(0), weight = Saved(1);
        if (sink.Empty(0) is { } dX) Product(dOutput, weight, transpose: false, default, default, dX);
        if (sink.Empty(1) is { } dWeight)
            dOutput.Backend.Kernel<IGemmKernel>().Forward(default, Batch(dOutput.View, transpose: true), Batch(x.View, transpose: false), default, Batch(dWeight.View, transpose: false));
        if (Inputs.Length > 2) sink.Add(2, GradSink.SumTo(dOutput, [dOutput.Shape[1]]));
    }

    protected override long Flops(ReadOnlySpan<Tensor> inputs, Tensor output) => 2 * output.Shape.Count * inputs[0].Shape[1];

    private static void Product(Tensor a, Tensor b, bool transpose, GemmArgs args, Epilogue epilogue, Tensor output) =>
        a.Backend.Kernel<IGemmKernel>().Forward(args, Batch(a.View, transpose: false), Batch(b.View, transpose), epilogue, Batch(output.View, transpose: false));

    // A matrix, perhaps transposed, as a batch of one.
    private static TensorView Batch(TensorView matrix, bool transpose)
    {
        Shape shape = matrix.Shape;
        var strides = matrix.Layout.Strides;
        return matrix.With(transpose
            ? new Layout([1, shape[1], shape[0]], [0, strides[1], strides[0]], matrix.Layout.Offset)
            : new Layout([1, shape[0], shape[1]], [0, strides[0], strides[1]], matrix.Layout.Offset));
    }
}
