using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Ops;

public static partial class F
{
    /// <summary>Resizes images: output[n, :, i, j] = input[n, :, sy(i), sx(j)].</summary>
    /// <param name="input">[N, C, H, W], H and W at least 1.</param>
    /// <param name="size">H_out and W_out, at least 1.</param>
    /// <param name="mode">Nearest: s(i) = floor(i · in / out), computed in float32. Bilinear: linear between the two neighbours of s(i) in each axis.</param>
    /// <param name="alignCorners">Bilinear: s(i) = i · (in - 1)/(out - 1) when true (0 for out = 1), max(0, (i + ½) · in/out - ½) when false. Nearest ignores it.</param>
    /// <returns>[N, C, H_out, W_out].</returns>
    /// <remarks>No smoothing when shrinking, as in PyTorch. Gradient: the weights transposed. Source: torch.nn.functional.interpolate.</remarks>
    /// <exception cref="ShapeException">The rank is not 4, or the image or the size is empty.</exception>
    /// <exception cref="DTypeException">The dtype is not floating.</exception>
    public static Tensor Interpolate(Tensor input, Size2 size, InterpolationMode mode, bool alignCorners)
    {
        const string op = "interpolate";
        Check.Floating($"{op}: input", input.DType);
        Check.Rank($"{op}: input", input.Shape, 4);
        if (input.Shape[2] == 0 || input.Shape[3] == 0) throw new ShapeException($"{op}: input", "must have at least one row and one column", input.Shape.ToString());
        if (size.Height < 1 || size.Width < 1) throw new ShapeException($"{op}: size", "must be at least 1x1", size.ToString());
        return Op.Apply(new InterpolateOp(new InterpolateArgs(mode, alignCorners), size), input);
    }
}

internal sealed class InterpolateOp(InterpolateArgs args, Size2 size) : Op("interpolate")
{
    protected internal override OpAttributes Attributes => new() { { "size", size }, { "mode", args.Mode.ToString() }, { "align_corners", args.AlignCorners } };

    protected override bool TakesHalves(ReadOnlySpan<Tensor> inputs) => inputs[0].Backend.Kernel<IInterpolateKernel>() is ITakesHalves && !Records(inputs);

    protected override Tensor Forward(ReadOnlySpan<Tensor> inputs)
    {
        var input = inputs[0].Contiguous();
        var output = Tensor.Empty([input.Shape[0], input.Shape[1], size.Height, size.Width], input);
        input.Backend.Kernel<IInterpolateKernel>().Forward(args, input.View, output.View);
        return output;
    }

    protected internal override void Backward(Tensor dOutput, GradSink sink)
    {
        if (sink.Empty(0) is not { } dInput) return;
        dOutput.Backend.Kernel<IInterpolateKernel>().Backward(args, dOutput.Contiguous().View, dInput.View);
    }
}
