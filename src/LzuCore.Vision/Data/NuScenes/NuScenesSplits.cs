using LzuCore.Memory;

namespace LzuCore.Vision.Data.NuScenes;

/// <summary>Which scenes the official splits hold: train 700, val 150, test 150, mini_train 8, mini_val 2, and the halves of train.</summary>
/// <remarks>Source: the nuScenes devkit's <c>utils/splits.py</c>.</remarks>
public static class NuScenesSplits
{
    private static readonly Lazy<Dictionary<string, IReadOnlySet<string>>> Splits = new(Load);

    /// <summary>The names of the splits.</summary>
    public static IReadOnlyCollection<string> Names => Splits.Value.Keys;

    /// <summary>The names of a split's scenes.</summary>
    /// <exception cref="ArgumentValueException">There is no such split.</exception>
    public static IReadOnlySet<string> ScenesOf(string split)
    {
        Check.That(Splits.Value.ContainsKey(split), $"nuscenes: there is no split '{split}'. Choose one of {string.Join(", ", Names)}.");
        return Splits.Value[split];
    }

    private static Dictionary<string, IReadOnlySet<string>> Load()
    {
        using var stream = typeof(NuScenesSplits).Assembly.GetManifestResourceStream("nuscenes-splits.json")!;
        var json = new JsonCursor(stream, "nuscenes splits");
        var splits = new Dictionary<string, IReadOnlySet<string>>();
        json.BeginObject();
        while (json.NextMember(out var name))
        {
            var scenes = new HashSet<string>();
            json.BeginArray();
            while (json.NextElement()) scenes.Add(json.String());
            splits[name] = scenes;
        }
        return splits;
    }
}
