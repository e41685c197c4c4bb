using LzuCore.Memory;

namespace LzuCore.Kernels;

/// <summary>How resizing makes a value.</summary>
public enum InterpolationMode
{
    /// <summary>Pixel floor(i · in / out), the product in float32 as in PyTorch.</summary>
    Nearest,
    /// <summary>Linear in both axes.</summary>
    Bilinear,
}

/// <summary>Options of <see cref="IInterpolateKernel"/>.</summary>
/// <param name="Mode">Nearest or bilinear.</param>
/// <param name="AlignCorners">Bilinear only: whether first and last pixel centres coincide (source = i · (in - 1) / (out - 1)), rather than the outer edges
/// (source = max(0, (i + ½) · in / out - ½)).</param>
public readonly record struct InterpolateArgs(InterpolationMode Mode, bool AlignCorners);

/// <summary>Resizing of [N, C, H, W] to the output's height and width. Default layouts (channels-last); float32 or float64.</summary>
public interface IInterpolateKernel : IKernel
{
    /// <summary>output = input resized; overwrites.</summary>
    void Forward(in InterpolateArgs args, TensorView input, TensorView output);

    /// <summary>dInput = the adjoint applied to dOutput; overwrites. The same bits for any number of threads.</summary>
    void Backward(in InterpolateArgs args, TensorView dOutput, TensorView dInput);
}
