using LzuCore.Memory;

namespace LzuCore.Kernels;

/// <summary>A warp of the plane: the piecewise bilinear map through nodes [N, h, w, 2] (h, w at least 2), tabulated or inverted at [N, H, W, 2] entries, all (x, y).
/// Any layouts; float32 or float64, mixed freely; arithmetic is float64. Not finite nodes give fills, never a wild index.</summary>
/// <remarks>Inverse: every tile scatters to the entries inside its bounding box; where several tiles cover one, the first in row-major order wins. A tile accepts parameters
/// up to 1e-6 outside [0, 1], clamped, so seams leave no holes. Tiles of either orientation are inverted; degenerate ones (area below 1e-14, not finite) are skipped.
/// Border nodes within 1e-5 of ±1 count as ±1.</remarks>
public interface IPlaneWarpKernel : IKernel
{
    /// <summary>output[n, i, j] = the map at entry i of <paramref name="y"/>, j of <paramref name="x"/>.</summary>
    void Evaluate(in AxisTable x, in AxisTable y, TensorView nodes, TensorView output);

    /// <summary>The gradient of <see cref="Evaluate"/>; overwrites.</summary>
    void EvaluateBackward(in AxisTable x, in AxisTable y, TensorView dOutput, TensorView dNodes);

    /// <summary>output[n, i, j] = the parameter that the map takes to entry i of <paramref name="y"/>, j of <paramref name="x"/>.</summary>
    void Invert(in AxisTable x, in AxisTable y, TensorView nodes, TensorView output);

    /// <summary>The gradient of <see cref="Invert"/>, by the implicit function theorem; 0 from entries that no tile covers. Overwrites.</summary>
    void InvertBackward(in AxisTable x, in AxisTable y, TensorView nodes, TensorView dOutput, TensorView dNodes);

    /// <summary>output[n, i] = the parameter, normalised, that the map takes to points[n, i]: points [N, m, 2], clamped to [-1, 1]. A point that no tile holds gets the nearest
    /// place on a tile's side; NaN gives NaN.</summary>
    void InvertAt(TensorView nodes, TensorView points, TensorView output);

    /// <summary>The gradient of <see cref="InvertAt"/>; 0 from points that no tile holds and to clamped coordinates. Overwrites.</summary>
    void InvertAtBackward(TensorView nodes, TensorView points, TensorView dOutput, TensorView? dNodes, TensorView? dPoints);
}
