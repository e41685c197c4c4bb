using System.Text.Json;

namespace LzuCore.Vision.Configuration;

/// <summary>A kind of training: its keys beside those that all have, and what is made of them.</summary>
/// <param name="Name">The value of <c>task</c>.</param>
/// <param name="Network">The value of <c>model.kind</c>.</param>
/// <param name="Sections">Model, data, zoom, augmentation: what only this kind has.</param>
/// <param name="Build">Checks files and classes, and makes everything that a training needs.</param>
internal sealed record TaskKind(string Name, string Network, IReadOnlyList<ConfigKey> Sections, Func<RunPlan, TrainingRun> Build)
{
    /// <summary>All keys.</summary>
    public SectionKey Root { get; } = new("", "",
    [
        new TextKey("$schema", "the schema, for editors"),
        new ChoiceKey("task", "what is trained", Name) { IsRequired = true },
        new TextKey("folder", "where checkpoints and logs go, from the configuration's own folder") { IsRequired = true },
        new WholeKey("seed", "of the order of pictures and of every augmentation", 0, long.MaxValue, 0),
        .. Sections,
        Configuration.Sections.Optimizer,
        Configuration.Sections.Schedule,
        Configuration.Sections.Training,
    ]);

    /// <summary>The key of <c>data</c> without which nothing is evaluated on.</summary>
    public string ValidationKey { get; } = Sections.OfType<SectionKey>().First(s => s.Name == "data").Keys.First(k => k.Name.StartsWith("validation", StringComparison.Ordinal)).Name;
}

/// <summary>Every kind of training, one entry each.</summary>
internal static class TaskKinds
{
    // Of a task, the first is that of configurations whose model has no kind.
    public static IReadOnlyList<TaskKind> All { get; } =
    [
        DetectionKind.Entry,
        SegmentationKind.Entry,
        Detection3dKind.Entry,
        DeskKind.Detection,
        DeskKind.Segmentation,
        DeskKind.Detection3d,
    ];

    private static ChoiceKey TaskKey { get; } = new("task", "what is trained", [.. All.Select(k => k.Name).Distinct()]) { IsRequired = true };

    /// <summary>The kind that a configuration says.</summary>
    /// <exception cref="Memory.FileFormatException">It says none, or one that there is not.</exception>
    public static TaskKind Of(JsonElement root, ConfigPlace place)
    {
        if (!root.TryGetProperty(TaskKey.Name, out var task)) throw place.Bad($"must have '{TaskKey.Name}': {TaskKey.About}".TrimEnd('.'));
        var name = (string)TaskKey.Read(task, place.At(TaskKey.Name));
        var ofTask = All.Where(k => k.Name == name).ToList();
        if (!root.TryGetProperty("model", out var model) || model.ValueKind != JsonValueKind.Object || !model.TryGetProperty("kind", out var kind)) return ofTask[0];
        var network = (string)new ChoiceKey("kind", "the network", [.. ofTask.Select(k => k.Network)]).Read(kind, place.At("model").At("kind"));
        return ofTask.First(k => k.Network == network);
    }
}
