using System.Runtime.CompilerServices;
using LzuCore.Memory;

namespace LzuCore.Kernels;

/// <summary>Where the entries of a table along one axis lie, and in which unit it is written. Entry i stands for the pixel p = Stride · i + Offset of an axis whose
/// first and last pixel centre are 0 and <paramref name="Extent"/>, that is for the normalised coordinate 2 p/Extent - 1 (-1 when the extent is 0).</summary>
/// <param name="Stride">Pixels between entries.</param>
/// <param name="Offset">The pixel of entry 0; not negative.</param>
/// <param name="Extent">The last pixel's index: size - 1.</param>
/// <param name="IndexScale">A result r in [0, 1] (0 and 1 at the ends of the axis) becomes the index IndexScale · r + IndexShift …</param>
/// <param name="IndexShift">See <paramref name="IndexScale"/>.</param>
/// <param name="OutScale">… which is written as OutScale · index + OutShift.</param>
/// <param name="OutShift">See <paramref name="OutScale"/>.</param>
/// <param name="Fill">Written where there is no result.</param>
/// <remarks>Beyond the axis (p &gt; Extent: a network's padding) the warp is the identity: the index is i itself.</remarks>
public readonly record struct AxisTable(double Stride, double Offset, double Extent, double IndexScale, double IndexShift, double OutScale, double OutShift, double Fill)
{
    private const double Snap = 1e-5;

    /// <summary>Whether entry i lies beyond the axis, where the warp is the identity.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool Beyond(int i) => Stride * i + Offset > Extent;

    /// <summary>Entry i as a normalised coordinate. Exact at the very ends, because 2p - E and E are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal double Target(int i) => Extent == 0 ? -1 : (2 * (Stride * i + Offset) - Extent) / Extent;

    /// <summary>The tile of entry i's parameter between <paramref name="count"/> nodes and the fraction inside it; the last tile goes on beyond the axis.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal (int Tile, double Within) Locate(int i, int count)
    {
        var at = Extent == 0 ? 0 : (Stride * i + Offset) / Extent * (count - 1);
        var tile = at < 0 ? 0 : at > count - 2 ? count - 2 : (int)at;
        return (tile, at - tile);
    }

    /// <summary>The entries, of <paramref name="count"/>, whose targets may lie in [low, high]; one more at each end, so that rounding loses none. Entries beyond the axis
    /// count as its last pixel.</summary>
    internal (int First, int Last) Covering(int count, double low, double high)
    {
        if (Extent == 0) return (0, count - 1);
        var first = Math.Ceiling(((low + 1) / 2 * Extent - Offset) / Stride) - 1;
        var last = Math.Floor(((high + 1) / 2 * Extent - Offset) / Stride) + 1;
        return (first > 0 ? first < count ? (int)first : count : 0, high >= 1 - WarpTile.Tolerance || last >= count ? count - 1 : last < 0 ? -1 : (int)last);
    }

    /// <summary>An end node within 1e-5 of ±1 counts as ±1, because float32 grids end at 0.9999998.</summary>
    internal static double SnapEnd(double node, double end) => node - end < Snap && end - node < Snap ? end : node;

    /// <summary>An index in the table's unit. A float32 table never rounds an index from inside the axis onto its end, where sampling's one-sided slope points outward.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal double Write(double index, bool single)
    {
        var value = OutScale * index + OutShift;
        return !single || index < NearEnd || !(index < IndexScale + IndexShift) ? value : BeforeEnd(value, IndexScale + IndexShift);
    }

    /// <summary>Indices below are far enough from the axis's end for any rounding.</summary>
    internal double NearEnd => IndexScale + IndexShift - 1e-3 * (1 + Math.Abs(IndexScale + IndexShift));

    private double BeforeEnd(double value, double end)
    {
        var entry = (float)value;
        while (ReadBack(entry) >= end) entry = Below(entry);
        return entry;
    }

    // The index as float32 sampling finds it: the entry itself, or grid_sample's ((v + 1) D - 1)/2 without align-corners, where OutScale = 2/D; the larger of the
    // results with the product rounded and with it fused into the subtraction. The product of two float32 is exact in float64.
    private double ReadBack(float value)
    {
        if (OutScale == 1) return value;
        var product = (double)(value + 1) * (float)(2 / OutScale);
        float rounded = (float)product - 1, fused = (float)(product - 1);
        return (rounded > fused ? rounded : fused) / 2;
    }

    // The next float32 towards minus infinity, of a finite number.
    private static float Below(float v)
    {
        var bits = BitConverter.SingleToInt32Bits(v);
        return v == 0 ? -float.Epsilon : BitConverter.Int32BitsToSingle(v > 0 ? bits - 1 : bits + 1);
    }
}

/// <summary>A warp along one axis: the piecewise linear map through knots [N, n] (values in [-1, 1] at equally spaced parameters; nondecreasing, n at least 2), tabulated or
/// inverted at [N, count] entries. Any layouts; float32 or float64, mixed freely; arithmetic is float64. NaN knots give fills, never a wild index.</summary>
/// <remarks>The inverse skips zero-width tiles; end knots within 1e-5 of ±1 count as ±1, because float32 grids end at 0.9999998. Targets outside the knots are filled and
/// carry no gradient; elsewhere the implicit function theorem gives ∂r/∂g_i = -(1 - μ)/Δ and ∂r/∂g_{i+1} = -μ/Δ per cell.</remarks>
public interface IAxisWarpKernel : IKernel
{
    /// <summary>output[n, i] = the map at entry i.</summary>
    void Evaluate(in AxisTable table, TensorView knots, TensorView output);

    /// <summary>The gradient of <see cref="Evaluate"/>; overwrites.</summary>
    void EvaluateBackward(in AxisTable table, TensorView dOutput, TensorView dKnots);

    /// <summary>output[n, i] = the parameter that the map takes to entry i.</summary>
    void Invert(in AxisTable table, TensorView knots, TensorView output);

    /// <summary>The gradient of <see cref="Invert"/>; overwrites.</summary>
    void InvertBackward(in AxisTable table, TensorView knots, TensorView dOutput, TensorView dKnots);

    /// <summary>output[n, i] = the normalised parameter that the map takes to points[n, i]; points outside the knots go to the nearest end.</summary>
    void InvertAt(TensorView knots, TensorView points, TensorView output);

    /// <summary>The gradients of <see cref="InvertAt"/> that are wanted; both overwrite.</summary>
    void InvertAtBackward(TensorView knots, TensorView points, TensorView dOutput, TensorView? dKnots, TensorView? dPoints);
}
