using LzuCore.Memory;

namespace LzuCore.Vision.Data.Coco;

/// <summary>One image of a COCO file.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Name">Its file's name (<c>file_name</c>, or <c>name</c> in Argoverse-HD); empty when not given.</param>
/// <param name="Width">Columns; 0 when not given.</param>
/// <param name="Height">Rows; 0 when not given.</param>
/// <param name="Sequence">Argoverse-HD's <c>sid</c>: which of <see cref="CocoAnnotations.SequenceFolders"/> it lies in; -1 when not given.</param>
/// <param name="Frame">Argoverse-HD's <c>fid</c>: its place in the sequence, from 0; -1 when not given.</param>
public sealed record CocoImage(long Id, string Name, int Width, int Height, int Sequence = -1, int Frame = -1);

/// <summary>One box of a COCO file.</summary>
/// <param name="Id">Its number; the metric takes number 0 for "no match".</param>
/// <param name="ImageId">Whose it is.</param>
/// <param name="CategoryId">What it is: an id of the file's categories.</param>
/// <param name="Box">Where it is.</param>
/// <param name="Area">Square pixels of the object, which the metric sorts sizes by; the box's when not given.</param>
/// <param name="IsCrowd">Whether it covers many objects.</param>
/// <param name="Ignore">Whether training passes over it.</param>
/// <param name="Score">How sure a pseudo label is; NaN when not given.</param>
/// <param name="Track">Which track of its sequence; -1 when not given.</param>
public readonly record struct CocoAnnotation(long Id, long ImageId, long CategoryId, CocoBox Box, double Area, bool IsCrowd = false, bool Ignore = false, double Score = double.NaN, long Track = -1);

/// <summary>One class of a COCO file.</summary>
/// <param name="Id">Its number in annotations and results; numbers may have holes.</param>
/// <param name="Name">Its name.</param>
public sealed record CocoCategory(long Id, string Name);

/// <summary>A file of images, boxes and classes, as COCO and Argoverse-HD write it.</summary>
/// <remarks>Read as a stream: the file may be larger than memory allows at once, segmentations are passed over. Members that are not known are passed over, too.
/// What the format is, <c>Data/Coco/README.md</c> says.</remarks>
public sealed class CocoAnnotations
{
    /// <summary>Annotations made in memory.</summary>
    public CocoAnnotations(IReadOnlyList<CocoImage> images, IReadOnlyList<CocoAnnotation> annotations, IReadOnlyList<CocoCategory> categories) =>
        (Images, Annotations, Categories) = (images, annotations, categories);

    /// <summary>All images, in the file's order.</summary>
    public IReadOnlyList<CocoImage> Images { get; }

    /// <summary>All boxes, in the file's order.</summary>
    public IReadOnlyList<CocoAnnotation> Annotations { get; }

    /// <summary>All classes, in the file's order: position i is the network's class i.</summary>
    public IReadOnlyList<CocoCategory> Categories { get; }

    /// <summary>Argoverse-HD: names of the sequences; empty elsewhere.</summary>
    public IReadOnlyList<string> Sequences { get; private init; } = [];

    /// <summary>Argoverse-HD: folders of the sequences below the images' folder (<c>seq_dirs</c>); empty elsewhere.</summary>
    public IReadOnlyList<string> SequenceFolders { get; private init; } = [];

    /// <summary>Argoverse-HD: the place of every class among COCO's eighty (<c>coco_mapping</c>); empty elsewhere.</summary>
    public IReadOnlyList<int> CocoMapping { get; private init; } = [];

