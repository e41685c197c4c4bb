using LzuCore.Memory;

namespace LzuCore.Warping;

/// <summary>Where the cells of a feature level lie: cell (i, j) stands for the pixel (s·i + (s-1)/2, s·j + (s-1)/2) of the zoomed image, s the stride.</summary>
/// <param name="Stride">Zoomed pixels a cell; at least 1.</param>
/// <param name="Zoomed">The zoomed image's size before it was padded for the network.</param>
/// <remarks>With this frame padding, strides that do not divide the image, and rounding of level sizes cause no shift: the identity warp leaves features as they are.
/// Cells beyond the image (padding) keep their place.</remarks>
public readonly record struct LevelFrame(int Stride, Size2 Zoomed);
