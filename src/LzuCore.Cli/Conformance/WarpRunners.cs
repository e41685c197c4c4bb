using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Warping;

namespace LzuCore.Cli.Conformance;

/// <summary>The operators of the warp.</summary>
internal static class WarpRunners
{
    public static IReadOnlyDictionary<string, Tensor> SaliencyToGrid(CaseInputs c)
    {
        var warp = Warp(c);
        var outputs = new Dictionary<string, Tensor> { ["grid"] = Single(warp.Nodes) };
        if (c.Attributes.SizeOrNull("output_size") is { } size) outputs["upsampled"] = Single(warp.Upsample(size));
        return outputs;
    }

    public static IReadOnlyDictionary<string, Tensor> InvertGrid(CaseInputs c)
    {
        var nodes = Batched(c["grid"]);
        return Inverse(c.Attributes.Flag("separable") ? WarpGrid.FromSeparableNodes(nodes) : WarpGrid.FromNodes(nodes), c);
    }

    public static IReadOnlyDictionary<string, Tensor> InvertSeparable(CaseInputs c) =>
        Inverse(WarpGrid.FromKnots(c["knots_x"].Reshape(1, -1), c["knots_y"].Reshape(1, -1)), c);

    public static IReadOnlyDictionary<string, Tensor> KdeSaliency(CaseInputs c)
    {
        var grid = c.Attributes.Size("grid");
        var kernel = new KernelDensitySaliency(grid, c.Attributes.Number("amplitude", 1), c.Attributes.Number("bandwidth", 64));
        return new Dictionary<string, Tensor> { ["saliency"] = kernel.Map(c["boxes"], c.Attributes.Size("image")).Reshape(grid.Height, grid.Width) };
    }

    public static IReadOnlyDictionary<string, Tensor> Zoom(CaseInputs c) =>
        new Dictionary<string, Tensor> { ["zoomed"] = Warp(c).Zoom(c["image"], c.Attributes.Size("size")) };

    public static IReadOnlyDictionary<string, Tensor> Unzoom(CaseInputs c) =>
        new Dictionary<string, Tensor> { ["unzoomed"] = Warp(c).Unzoom(c["features"]) };

    public static IReadOnlyDictionary<string, Tensor> UnwarpBoxes(CaseInputs c)
    {
        var grid = c["warp_grid"];
        return new Dictionary<string, Tensor> { ["boxes"] = WarpGrid.FromNodes(Batched(grid)).ToOriginal(c["boxes"], new Size2(grid.Shape[0], grid.Shape[1]), c.Attributes.Size("image"), BoxRule.Corners) };
    }

    private static IReadOnlyDictionary<string, Tensor> Inverse(WarpGrid warp, CaseInputs c)
    {
        var inverse = warp.Invert(c.Attributes.Size("size"));
        return new Dictionary<string, Tensor> { ["inverse"] = Single(inverse.Coordinates), ["valid"] = Single(inverse.Valid) };
    }

    private static WarpGrid Warp(CaseInputs c)
    {
        var saliency = c["saliency"];
        return LzuCore.Warping.SaliencyToGrid.Apply(saliency.Reshape(1, 1, saliency.Shape[saliency.Rank - 2], saliency.Shape[saliency.Rank - 1]), new SaliencyToGridOptions
        {
            AttractionFwhm = c.Attributes.Number("attraction_fwhm"),
            Separable = c.Attributes.Flag("separable"),
            AntiCrop = c.Attributes.Flag("anti_crop", fallback: true),
        });
    }

    private static Tensor Batched(Tensor grid) => grid.Rank == 4 ? grid : grid.Reshape([1, .. grid.Shape]);

    private static Tensor Single(Tensor batch) => batch.Select(0, 0);
}
