using LzuCore.Nn;

namespace LzuCore.Vision.Models;

/// <summary>A network and the library whose names its checkpoint has, told from the keys alone.</summary>
/// <param name="Model"><c>resnet</c>, <c>retinanet</c>, <c>pspnet</c>, <c>fcos3d</c>; empty when it is none of them.</param>
/// <param name="Library">Whose names, in words.</param>
public sealed record CheckpointFamily(string Model, string Library)
{
    /// <summary>None of the networks known here.</summary>
    public static CheckpointFamily Unknown { get; } = new("", "");

    // Parts of published files that hold nothing of the network: averages kept beside the weights, and the constants of the method's grid generator.
    private static readonly string[] Beside = ["ema_", "grid_generator."];

    /// <summary>In words, for messages: "a RetinaNet of torchvision".</summary>
    public override string ToString() => Model switch
    {
        "resnet" => $"a ResNet of {Library}",
        "retinanet" => $"a RetinaNet of {Library}",
        "pspnet" => $"a PSPNet of {Library}",
        "fcos3d" => $"an FCOS3D of {Library}",
        _ => "no network that is known here",
    };

    /// <summary>Tells the family.</summary>
    public static CheckpointFamily Of(IEnumerable<string> keys)
    {
        var all = keys as IReadOnlyCollection<string> ?? [.. keys];
        if (Any("bbox_head.conv_dir_cls.") || Any("bbox_head.conv_cls.")) return new("fcos3d", "mmdetection3d");
        if (Any("bbox_head.retina_cls.")) return new("retinanet", "mmdetection");
        if (Any("head.classification_head.")) return new("retinanet", "torchvision");
        if (Any("decode_head.psp_modules.")) return new("pspnet", "mmsegmentation");
        if (Any("fc.") && Any("layer1.")) return new("resnet", "torchvision");
        if (Any("layer1.0.conv1.") || Any("backbone.layer1.0.conv1.")) return new("resnet", "torchvision or mmdetection, without its classifier");
        return Unknown;

        bool Any(string prefix) => all.Any(k => k.StartsWith(prefix, StringComparison.Ordinal));
    }

    /// <summary>The weights under current names: without what published files hold beside the network, old spellings renamed.</summary>
    /// <param name="state">As a file has it.</param>
    /// <returns>The weights, and the keys that were left out.</returns>
    public static (StateDict Weights, IReadOnlyList<string> LeftOut) Clean(StateDict state)
    {
        var leftOut = state.Select(s => s.Key).Where(k => Beside.Any(b => k.StartsWith(b, StringComparison.Ordinal))).ToList();
        return (state.Rename(k => leftOut.Contains(k) ? null : CheckpointKeys.Current(k)), leftOut);
    }
}
