using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Warping;

/// <summary>Saliency from boxes: a Gaussian around each, on a floor (the papers' "adaptive" saliency when the boxes are the previous frame's detections).</summary>
/// <remarks>
/// <para><c>S = Σ_i (α g_i / (1e-5 + Σ g_i) + floor)</c> divided by its sum, with
/// <c>g_i(X, Y) = exp(-½ [(X - c_x)²/(β w_i) + (Y - c_y)²/(β h_i)])</c> at nodes X = 0 … width, Y = 0 … height (both ends included). The variance is β times the box' side,
/// so β has the unit of pixels and belongs to an image width: 64 belongs to 1920.</para>
/// <para>Sides count as at least one pixel. Boxes that do not touch the image or are inverted are ignored. Without boxes the map is uniform. Boxes that are not
/// finite are an error. The floor is per box, so the uniform share does not depend on their number.</para>
/// <para>Gradient: to α and β (see <see cref="LearnedKernelDensitySaliency"/>), not to the boxes. Source: Thavamani et al. 2021 (FOVEA), section 3.3.</para>
/// </remarks>
public sealed class KernelDensitySaliency : ISaliency
{
    /// <summary>Sets the grid and the kernel.</summary>
    /// <param name="grid">The size of the map; at least 2x2.</param>
    /// <param name="amplitude">α: the mass of each box.</param>
    /// <param name="bandwidth">β, in pixels of <see cref="SaliencyContext.Image"/>.</param>
    /// <param name="floor">What every box adds to every node; null is the published 1/(2p + 1)², p = min(h, w) - 1.</param>
    /// <exception cref="ArgumentValueException">A number is not positive and finite, or the grid is below 2x2.</exception>
    public KernelDensitySaliency(Size2 grid, double amplitude = 1, double bandwidth = 64, double? floor = null)
    {
        Check.That(grid.Height >= 2 && grid.Width >= 2, $"kde_saliency: grid must be at least 2x2, got {grid}.");
        Check.That(amplitude > 0 && double.IsFinite(amplitude), $"kde_saliency: amplitude must be positive and finite, got {amplitude}.");
        Check.That(bandwidth > 0 && double.IsFinite(bandwidth), $"kde_saliency: bandwidth must be positive and finite, got {bandwidth}.");
        (Grid, Amplitude, Bandwidth, Floor) = (grid, amplitude, bandwidth, floor ?? DefaultFloor(grid));
    }

    /// <inheritdoc/>
    public Size2 Grid { get; }

    /// <summary>α: the mass of each box.</summary>
    public double Amplitude { get; }

    /// <summary>β: variance over side, in pixels.</summary>
    public double Bandwidth { get; }

    /// <summary>What every box adds to every node.</summary>
    public double Floor { get; }

    /// <inheritdoc/>
    public bool IsFixed => false;

    /// <inheritdoc/>
    public Tensor Map(SaliencyContext context) => PerImage(context, Grid, boxes => Map(boxes, context.Image));

    /// <summary>The map of one set of boxes: [1, 1, h, w], sum 1.</summary>
    /// <param name="boxes">[m, 4 or more] (left, top, right, bottom) in pixels, edges; m may be 0.</param>
    /// <param name="image">The image's size in pixels, padding included.</param>
    /// <exception cref="ShapeException">The boxes are not [m, 4 or more].</exception>
    /// <exception cref="ArgumentValueException">A coordinate is not finite, or the image is empty.</exception>
    public Tensor Map(Tensor boxes, Size2 image) =>
        F.KernelDensity(boxes, Amplitude, Bandwidth, Grid, image, Floor).Reshape(1, 1, Grid.Height, Grid.Width);

    internal static double DefaultFloor(Size2 grid)
    {
        double window = 2 * (Math.Min(grid.Height, grid.Width) - 1) + 1;
        return 1 / (window * window);
    }

    // One map an image; images of which nothing is known look everywhere.
    internal static Tensor PerImage(SaliencyContext context, Size2 grid, Func<Tensor, Tensor> map)
    {
        if (context.Boxes is not { Count: > 0 } boxes) return Tensor.Full([1, 1, grid.Height, grid.Width], 1.0 / ((double)grid.Height * grid.Width));
        Check.That(boxes.Count == context.Batch, $"saliency: one set of boxes is needed for each of the {context.Batch} images, got {boxes.Count}.");
        return boxes.Count == 1 ? map(boxes[0]) : F.Concat([.. boxes.Select(map)], 0);
    }
}
