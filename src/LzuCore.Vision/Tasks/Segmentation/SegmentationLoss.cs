using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Vision.Models;

namespace LzuCore.Vision.Tasks.Segmentation;

/// <summary>The losses of a segmentation network, scalars.</summary>
/// <param name="Decode">Of the head that answers.</param>
/// <param name="Auxiliary">Of the auxiliary head, its weight multiplied in; null without one.</param>
public readonly record struct SegmentationLosses(Tensor Decode, Tensor? Auxiliary)
{
    /// <summary>Their sum.</summary>
    public Tensor Total => Auxiliary is null ? Decode : Decode + Auxiliary;
}

/// <summary>Cross-entropy of every pixel: logits are resized to the labels' size (bilinear, <c>align_corners=False</c>), then compared.</summary>
/// <remarks>The mean is over <b>all</b> pixels, the ignored ones included, as mmsegmentation computes it (<c>avg_non_ignore=False</c>); PyTorch's own divides by the pixels
/// that count, which <see cref="MeanOver"/> chooses. Source: mmseg 0.x, <c>CrossEntropyLoss</c>.</remarks>
public sealed class SegmentationLoss
{
    /// <summary>The label of pixels that do not count.</summary>
    public int IgnoreIndex { get; init; } = 255;

    /// <summary>Weight of the auxiliary head.</summary>
    public double AuxiliaryWeight { get; init; } = 0.4;

    /// <summary>What the means divide by.</summary>
    public MeanOver MeanOver { get; init; } = MeanOver.All;

    /// <summary>The processes whose pixels are counted where <see cref="MeanOver.Counted"/> asks for it: the mean over processes of the losses is then that of one batch of them all.
    /// Null for this batch's own count. The mean over all pixels needs nothing of the kind where batches are of one size.</summary>
    public ProcessGroup? Across { get; init; }

    /// <summary>The losses of a batch.</summary>
    /// <param name="output">Logits [N, K, h, w].</param>
    /// <param name="labels">[N, H, W], any integer dtype: train ids.</param>
    /// <exception cref="ShapeException">The batches differ, or labels have no three axes.</exception>
    public SegmentationLosses Compute(SegmentationOutput output, Tensor labels)
    {
        Check.Shape("segmentation loss: labels", labels.Shape, [output.Logits.Shape[0], Check.Any, Check.Any]);
        double? counted = Across is null || MeanOver != MeanOver.Counted ? null : Across.Mean(labels.To(DType.Int64).NotEqual(IgnoreIndex).To(DType.Float64).Sum().Item());
        return new(Of(output.Logits), output.Auxiliary is null ? null : Of(output.Auxiliary) * AuxiliaryWeight);

        Tensor Of(Tensor logits)
        {
            var resized = F.Interpolate(logits, new Size2(labels.Shape[1], labels.Shape[2]), InterpolationMode.Bilinear, alignCorners: false);
            return counted is { } pixels ? F.CrossEntropy(resized, labels, IgnoreIndex, Reduction.Sum) / pixels : F.CrossEntropy(resized, labels, IgnoreIndex, meanOver: MeanOver);
        }
    }
}
