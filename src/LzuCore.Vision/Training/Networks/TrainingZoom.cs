using LzuCore.Memory;
using LzuCore.Tensors.Autograd;
using LzuCore.Vision.Data.Augment;
using LzuCore.Vision.Data.Loading;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Imaging;
using LzuCore.Warping;

namespace LzuCore.Vision.Training.Networks;

/// <summary>A batch as the network sees it.</summary>
/// <param name="Input">Zoomed or resized, padded.</param>
/// <param name="From">The pictures' size before that, which truths are in pixels of.</param>
internal readonly record struct ZoomedBatch(Tasks.ZoomedInput Input, Size2 From)
{
    /// <summary>From a picture's pixels to those of the network's input: unzoomed features have the picture's geometry at that size.</summary>
    public (double X, double Y) Scale => (Input.Size.Width / (double)From.Width, Input.Size.Height / (double)From.Height);
}

/// <summary>The zoom of a batch in training: the same as in evaluation, but that no frame came before. In its place stand the truth's boxes, moved a little, and in the last third of the
/// training those that the network itself finds ("cascaded"), so that it learns to live with its own misses and inventions.</summary>
/// <remarks>A box' centre moves by up to 50 pixels of a picture 1920 wide. Source: Thavamani et al. 2021, section 4; Thavamani et al. 2023, section 5.1.</remarks>
internal sealed class TrainingZoom(string what, Tasks.ZoomOptions options, int[] strides, Normalization normalization, Device device, ulong seed)
{
    private const double CascadeFrom = 2.0 / 3, JitterAt1920 = 50;
    private readonly Tasks.Zoomer _zoomer = new(what, options, strides, normalization, device);

    /// <summary>Zooms a batch.</summary>
    /// <param name="batch">Pictures.</param>
    /// <param name="moment">How far the training is.</param>
    /// <param name="truths">Boxes of a sample, in its picture's pixels.</param>
    /// <param name="find">What the network finds in a batch that was zoomed, per picture, in its pixels.</param>
    public ZoomedBatch Zoom<TSample>(Batch<TrainingPicture<TSample>> batch, TrainingMoment moment, Func<TSample, IReadOnlyList<Box>> truths, Func<ZoomedBatch, IReadOnlyList<Box>[]> find)
    {
        var pictures = TrainingPicture<TSample>.Stack(batch, device);
        var from = new Size2(pictures.Shape[2], pictures.Shape[3]);
        if (options.Saliency is null or { IsFixed: true }) return At(null);
        var zoomed = At([.. batch.Items.Select(i => truths(i.Sample))]);
        return moment.Step < CascadeFrom * moment.Steps ? zoomed : At(find(zoomed));

        ZoomedBatch At(IReadOnlyList<Box>[]? boxes)
        {
            using var off = Grad.Off();
            var map = boxes is null ? null : options.Saliency!.Map(new SaliencyContext(batch.Items.Count, from, [.. boxes.Select((b, i) => Boxes.ToTensor(Jittered(b, moment.Epoch, batch.Indices[i], from.Width)))]));
            return new ZoomedBatch(_zoomer.ZoomBatch(pictures, map), from);
        }
    }

    private Box[] Jittered(IReadOnlyList<Box> boxes, int epoch, int index, int width)
    {
        var draws = Draws.Of(seed ^ 0x6A6974746572, epoch, index);
        var most = JitterAt1920 * width / 1920;
        return [.. boxes.Select(b => b.Shift((float)draws.Between(-most, most), (float)draws.Between(-most, most)))];
    }
}
