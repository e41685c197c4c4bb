using LzuCore.Vision.Scenes;
using LzuCore.Vision.Tasks.Detection3d;

namespace LzuCore.Vision.Experiments;

/// <summary>The classes of procedural scenes in space.</summary>
public static class SceneSpace
{
    /// <summary>In the order of <see cref="SceneClasses.Objects"/>, with the middles of the sizes that are drawn. At 128 pixels of width people and signs show no heading.</summary>
    public static IReadOnlyList<SpaceClass> Classes { get; } =
    [
        new("car", 4.3, 1.55, 1.8), new("truck", 8, 3.15, 2.45), new("person", 0.5, 1.7, 0.6, HasHeading: false), new("cyclist", 1.75, 1.675, 0.6), new("sign", 0.1, 0.75, 0.75, HasHeading: false),
    ];
}
