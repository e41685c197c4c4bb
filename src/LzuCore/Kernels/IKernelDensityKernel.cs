using LzuCore.Memory;

namespace LzuCore.Kernels;

/// <summary>Options of <see cref="IKernelDensityKernel"/>.</summary>
/// <param name="Image">The image that the boxes are in, in pixels; nodes span [0, width] and [0, height] including both ends.</param>
/// <param name="Floor">What every box adds to every node.</param>
public readonly record struct KernelDensityArgs(Size2 Image, double Floor);

/// <summary>Boxes to saliency: one Gaussian per box, of variance bandwidth · size, normalised to the mass amplitude, on a floor; the sum over boxes divided by its sum.</summary>
/// <remarks>Boxes are [m, 4 or more] (left, top, right, bottom); sides count as at least one pixel; boxes that do not touch the image, or are inverted, are ignored.
/// Without boxes the map is uniform. float32 or float64, all alike; arithmetic is float64.</remarks>
public interface IKernelDensityKernel : IKernel
{
    /// <summary>output [h, w]; amplitude and bandwidth hold one element each.</summary>
    /// <returns>False when a coordinate is NaN or infinite; the output is then meaningless.</returns>
    bool Forward(in KernelDensityArgs args, TensorView boxes, TensorView amplitude, TensorView bandwidth, TensorView output);

    /// <summary>The gradients that are wanted; both overwrite.</summary>
    void Backward(in KernelDensityArgs args, TensorView boxes, TensorView amplitude, TensorView bandwidth, TensorView dOutput, TensorView? dAmplitude, TensorView? dBandwidth);
}
