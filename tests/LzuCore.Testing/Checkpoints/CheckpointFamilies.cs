namespace LzuCore.Testing.Checkpoints;

/// <summary>One entry of a state dict.</summary>
public sealed record CheckpointEntry(string Key, params int[] Shape);

/// <summary>How a torchvision RetinaNet's keys are spelt, by age.</summary>
public enum TorchvisionSpelling
{
    /// <summary>From 0.13: <c>inner_blocks.0.0.weight</c>, <c>conv.0.0.weight</c>.</summary>
    Current,
    /// <summary>The pyramid's without <c>.0</c>.</summary>
    PlainPyramid,
    /// <summary>… and the head's towers counted with their activations: <c>conv.0</c>, <c>conv.2</c>, …</summary>
    Oldest,
}

/// <summary>The keys and shapes of published checkpoints, by the rules that their libraries' sources make names by: torchvision 0.9 to 0.14, mmdetection 2.x, mmdetection3d 1.0rc, mmsegmentation 0.x.
/// Nothing here asks the models under test.</summary>
public static class CheckpointFamilies
{
    private static readonly int[] Blocks = [3, 4, 6, 3];
    private const int Width = 256;

    /// <summary>torchvision's <c>resnet50</c>, or a detector's backbone.</summary>
    /// <param name="prefix">What stands before every key.</param>
    /// <param name="tracked">Whether norms count their batches: not in files before 0.4.1, and never where they are FrozenBatchNorm2d.</param>
    /// <param name="classes">Of the classifier; 0 for none.</param>
    /// <param name="deepStem">Three convolutions at the start: V1c.</param>
    /// <param name="deformableFrom">The first stage with deformable convolutions; 0 for none.</param>
    /// <param name="oldOffsets">Whether their offsets are spelt as before mmdetection 1.0.</param>
    public static IEnumerable<CheckpointEntry> ResNet50(string prefix = "", bool tracked = true, int classes = 0, bool deepStem = false, int deformableFrom = 0, bool oldOffsets = false)
    {
        if (!deepStem)
        {
            yield return new($"{prefix}conv1.weight", 64, 3, 7, 7);
            foreach (var entry in Norm($"{prefix}bn1", 64, tracked)) yield return entry;
        }
        else
            foreach (var (i, from, to) in new[] { (0, 3, 32), (3, 32, 32), (6, 32, 64) })
            {
                yield return new($"{prefix}stem.{i}.weight", to, from, 3, 3);
                foreach (var entry in Norm($"{prefix}stem.{i + 1}", to, tracked)) yield return entry;
            }
        var channels = 64;
        for (var stage = 1; stage <= 4; stage++)
        {
            var planes = 32 << stage;
            for (var block = 0; block < Blocks[stage - 1]; block++)
            {
                var at = $"{prefix}layer{stage}.{block}.";
                yield return new($"{at}conv1.weight", planes, channels, 1, 1);
                foreach (var entry in Norm($"{at}bn1", planes, tracked)) yield return entry;
                yield return new($"{at}conv2.weight", planes, planes, 3, 3);
                if (deformableFrom > 0 && stage >= deformableFrom)
                {
                    var offset = oldOffsets ? "conv2_offset" : "conv2.conv_offset";
                    yield return new($"{at}{offset}.weight", 27, planes, 3, 3);
                    yield return new($"{at}{offset}.bias", 27);
                }
                foreach (var entry in Norm($"{at}bn2", planes, tracked)) yield return entry;
                yield return new($"{at}conv3.weight", 4 * planes, planes, 1, 1);
                foreach (var entry in Norm($"{at}bn3", 4 * planes, tracked)) yield return entry;
                if (block == 0)
                {
                    yield return new($"{at}downsample.0.weight", 4 * planes, channels, 1, 1);
                    foreach (var entry in Norm($"{at}downsample.1", 4 * planes, tracked)) yield return entry;
                }
                channels = 4 * planes;
            }
        }
        if (classes == 0) yield break;
        yield return new($"{prefix}fc.weight", classes, 2048);
        yield return new($"{prefix}fc.bias", classes);
    }

