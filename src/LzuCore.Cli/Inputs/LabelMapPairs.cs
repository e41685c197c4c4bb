using LzuCore.Cli.Manners;
using LzuCore.Vision.Data.Cityscapes;
using LzuCore.Vision.Imaging;

namespace LzuCore.Cli.Inputs;

/// <summary>One label map of the ground truth and the one predicted for it.</summary>
internal sealed record LabelMapPair(string Truth, string Prediction)
{
    /// <summary>Both, the ground truth in train ids.</summary>
    /// <exception cref="UsageException">They differ in size.</exception>
    public (LabelMap Truth, LabelMap Prediction) Load()
    {
        LabelMap truth = LabelMap.Load(Truth), prediction = LabelMap.Load(Prediction);
        if (truth.Size != prediction.Size) throw new UsageException($"score cityscapes: {Prediction} is {prediction.Size}, but its ground truth is {truth.Size}. Predict at full size.");
        if (Truth.EndsWith(LabelMapPairs.LabelIds, StringComparison.Ordinal)) LabelMapPairs.Translate(truth.Labels).CopyTo(truth.Labels);
        return (truth, prediction);
    }
}

/// <summary>Finds for every label map of a folder the prediction of the same name.</summary>
internal static class LabelMapPairs
{
    internal const string LabelIds = "_gtFine_labelIds.png";
    internal const string TrainIds = "_gtFine_labelTrainIds.png";

    /// <summary>The pairs, by name.</summary>
    /// <exception cref="UsageException">A folder is missing, there is no ground truth, or one has no prediction or several.</exception>
    public static IReadOnlyList<LabelMapPair> Find(string truthFolder, string predictionFolder, Session session)
    {
        // A data set with both kinds has the same classes in both.
        var truths = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var ending in new[] { TrainIds, LabelIds })
            foreach (var file in Pngs(truthFolder, "--ground-truth").Where(f => f.EndsWith(ending, StringComparison.Ordinal))) truths[Path.GetFileName(file)[..^ending.Length]] = file;
        if (truths.Count == 0) throw new UsageException($"score cityscapes: there is no …{LabelIds} and no …{TrainIds} in '{truthFolder}'. Name the folder gtFine or one below it.");

        var predictions = Pngs(predictionFolder, "--predictions").Where(f => !Path.GetFileName(f).Contains("color", StringComparison.OrdinalIgnoreCase)).ToList();
        var byStem = predictions.SelectMany(f => Stems(Path.GetFileNameWithoutExtension(f)).Select(s => (Stem: s, File: f))).ToLookup(p => p.Stem, p => p.File);
        var pairs = new List<LabelMapPair>();
        var missing = new List<string>();
        foreach (var (stem, truth) in truths)
        {
            var matching = byStem[stem].ToList();
            if (matching.Count > 1) throw new UsageException($"score cityscapes: '{stem}' has {matching.Count} predictions, {Path.GetFileName(matching[0])} and {Path.GetFileName(matching[1])} first. Leave one.");
            if (matching.Count == 0) missing.Add(stem);
            else pairs.Add(new LabelMapPair(truth, matching[0]));
        }
        if (missing.Count > 0) throw new UsageException($"score cityscapes: {missing.Count} of {truths.Count} images have no prediction in '{predictionFolder}', '{missing[0]}' first. A prediction is named like its image, such as {missing[0]}.png.");
        if (predictions.Count > pairs.Count) session.Say($"{predictions.Count - pairs.Count} predictions belong to no ground truth and are not scored");
        return pairs;
    }

    /// <summary>Label ids as train ids.</summary>
    public static byte[] Translate(ReadOnlySpan<byte> labels)
    {
        var result = new byte[labels.Length];
        var table = CityscapesClasses.TrainIds;
        for (var i = 0; i < labels.Length; i++) result[i] = table[labels[i]];
        return result;
    }

    /// <summary>Whether a map holds a number that is no train id.</summary>
    public static bool HoldsLabelIds(ReadOnlySpan<byte> labels)
    {
        foreach (var label in labels)
            if (label >= CityscapesClasses.Names.Count && label != CityscapesClasses.Ignore) return true;
        return false;
    }

    /// <summary>What the names of predictions say of them, or null.</summary>
    public static string? EncodingByName(IReadOnlyList<LabelMapPair> pairs) =>
        pairs.All(p => p.Prediction.Contains("labelTrainIds", StringComparison.Ordinal)) ? "train-ids" : pairs.All(p => p.Prediction.Contains("labelIds", StringComparison.Ordinal)) ? "label-ids" : null;

    // The name itself and every part of it that ends before an underscore: weimar_000001_000019_leftImg8bit is of weimar_000001_000019.
    private static IEnumerable<string> Stems(string name)
    {
        yield return name;
        for (var i = 1; i < name.Length; i++)
            if (name[i] == '_') yield return name[..i];
    }

    private static IEnumerable<string> Pngs(string folder, string option)
    {
        if (!Directory.Exists(folder)) throw new UsageException($"{option} must be a folder, and '{folder}' is {(File.Exists(folder) ? "a file" : "not there")}.");
        return Directory.EnumerateFiles(folder, "*.png", new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true }).Order(StringComparer.Ordinal);
    }
}
