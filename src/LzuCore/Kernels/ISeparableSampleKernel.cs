using LzuCore.Memory;

namespace LzuCore.Kernels;

/// <summary>One image of a pyramid to be sampled.</summary>
/// <param name="Input">[N, C, H, W] in the default layout.</param>
/// <param name="Xs">[N, W_out] in input pixels.</param>
/// <param name="Ys">[N, H_out].</param>
/// <param name="Output">[N, C, H_out, W_out] in the default layout.</param>
public readonly record struct SampleLevel(TensorView Input, TensorView Xs, TensorView Ys, TensorView Output);

/// <summary>Bilinear sampling at a grid whose x depends on the column and whose y depends on the row only: what separable warps need, without a dense grid.
/// Coordinates are pixel indices: xs [N, W_out], ys [N, H_out], any strides (0 shares them across the batch). Padding is zeros or border.
/// [N, C, H, W] lie in the default layout (channels-last); float32 or float64, all alike. H and W are at least 1.</summary>
/// <remarks>NaN counts as outside with zeros padding, and as index 0 with gradient 0 with border. No coordinate may index memory outside the input.</remarks>
public interface ISeparableSampleKernel : IKernel
{
    /// <summary>output[n, :, i, j] = input[n] at (xs[n, j], ys[n, i]); overwrites.</summary>
    void Forward(PaddingMode padding, TensorView input, TensorView xs, TensorView ys, TensorView output);

    /// <summary><see cref="Forward"/> of every level; devices for which a launch costs more than a level do them in one.</summary>
    void ForwardLevels(PaddingMode padding, ReadOnlySpan<SampleLevel> levels)
    {
        foreach (var level in levels) Forward(padding, level.Input, level.Xs, level.Ys, level.Output);
    }

    /// <summary>The gradients that are wanted (null: not wanted): dInput like input, dXs [N, W_out] and dYs [N, H_out] row-major; all overwrite.
    /// The same bits for any number of threads.</summary>
    void Backward(PaddingMode padding, TensorView input, TensorView xs, TensorView ys, TensorView dOutput, TensorView? dInput, TensorView? dXs, TensorView? dYs);

    /// <summary>As <see cref="Forward"/>, of pixel · scale + shift per channel: pixels [H, W, 3] uint8 row-major, xs [1, W_out] and ys [1, H_out] float32,
    /// output [1, 3, H_out, W_out] float32. Outside is 0 after scaling.</summary>
    void ForwardFromBytes(PaddingMode padding, TensorView pixels, TensorView xs, TensorView ys, ReadOnlySpan<float> scale, ReadOnlySpan<float> shift, TensorView output);
}