    /// <summary>torchvision's <c>retinanet_resnet50_fpn</c>: frozen norms, P6 from P5.</summary>
    public static IEnumerable<CheckpointEntry> TorchvisionRetinaNet(int classes = 91, TorchvisionSpelling spelling = TorchvisionSpelling.Current, int p6 = Width, bool tracked = false) =>
    [
        .. ResNet50("backbone.body.", tracked),
        .. Enumerable.Range(0, 3).SelectMany(i => Conv($"backbone.fpn.inner_blocks.{i}{(spelling == TorchvisionSpelling.Current ? ".0" : "")}", Width, 512 << i, 1)),
        .. Enumerable.Range(0, 3).SelectMany(i => Conv($"backbone.fpn.layer_blocks.{i}{(spelling == TorchvisionSpelling.Current ? ".0" : "")}", Width, Width, 3)),
        .. Conv("backbone.fpn.extra_blocks.p6", Width, p6, 3),
        .. Conv("backbone.fpn.extra_blocks.p7", Width, Width, 3),
        .. Tower("classification_head", spelling), .. Conv("head.classification_head.cls_logits", 9 * classes, Width, 3),
        .. Tower("regression_head", spelling), .. Conv("head.regression_head.bbox_reg", 36, Width, 3),
    ];

    /// <summary>torchvision's <c>retinanet_resnet50_fpn_v2</c>: norms that count, P6 from C5, and a group norm behind each convolution of the towers, which have no bias.</summary>
    public static IEnumerable<CheckpointEntry> TorchvisionRetinaNetV2(int classes = 91) =>
        TorchvisionRetinaNet(classes, p6: 2048, tracked: true).SelectMany(e => !e.Key.Contains("_head.conv.", StringComparison.Ordinal) ? [e]
            : e.Key.EndsWith(".bias", StringComparison.Ordinal) ? (CheckpointEntry[])[new(e.Key.Replace(".0.bias", ".1.weight", StringComparison.Ordinal), Width), new(e.Key.Replace(".0.bias", ".1.bias", StringComparison.Ordinal), Width)]
            : [e]);

    /// <summary>mmdetection's <c>retinanet_r50_fpn</c>: P6 from C5. In the order of <see cref="TorchvisionRetinaNet"/>.</summary>
    public static IEnumerable<CheckpointEntry> MmdetRetinaNet(int classes = 80) =>
    [
        .. ResNet50("backbone."),
        .. Enumerable.Range(0, 3).SelectMany(i => Conv($"neck.lateral_convs.{i}.conv", Width, 512 << i, 1)),
        .. Enumerable.Range(0, 5).SelectMany(i => Conv($"neck.fpn_convs.{i}.conv", Width, i == 3 ? 2048 : Width, 3)),
        .. Enumerable.Range(0, 4).SelectMany(k => Conv($"bbox_head.cls_convs.{k}.conv", Width, Width, 3)), .. Conv("bbox_head.retina_cls", 9 * classes, Width, 3),
        .. Enumerable.Range(0, 4).SelectMany(k => Conv($"bbox_head.reg_convs.{k}.conv", Width, Width, 3)), .. Conv("bbox_head.retina_reg", 36, Width, 3),
    ];

    /// <summary>mmsegmentation's <c>pspnet_r50-d8</c>: V1c, an auxiliary head.</summary>
    public static IEnumerable<CheckpointEntry> PspNet(int classes = 19) =>
    [
        .. ResNet50("backbone.", deepStem: true),
        .. Conv("decode_head.conv_seg", classes, 512, 1),
        .. Enumerable.Range(0, 4).SelectMany(i => ConvNorm($"decode_head.psp_modules.{i}.1", 512, 2048, 1)),
        .. ConvNorm("decode_head.bottleneck", 512, 4096, 3),
        .. Conv("auxiliary_head.conv_seg", classes, 256, 1),
        .. ConvNorm("auxiliary_head.convs.0", 256, 1024, 3),
    ];

