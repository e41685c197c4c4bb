using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Ops;

public static partial class F
{
    /// <summary>Saliency [N, 1, h, w] to separable warp knots [N, w + h] (x knots, then y knots). Documented at <c>Warping.SaliencyToGrid</c>.</summary>
    internal static Tensor SaliencyToKnots(Tensor saliency, double fwhm, bool antiCrop)
    {
        CheckSaliency(saliency, fwhm);
        return Op.Apply(new AttractionOp(new AttractionArgs(fwhm, antiCrop), separable: true), saliency);
    }

    /// <summary>Saliency [N, 1, h, w] to a nonseparable warp grid [N, h, w, 2]. Documented at <c>Warping.SaliencyToGrid</c>.</summary>
    internal static Tensor SaliencyToPlane(Tensor saliency, double fwhm, bool antiCrop)
    {
        CheckSaliency(saliency, fwhm);
        return Op.Apply(new AttractionOp(new AttractionArgs(fwhm, antiCrop), separable: false), saliency);
    }

    /// <summary>As <see cref="SaliencyToKnots"/>, with tables of the warp in the same pass: [N, count] each, sharing one buffer. Not differentiable.</summary>
    internal static (Tensor Knots, Tensor[] Tables) SaliencyToTables(Tensor saliency, double fwhm, bool antiCrop, IReadOnlyList<TableRequest> requests, DType dtype)
    {
        CheckSaliency(saliency, fwhm);
        Check.That(!(Grad.IsOn && saliency.RequiresGrad), $"saliency_to_grid: tables made together with the warp are not differentiable, got saliency that requires a gradient. Leave out the frame.");
        var (at, n) = (0, saliency.Shape[0]);
        // An op has one output: the warp itself is a second one, written on the way.
        var knots = Tensor.EmptyWithLayout(Layout.RowMajor([n, saliency.Shape[3] + saliency.Shape[2]]), DType.Float64, saliency.Device);
        var all = Op.Apply(new AttractionTablesOp(new AttractionArgs(fwhm, antiCrop), requests, dtype, knots), saliency);
        var tables = new Tensor[requests.Count];
        // Not differentiable, so views need no ops: two dozen calls would take longer than the arithmetic.
        for (var i = 0; i < tables.Length; at += n * requests[i++].Count) tables[i] = new Tensor(all.Storage, TableLayout(n, requests[i].Count, at), dtype);
        return (knots, tables);
    }

    internal static Layout TableLayout(int n, int count, int at) => new([n, count], [count, 1], at);

    private static void CheckSaliency(Tensor saliency, double fwhm)
    {
        Check.Floating("saliency_to_grid: saliency", saliency.DType);
        Check.Shape("saliency_to_grid: saliency", saliency.Shape, [Check.Any, 1, Check.Any, Check.Any], "Give one [1, h, w] map for each image.");
        if (saliency.Shape[2] < 2 || saliency.Shape[3] < 2)
            throw new ShapeException("saliency_to_grid: saliency", "must have at least 2 rows and 2 columns", saliency.Shape.ToString());
        Check.That(double.IsFinite(fwhm) && fwhm > 0, $"saliency_to_grid: attraction_fwhm must be positive and finite, got {fwhm}. It is a width in grid cells; the paper uses 4 to 13.");
    }
}

internal sealed class AttractionOp(AttractionArgs args, bool separable) : Op("saliency_to_grid")
{
    protected override Tensor Forward(ReadOnlySpan<Tensor> inputs)
    {
        var saliency = inputs[0];
        int n = saliency.Shape[0], h = saliency.Shape[2], w = saliency.Shape[3];
        var kernel = saliency.Backend.Kernel<IAttractionKernel>();
        // Grids lie row-major, the two coordinates of a node side by side; the default rank-4 layout would take rows for channels.
        // A few thousand numbers that everything else divides by the differences of: kept in float64 whatever the saliency's dtype.
        var output = Tensor.EmptyWithLayout(Layout.RowMajor(separable ? [n, w + h] : [n, h, w, 2]), DType.Float64, saliency.Device);
        var ok = separable ? kernel.ForwardSeparable(args, saliency.View, output.View) : kernel.ForwardPlane(args, saliency.View, output.View);
        Check.That(ok, $"{Name}: saliency must be finite and not negative, got {saliency.Shape} with values that are not. Clamp it, or pass it through a softmax or softplus.");
        Save(saliency);
        return output;
    }

    protected internal override void Backward(Tensor dOutput, GradSink sink)
    {
        if (sink.Empty(0) is not { } dSaliency) return;
        var saliency = Saved(0);
        var kernel = saliency.Backend.Kernel<IAttractionKernel>();
        if (separable) kernel.BackwardSeparable(args, saliency.View, dOutput.View, dSaliency.View);
        else kernel.BackwardPlane(args, saliency.View, dOutput.View, dSaliency.View);
    }
}

/// <summary>A table wanted of a separable warp: which axis (0: x), the map or its inverse, its entries.</summary>
internal readonly record struct TableRequest(int Axis, bool Inverse, AxisTable Table, int Count);

internal sealed class AttractionTablesOp(AttractionArgs args, IReadOnlyList<TableRequest> requests, DType dtype, Tensor knots) : Op("saliency_to_grid")
{
    protected override Tensor Forward(ReadOnlySpan<Tensor> inputs)
    {
        var saliency = inputs[0];
        var n = saliency.Shape[0];
        var output = Tensor.Empty([n * requests.Sum(r => r.Count)], dtype, saliency.Device);
        var tables = new WarpTable[requests.Count];
        var at = 0;
        for (var i = 0; i < tables.Length; at += n * requests[i++].Count)
        {
            var r = requests[i];
            tables[i] = new WarpTable(r.Axis, r.Inverse, r.Table, output.View.With(F.TableLayout(n, r.Count, at)));
        }
        var ok = saliency.Backend.Kernel<IAttractionKernel>().ForwardTables(args, saliency.View, knots.View, tables, saliency.Backend.Kernel<IAxisWarpKernel>());
        Check.That(ok, $"{Name}: saliency must be finite and not negative, got {saliency.Shape} with values that are not. Clamp it, or pass it through a softmax or softplus.");
        return output;
    }

    protected internal override void Backward(Tensor dOutput, GradSink sink) => throw new InvalidOperationException("tables are made without gradients");
}