    /// <summary>Where an image lies below the images' folder: its sequence's folder, if it has one, and its name.</summary>
    /// <exception cref="ArgumentValueException">The image names a sequence that the file does not have.</exception>
    public string PathOf(CocoImage image)
    {
        if (image.Sequence < 0) return image.Name;
        Check.That(image.Sequence < SequenceFolders.Count, $"coco: image {image.Id} is of sequence {image.Sequence}, but there are {SequenceFolders.Count} folders of sequences.");
        return $"{SequenceFolders[image.Sequence]}/{image.Name}";
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="FileFormatException">The file is missing, or something in it is not as the format says; the message names the place.</exception>
    public static CocoAnnotations Load(string path)
    {
        using var json = JsonCursor.Open("coco annotations", path);
        return Read(json);
    }

    /// <summary>Reads a stream to its end.</summary>
    /// <param name="stream">The JSON text.</param>
    /// <param name="name">What to call it in messages.</param>
    /// <exception cref="FileFormatException">Something in it is not as the format says.</exception>
    public static CocoAnnotations Read(Stream stream, string name) => Read(new JsonCursor(stream, $"coco annotations {name}"));

    private static CocoAnnotations Read(JsonCursor json)
    {
        List<CocoImage>? images = null;
        List<CocoCategory>? categories = null;
        var annotations = new List<CocoAnnotation>();
        List<string> sequences = [], folders = [];
        var mapping = new List<int>();
        json.BeginObject();
        while (json.NextMember(out var name))
            switch (name)
            {
                case "images": ReadList(json, images = [], ReadImage); break;
                case "annotations": ReadList(json, annotations, ReadAnnotation); break;
                case "categories": ReadList(json, categories = [], ReadCategory); break;
                case "sequences": ReadList(json, sequences, static (j, _) => j.String()); break;
                case "seq_dirs": ReadList(json, folders, static (j, _) => j.String()); break;
                case "coco_mapping": ReadList(json, mapping, static (j, _) => (int)j.Integer(int.MinValue, int.MaxValue)); break;
                default: json.Skip(); break;
            }
        json.End();
        return new CocoAnnotations(images ?? throw json.Missing("images"), annotations, categories ?? throw json.Missing("categories")) { Sequences = sequences, SequenceFolders = folders, CocoMapping = mapping };
    }

    private static void ReadList<T>(JsonCursor json, List<T> list, Func<JsonCursor, int, T> read)
    {
        list.Clear();
        json.BeginArray();
        while (json.NextElement()) list.Add(read(json, list.Count));
    }

    private static CocoImage ReadImage(JsonCursor json, int position)
    {
        long? id = null;
        string? file = null, plain = null;
        int width = 0, height = 0, sequence = -1, frame = -1;
        json.BeginObject();
        while (json.NextMember(out var name))
            switch (name)
            {
                case "id": id = json.Integer(); break;
                case "file_name": file = json.String(); break;
                case "name": plain = json.String(); break;
                case "width": width = (int)json.Integer(0, int.MaxValue); break;
                case "height": height = (int)json.Integer(0, int.MaxValue); break;
                case "sid": sequence = (int)json.Integer(0, int.MaxValue); break;
                case "fid": frame = (int)json.Integer(0, int.MaxValue); break;
                default: json.Skip(); break;
            }
        return new CocoImage(id ?? throw json.Missing("id"), file ?? plain ?? "", width, height, sequence, frame);
    }

    // The metric needs numbers from 1; where there are none, positions serve.
    private static CocoAnnotation ReadAnnotation(JsonCursor json, int position)
    {
        long? id = null, image = null, category = null;
        long track = -1;
        CocoBox? box = null;
        double? area = null;
        var score = double.NaN;
        bool crowd = false, ignore = false;
        json.BeginObject();
        while (json.NextMember(out var name))
            switch (name)
            {
                case "id": id = json.Integer(); break;
                case "image_id": image = json.Integer(); break;
                case "category_id": category = json.Integer(); break;
                case "bbox": box = CocoBox.Read(json); break;
                case "area": area = json.Finite(); break;
                case "iscrowd": crowd = json.Flag(); break;
                case "ignore": ignore = json.Flag(); break;
                case "score": score = json.Number(); break;
                case "track" when !json.IsNull: track = json.Integer(); break;
                default: json.Skip(); break;
            }
        var where = box ?? throw json.Missing("bbox");
        return new CocoAnnotation(id ?? position + 1, image ?? throw json.Missing("image_id"), category ?? throw json.Missing("category_id"), where, area ?? where.Width * where.Height, crowd, ignore, score, track);
    }

    private static CocoCategory ReadCategory(JsonCursor json, int position)
    {
        long? id = null;
        var label = "";
        json.BeginObject();
        while (json.NextMember(out var name))
            switch (name)
            {
                case "id": id = json.Integer(); break;
                case "name": label = json.String(); break;
                default: json.Skip(); break;
            }
        return new CocoCategory(id ?? throw json.Missing("id"), label);
    }
}
