namespace LzuCore.Vision.Data.NuScenes;

/// <summary>The ten classes and nine attributes of nuScenes' detection task, each order and rule in this one place.</summary>
/// <remarks>A label is a position in <see cref="Names"/>, the order of models and of the mono-3D files. The devkit's order differs; only its reports use it.</remarks>
public static class NuScenesClasses
{
    /// <summary>The attribute number that says "none".</summary>
    public const int NoAttribute = 8;

    private static readonly double[] Ranges = [50, 50, 50, 50, 50, 40, 40, 40, 30, 30];

    // The attribute of a detection whose own does not suit its class: the rule of mmdetection3d's export.
    private static readonly string[] Defaults =
    [
        "vehicle.parked", "vehicle.parked", "vehicle.parked", "vehicle.moving", "vehicle.parked", "cycle.without_rider", "cycle.without_rider", "pedestrian.moving", "", "",
    ];

    private static readonly Dictionary<string, int> OfCategory = new()
    {
        ["vehicle.car"] = 0,
        ["vehicle.truck"] = 1,
        ["vehicle.trailer"] = 2,
        ["vehicle.bus.bendy"] = 3,
        ["vehicle.bus.rigid"] = 3,
        ["vehicle.construction"] = 4,
        ["vehicle.bicycle"] = 5,
        ["vehicle.motorcycle"] = 6,
        ["human.pedestrian.adult"] = 7,
        ["human.pedestrian.child"] = 7,
        ["human.pedestrian.construction_worker"] = 7,
        ["human.pedestrian.police_officer"] = 7,
        ["movable_object.trafficcone"] = 8,
        ["movable_object.barrier"] = 9,
    };

    /// <summary>The classes in the order of models.</summary>
    public static IReadOnlyList<string> Names { get; } =
        ["car", "truck", "trailer", "bus", "construction_vehicle", "bicycle", "motorcycle", "pedestrian", "traffic_cone", "barrier"];

    /// <summary>The classes in the order of the devkit's reports.</summary>
    public static IReadOnlyList<string> DevkitOrder { get; } =
        ["car", "truck", "bus", "trailer", "construction_vehicle", "pedestrian", "motorcycle", "bicycle", "traffic_cone", "barrier"];

    /// <summary>The attributes in the order of models; the last one is "None".</summary>
    public static IReadOnlyList<string> Attributes { get; } =
    [
        "cycle.with_rider", "cycle.without_rider", "pedestrian.moving", "pedestrian.standing", "pedestrian.sitting_lying_down", "vehicle.moving", "vehicle.parked",
        "vehicle.stopped", "None",
    ];

    /// <summary>The label of a class's name, or -1.</summary>
    public static int LabelOf(string name)
    {
        for (var label = 0; label < Names.Count; label++)
            if (Names[label] == name) return label;
        return -1;
    }

    /// <summary>The label of a category of the data set (<c>vehicle.bus.rigid</c>), or -1 for categories that the task leaves out.</summary>
    public static int LabelOfCategory(string category) => OfCategory.GetValueOrDefault(category, -1);

    /// <summary>The number of an attribute's name; <see cref="NoAttribute"/> for an empty name, -1 for one that does not exist.</summary>
    public static int AttributeOf(string name)
    {
        if (name.Length == 0) return NoAttribute;
        for (var i = 0; i < Attributes.Count; i++)
            if (Attributes[i] == name) return i;
        return -1;
    }

    /// <summary>How far a class is scored, in metres on the ground from the car.</summary>
    public static double Range(int label) => Ranges[label];

    /// <summary>The name that a result gives for a predicted attribute: its own where it suits the class, else the class's usual one; empty for cones and barriers.</summary>
    /// <param name="label">The class.</param>
    /// <param name="attribute">A number in <see cref="Attributes"/>; any other counts as none.</param>
    public static string AttributeFor(int label, int attribute)
    {
        var group = label switch { 5 or 6 => "cycle.", 7 => "pedestrian.", 8 or 9 => "", _ => "vehicle." };
        return group.Length > 0 && attribute is >= 0 and < NoAttribute && Attributes[attribute].StartsWith(group, StringComparison.Ordinal) ? Attributes[attribute] : Defaults[label];
    }
}
