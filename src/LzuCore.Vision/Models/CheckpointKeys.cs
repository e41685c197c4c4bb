using System.Globalization;

namespace LzuCore.Vision.Models;

/// <summary>The same RetinaNet under two naming schemes: mmdetection 2.x and torchvision (of any age). Pure maps of strings; values are the same in both.</summary>
/// <remarks>
/// <para>Use with <c>StateDict.Rename</c>: <c>state.Rename(key => CheckpointKeys.ToMmdet(key))</c>. Both maps leave their own scheme's keys as they are, so
/// applying one twice is applying it once, and both take the keys of a plain torchvision ResNet as a backbone (its classifier <c>fc</c> is dropped).</para>
/// <para>Torchvision up to 0.12 wrote <c>inner_blocks.i.weight</c> for <c>inner_blocks.i.0.weight</c>, and its first RetinaNet files write
/// <c>conv.{2k}.weight</c> for <c>conv.k.0.weight</c>. Its second version has a group norm behind each convolution of the head: <c>conv.k.1</c>, which is
/// <c>gn</c> in mmdetection's words. FrozenBatchNorm2d has no <c>num_batches_tracked</c>; modules treat it as optional, so no map adds or drops it.</para>
/// <para>Names say nothing of two differences that matter: caffe or pytorch stride placement, and whether P6 is made from C5 or P5.</para>
/// </remarks>
public static class CheckpointKeys
{
    private const string Body = "backbone.body.", Fpn = "backbone.fpn.", Classes = "head.classification_head.", Boxes = "head.regression_head.";

    /// <summary>Whether the keys are mmdetection's rather than torchvision's.</summary>
    public static bool AreMmdet(IEnumerable<string> keys) => keys.Any(k => Under("neck.", k) || Under("bbox_head.", k) || IsResNet(After("backbone.", k)));

    /// <summary>A torchvision key in mmdetection's words; null when mmdetection has no such thing (the classifier of a plain ResNet).</summary>
    /// <param name="key">The key, with or without <c>module.</c>.</param>
    /// <param name="pyramidLevels">Levels that have a lateral convolution; the extra levels are counted after them. 3 in RetinaNet.</param>
    public static string? ToMmdet(string key, int pyramidLevels = 3)
    {
        key = Current(key);
        if (Under("fc.", key)) return null;
        if (IsResNet(key)) return "backbone." + key;
        if (After(Body, key) is { } body) return "backbone." + body;
        if (After(Fpn, key) is { } pyramid)
            return pyramid.Split('.') switch
            {
                ["inner_blocks", var i, "0", var leaf] => $"neck.lateral_convs.{i}.conv.{leaf}",
                ["layer_blocks", var i, "0", var leaf] => $"neck.fpn_convs.{i}.conv.{leaf}",
                ["extra_blocks", "p6", var leaf] => $"neck.fpn_convs.{Text(pyramidLevels)}.conv.{leaf}",
                ["extra_blocks", "p7", var leaf] => $"neck.fpn_convs.{Text(pyramidLevels + 1)}.conv.{leaf}",
                _ => key,
            };
        return After(Classes, key) is { } classes ? HeadToMmdet(classes, "cls", "cls_logits") ?? key
            : After(Boxes, key) is { } boxes ? HeadToMmdet(boxes, "reg", "bbox_reg") ?? key
            : key;
    }

    /// <summary>An mmdetection key, or an old torchvision one, in the words of current torchvision; null for the classifier of a plain ResNet.</summary>
    /// <inheritdoc cref="ToMmdet" path="/param"/>
    public static string? ToTorchvision(string key, int pyramidLevels = 3)
    {
        key = Current(key);
        if (Under("fc.", key)) return null;
        if (IsResNet(key)) return Body + key;
        if (After("backbone.", key) is { } body && IsResNet(body)) return Body + body;
        return key.Split('.') switch
        {
            ["neck", "lateral_convs", var i, "conv", var leaf] => $"{Fpn}inner_blocks.{i}.0.{leaf}",
            ["neck", "fpn_convs", var i, "conv", var leaf] when Number(i) is { } level => level < pyramidLevels
                ? $"{Fpn}layer_blocks.{i}.0.{leaf}"
                : $"{Fpn}extra_blocks.p{Text(6 + level - pyramidLevels)}.{leaf}",
            ["bbox_head", "cls_convs", var k, ("conv" or "gn") and var part, var leaf] => $"{Classes}conv.{k}.{(part == "gn" ? 1 : 0)}.{leaf}",
            ["bbox_head", "reg_convs", var k, ("conv" or "gn") and var part, var leaf] => $"{Boxes}conv.{k}.{(part == "gn" ? 1 : 0)}.{leaf}",
            ["bbox_head", "retina_cls", var leaf] => $"{Classes}cls_logits.{leaf}",
            ["bbox_head", "retina_reg", var leaf] => $"{Boxes}bbox_reg.{leaf}",
            _ => key,
        };
    }

    /// <summary>A key of an old torchvision or mmdetection3d file in current words, without <c>module.</c>; other keys as they are.</summary>
    public static string Current(string key)
    {
        while (After("module.", key) is { } inner) key = inner;
        // mmdetection before 1.0: the offsets of a bottleneck's deformable convolution stood beside it.
        key = key.Replace(".conv2_offset.", ".conv2.conv_offset.", StringComparison.Ordinal);
        return key.Split('.') switch
        {
            ["backbone", "fpn", ("inner_blocks" or "layer_blocks") and var blocks, var i, ("weight" or "bias") and var leaf] => $"{Fpn}{blocks}.{i}.0.{leaf}",
            ["head", ("classification_head" or "regression_head") and var head, "conv", var n, ("weight" or "bias") and var leaf] when Number(n) is { } place && place % 2 == 0 =>
                $"head.{head}.conv.{Text(place / 2)}.0.{leaf}",
            _ => key,
        };
    }

    private static string? HeadToMmdet(string key, string tower, string output) => key.Split('.') switch
    {
        ["conv", var k, "0", var leaf] => $"bbox_head.{tower}_convs.{k}.conv.{leaf}",
        ["conv", var k, "1", var leaf] => $"bbox_head.{tower}_convs.{k}.gn.{leaf}",
        [var last, var leaf] when last == output => $"bbox_head.retina_{tower}.{leaf}",
        _ => null,
    };

    private static bool IsResNet(string? key) =>
        key is not null && (Under("conv1.", key) || Under("bn1.", key) || Under("layer1.", key) || Under("layer2.", key) || Under("layer3.", key) || Under("layer4.", key));

    private static bool Under(string prefix, string key) => key.StartsWith(prefix, StringComparison.Ordinal);

    private static string? After(string prefix, string key) => Under(prefix, key) ? key[prefix.Length..] : null;

    private static int? Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < 1000 ? number : null;

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
