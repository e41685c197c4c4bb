using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Warping;

public sealed partial class WarpGrid
{
    /// <summary>Zooms images: <c>zoomed(u) = image(T(u))</c> at every pixel of the result, bilinear; outside the image 0.</summary>
    /// <param name="image">[N, C, H, W]; N is the warp's batch, or anything when that is 1.</param>
    /// <param name="to">The zoomed size.</param>
    /// <returns>[N, C, to.Height, to.Width].</returns>
    /// <remarks>Gradient: to image and nodes. Cost: a separable warp reads two tables; a nonseparable one samples at its upsampled grid.</remarks>
    /// <exception cref="ShapeException">The image is not [N, C, H, W] or its batch does not fit.</exception>
    public Tensor Zoom(Tensor image, Size2 to)
    {
        CheckBatch("zoom: image", image);
        CheckSize("zoom", to);
        int h = image.Shape[2], w = image.Shape[3];
        var (x, y) = (Table(to.Width, w), Table(to.Height, h));
        return Sample(image, Cached(("zoom", to, h, w, image.DType), () => Evaluate(to, InPixels(x, w), InPixels(y, h), image.DType)));

        static AxisTable Table(int zoomed, int size) => new(1, 0, zoomed - 1, IndexScale: size - 1, IndexShift: 0, OutScale: 1, OutShift: 0, Fill: OutsideIndex);
    }

    /// <summary>Unzooms a lone feature map, which spans the zoomed image end to end: <c>unzoomed(x) = features(T⁻¹(x))</c> at the map's own size, bilinear;
    /// 0 where the warp does not reach (crop).</summary>
    /// <param name="features">[N, C, H, W]; N is the warp's batch, or anything when that is 1.</param>
    /// <remarks>Gradient: to features and nodes, by the implicit function theorem. For levels of a network use the overload with a frame, which knows strides and padding.</remarks>
    /// <exception cref="ShapeException">The features are not [N, C, H, W] or their batch does not fit.</exception>
    public Tensor Unzoom(Tensor features)
    {
        CheckBatch("unzoom: features", features);
        return Unzoom(features, Bare(features.Shape[3]), Bare(features.Shape[2]));

        static AxisTable Bare(int count) => new(1, 0, count - 1, IndexScale: count - 1, IndexShift: 0, OutScale: 1, OutShift: 0, Fill: OutsideIndex);
    }

    /// <summary>Unzooms one level of a network: cell to zoomed pixel to original and back by the level's stride, over the image without its padding.</summary>
    /// <param name="features">[N, C, H, W].</param>
    /// <param name="frame">Where the level's cells lie.</param>
    /// <remarks>The identity warp returns the features for every stride, padding and scale.</remarks>
    /// <exception cref="ShapeException">The features are not [N, C, H, W] or their batch does not fit.</exception>
    /// <exception cref="ArgumentValueException">The stride or the image size is below 1.</exception>
    public Tensor Unzoom(Tensor features, LevelFrame frame)
    {
        CheckBatch("unzoom: features", features);
        CheckSize("unzoom", frame.Zoomed);
        Check.That(frame.Stride >= 1, $"unzoom: stride must be at least 1, got {frame.Stride}.");
        return Unzoom(features, Level(frame.Zoomed.Width), Level(frame.Zoomed.Height));

        AxisTable Level(int zoomed)
        {
            double s = frame.Stride, offset = (s - 1) / 2, extent = zoomed - 1;
            return new(s, offset, extent, IndexScale: extent / s, IndexShift: -offset / s, OutScale: 1, OutShift: 0, Fill: OutsideIndex);
        }
    }

    /// <summary>Unzooms every level of a pyramid with its own inverse.</summary>
    /// <param name="levels">One [N, C, H, W] a level.</param>
    /// <param name="strides">The stride of each level.</param>
    /// <param name="zoomed">The zoomed image's size before padding.</param>
    /// <exception cref="ArgumentValueException">There are not as many strides as levels.</exception>
    public Tensor[] Unzoom(IReadOnlyList<Tensor> levels, IReadOnlyList<int> strides, Size2 zoomed)
    {
        Check.That(levels.Count == strides.Count, $"unzoom: every level needs a stride, got {levels.Count} levels and {strides.Count} strides.");
        return [.. levels.Select((level, i) => Unzoom(level, new LevelFrame(strides[i], zoomed)))];
    }

    private Tensor Unzoom(Tensor features, AxisTable x, AxisTable y)
    {
        Size2 size = (features.Shape[2], features.Shape[3]);
        return Sample(features, Cached(("unzoom", size, x, y, features.DType), () => Invert(size, InPixels(x, size.Width), InPixels(y, size.Height), features.DType)));
    }

    // grid_sample without align-corners: v = (2 index + 1)/D - 1, which is defined for D = 1 too.
    private static AxisTable InPixels(AxisTable table, int size) =>
        table with { OutScale = 2.0 / size, OutShift = 1.0 / size - 1, Fill = (2 * OutsideIndex + 1) / size - 1 };

    private static Tensor Sample(Tensor image, Tensor grid) => F.GridSample(
        image, grid.Shape[0] == image.Shape[0] ? grid : grid.Expand(image.Shape[0], -1, -1, -1), SamplingMode.Bilinear, PaddingMode.Zeros, alignCorners: false);

    private void CheckBatch(string what, Tensor image)
    {
        Check.Rank(what, image.Shape, 4);
        if (image.Shape[0] != Batch && Batch != 1)
            throw new ShapeException(what, $"must have batch {Batch}, the warp's", image.Shape.ToString(), "Make one warp for each image, or one for all.");
    }
}
