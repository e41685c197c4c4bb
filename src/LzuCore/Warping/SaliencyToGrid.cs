using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Warping;

/// <summary>How saliency becomes a warp. The defaults are the published ones for a 31x51 grid of learned or adaptive saliency.</summary>
public sealed record SaliencyToGridOptions
{
    /// <summary>Full width at half maximum of the Gaussian attraction, in grid cells. The sources use 4 (2-D detection), 10 (3-D detection) and 13.</summary>
    public double AttractionFwhm { get; init; } = 13;

    /// <summary>Whether the axes warp alone (rectangles stay rectangles, everything costs two 1-D tables) or the plane warps as a whole.</summary>
    public bool Separable { get; init; } = true;

    /// <summary>Whether the zoomed image keeps the whole original (saliency mirrored at its border) or may lose its border (saliency continued).</summary>
    public bool AntiCrop { get; init; } = true;
}

/// <summary>Saliency to warp grid: every node is attracted to the saliency around it.</summary>
/// <remarks>
/// <para><c>T(x) = Σ S(x') k(x - x') x' / Σ S(x') k(x - x')</c> over the nodes x', k a Gaussian of the given width. T maps zoomed to original coordinates (a backward map),
/// so salient places are sampled densely. Frame: [-1, 1] with ±1 the centres of the first and last node.</para>
/// <para>Separable: the marginals of S (sums over rows and columns), then each axis alone; marginals first, extension at the border afterwards. The window reaches
/// min(h, w) - 1 cells both ways. Anti-crop mirrors the saliency at the end nodes and keeps the range: the end knots are exactly ±1. Crop repeats the end value, and the
/// result is clamped to [-1, 1].</para>
/// <para>Saliency has no unit: a constant factor changes nothing. Uniform saliency is the identity, and so is a map without any saliency (with gradient 0). Negative, NaN and
/// infinite values are an error.</para>
/// <para>The separable anti-crop warp is strictly increasing and never folds. A nonseparable one can fold with narrow attraction (2 cells) and with crop; <see cref="WarpDiagnostics"/> lists folds.</para>
/// <para>Gradient: to the saliency; 0 where the result is clamped. Source: Recasens et al. 2018, "Learning to zoom"; Thavamani et al. 2021 (FOVEA) for both variants.</para>
/// </remarks>
public static class SaliencyToGrid
{
    /// <summary>The warp of a batch of saliency maps.</summary>
    /// <param name="saliency">[N, 1, h, w] with h and w at least 2, not negative.</param>
    /// <param name="options">Width and variant.</param>
    /// <returns>A warp with h × w nodes for each of the N images.</returns>
    /// <exception cref="ShapeException">The saliency is not [N, 1, h, w], or a side is below 2.</exception>
    /// <exception cref="ArgumentValueException">A value is negative or not finite, or the width is not positive.</exception>
    public static WarpGrid Apply(Tensor saliency, SaliencyToGridOptions options)
    {
        if (!options.Separable) return WarpGrid.FromNodes(F.SaliencyToPlane(saliency, options.AttractionFwhm, options.AntiCrop), saliency.DType);
        var knots = F.SaliencyToKnots(saliency, options.AttractionFwhm, options.AntiCrop);
        int h = saliency.Shape[2], w = saliency.Shape[3];
        return WarpGrid.FromKnots(knots.Narrow(1, 0, w), knots.Narrow(1, w, h), saliency.DType);
    }

    /// <summary>As <see cref="Apply(Tensor, SaliencyToGridOptions)"/>, with the tables that zooming and unzooming at known sizes need made in the same pass, which on a GPU is one launch.
    /// Another size later is no fault: its tables are made then.</summary>
    /// <param name="saliency">[N, 1, h, w] with h and w at least 2, not negative.</param>
    /// <param name="options">Width and variant. Tables are made for separable warps without gradients and outside of <see cref="GraphCapture"/>; otherwise the frame changes nothing.</param>
    /// <param name="frame">The sizes that the warp will be used at.</param>
    /// <exception cref="ShapeException">The saliency is not [N, 1, h, w], or a side is below 2.</exception>
    /// <exception cref="ArgumentValueException">A value is negative or not finite, or the width is not positive.</exception>
    public static WarpGrid Apply(Tensor saliency, SaliencyToGridOptions options, WarpFrame frame)
    {
        if (!options.Separable || (Grad.IsOn && saliency.RequiresGrad) || saliency.DType != DType.Float32 || GraphCapture.IsOpen) return Apply(saliency, options);
        var wanted = WarpGrid.TablesOf(frame);
        var (knots, tables) = F.SaliencyToTables(saliency, options.AttractionFwhm, options.AntiCrop, wanted.Requests, DType.Float32);
        int h = saliency.Shape[2], w = saliency.Shape[3];
        var warp = WarpGrid.FromKnots(knots.Narrow(1, 0, w), knots.Narrow(1, w, h), saliency.DType);
        for (var i = 0; i < tables.Length; i++) warp.Remember(wanted.Keys[i], tables[i]);
        return warp;
    }
}
