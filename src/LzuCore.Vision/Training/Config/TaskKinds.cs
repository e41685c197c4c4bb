using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Vision.Training.Config;

/// <summary>A kind of training: its keys beside those that all have, and what is made of them.</summary>
/// <param name="Name">The value of <c>task</c>.</param>
/// <param name="Sections">Model, data, zoom, augmentation: what only this kind has.</param>
/// <param name="Build">Checks files and classes, and makes everything that a training needs.</param>
internal sealed record TaskKind(string Name, IReadOnlyList<ConfigKey> Sections, Func<TrainConfig, Device, ProcessGroup, TrainingRun> Build)
{
    /// <summary>All keys.</summary>
    public SectionKey Root { get; } = new("", "",
    [
        new TextKey("$schema", "the schema, for editors"),
        new ChoiceKey("task", "what is trained", Name) { IsRequired = true },
        new TextKey("folder", "where checkpoints and logs go, from the configuration's own folder") { IsRequired = true },
        new WholeKey("seed", "of the order of pictures and of every augmentation", 0, long.MaxValue, 0),
        .. Sections,
        Config.Sections.Optimizer,
        Config.Sections.Schedule,
        Config.Sections.Training,
    ]);
}

/// <summary>Every kind of training, one entry each.</summary>
internal static class TaskKinds
{
    public static IReadOnlyList<TaskKind> All { get; } =
    [
        DetectionKind.Entry,
        SegmentationKind.Entry,
        Detection3dKind.Entry,
    ];

    public static ChoiceKey TaskKey { get; } = new("task", "what is trained", [.. All.Select(k => k.Name)]) { IsRequired = true };
}
