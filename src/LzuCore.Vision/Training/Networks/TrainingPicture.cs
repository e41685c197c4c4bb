using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Vision.Data.Loading;

namespace LzuCore.Vision.Training.Networks;

/// <summary>A sample as a network takes it.</summary>
/// <param name="Sample">With its truth, in the picture's pixels; augmented.</param>
/// <param name="Picture">[1, 3, H, W], normalised.</param>
public sealed record TrainingPicture<TSample>(TSample Sample, Tensor Picture)
{
    /// <summary>The picture's size.</summary>
    public Size2 Size => new(Picture.Shape[2], Picture.Shape[3]);

    /// <summary>The pictures of a batch as one tensor; smaller ones get zeros at the bottom and right.</summary>
    public static Tensor Stack(Batch<TrainingPicture<TSample>> batch, Device device)
    {
        var size = new Size2(batch.Items.Max(i => i.Size.Height), batch.Items.Max(i => i.Size.Width));
        return F.Concat([.. batch.Items.Select(i => i.Size == size ? i.Picture : F.Pad(i.Picture, 0, size.Width - i.Size.Width, 0, size.Height - i.Size.Height, PadMode.Constant))], 0).To(device);
    }
}
