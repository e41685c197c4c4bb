namespace LzuCore.Vision.Data.Checking;

/// <summary>Looks over Cityscapes' two folders: every picture has its label map and the other way round.</summary>
internal static class CityscapesCheck
{
    private const string PictureEnd = "_leftImg8bit.png";
    private static readonly string[] LabelEnds = ["_gtFine_labelIds.png", "_gtFine_labelTrainIds.png"];

    public static void Run(DataCheck check, string annotations, string images)
    {
        var pictures = Keys(images, [PictureEnd]);
        var labels = Keys(annotations, LabelEnds);
        (check.ImagesFound, check.Annotations) = (pictures.Count, labels.Count);
        if (pictures.Count == 0) check.Faults.Add("empty-split", images, $"no *{PictureEnd}", "Point --images at leftImg8bit, or at one of its splits.");
        if (labels.Count == 0) check.Faults.Add("empty-split", annotations, "no *_gtFine_labelIds.png", "Point --annotations at gtFine, or at one of its splits.");
        foreach (var (key, path) in pictures)
        {
            check.AddPicture(path, key, null);
            if (!labels.ContainsKey(key)) check.Faults.Add("missing-labels", key, $"{key}_gtFine_labelIds.png", "Fetch the label map, or leave the picture out.");
        }
        foreach (var (key, path) in labels)
        {
            check.AddPicture(path, key + " (labels)", null);
            if (!pictures.ContainsKey(key)) check.Faults.Add("missing-image", key, key + PictureEnd, "Fetch the picture, or leave its label map out.");
        }
    }

    private static SortedDictionary<string, string> Keys(string folder, string[] endings)
    {
        var found = new SortedDictionary<string, string>(StringComparer.Ordinal);
        if (!Directory.Exists(folder)) throw new Memory.FileFormatException($"annotations {folder}: there is no such folder.");
        foreach (var path in Directory.EnumerateFiles(folder, "*.png", SearchOption.AllDirectories))
            foreach (var ending in endings)
                if (path.EndsWith(ending, StringComparison.Ordinal))
                    found.TryAdd(Path.GetRelativePath(folder, path)[..^ending.Length].Replace('\\', '/'), path);
        return found;
    }
}
