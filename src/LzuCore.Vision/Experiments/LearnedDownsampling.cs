using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Imaging;
using LzuCore.Vision.Models;
using LzuCore.Vision.Tasks.Segmentation;
using LzuCore.Vision.Training;
using LzuCore.Warping;

namespace LzuCore.Vision.Experiments;

/// <summary>LDS: a small network on a shrunken copy says where to sample, and learns it from the segmentation's loss in the sampled picture; lest it look at what is easy, it is held to where labels change.</summary>
/// <remarks>The loss that holds it: <c>γ · mean((n(d) − n(b))²)</c>, d the saliency (a softmax over the grid), b the boundaries' share of each cell, blurred, its border 0; n brings least to 0 and most to 1.
/// As in the source: three 3×3 convolutions and one 1×1, attraction of a quarter of the height, γ = 100, labels sampled by the nearest pixel. Differences: the copy is averaged to 40×64 and the convolutions have 24, 24 and 8 channels
/// (the task network has 0.6 million weights, not 70); boundaries are where labels differ, whatever their numbers, where the source filters the numbers; the warp does not crop; answers come back by the exact inverse,
/// where the source scatters them and fills the gaps; one optimiser and one rate for all. Source: Jin et al. 2021, "Learning to downsample for segmentation of ultra-high resolution images".</remarks>
/// <param name="original">The pictures' size.</param>
/// <param name="input">The network's.</param>
/// <param name="weight">γ.</param>
public sealed class LearnedDownsampling(Size2 original, Size2 input, double weight = 100) : WarpedSampling(original, input)
{
    private static readonly Size2 Grid = (31, 51), Copy = (40, 64);
    private static readonly SaliencyToGridOptions Options = new() { AttractionFwhm = 7, Separable = false };

    // Keeps an even saliency from being divided by nothing.
    private const double LeastRange = 1e-8;

    private readonly Sequential _network = new(
        new ConvBatchNormRelu(3, 24, kernel: 3), new ConvBatchNormRelu(24, 24, kernel: 3), new ConvBatchNormRelu(24, 8, kernel: 3), new Conv2d(8, 1, kernel: 1));

    /// <inheritdoc/>
    public override Module Learned => _network;

    /// <inheritdoc/>
    public override Shown Show(Tensor pictures, IReadOnlyList<Box[]>? boxes)
    {
        var logits = F.Interpolate(_network.Call(F.AdaptiveAvgPool2d(pictures, Copy)), Grid, InterpolationMode.Bilinear, alignCorners: true);
        var saliency = logits.Reshape(logits.Shape[0], Grid.Height * Grid.Width).Softmax(1);
        var warp = SaliencyToGrid.Apply(saliency.Reshape(logits.Shape[0], 1, Grid.Height, Grid.Width), Options);
        return new(warp.Zoom(pictures, Input), warp, saliency);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<LossTerm> Guidance(Shown shown, IReadOnlyList<LabelMap> maps)
    {
        var saliency = shown.Look!;
        var (least, most) = (saliency.Min(1, keepDim: true), saliency.Max(1, keepDim: true));
        var boundaries = Tensor.From([.. maps.SelectMany(Boundaries)], saliency.Shape).To(saliency.Device);
        return [new("boundaries", F.Mse((saliency - least) / (most - least + LeastRange), boundaries) * weight)];
    }

    // Blurred, least 0, most 1; all 0 without a boundary.
    private static float[] Boundaries(LabelMap map)
    {
        var mean = new BoundarySaliency(Grid) { Floor = 0 };
        mean.Add(map);
        var cells = mean.Map().ToArray<float>();
        var (h, w) = (Grid.Height, Grid.Width);
        float[] blurred = new float[h * w], rows = new float[h * w];
        for (var i = 0; i < h; i++)
            for (var j = 0; j < w; j++) rows[i * w + j] = (cells[i * w + Math.Max(j - 1, 0)] + 2 * cells[i * w + j] + cells[i * w + Math.Min(j + 1, w - 1)]) / 4;
        for (var i = 1; i < h - 1; i++)
            for (var j = 1; j < w - 1; j++) blurred[i * w + j] = (rows[(i - 1) * w + j] + 2 * rows[i * w + j] + rows[(i + 1) * w + j]) / 4;
        var (least, most) = (blurred.Min(), blurred.Max());
        return most > least ? [.. blurred.Select(b => (b - least) / (most - least))] : new float[h * w];
    }
}
