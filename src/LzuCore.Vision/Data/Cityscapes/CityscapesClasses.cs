using LzuCore.Vision.Imaging;

namespace LzuCore.Vision.Data.Cityscapes;

/// <summary>The nineteen classes that Cityscapes is scored on, and how the label ids of its files become them.</summary>
public static class CityscapesClasses
{
    /// <summary>The train id of what is not scored.</summary>
    public const byte Ignore = 255;

    // Label ids that are scored, in the order of train ids 0 to 18.
    private static readonly byte[] LabelIds = [7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33];

    private static readonly byte[] Table = MakeTable();

    /// <summary>The classes in the order of train ids.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        "road", "sidewalk", "building", "wall", "fence", "pole", "traffic light", "traffic sign", "vegetation", "terrain", "sky", "person", "rider", "car", "truck", "bus", "train",
        "motorcycle", "bicycle",
    ];

    /// <summary>The official colours in the order of train ids.</summary>
    public static IReadOnlyList<Rgb> Colors { get; } =
    [
        new(128, 64, 128), new(244, 35, 232), new(70, 70, 70), new(102, 102, 156), new(190, 153, 153), new(153, 153, 153), new(250, 170, 30), new(220, 220, 0), new(107, 142, 35),
        new(152, 251, 152), new(70, 130, 180), new(220, 20, 60), new(255, 0, 0), new(0, 0, 142), new(0, 0, 70), new(0, 60, 100), new(0, 80, 100), new(0, 0, 230), new(119, 11, 32),
    ];

    /// <summary>The train id of every label id as a byte: 255 for all that are not scored, the licence plate's -1 (byte 255) among them.</summary>
    public static ReadOnlySpan<byte> TrainIds => Table;

    /// <summary>The label id of a train id; 0 (unlabelled) for what has none.</summary>
    public static byte LabelIdOf(byte trainId) => trainId < LabelIds.Length ? LabelIds[trainId] : (byte)0;

    private static byte[] MakeTable()
    {
        var table = new byte[256];
        Array.Fill(table, Ignore);
        for (byte train = 0; train < LabelIds.Length; train++) table[LabelIds[train]] = train;
        return table;
    }
}
