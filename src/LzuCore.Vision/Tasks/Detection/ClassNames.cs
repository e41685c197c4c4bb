namespace LzuCore.Vision.Tasks.Detection;

/// <summary>Names of the classes that detectors are published with.</summary>
public static class ClassNames
{
    /// <summary>The eight classes of Argoverse-HD, in the order of its category ids.</summary>
    public static IReadOnlyList<string> ArgoverseHd { get; } = ["person", "bicycle", "car", "motorcycle", "bus", "truck", "traffic_light", "stop_sign"];

    /// <summary>The eighty classes of COCO.</summary>
    public static IReadOnlyList<string> Coco { get; } =
    [
        "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat", "traffic light", "fire hydrant", "stop sign", "parking meter",
        "bench", "bird", "cat", "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe", "backpack", "umbrella", "handbag", "tie", "suitcase",
        "frisbee", "skis", "snowboard", "sports ball", "kite", "baseball bat", "baseball glove", "skateboard", "surfboard", "tennis racket", "bottle",
        "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple", "sandwich", "orange", "broccoli", "carrot", "hot dog", "pizza", "donut",
        "cake", "chair", "couch", "potted plant", "bed", "dining table", "toilet", "tv", "laptop", "mouse", "remote", "keyboard", "cell phone", "microwave",
        "oven", "toaster", "sink", "refrigerator", "book", "clock", "vase", "scissors", "teddy bear", "hair drier", "toothbrush",
    ];

    // The ids of the 91 that COCO's papers planned and its files never used; torchvision keeps their places, and 0 for the background.
    private static readonly int[] UnusedCocoIds = [0, 12, 26, 29, 30, 45, 66, 68, 69, 71, 83];

    private static readonly string[] Coco91 = MakeCoco91();

    /// <summary>The name of a class of a detector with so many classes: 8 is Argoverse-HD, 80 COCO, 91 COCO as torchvision numbers it.</summary>
    public static string Of(int label, int classes) => classes switch
    {
        8 when label is >= 0 and < 8 => ArgoverseHd[label],
        80 when label is >= 0 and < 80 => Coco[label],
        91 when label is >= 0 and < 91 => Coco91[label],
        _ => $"class {label}",
    };

    private static string[] MakeCoco91()
    {
        var names = new string[91];
        var next = 0;
        for (var id = 0; id < names.Length; id++) names[id] = UnusedCocoIds.Contains(id) ? (id == 0 ? "background" : "unused") : Coco[next++];
        return names;
    }
}
