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
