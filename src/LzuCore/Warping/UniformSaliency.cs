using LzuCore.Memory;
using LzuCore.Tensors;

namespace LzuCore.Warping;

/// <summary>The same everywhere: the identity warp, the baseline of uniform down-sampling.</summary>
/// <param name="grid">The size of the map; at least 2x2.</param>
public sealed class UniformSaliency(Size2 grid) : ISaliency
{
    private readonly Tensor _map = Tensor.Full([1, 1, grid.Height, grid.Width], 1.0 / ((double)grid.Height * grid.Width)).Persist();

    /// <inheritdoc/>
    public Size2 Grid { get; } = grid;

    /// <inheritdoc/>
    public bool IsFixed => true;

    /// <inheritdoc/>
    public Tensor Map(SaliencyContext context) => _map;
}
