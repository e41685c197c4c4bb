using LzuCore.Cli.Manners;
using LzuCore.Memory;
using LzuCore.Vision.Imaging;

namespace LzuCore.Cli.Inputs;

/// <summary>Cityscapes' label maps below a folder, each picture's once.</summary>
internal static class LabelMapFolder
{
    private const string TrainIds = "_labelTrainIds.png", LabelIds = "_labelIds.png";

    /// <summary>The files, by path: train ids where a picture has them, else label ids.</summary>
    /// <exception cref="UsageException">The folder is missing, or holds none.</exception>
    public static IReadOnlyList<string> Find(string folder)
    {
        if (!Directory.Exists(folder)) throw new UsageException($"--labels must be a folder, and '{folder}' is {(File.Exists(folder) ? "a file" : "not there")}.");
        var files = Directory.EnumerateFiles(folder, "*.png", new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true }).ToList();
        var byPicture = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var ending in new[] { LabelIds, TrainIds })
            foreach (var file in files.Where(f => f.EndsWith(ending, StringComparison.Ordinal))) byPicture[file[..^ending.Length]] = file;
        return byPicture.Count > 0 ? [.. byPicture.Values] : throw new UsageException($"saliency: there is no …{LabelIds} and no …{TrainIds} in '{folder}'. Name the folder gtFine or one below it.");
    }

    /// <summary>One map, in train ids.</summary>
    /// <exception cref="FileFormatException">It is no label map.</exception>
    public static LabelMap Load(string path)
    {
        var labels = LabelMap.Load(path);
        if (path.EndsWith(LabelIds, StringComparison.Ordinal)) LabelMapPairs.Translate(labels.Labels).CopyTo(labels.Labels);
        return labels;
    }
}
