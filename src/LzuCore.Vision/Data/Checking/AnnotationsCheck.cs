using System.Globalization;
using System.Text.Json;
using LzuCore.Memory;

namespace LzuCore.Vision.Data.Checking;

/// <summary>Looks a COCO-style annotation file over, whatever is in it; with the mono-3D file's own fields where it has them.</summary>
internal sealed class AnnotationsCheck(DataCheck check, LenientReader file, string folder)
{
    // Published boxes reach over the border by the rounding of their makers.
    private const double BorderPixels = 1;

    private readonly Dictionary<string, Picture> _images = [];
    private readonly Dictionary<string, (string Name, int Uses)> _classes = [];
    private readonly HashSet<string> _annotationIds = [];
    private readonly Dictionary<string, int> _cameras = [];
    private readonly List<string> _sequenceFolders = [];

    private readonly record struct Picture(string Where, double Width, double Height);

    public static bool IsMono3d(LenientReader file)
    {
        var found = false;
        file.ForEach("images", (ref Utf8JsonReader item) => LenientReader.Properties(ref item, (ReadOnlySpan<byte> name, ref Utf8JsonReader _) => found |= name.SequenceEqual("cam_intrinsic"u8)));
        return found;
    }

    public void Run()
    {
        file.ForEach("seq_dirs", (ref Utf8JsonReader item) => _sequenceFolders.Add(item.TokenType == JsonTokenType.String ? item.GetString()! : ""));
        if (!file.ForEach("categories", Category)) check.Faults.Add("missing-field", file.Path, "there is no list of categories", "Add categories: [{id, name}, …].");
        var hasImages = file.ForEach("images", ImageEntry);
        var hasAnnotations = file.ForEach("annotations", Annotation);
        if (check.ImagesFound == 0) check.Faults.Add("empty-split", file.Path, hasImages ? "no images" : "there is no list of images", "Name the annotation file of a split that has some.");
        if (check.Annotations == 0) check.Faults.Add("empty-split", file.Path, hasAnnotations ? "no annotations" : "there is no list of annotations", "Name the annotation file of a split that has some.");
        foreach (var (id, (name, uses)) in _classes)
            if (uses == 0) check.Warnings.Add("unused-class", $"category {id}", name, "Nothing can be learned or measured for it; leave it out, or look whether its annotations were lost.");
        if (check.Kind != DatasetKind.NuScenes) return;
        // nuScenes has six cameras, a data set of one's own perhaps one.
        var most = _cameras.Values.DefaultIfEmpty().Max();
        foreach (var (token, cameras) in _cameras)
            if (cameras != most) check.Faults.Add("incomplete-sample", $"sample {token}", $"{cameras} images", $"Others have {most}, one a camera, one after the other; make the file again.");
    }

    private void Category(ref Utf8JsonReader item)
    {
        string? id = null, name = null;
        LenientReader.Properties(ref item, (ReadOnlySpan<byte> key, ref Utf8JsonReader value) =>
        {
            if (key.SequenceEqual("id"u8)) id = LenientReader.Id(ref value);
            else if (key.SequenceEqual("name"u8) && value.TokenType == JsonTokenType.String) name = value.GetString();
        });
        if (id is null) check.Faults.Add("missing-field", $"category {name ?? $"number {_classes.Count}"}", "no id", "Give every category an id.");
        else if (!_classes.TryAdd(id, (name ?? "(no name)", 0))) check.Faults.Add("duplicate-category-id", $"category {id}", name ?? "(no name)", "Give every category an id of its own.");
    }

    private void ImageEntry(ref Utf8JsonReader item)
    {
        string? id = null, name = null, sampleToken = null;
        double width = double.NaN, height = double.NaN, sequence = double.NaN;
        double[]? intrinsics = null;
        LenientReader.Properties(ref item, (ReadOnlySpan<byte> key, ref Utf8JsonReader value) =>
        {
            if (key.SequenceEqual("id"u8)) id = LenientReader.Id(ref value);
            else if (key.SequenceEqual("file_name"u8) || key.SequenceEqual("name"u8)) name = value.TokenType == JsonTokenType.String ? value.GetString() : name;
            else if (key.SequenceEqual("width"u8)) width = LenientReader.Number(ref value);
            else if (key.SequenceEqual("height"u8)) height = LenientReader.Number(ref value);
            else if (key.SequenceEqual("sid"u8)) sequence = LenientReader.Number(ref value);
            else if (key.SequenceEqual("token"u8)) sampleToken = LenientReader.Id(ref value);
            else if (key.SequenceEqual("cam_intrinsic"u8)) intrinsics = LenientReader.Numbers(ref value);
        });
        check.ImagesFound++;
        var where = $"image {id ?? $"number {check.ImagesFound - 1}"}{(name is null ? "" : $" ({name})")}";
        if (id is null) check.Faults.Add("missing-field", where, "no id", "Give every image an id.");
        else if (!_images.TryAdd(id, new Picture(where, IsSide(width) ? width : double.NaN, IsSide(height) ? height : double.NaN))) check.Faults.Add("duplicate-image-id", where, id, "Give every image an id of its own.");
        if (Place(name, sequence, where) is { } path) check.AddPicture(path, where, IsSide(width) && IsSide(height) ? new Size2((int)height, (int)width) : null);
        if (!double.IsNaN(width) && !IsSide(width) || !double.IsNaN(height) && !IsSide(height))
            check.Faults.Add("bad-size", where, $"{Text(height)} x {Text(width)}", "Height and width are whole numbers of pixels; correct them.");
        if (check.Kind != DatasetKind.NuScenes) return;
        if (intrinsics is not { Length: 9 } || !intrinsics.All(double.IsFinite) || intrinsics[0] <= 0 || intrinsics[4] <= 0)
            check.Faults.Add("bad-intrinsics", where, intrinsics is null ? "none" : $"[{string.Join(", ", intrinsics.Select(Text))}]", "cam_intrinsic is a 3x3 matrix of finite numbers with positive focal lengths; make the file again.");
        if (sampleToken is not null) _cameras[sampleToken] = _cameras.GetValueOrDefault(sampleToken) + 1;
    }

