using LzuCore.Memory;
using LzuCore.Vision.Data.Loading;
using LzuCore.Vision.Imaging;

namespace LzuCore.Vision.Data.Cityscapes;

/// <summary>A split of Cityscapes in its published folders, with train ids as labels.</summary>
/// <remarks>Pictures are <c>leftImg8bit/SPLIT/CITY/*_leftImg8bit.png</c>, in the order of their paths; labels <c>gtFine/SPLIT/CITY/*_gtFine_labelTrainIds.png</c> where they are there,
/// else <c>*_gtFine_labelIds.png</c> through the table.</remarks>
public sealed class CityscapesDataset : IDataset<SegmentationSample>
{
    private const string PictureEnd = "_leftImg8bit.png";
    private readonly string _labels;
    private readonly string[] _pictures;
    private readonly PicturePlace _place;

    /// <summary>A split.</summary>
    /// <param name="root">The folder that holds <c>leftImg8bit</c> and <c>gtFine</c>.</param>
    /// <param name="split"><c>train</c>, <c>val</c> or <c>test</c>.</param>
    /// <exception cref="FileFormatException">The folders are not there, or hold no picture.</exception>
    public CityscapesDataset(string root, string split)
    {
        var folder = Path.Combine(root, "leftImg8bit", split);
        _labels = Path.Combine(root, "gtFine", split);
        foreach (var needed in new[] { folder, _labels })
            if (!Directory.Exists(needed)) throw new FileFormatException($"dataset {needed}: there is no such folder. Name the folder that holds leftImg8bit and gtFine, and one of their splits.");
        _place = new PicturePlace(folder);
        _pictures = [.. Directory.EnumerateFiles(folder, "*" + PictureEnd, SearchOption.AllDirectories).Select(p => Path.GetRelativePath(folder, p)[..^PictureEnd.Length].Replace('\\', '/')).Order(StringComparer.Ordinal)];
        if (_pictures.Length == 0) throw new FileFormatException($"dataset {folder}: there are no pictures in it, named CITY_SEQ_FRAME{PictureEnd}.");
    }

    /// <inheritdoc/>
    public int Count => _pictures.Length;

    /// <inheritdoc/>
    public string IdOf(int index) => _pictures[index];

    /// <inheritdoc/>
    public string FileOf(int index) => _place.PathOf(_pictures[index] + PictureEnd);

    /// <summary>The label map's file: train ids where there are some, else label ids.</summary>
    public string LabelFileOf(int index)
    {
        var trainIds = Path.Combine(_labels, _pictures[index] + "_gtFine_labelTrainIds.png");
        return File.Exists(trainIds) ? trainIds : Path.Combine(_labels, _pictures[index] + "_gtFine_labelIds.png");
    }

    /// <inheritdoc/>
    public Size2 SizeOf(int index) => _place.SizeOf(FileOf(index), default);

    /// <inheritdoc/>
    public SegmentationSample Load(int index, PictureReader pictures)
    {
        var path = LabelFileOf(index);
        var image = pictures.Read(FileOf(index));
        var labels = LabelMap.Load(path);
        if (labels.Size != image.Size) throw new FileFormatException($"load {path}: the labels are {labels.Size}, the picture is {image.Size}. Fetch both from the same place.");
        if (!path.EndsWith("_labelTrainIds.png", StringComparison.Ordinal))
            foreach (ref var label in labels.Labels) label = CityscapesClasses.TrainIds[label];
        return new SegmentationSample(IdOf(index), FileOf(index), image, labels);
    }
}