    /// <summary>mmdetection3d's <c>fcos3d_r50_caffe_fpn_gn-head_dcn</c>, and the method's own.</summary>
    public static IEnumerable<CheckpointEntry> Fcos3d(bool oldOffsets = false) =>
    [
        .. ResNet50("backbone.", deformableFrom: 3, oldOffsets: oldOffsets),
        .. Enumerable.Range(0, 3).SelectMany(i => Conv($"neck.lateral_convs.{i}.conv", Width, 512 << i, 1)),
        .. Enumerable.Range(0, 5).SelectMany(i => Conv($"neck.fpn_convs.{i}.conv", Width, Width, 3)),
        .. new[] { "cls_convs", "reg_convs" }.SelectMany(t => (CheckpointEntry[])
            [.. ConvGroupNorm($"bbox_head.{t}.0", Width), .. ConvGroupNorm($"bbox_head.{t}.1", Width), .. Conv($"bbox_head.{t}.1.conv.conv_offset", 27, Width, 3)]),
        .. ConvGroupNorm("bbox_head.conv_cls_prev.0", Width), .. Conv("bbox_head.conv_cls", 10, Width, 1),
        .. Enumerable.Range(0, 4).SelectMany(i => ConvGroupNorm($"bbox_head.conv_reg_prevs.{i}.0", Width)),
        .. new[] { 2, 1, 3, 1, 2 }.SelectMany((values, i) => Conv($"bbox_head.conv_regs.{i}", values, Width, 1)),
        .. ConvGroupNorm("bbox_head.conv_dir_cls_prev.0", Width), .. Conv("bbox_head.conv_dir_cls", 2, Width, 1),
        .. ConvGroupNorm("bbox_head.conv_attr_prev.0", Width), .. Conv("bbox_head.conv_attr", 9, Width, 1),
        .. ConvGroupNorm("bbox_head.conv_centerness_prev.0", 64), .. Conv("bbox_head.conv_centerness", 1, 64, 1),
        .. Enumerable.Range(0, 15).Select(i => new CheckpointEntry($"bbox_head.scales.{i / 3}.{i % 3}.scale")),
    ];

    /// <summary>The entries behind a prefix.</summary>
    public static IEnumerable<CheckpointEntry> Behind(this IEnumerable<CheckpointEntry> entries, string prefix) => entries.Select(e => e with { Key = prefix + e.Key });

    /// <summary>What mmcv's EMA hook keeps beside the weights: every parameter's average, its dots turned to underscores.</summary>
    public static IEnumerable<CheckpointEntry> Averages(this IEnumerable<CheckpointEntry> entries) => entries.Select(e => e with { Key = "ema_" + e.Key.Replace('.', '_') });

    private static IEnumerable<CheckpointEntry> Tower(string head, TorchvisionSpelling spelling) =>
        Enumerable.Range(0, 4).SelectMany(k => Conv(spelling == TorchvisionSpelling.Oldest ? $"head.{head}.conv.{2 * k}" : $"head.{head}.conv.{k}.0", Width, Width, 3));

    private static CheckpointEntry[] Conv(string at, int to, int from, int kernel) => [new($"{at}.weight", to, from, kernel, kernel), new($"{at}.bias", to)];

    private static CheckpointEntry[] ConvNorm(string at, int to, int from, int kernel) => [new($"{at}.conv.weight", to, from, kernel, kernel), .. Norm($"{at}.bn", to, true)];

    private static CheckpointEntry[] ConvGroupNorm(string at, int to) => [.. Conv($"{at}.conv", to, Width, 3), new($"{at}.gn.weight", to), new($"{at}.gn.bias", to)];

    private static CheckpointEntry[] Norm(string at, int channels, bool tracked)
    {
        CheckpointEntry[] four = [new($"{at}.weight", channels), new($"{at}.bias", channels), new($"{at}.running_mean", channels), new($"{at}.running_var", channels)];
        return tracked ? [.. four, new($"{at}.num_batches_tracked")] : four;
    }
}
