using LzuCore.Vision.Data.NuScenes;

namespace LzuCore.Vision.Scenes;

/// <summary>The classes of procedural scenes.</summary>
public static class SceneClasses
{
    /// <summary>The ten classes of label maps; position i is label i. The last five are <see cref="Objects"/>.</summary>
    public static IReadOnlyList<string> Labels { get; } = ["sky", "road", "terrain", "building", "vegetation", "car", "truck", "person", "cyclist", "sign"];

    /// <summary>The five classes of boxes; position i is class i, and label <see cref="FirstObjectLabel"/> + i of label maps.</summary>
    public static IReadOnlyList<string> Objects { get; } = ["car", "truck", "person", "cyclist", "sign"];

    /// <summary>The label of class 0.</summary>
    public const int FirstObjectLabel = 5;

    /// <summary>The attribute that nuScenes would give: a position in <see cref="NuScenesClasses.Attributes"/>.</summary>
    internal static int AttributeOf(SceneObject seen)
    {
        var moves = seen.Box3d.VelocityX != 0 || seen.Box3d.VelocityZ != 0;
        return seen.Class switch { Car or Truck => moves ? 5 : 6, Person => moves ? 2 : 3, Cyclist => 0, _ => NuScenesClasses.NoAttribute };
    }

    internal const int Sky = 0, Road = 1, Terrain = 2, Building = 3, Vegetation = 4;
    internal const int Car = 0, Truck = 1, Person = 2, Cyclist = 3, Sign = 4;
}
