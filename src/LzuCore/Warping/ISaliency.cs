using LzuCore.Memory;
using LzuCore.Tensors;

namespace LzuCore.Warping;

/// <summary>What is known about a batch of images before the network sees them.</summary>
/// <param name="Batch">Number of images.</param>
/// <param name="Image">Their size in pixels, which is the frame of <paramref name="Boxes"/>.</param>
/// <param name="Boxes">For each image where objects are expected, such as the previous frame's detections: [m, 4 or more] (left, top, right, bottom) in pixels,
/// edges (0 and the width are the image's ends). Null or empty: nothing is known.</param>
public readonly record struct SaliencyContext(int Batch, Size2 Image, IReadOnlyList<Tensor>? Boxes = null);

/// <summary>Anything that says where to look: yields a saliency map on a grid.</summary>
public interface ISaliency
{
    /// <summary>The size of the maps.</summary>
    Size2 Grid { get; }

    /// <summary>Whether the map is the same for every context, so that the warp can be kept.</summary>
    bool IsFixed { get; }

    /// <summary>The map: [N, 1, h, w], or [1, 1, h, w] for all images; not negative, sum 1 an image.</summary>
    Tensor Map(SaliencyContext context);
}
