using LzuCore.Memory;
using LzuCore.Vision.Data.Loading;

namespace LzuCore.Vision.Data.NuScenes;

/// <summary>Which images of nuScenes make samples.</summary>
public sealed record Mono3dDatasetOptions
{
    /// <summary>Images without an object are left out, as training does (<c>filter_empty_gt</c>). Then six images of a moment need not follow each other any more.</summary>
    public bool ForTraining { get; init; }

    /// <summary>Only images of these moments (sample tokens); null for all.</summary>
    public IReadOnlySet<string>? Samples { get; init; }
}

/// <summary>nuScenes seen by one camera at a time: six pictures a moment, one after the other, in the file's order.</summary>
/// <remarks>Velocities that are not known are 0. Pictures, boxes, centres and the camera come smaller together where the reader decodes JPEGs smaller.</remarks>
public sealed class Mono3dDataset : IDataset<Detection3dSample>
{
    private readonly Mono3dAnnotations _file;
    private readonly PicturePlace _place;
    private readonly Dictionary<string, List<int>> _annotations = [];
    private readonly int[] _images;

    /// <summary>A data set.</summary>
    /// <param name="file">The annotations.</param>
    /// <param name="root">The data set's folder, which holds <c>samples</c>.</param>
    /// <param name="options">What is left out; null for nothing.</param>
    /// <exception cref="FileFormatException">There is no such folder.</exception>
    public Mono3dDataset(Mono3dAnnotations file, string root, Mono3dDatasetOptions? options = null)
    {
        if (!Directory.Exists(root)) throw new FileFormatException($"dataset {root}: there is no such folder. Name the folder that holds 'samples'.");
        options ??= new();
        (_file, _place) = (file, new PicturePlace(root));
        for (var i = 0; i < file.Annotations.Count; i++)
        {
            if (!_annotations.TryGetValue(file.Annotations[i].ImageId, out var list)) _annotations[file.Annotations[i].ImageId] = list = [];
            list.Add(i);
        }
        _images = [.. Enumerable.Range(0, file.Images.Count).Where(i => (options.Samples?.Contains(file.Images[i].SampleToken) ?? true) && !(options.ForTraining && !_annotations.ContainsKey(file.Images[i].Id)))];
    }

    /// <inheritdoc/>
    public int Count => _images.Length;

    /// <summary>What the file says of an image.</summary>
    public Mono3dImage ImageOf(int index) => _file.Images[_images[index]];

    /// <inheritdoc/>
    public string IdOf(int index) => ImageOf(index).Id;

    /// <inheritdoc/>
    public string FileOf(int index) => _place.PathOf(ImageOf(index).FileName);

    /// <inheritdoc/>
    public Size2 SizeOf(int index) => new(ImageOf(index).Height, ImageOf(index).Width);

    /// <summary>Reads a <c>nuscenes_infos_*_mono3d.coco.json</c> and makes the data set.</summary>
    /// <inheritdoc cref="Mono3dDataset(Mono3dAnnotations, string, Mono3dDatasetOptions?)"/>
    public static Mono3dDataset Load(string annotations, string root, Mono3dDatasetOptions? options = null) => new(Mono3dAnnotations.Load(annotations), root, options);

    /// <summary>Makes the data set from nuScenes' tables.</summary>
    /// <param name="database">The tables.</param>
    /// <param name="root">The data set's folder, which holds <c>samples</c>.</param>
    /// <param name="split">One of <see cref="NuScenesSplits.Names"/>.</param>
    /// <param name="options">What is left out; null for nothing.</param>
    /// <exception cref="ArgumentValueException">There is no such split, or the tables hold nothing of it.</exception>
    public static Mono3dDataset FromTables(NuScenesDatabase database, string root, string split, Mono3dDatasetOptions? options = null)
    {
        var scenes = NuScenesSplits.ScenesOf(split);
        var samples = database.Samples.Where(s => scenes.Contains(database.SceneOf(s).Name)).ToList();
        Check.That(samples.Count > 0, $"nuscenes {root}: the tables hold nothing of split {split}. Name the split that fits their version.");
        return new Mono3dDataset(Mono3dAnnotations.Derive(database, samples), root, options);
    }

    /// <inheritdoc/>
    public Detection3dSample Load(int index, PictureReader pictures)
    {
        var about = ImageOf(index);
        var path = FileOf(index);
        var original = SizeOf(index);
        var picture = _place.Read(path, original, pictures);
        double x = picture.Width / (double)original.Width, y = picture.Height / (double)original.Height;
        Mono3dAnnotation[] objects = _annotations.TryGetValue(about.Id, out var list) ? [.. list.Select(i => _file.Annotations[i])] : [];
        return new Detection3dSample
        {
            ImageToken = about.Id,
            SampleToken = about.SampleToken,
            File = path,
            Image = picture,
            Original = original,
            Camera = about.Camera.Scaled(x, y),
            Boxes3d = [.. objects.Select(o => double.IsNaN(o.Box3d.VelocityX + o.Box3d.VelocityZ) ? o.Box3d with { VelocityX = Known(o.Box3d.VelocityX), VelocityZ = Known(o.Box3d.VelocityZ) } : o.Box3d)],
            Boxes = [.. objects.Select(o => o.Box.ToBox().Scale((float)x, (float)y))],
            Centers = [.. objects.Select(o => new ProjectedCenter(o.CenterU * x, o.CenterV * y, o.Depth))],
            Labels = [.. objects.Select(o => o.Label)],
            Attributes = [.. objects.Select(o => o.Attribute)],
            CameraToEgo = about.CameraToEgo,
            EgoToGlobal = about.EgoToGlobal,
        };
    }

    private static double Known(double velocity) => double.IsNaN(velocity) ? 0 : velocity;
}
