using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Warping;

/// <summary>Two kinds of saliency mixed: <c>(1 - a) · S_fixed + a · S_adaptive</c>, so that objects that nobody expects are still looked for where they usually are.</summary>
/// <remarks>Source: Thavamani et al. 2021 (FOVEA), with a = 0.5. The maps' gradients pass through.</remarks>
public sealed class CompositeSaliency : ISaliency
{
    private readonly ISaliency _prior;
    private readonly ISaliency _adaptive;

    /// <summary>Mixes two sources on the same grid.</summary>
    /// <param name="prior">The first source.</param>
    /// <param name="adaptive">The second.</param>
    /// <param name="share">a: the second's share, 0 to 1.</param>
    /// <exception cref="ArgumentValueException">The grids differ, or the share is outside [0, 1].</exception>
    public CompositeSaliency(ISaliency prior, ISaliency adaptive, double share = 0.5)
    {
        Check.That(prior.Grid == adaptive.Grid, $"composite_saliency: both sources must have one grid, got {prior.Grid} and {adaptive.Grid}.");
        Check.That(share is >= 0 and <= 1, $"composite_saliency: share must be 0 to 1, got {share}.");
        (_prior, _adaptive, Share) = (prior, adaptive, share);
    }

    /// <summary>a: the second source's share.</summary>
    public double Share { get; }

    /// <inheritdoc/>
    public Size2 Grid => _prior.Grid;

    /// <inheritdoc/>
    public bool IsFixed => _prior.IsFixed && _adaptive.IsFixed;

    /// <inheritdoc/>
    public Tensor Map(SaliencyContext context) => _prior.Map(context) * (1 - Share) + _adaptive.Map(context) * Share;
}
