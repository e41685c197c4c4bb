using LzuCore.Memory;

namespace LzuCore.Kernels;

/// <summary>The geometry of a deformable convolution. Blittable.</summary>
/// <param name="Conv">Stride, padding, dilation and groups, as of a plain convolution.</param>
/// <param name="DeformGroups">Input channels are split into this many runs, each with offsets and a mask of its own; divides the channel count.</param>
public readonly record struct DeformConv2dArgs(Conv2dArgs Conv, int DeformGroups);

/// <summary>2-D convolution whose taps read at displaced, bilinearly sampled places, each weighted by a mask (Zhu et al. 2019). Input [N, C, H, W], weight [O, C/groups, kh, kw] and
/// output [N, O, H', W'] are dense in the default layout (channels-last); offset [N, 2·G·kh·kw, H', W'] = (Δy, Δx) by tap by deform group and mask [N, G·kh·kw, H', W']
/// have any strides, so that both may be views of one tensor. float32 or float64, all alike.</summary>
/// <remarks>A place at or beyond one pixel outside the input, or that is no number, reads 0, and so does each of its neighbours outside. No offset, however large, may index memory
/// outside the input. Outputs are overwritten; sums have an order fixed by the shapes.</remarks>
public interface IDeformConv2dKernel : IKernel
{
    /// <summary>output = epilogue(deform_conv2d(input, weight, offset, mask)); a mask of null is 1.</summary>
    void Forward(in DeformConv2dArgs args, TensorView input, TensorView weight, TensorView offset, TensorView? mask, in Epilogue epilogue, TensorView output);

    /// <summary>The gradients that are wanted (null: not wanted), dense in the default layout. At whole coordinates the right-hand derivative is used.</summary>
    void Backward(in DeformConv2dArgs args, TensorView input, TensorView weight, TensorView offset, TensorView? mask, TensorView dOutput,
        TensorView? dInput, TensorView? dWeight, TensorView? dOffset, TensorView? dMask);
}
