using LzuCore.Tensors;

namespace LzuCore.Warping;

/// <summary>The inverse of a warp at every pixel of an original of some size.</summary>
/// <param name="Coordinates">[N, H, W, 2]: the normalised place (x, y) in the zoomed image that shows this original pixel; 3, which is outside of every image of at least
/// two pixels, where no place does. Differentiable.</param>
/// <param name="Valid">[N, H, W]: 1 where the original pixel is shown, 0 elsewhere, in the warp's dtype.</param>
public sealed record InverseWarp(Tensor Coordinates, Tensor Valid);
