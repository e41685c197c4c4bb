using LzuCore.Memory;
using LzuCore.Tensors;

namespace LzuCore.Warping;

/// <summary>A built-in fixed map for road scenes seen from a car: far, small things crowd around the horizon, so it holds a band there, strongest in the middle, on a floor.</summary>
/// <remarks><c>S(x, y) ∝ floor + exp(-½ ((y - horizon)/height)²) · exp(-½ ((x - ½)/width)²)</c> with x, y from 0 to 1 over the image; sum 1. A shape chosen by hand, not learned
/// from data: measured maps of driving sets are close to it (see Thavamani et al. 2021, figure 3), and a map computed from your own boxes is better.</remarks>
public sealed class RoadPriorSaliency : ISaliency
{
    private readonly Tensor _map;

    /// <summary>Computes the map.</summary>
    /// <param name="grid">The size of the map; at least 2x2.</param>
    /// <param name="horizon">Where the horizon lies, from 0 (top) to 1 (bottom).</param>
    /// <param name="bandHeight">Standard deviation of the band, as a share of the image's height.</param>
    /// <param name="bandWidth">Standard deviation along the band, as a share of the image's width.</param>
    /// <param name="floor">Density everywhere, as a share of the band's peak.</param>
    /// <exception cref="ArgumentValueException">A number is outside its range.</exception>
    public RoadPriorSaliency(Size2 grid, double horizon = 0.5, double bandHeight = 0.1, double bandWidth = 0.35, double floor = 0.1)
    {
        Check.That(grid.Height >= 2 && grid.Width >= 2, $"road_prior: grid must be at least 2x2, got {grid}.");
        Check.That(horizon is >= 0 and <= 1, $"road_prior: horizon must be 0 to 1, got {horizon}.");
        Check.That(bandHeight > 0 && bandWidth > 0 && double.IsFinite(bandHeight + bandWidth), $"road_prior: the band's height and width must be positive, got {bandHeight} and {bandWidth}.");
        Check.That(floor >= 0 && double.IsFinite(floor), $"road_prior: floor must be finite and not negative, got {floor}.");
        Grid = grid;
        var values = new double[grid.Height * grid.Width];
        for (var i = 0; i < grid.Height; i++)
            for (var j = 0; j < grid.Width; j++)
            {
                double y = ((double)i / (grid.Height - 1) - horizon) / bandHeight, x = ((double)j / (grid.Width - 1) - 0.5) / bandWidth;
                values[i * grid.Width + j] = floor + Math.Exp(-0.5 * (x * x + y * y));
            }
        var sum = values.Sum();
        _map = Tensor.Generate([1, 1, grid.Height, grid.Width], i => sum > 0 ? values[i] / sum : 1.0 / values.Length).Persist();
    }

    /// <inheritdoc/>
    public Size2 Grid { get; }

    /// <inheritdoc/>
    public bool IsFixed => true;

    /// <inheritdoc/>
    public Tensor Map(SaliencyContext context) => _map;
}
