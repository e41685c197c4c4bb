using LzuCore.Memory;

namespace LzuCore.Kernels;

/// <summary>Options of <see cref="IAttractionKernel"/>.</summary>
/// <param name="Fwhm">Full width at half maximum of the Gaussian, in grid cells; positive and finite.</param>
/// <param name="AntiCrop">Whether saliency is mirrored about the end nodes (the range stays [-1, 1]) rather than continued with its edge value.</param>
public readonly record struct AttractionArgs(double Fwhm, bool AntiCrop);

/// <summary>A table of one axis of a separable warp.</summary>
/// <param name="Axis">0: x, 1: y.</param>
/// <param name="Inverse">Whether it holds the inverse, rather than the map.</param>
/// <param name="Table">Where its entries lie.</param>
/// <param name="Output">[N, count].</param>
public readonly record struct WarpTable(int Axis, bool Inverse, AxisTable Table, TensorView Output);

/// <summary>Saliency to warp: every node moves to the Gaussian-weighted mean position of the saliency around it. Saliency is [N, 1, h, w] with h, w at least 2;
/// any layouts; float32 or float64, all alike.</summary>
/// <remarks>The window reaches min(h, w) - 1 cells. Results are clamped to [-1, 1]; with anti-crop the end nodes' normal coordinate is exactly ±1 and carries no gradient.
/// An image without any saliency gets the identity, with gradient 0. A node whose window holds no mass moves to the nearest mass, with gradient 0.</remarks>
public interface IAttractionKernel : IKernel
{
    /// <summary>Marginals first, then one axis at a time: knots [N, w + h] hold the x knots, then the y knots.</summary>
    /// <returns>False when a weight is negative, NaN or infinite; the output is then meaningless.</returns>
    bool ForwardSeparable(in AttractionArgs args, TensorView saliency, TensorView knots);

    /// <summary><see cref="ForwardSeparable"/> and tables of the warp that it makes, by the rules of <see cref="IAxisWarpKernel"/>; devices for which a launch costs more than a table
    /// do all in one.</summary>
    /// <returns>As <see cref="ForwardSeparable"/>.</returns>
    bool ForwardTables(in AttractionArgs args, TensorView saliency, TensorView knots, ReadOnlySpan<WarpTable> tables, IAxisWarpKernel axes)
    {
        if (!ForwardSeparable(args, saliency, knots)) return false;
        int w = saliency.Shape[3], h = saliency.Shape[2];
        TensorView x = knots.With(knots.Layout.Narrow(1, 0, w)), y = knots.With(knots.Layout.Narrow(1, w, h));
        foreach (var table in tables)
        {
            if (table.Inverse) axes.Invert(table.Table, table.Axis == 0 ? x : y, table.Output);
            else axes.Evaluate(table.Table, table.Axis == 0 ? x : y, table.Output);
        }
        return true;
    }

    /// <summary>The gradient of <see cref="ForwardSeparable"/>; overwrites.</summary>
    void BackwardSeparable(in AttractionArgs args, TensorView saliency, TensorView dKnots, TensorView dSaliency);

    /// <summary>In the plane: grid [N, h, w, 2] of (x, y).</summary>
    /// <returns>False when a weight is negative, NaN or infinite; the output is then meaningless.</returns>
    bool ForwardPlane(in AttractionArgs args, TensorView saliency, TensorView grid);

    /// <summary>The gradient of <see cref="ForwardPlane"/>; overwrites.</summary>
    void BackwardPlane(in AttractionArgs args, TensorView saliency, TensorView dGrid, TensorView dSaliency);
}
