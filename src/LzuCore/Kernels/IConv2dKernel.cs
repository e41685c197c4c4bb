using LzuCore.Memory;

namespace LzuCore.Kernels;

/// <summary>The geometry of a 2-D convolution. Blittable, so that a device kernel can take it as it is.</summary>
/// <param name="Stride">Input pixels between neighbouring output pixels; at least 1.</param>
/// <param name="Padding">Zero pixels around the input, the same on both sides; at least 0.</param>
/// <param name="Dilation">Input pixels between neighbouring taps; at least 1.</param>
/// <param name="Groups">Channels are split into this many independent convolutions; divides both channel counts.</param>
public readonly record struct Conv2dArgs(Size2 Stride, Size2 Padding, Size2 Dilation, int Groups)
{
    /// <summary>Output sizes for an input of <paramref name="input"/> pixels and <paramref name="kernel"/> taps: floor((in + 2·padding - dilation·(k - 1) - 1) / stride) + 1.</summary>
    public Size2 OutputSize(Size2 input, Size2 kernel) => new(
        (int)Math.Max(0, Floor((long)input.Height + 2L * Padding.Height - (long)Dilation.Height * (kernel.Height - 1) - 1, Stride.Height) + 1),
        (int)Math.Max(0, Floor((long)input.Width + 2L * Padding.Width - (long)Dilation.Width * (kernel.Width - 1) - 1, Stride.Width) + 1));

    private static long Floor(long a, int b) => a < 0 ? -1 : a / b;
}

/// <summary>2-D convolution (cross-correlation) and its two adjoints. All views are dense in the default layout (channels-last): input [N, C, H, W],
/// weight [O, C/groups, kh, kw], output [N, O, H', W']. float32 or float64. Outputs are overwritten; sums have an order fixed by the shapes.</summary>
public interface IConv2dKernel : IKernel
{
    /// <summary>output = epilogue(conv2d(input, weight)).</summary>
    void Forward(in Conv2dArgs args, TensorView input, TensorView weight, in Epilogue epilogue, TensorView output);

    /// <summary><see cref="Forward"/> of several maps with the same weights, such as the levels of a pyramid, without a residual.</summary>
    void ForwardEach(in Conv2dArgs args, ReadOnlySpan<TensorView> inputs, TensorView weight, in Epilogue epilogue, ReadOnlySpan<TensorView> outputs)
    {
        for (var i = 0; i < inputs.Length; i++) Forward(args, inputs[i], weight, epilogue, outputs[i]);
    }

    /// <summary>Whether <see cref="Forward"/> may be given the output's own memory as the residual: each of its values is read right before it is written.</summary>
    bool OverwritesResidual(in Conv2dArgs args, DType dtype, Shape weight) => false;

    /// <summary>dInput = epilogue(the adjoint of <see cref="Forward"/> in its input, applied to dOutput). With an epilogue this is conv_transpose2d's forward pass.</summary>
    void BackwardInput(in Conv2dArgs args, TensorView dOutput, TensorView weight, in Epilogue epilogue, TensorView dInput);

    /// <summary>dWeight = the adjoint of <see cref="Forward"/> in its weight.</summary>
    void BackwardWeight(in Conv2dArgs args, TensorView input, TensorView dOutput, TensorView dWeight);

    /// <summary>dBias[o] = the sum of dOutput[:, o, :, :].</summary>
    void BackwardBias(TensorView dOutput, TensorView dBias);
}
