using LzuCore.Memory;

namespace LzuCore.Kernels;

/// <summary>The inverse of a piecewise bilinear warp: grid [N, h, w, 2] (h, w at least 2) to inverse [N, H, W, 2], both (x, y). Any layouts; float32 or float64, all alike;
/// arithmetic is float64 per tile.</summary>
/// <remarks>Every tile scatters to the entries inside its bounding box; where several tiles cover one, the first in row-major order wins. A tile accepts parameters up to
/// 1e-6 outside [0, 1], clamped, so seams leave no holes. Tiles of either orientation are inverted; degenerate ones (area below 1e-14, not finite) are skipped.
/// Border nodes within 1e-5 of ±1 count as ±1.</remarks>
public interface IGridInversionKernel : IKernel
{
    /// <summary>inverse[n, i, j] = the parameter that the warp takes to entry (i of <paramref name="y"/>, j of <paramref name="x"/>).</summary>
    void Forward(in AxisTable x, in AxisTable y, TensorView grid, TensorView inverse);

    /// <summary>The gradient, by the implicit function theorem; 0 from entries that no tile covers. Overwrites.</summary>
    void Backward(in AxisTable x, in AxisTable y, TensorView grid, TensorView dInverse, TensorView dGrid);
}
