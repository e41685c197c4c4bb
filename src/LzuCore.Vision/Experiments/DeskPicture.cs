using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Vision.Data;
using LzuCore.Vision.Data.Augment;
using LzuCore.Vision.Data.Loading;
using LzuCore.Vision.Imaging;

namespace LzuCore.Vision.Experiments;

/// <summary>A picture as a method keeps it, and the truth in the original picture's pixels.</summary>
/// <param name="Image">As <see cref="Sampling.Prepare"/> made it.</param>
/// <param name="Truth">The sample without its picture.</param>
/// <param name="Light">What red, green and blue are multiplied by.</param>
/// <typeparam name="TTruth">What is known about the picture.</typeparam>
public sealed record DeskPicture<TTruth>(Image Image, TTruth Truth, (double R, double G, double B) Light)
{
    /// <summary>As the camera saw it.</summary>
    public static (double R, double G, double B) AsIs => (1, 1, 1);
}

/// <summary>A data set through the eyes of a method: each picture is prepared when it is first asked for, and remembered.</summary>
/// <remarks>Fixed methods remember 128x80 pictures, 30 KiB each; methods that look elsewhere every time remember whole pictures. What comes after the first gibibyte is prepared anew each time.</remarks>
public sealed class DeskPictures<TSample, TTruth> : IDataset<DeskPicture<TTruth>>
{
    private readonly IDataset<TSample> _data;
    private readonly Func<TSample, (Image Image, TTruth Truth)> _take;
    private readonly Sampling _sampling;
    private readonly DeskPicture<TTruth>?[] _known;
    private long _room = 1L << 30;

    /// <summary>A data set through the eyes of a method.</summary>
    /// <param name="data">The samples; all pictures are of the method's original size.</param>
    /// <param name="take">A sample's picture and truth.</param>
    /// <param name="sampling">The method.</param>
    public DeskPictures(IDataset<TSample> data, Func<TSample, (Image Image, TTruth Truth)> take, Sampling sampling) =>
        (_data, _take, _sampling, _known) = (data, take, sampling, new DeskPicture<TTruth>?[data.Count]);

    /// <inheritdoc/>
    public int Count => _data.Count;

    /// <inheritdoc/>
    public string IdOf(int index) => _data.IdOf(index);

    /// <inheritdoc/>
    public string FileOf(int index) => _data.FileOf(index);

    /// <inheritdoc/>
    public Size2 SizeOf(int index) => _sampling.Original;

    /// <inheritdoc/>
    public DeskPicture<TTruth> Load(int index, PictureReader pictures)
    {
        // Two threads may prepare the same picture; both get the same.
        if (Volatile.Read(ref _known[index]) is { } known) return known;
        var (image, truth) = _take(_data.Load(index, pictures));
        Check.That(image.Size == _sampling.Original, $"experiment: pictures must be {_sampling.Original}, got {image.Size} for {_data.FileOf(index)}.");
        var made = new DeskPicture<TTruth>(_sampling.Prepare(image), truth, DeskPicture<TTruth>.AsIs);
        // A label map has a byte for each of the original's pixels.
        if (Interlocked.Add(ref _room, -(made.Image.Pixels.Length + (long)image.Width * image.Height)) >= 0) Volatile.Write(ref _known[index], made);
        return made;
    }
}

/// <summary>The small networks' input: bytes to values, and the augmentation that they are trained with.</summary>
public static class DeskInput
{
    private const double Mean = 118, Deviation = 62;

    /// <summary>Left and right exchanged for half of the pictures, and another light: each channel by 0.8 to 1.2, all by 0.85 to 1.15.</summary>
    /// <param name="picture">What is changed.</param>
    /// <param name="draws">Where choices come from.</param>
    /// <param name="mirror">Exchanges left and right in the truth.</param>
    public static DeskPicture<TTruth> Augment<TTruth>(DeskPicture<TTruth> picture, Draws draws, Func<TTruth, TTruth> mirror)
    {
        if (draws.Coin()) picture = picture with { Image = picture.Image.Flip(), Truth = mirror(picture.Truth) };
        double r = draws.Between(0.8, 1.2), g = draws.Between(0.8, 1.2), b = draws.Between(0.8, 1.2), all = draws.Between(0.85, 1.15);
        return picture with { Light = (r * all, g * all, b * all) };
    }

    /// <summary>A batch as one tensor [N, 3, H, W]: <c>(byte · light − 118) / 62</c>.</summary>
    public static Tensor ToTensor<TTruth>(IReadOnlyList<DeskPicture<TTruth>> pictures) => F.Concat([.. pictures.Select(p => p.Image.ToTensor(Normalized(p.Light)))], 0);

    private static Normalization Normalized((double R, double G, double B) light) => new(1,
        ((float)(Mean / light.R), (float)(Mean / light.G), (float)(Mean / light.B)), ((float)(Deviation / light.R), (float)(Deviation / light.G), (float)(Deviation / light.B)));
}