    // Where the picture should be. Names that leave the folder are never followed.
    private string? Place(string? name, double sequence, string where)
    {
        if (string.IsNullOrEmpty(name))
        {
            check.Faults.Add("missing-field", where, "no file_name", "Give every image the name of its file.");
            return null;
        }
        if (_sequenceFolders.Count > 0)
        {
            if (!(sequence >= 0 && sequence < _sequenceFolders.Count && sequence == Math.Floor(sequence)))
            {
                check.Faults.Add("unknown-sequence", where, $"sid {Text(sequence)}", $"sid is a number of the list seq_dirs, 0 to {_sequenceFolders.Count - 1}; correct it.");
                return null;
            }
            name = Path.Combine(_sequenceFolders[(int)sequence], name);
        }
        if (!Path.IsPathRooted(name) && !name.Split('/', '\\').Contains("..")) return Path.Combine(folder, name);
        check.Faults.Add("unsafe-path", where, name, "File names must stay in the folder of pictures; correct it.");
        return null;
    }

    private void Annotation(ref Utf8JsonReader item)
    {
        string? id = null, image = null, category = null;
        double[]? box = null, space = null;
        bool hasBox = false, hasSpace = false;
        LenientReader.Properties(ref item, (ReadOnlySpan<byte> key, ref Utf8JsonReader value) =>
        {
            if (key.SequenceEqual("id"u8)) id = LenientReader.Id(ref value);
            else if (key.SequenceEqual("image_id"u8)) image = LenientReader.Id(ref value);
            else if (key.SequenceEqual("category_id"u8)) category = LenientReader.Id(ref value);
            else if (key.SequenceEqual("bbox"u8)) (box, hasBox) = (LenientReader.Numbers(ref value), true);
            else if (key.SequenceEqual("bbox_cam3d"u8)) (space, hasSpace) = (LenientReader.Numbers(ref value), true);
        });
        check.Annotations++;
        var where = $"annotation {id ?? $"number {check.Annotations - 1}"}";
        if (id is null) check.Faults.Add("missing-field", where, "no id", "Number the annotations from 1.");
        else if (!_annotationIds.Add(id)) check.Faults.Add("duplicate-annotation-id", where, id, "Give every annotation an id of its own.");
        if (id == "0") check.Warnings.Add("annotation-id-zero", where, "0", "The COCO metric takes 0 for 'nothing matched' and never counts this object as found; number annotations from 1.");

        if (category is not null && _classes.TryGetValue(category, out var known)) _classes[category] = known with { Uses = known.Uses + 1 };
        else check.Faults.Add("unknown-category", where, category ?? "none", "category_id must be the id of a category; correct it or add the category.");
        Picture? picture = image is not null && _images.TryGetValue(image, out var found) ? found : null;
        if (picture is null) check.Faults.Add("unknown-image", where, image ?? "none", "image_id must be the id of an image; correct it or add the image.");

        if (!hasBox) check.Faults.Add("missing-field", where, "no bbox", "Give every annotation a bbox [x, y, width, height].");
        else CheckBox(box, where, picture);
        if (check.Kind == DatasetKind.NuScenes) CheckSpace(space, hasSpace, where);
    }

    private void CheckBox(double[]? box, string where, Picture? picture)
    {
        if (box is not { Length: 4 } || !box.All(double.IsFinite))
            check.Faults.Add("bad-box", where, Text(box), "bbox is [x, y, width, height] in finite pixels; correct or remove it.");
        else if (box[2] <= 0 || box[3] <= 0)
            check.Faults.Add("bad-box", where, Text(box), "Width and height must be positive; correct or remove it.");
        else if (box[0] < -BorderPixels || box[1] < -BorderPixels || picture is { } p && (box[0] + box[2] > p.Width + BorderPixels || box[1] + box[3] > p.Height + BorderPixels))
            check.Faults.Add("box-outside", where, $"{Text(box)}{(picture is { } q && q.Width > 0 ? $" in {Text(q.Height)}x{Text(q.Width)}" : "")}", "The box must lie in its picture; clip it, or look whether it is [x1, y1, x2, y2] or of a resized picture.");
    }

    private void CheckSpace(double[]? space, bool given, string where)
    {
        if (!given) check.Faults.Add("missing-field", where, "no bbox_cam3d", "Give every annotation a bbox_cam3d [x, y, z, l, h, w, yaw].");
        else if (space is not { Length: 7 } || !space.All(double.IsFinite) || space[3] <= 0 || space[4] <= 0 || space[5] <= 0 || space[2] <= 0)
            check.Faults.Add("bad-box3d", where, Text(space), "bbox_cam3d is seven finite numbers with positive depth and sizes; correct or remove it.");
    }

    private static bool IsSide(double value) => value >= 1 && value <= int.MaxValue && value == Math.Floor(value);

    private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Text(double[]? values) => values is null ? "no list" : $"[{string.Join(", ", values.Take(8).Select(Text))}{(values.Length > 8 ? ", …" : "")}]";
}
