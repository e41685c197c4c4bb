using LzuCore.Nn;

namespace LzuCore.Vision.Models;

/// <summary>A network and the library whose names its checkpoint has, told from the keys alone.</summary>
/// <param name="Model"><c>resnet</c>, <c>retinanet</c>, <c>pspnet</c>, <c>fcos3d</c>: these load. <c>pyramid</c> (a backbone and its pyramid without a head), <c>faster-rcnn</c>, <c>fcos</c>, <c>ssd</c>
/// and <c>segmentor</c> are told only to say what a file is. Empty when it is none of them.</param>
/// <param name="Library">Whose names, in words.</param>
public sealed record CheckpointFamily(string Model, string Library)
{
    /// <summary>None of the networks known here.</summary>
    public static CheckpointFamily Unknown { get; } = new("", "");

    // Parts of published files that hold nothing of the network: averages kept beside the weights, and the constants of the method's grid generator.
    private static readonly string[] Beside = ["ema_", "grid_generator."];

    // What only one network has, the surest first: the first that any key begins with tells.
    private static readonly (string Part, string Model, string Library)[] Marks =
    [
        ("rpn_head.", "faster-rcnn", "mmdetection"), ("roi_head.", "faster-rcnn", "mmdetection"), ("rpn.head.", "faster-rcnn", "torchvision"), ("roi_heads.", "faster-rcnn", "torchvision"),
        ("bbox_head.conv_dir_cls.", "fcos3d", "mmdetection3d"), ("bbox_head.conv_attr.", "fcos3d", "mmdetection3d"), ("bbox_head.conv_regs.", "fcos3d", "mmdetection3d"),
        ("head.regression_head.bbox_ctrness.", "fcos", "torchvision"), ("bbox_head.conv_centerness.", "fcos", "mmdetection"), ("bbox_head.conv_cls.", "fcos", "mmdetection"),
        ("head.classification_head.module_list.", "ssd", "torchvision"), ("bbox_head.cls_convs.0.0.", "ssd", "mmdetection"),
        ("bbox_head.retina_", "retinanet", "mmdetection"), ("bbox_head.cls_convs.", "retinanet", "mmdetection"), ("bbox_head.reg_convs.", "retinanet", "mmdetection"),
        ("head.classification_head.", "retinanet", "torchvision"), ("head.regression_head.", "retinanet", "torchvision"),
        ("decode_head.psp_modules.", "pspnet", "mmsegmentation"), ("decode_head.bottleneck.", "pspnet", "mmsegmentation"), ("decode_head.", "segmentor", "mmsegmentation"),
        ("neck.", "pyramid", "mmdetection"), ("backbone.fpn.", "pyramid", "torchvision"),
        ("backbone.body.layer1.", "resnet", "torchvision's detectors"), ("backbone.stem.", "resnet", "mmsegmentation"), ("backbone.layer1.", "resnet", "mmdetection"), ("layer1.", "resnet", "torchvision"),
    ];

    /// <summary>In two words, for documents: <c>torchvision retinanet</c>; null when it is none that is known here.</summary>
    public string? Name => Model.Length == 0 ? null : $"{Library} {Model}";

    /// <summary>In words, for messages: "a RetinaNet of torchvision".</summary>
    public override string ToString() => Model switch
    {
        "resnet" => $"a ResNet of {Library}",
        "retinanet" => $"a RetinaNet of {Library}",
        "pspnet" => $"a PSPNet of {Library}",
        "fcos3d" => $"an FCOS3D of {Library}",
        "pyramid" => $"a backbone and pyramid of {Library} without a head",
        "faster-rcnn" => $"a two-stage detector of {Library}",
        "fcos" => $"an FCOS of {Library}",
        "ssd" => $"an SSD of {Library}",
        "segmentor" => $"a segmentation network of {Library} other than PSPNet",
        _ => "no network that is known here",
    };

    /// <summary>Tells the family. <c>module.</c> before keys plays no part.</summary>
    public static CheckpointFamily Of(IEnumerable<string> keys)
    {
        var current = keys.Where(k => !IsBeside(k)).Select(CheckpointKeys.Current).ToList();
        foreach (var (part, model, library) in Marks)
            if (current.Any(k => k.StartsWith(part, StringComparison.Ordinal))) return new(model, library);
        return Unknown;
    }

    /// <summary>What stands before every key of a file that is of a known family but for that, such as <c>model.</c> or <c>student.detector.</c>; empty when nothing does, null when the family is
    /// not known even so.</summary>
    /// <param name="keys">The file's keys.</param>
    public static string? Prefix(IEnumerable<string> keys)
    {
        const int Deepest = 4;
        var all = keys.Where(k => !IsBeside(k)).Select(CheckpointKeys.Current).ToList();
        if (all.Count == 0) return null;
        var prefix = "";
        for (var depth = 0; depth <= Deepest; depth++)
        {
            if (Of(all.Select(k => k[prefix.Length..])) != Unknown) return prefix;
            var next = all[0].IndexOf('.', prefix.Length) + 1;
            if (next == 0) return null;
            prefix = all[0][..next];
            if (!all.All(k => k.StartsWith(prefix, StringComparison.Ordinal))) return null;
        }
        return null;
    }

    /// <summary>The weights under current names: without what published files hold beside the network, old spellings renamed.</summary>
    /// <param name="state">As a file has it.</param>
    /// <returns>The weights, and the keys that were left out.</returns>
    /// <exception cref="LzuCore.Memory.ArgumentValueException">Two spellings of one key are there.</exception>
    public static (StateDict Weights, IReadOnlyList<string> LeftOut) Clean(StateDict state) =>
        (state.Rename(k => IsBeside(k) ? null : CheckpointKeys.Current(k)), [.. state.Select(s => s.Key).Where(IsBeside)]);

    /// <summary>Whether a key of a published file holds nothing of the network: an average kept beside the weights, or a constant of the method's grid generator.</summary>
    public static bool IsBeside(string key)
    {
        var current = CheckpointKeys.Current(key);
        return Beside.Any(b => current.StartsWith(b, StringComparison.Ordinal));
    }
}
