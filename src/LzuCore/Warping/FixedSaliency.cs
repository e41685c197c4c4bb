using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Warping;

/// <summary>One map for every image, such as the mean over a training set (the papers' "fixed" saliency).</summary>
public sealed class FixedSaliency : ISaliency
{
    private readonly Tensor _map;

    /// <summary>Keeps a map, brought to sum 1.</summary>
    /// <param name="map">[h, w] or [1, 1, h, w]; not negative, not all zero; sides at least 2. Its values are copied.</param>
    /// <exception cref="ShapeException">The shape does not fit.</exception>
    /// <exception cref="ArgumentValueException">A value is negative or not finite, or all are zero.</exception>
    public FixedSaliency(Tensor map)
    {
        var shape = map.Shape;
        if (shape.Rank is not (2 or 4) || (shape.Rank == 4 && (shape[0] != 1 || shape[1] != 1)) || shape[shape.Rank - 2] < 2 || shape[shape.Rank - 1] < 2)
            throw new ShapeException("fixed_saliency: map", "must be [h, w] or [1, 1, h, w] with h and w at least 2", shape.ToString());
        Check.Floating("fixed_saliency: map", map.DType);
        using var off = Grad.Off();
        var values = map.DType == DType.Float64 ? map.ToArray<double>() : [.. map.ToArray<float>().Select(v => (double)v)];
        var sum = values.Sum();
        Check.That(values.All(v => v >= 0 && double.IsFinite(v)) && sum > 0 && double.IsFinite(sum), $"fixed_saliency: map must be finite, not negative and not all zero, got {shape} that is not.");
        Grid = (shape[shape.Rank - 2], shape[shape.Rank - 1]);
        _map = Tensor.Generate([1, 1, Grid.Height, Grid.Width], i => values[i] / sum, map.DType).Persist();
    }

    /// <inheritdoc/>
    public Size2 Grid { get; }

    /// <inheritdoc/>
    public bool IsFixed => true;

    /// <inheritdoc/>
    public Tensor Map(SaliencyContext context) => _map;
}
