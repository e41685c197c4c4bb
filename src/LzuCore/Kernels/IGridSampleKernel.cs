using LzuCore.Memory;

namespace LzuCore.Kernels;

/// <summary>How a value between pixel centres is made.</summary>
public enum SamplingMode
{
    /// <summary>Linear in both axes between the four neighbours.</summary>
    Bilinear,
    /// <summary>The nearest pixel; halves round to even. The coordinate's gradient is 0.</summary>
    Nearest,
}

/// <summary>What a coordinate outside the image reads.</summary>
public enum PaddingMode
{
    /// <summary>Neighbours outside the image are 0.</summary>
    Zeros,
    /// <summary>Coordinates are clamped to the first and last pixel centre.</summary>
    Border,
    /// <summary>Coordinates are mirrored at the image's ends (pixel centres with align-corners, else pixel edges), then clamped.</summary>
    Reflection,
}

/// <summary>Options of <see cref="IGridSampleKernel"/>.</summary>
/// <param name="Mode">Bilinear or nearest.</param>
/// <param name="Padding">What lies outside.</param>
/// <param name="AlignCorners">Whether -1 and +1 are the centres of the first and last pixel, rather than their outer edges.</param>
public readonly record struct GridSampleArgs(SamplingMode Mode, PaddingMode Padding, bool AlignCorners);

/// <summary>Sampling of [N, C, H, W] at normalised coordinates [N, H_out, W_out, 2] = (x, y). Input and output lie in the default layout (channels-last),
/// grids have any strides; float32 or float64, all alike. H and W are at least 1.</summary>
/// <remarks>NaN counts as outside with zeros padding, and as index 0 with gradient 0 otherwise. No coordinate, however large, may index memory outside the input.</remarks>
public interface IGridSampleKernel : IKernel
{
    /// <summary>output = samples of input at grid; overwrites.</summary>
    void Forward(in GridSampleArgs args, TensorView input, TensorView grid, TensorView output);

    /// <summary>The gradients that are wanted (null: not wanted); both overwrite. The same bits for any number of threads.</summary>
    void Backward(in GridSampleArgs args, TensorView input, TensorView grid, TensorView dOutput, TensorView? dInput, TensorView? dGrid);
}
