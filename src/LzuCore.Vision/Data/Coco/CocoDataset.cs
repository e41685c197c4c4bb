using LzuCore.Memory;
using LzuCore.Vision.Data.Loading;
using LzuCore.Vision.Geometry;

namespace LzuCore.Vision.Data.Coco;

/// <summary>Which images and boxes of a COCO file make samples.</summary>
public sealed record CocoDatasetOptions
{
    /// <summary>mmdetection's rules for training: images without an annotation of the classes, or with a side below <see cref="LeastSide"/>, are left out; so are boxes marked
    /// <c>ignore</c>, outside of the picture, with an area of 0 or less, or with a side below one pixel. Without it every image and every box is there.</summary>
    public bool ForTraining { get; init; }

    /// <summary>In training, images with a shorter side are left out.</summary>
    public int LeastSide { get; init; } = 32;

    /// <summary>Names of the classes in the order of the network's; null for all of the file, in its order.</summary>
    public IReadOnlyList<string>? Classes { get; init; }
}

/// <summary>Pictures in a folder and their boxes in one file: COCO, Argoverse-HD (whose images lie in folders of sequences), and whatever follows them.</summary>
/// <remarks>Crowds are ignored boxes. Unknown classes are left away. A JPEG that the reader decodes smaller has its boxes with it.</remarks>
public sealed class CocoDataset : IDataset<DetectionSample>
{
    private readonly CocoAnnotations _file;
    private readonly CocoDatasetOptions _options;
    private readonly PicturePlace _place;
    private readonly Dictionary<long, int> _labels = [];
    private readonly int[] _images;
    private readonly int[] _starts;
    private readonly int[] _annotations;

    /// <summary>A data set.</summary>
    /// <param name="file">The annotations.</param>
    /// <param name="images">The folder that file names, or sequences' folders, start from.</param>
    /// <param name="options">What is left out; null for nothing.</param>
    /// <exception cref="FileFormatException">There is no such folder.</exception>
    /// <exception cref="ArgumentValueException">A class is asked for that the file does not have, or two images have one id.</exception>
    public CocoDataset(CocoAnnotations file, string images, CocoDatasetOptions? options = null)
    {
        if (!Directory.Exists(images)) throw new FileFormatException($"dataset {images}: there is no such folder. Name the folder that the annotations' file names start from.");
        (_file, _options, _place) = (file, options ?? new(), new PicturePlace(images));
        Categories = _options.Classes is null ? file.Categories : [.. _options.Classes.Select(Named)];
        for (var label = 0; label < Categories.Count; label++) _labels[Categories[label].Id] = label;
        (_starts, _annotations) = ByImage();
        _images = [.. Enumerable.Range(0, file.Images.Count).Where(i => !_options.ForTraining || IsUsable(i))];
    }

    /// <summary>The classes; position i is label i.</summary>
    public IReadOnlyList<CocoCategory> Categories { get; }

    /// <summary>Whether the images are frames of sequences.</summary>
    public bool HasSequences => _file.SequenceFolders.Count > 0;

    /// <summary>The annotations that the data set was made of.</summary>
    public CocoAnnotations File => _file;

    /// <inheritdoc/>
    public int Count => _images.Length;

    /// <summary>What the file says of an image.</summary>
    public CocoImage ImageOf(int index) => _file.Images[_images[index]];

    /// <inheritdoc/>
    public string IdOf(int index) => FormattableString.Invariant($"{ImageOf(index).Id}");

    /// <inheritdoc/>
    public string FileOf(int index) => _place.PathOf(_file.PathOf(ImageOf(index)));

    /// <inheritdoc/>
    public Size2 SizeOf(int index) => _place.SizeOf(FileOf(index), Told(ImageOf(index)));

    /// <summary>Reads annotations and makes the data set.</summary>
    /// <inheritdoc cref="CocoDataset(CocoAnnotations, string, CocoDatasetOptions?)"/>
    public static CocoDataset Load(string annotations, string images, CocoDatasetOptions? options = null) => new(CocoAnnotations.Load(annotations), images, options);

    /// <inheritdoc/>
    public DetectionSample Load(int index, PictureReader pictures)
    {
        var about = ImageOf(index);
        var path = FileOf(index);
        var picture = _place.Read(path, Told(about), pictures);
        var original = _place.SizeOf(path, Told(about));
        float x = picture.Width / (float)original.Width, y = picture.Height / (float)original.Height;
        List<Box> boxes = [], ignored = [];
        var labels = new List<int>();
        foreach (var at in _annotations.AsSpan(_starts[_images[index]].._starts[_images[index] + 1]))
        {
            var one = _file.Annotations[at];
            if (!_labels.TryGetValue(one.CategoryId, out var label) || _options.ForTraining && !IsTrainable(one, original)) continue;
            var box = one.Box.ToBox();
            if (picture.Size != original) box = box.Scale(x, y);
            if (one.IsCrowd)
            {
                ignored.Add(box);
                continue;
            }
            boxes.Add(box);
            labels.Add(label);
        }
        return new DetectionSample
        {
            ImageId = about.Id,
            File = path,
            Image = picture,
            Original = original,
            Boxes = boxes,
            Labels = labels,
            Ignored = ignored,
            Sequence = about.Sequence,
            Frame = Math.Max(0, about.Frame),
        };
    }

    private static Size2 Told(CocoImage image) => new(image.Height, image.Width);

    private CocoCategory Named(string name) => _file.Categories.FirstOrDefault(c => c.Name == name)
        ?? throw new ArgumentValueException($"dataset: there is no class '{name}'; the annotations have {string.Join(", ", _file.Categories.Take(10).Select(c => c.Name))}{(_file.Categories.Count > 10 ? " …" : "")}.");

    // Annotations of image i are _annotations[_starts[i].._starts[i + 1]], in the file's order: two counting passes and three arrays of integers.
    private (int[] Starts, int[] Order) ByImage()
    {
        var images = new Dictionary<long, int>(_file.Images.Count);
        for (var i = 0; i < _file.Images.Count; i++)
            Check.That(images.TryAdd(_file.Images[i].Id, i), $"dataset: image id {_file.Images[i].Id} occurs twice. 'lzu data check' lists every such id.");
        var starts = new int[_file.Images.Count + 1];
        foreach (var one in _file.Annotations)
            if (images.TryGetValue(one.ImageId, out var image)) starts[image + 1]++;
        for (var i = 0; i < _file.Images.Count; i++) starts[i + 1] += starts[i];
        var (order, next) = (new int[starts[^1]], (int[])starts.Clone());
        for (var i = 0; i < _file.Annotations.Count; i++)
            if (images.TryGetValue(_file.Annotations[i].ImageId, out var image)) order[next[image]++] = i;
        return (starts, order);
    }

    private bool IsUsable(int image)
    {
        var about = _file.Images[image];
        if (about is { Width: > 0, Height: > 0 } && Math.Min(about.Width, about.Height) < _options.LeastSide) return false;
        foreach (var at in _annotations.AsSpan(_starts[image].._starts[image + 1]))
            if (_labels.ContainsKey(_file.Annotations[at].CategoryId)) return true;
        return false;
    }

    private static bool IsTrainable(CocoAnnotation one, Size2 picture)
    {
        var (x, y, width, height) = one.Box;
        var inside = Math.Max(0, Math.Min(x + width, picture.Width) - Math.Max(x, 0)) * Math.Max(0, Math.Min(y + height, picture.Height) - Math.Max(y, 0));
        return !one.Ignore && inside != 0 && one.Area > 0 && width >= 1 && height >= 1;
    }
}
