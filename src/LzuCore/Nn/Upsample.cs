using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Nn;

/// <summary>Enlarges images by a whole factor. No keys. See <see cref="F.Interpolate"/>.</summary>
/// <param name="factor">Output pixels for each input pixel, down and across.</param>
/// <param name="mode">Nearest or bilinear.</param>
/// <param name="alignCorners">See <see cref="F.Interpolate"/>.</param>
public sealed class Upsample(Size2 factor, InterpolationMode mode, bool alignCorners) : Layer
{
    /// <inheritdoc/>
    public override Tensor Forward(Tensor input) =>
        F.Interpolate(input, (input.Shape[2] * factor.Height, input.Shape[3] * factor.Width), mode, alignCorners);
}
