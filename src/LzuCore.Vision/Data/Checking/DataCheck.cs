using LzuCore.Memory;
using LzuCore.Vision.Data.Loading;
using LzuCore.Vision.Imaging;

namespace LzuCore.Vision.Data.Checking;

/// <summary>How a data set lies on disk.</summary>
public enum DatasetKind
{
    /// <summary>One COCO-style JSON file and a folder of pictures; Argoverse-HD with its sequences, too.</summary>
    Coco,

    /// <summary>Folders of pictures and of label maps, by city.</summary>
    Cityscapes,

    /// <summary>The mono-3D annotation file and the folder of nuScenes.</summary>
    NuScenes,
}

/// <summary>Looks a data set over before anything runs on it: the annotations at once, the pictures one by one when asked.</summary>
public sealed class DataCheck
{
    private readonly List<PictureToCheck> _pictures = [];

    private DataCheck(DatasetKind kind) => Kind = kind;

    /// <summary>What the data set is.</summary>
    public DatasetKind Kind { get; }

    /// <summary>Pictures that the annotations name.</summary>
    public int Images => ImagesFound;

    /// <summary>Annotated objects, or label maps.</summary>
    public int Annotations { get; internal set; }

    /// <summary>What is wrong.</summary>
    public FaultList Faults { get; } = new();

    /// <summary>What may be meant so, but often is not.</summary>
    public FaultList Warnings { get; } = new();

    /// <summary>How many files <see cref="CheckPictures"/> looks at.</summary>
    public int Pictures => _pictures.Count;

    internal int ImagesFound { get; set; }

    /// <summary>Reads annotations and looks them over.</summary>
    /// <param name="annotations">A JSON file, or Cityscapes' folder of label maps.</param>
    /// <param name="images">The folder of pictures.</param>
    /// <param name="kind">What it is; null to see from the input.</param>
    /// <exception cref="FileFormatException">The annotations cannot be read at all, or there is no folder of pictures.</exception>
    public static DataCheck Open(string annotations, string images, DatasetKind? kind = null)
    {
        if (!Directory.Exists(images)) throw new FileFormatException($"images {images}: there is no such folder.");
        kind ??= Directory.Exists(annotations) ? DatasetKind.Cityscapes : null;
        if (kind == DatasetKind.Cityscapes)
        {
            var folders = new DataCheck(DatasetKind.Cityscapes);
            CityscapesCheck.Run(folders, annotations, images);
            return folders;
        }
        var file = new LenientReader(annotations);
        var check = new DataCheck(kind ?? (AnnotationsCheck.IsMono3d(file) ? DatasetKind.NuScenes : DatasetKind.Coco));
        new AnnotationsCheck(check, file, images).Run();
        return check;
    }

    /// <summary>Looks at every picture file, several at a time, and adds what is wrong; yields once for each, in order.</summary>
    /// <param name="decode">Decode all pixels; else read the header and look whether the end is there.</param>
    /// <param name="workers">Threads.</param>
    /// <param name="cancellation">Ends it.</param>
    public IEnumerable<int> CheckPictures(bool decode = false, int workers = 2, CancellationToken cancellation = default)
    {
        using var prefetch = new OrderedPrefetch<PictureToCheck, DataFault?>(_pictures, picture => Look(picture, decode), Math.Max(1, workers), 4 * Math.Max(1, workers), cancellation);
        var done = 0;
        foreach (var fault in prefetch.All())
        {
            if (fault is not null) Faults.Add(fault);
            yield return ++done;
        }
    }

    internal void AddPicture(string path, string where, Size2? size) => _pictures.Add(new PictureToCheck(path, where, size));

    private readonly record struct PictureToCheck(string Path, string Where, Size2? Size);

    private static DataFault? Look(PictureToCheck picture, bool decode)
    {
        if (Directory.Exists(picture.Path)) return new DataFault("unreadable-image", picture.Where, $"{picture.Path} is a directory", "Put the picture in its place.");
        if (!File.Exists(picture.Path)) return new DataFault("missing-image", picture.Where, picture.Path, "Fetch the file, or point --images at the folder that the annotations' names start from.");
        try
        {
            var header = ImageHeader.Read(picture.Path);
            if (!header.HasEnd) return new DataFault("truncated-image", picture.Where, $"{picture.Path} ends early", "Copy or download the file again.");
            if (picture.Size is { } size && size != header.Size)
                return new DataFault("size-mismatch", picture.Where, $"{header.Size} in the file, {size} in the annotations", "Use the pictures that the annotations were made for, or correct their height and width.");
            if (decode) ImageCodec.Load(picture.Path).Recycle();
            return null;
        }
        catch (LzuException fault)
        {
            var short_ = fault.Message.StartsWith($"load {picture.Path}: ", StringComparison.Ordinal) ? fault.Message[(picture.Path.Length + 7)..] : fault.Message;
            return new DataFault("unreadable-image", picture.Where, $"{picture.Path}: {short_}", "Copy or download the file again.");
        }
    }
}
