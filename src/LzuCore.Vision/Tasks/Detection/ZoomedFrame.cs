using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Vision.Geometry;
using LzuCore.Warping;

namespace LzuCore.Vision.Tasks.Detection;

/// <summary>The zoomed pictures that a network saw without unzooming its features: FOVEA's frame of anchors and predictions, where truths are in the original one.</summary>
/// <param name="Warp">What made them: one warp for all, or one a picture.</param>
/// <param name="Zoomed">Their size, padding not counted.</param>
/// <param name="Original">The originals' size.</param>
public readonly record struct ZoomedFrame(WarpGrid Warp, Size2 Zoomed, Size2 Original)
{
    /// <summary>Boxes of a zoomed picture in the original one. Gradient: to the boxes.</summary>
    /// <param name="boxes">[m, 4], in zoomed pixels.</param>
    /// <param name="picture">Which of the batch.</param>
    public Tensor ToOriginal(Tensor boxes, int picture) => boxes.Shape[0] == 0 ? boxes : Of(picture).ToOriginal(boxes, Zoomed, Original);

    /// <summary>Boxes of an original picture in the zoomed one.</summary>
    public Box[] ToZoomed(Box[] boxes, int picture) => boxes.Length == 0 ? [] : Boxes.From(Of(picture).To(Device.Cpu).ToZoomed(Boxes.ToTensor(boxes), Original, Zoomed));

    /// <summary>Boxes of a zoomed picture in the original one.</summary>
    public Box[] ToOriginal(Box[] boxes, int picture) => boxes.Length == 0 ? [] : Boxes.From(Of(picture).To(Device.Cpu).ToOriginal(Boxes.ToTensor(boxes), Zoomed, Original));

    private WarpGrid Of(int picture) => Warp.Image(Warp.Batch == 1 ? 0 : picture);
}
