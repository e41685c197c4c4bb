using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Tensors;

namespace LzuCore.Vision.Models;

/// <summary>Networks from published checkpoints: what can be told from the shapes is told from them (classes, depth, the kind of pyramid), and everything that does not fit is reported at once.</summary>
/// <remarks>Two things no file tells: where a bottleneck's stride is, and which eps its batch norms had. Options say them.</remarks>
public static class ModelCheckpoint
{
    /// <summary>What torchvision's published RetinaNet (COCO_V1) had its batch norms' eps set to after training with 1e-5: its constructor overwrites it.</summary>
    public const double PublishedTorchvisionEps = 0;

    private static readonly string[] Bodies = ["backbone.body.", "backbone."];

    /// <summary>A ResNet from torchvision's or mmdetection's file.</summary>
    /// <exception cref="StateDictException">It does not fit; lists everything at once.</exception>
    /// <exception cref="FileFormatException">It is another network's.</exception>
    public static ResNet ResNet(StateDict state, ResNetStyle style = ResNetStyle.Pytorch)
    {
        var (weights, _) = CheckpointFamily.Clean(state);
        Demand("resnet", weights);
        foreach (var prefix in Bodies)
            if (weights.Contains(prefix + "layer1.0.conv1.weight")) weights = weights.Rename(k => k.StartsWith(prefix, StringComparison.Ordinal) ? k[prefix.Length..] : k);
        var model = new ResNet(new ResNetOptions
        {
            Depth = DepthOf(weights, ""),
            Style = style,
            Classes = weights.TryGet("fc.weight", out var fc) ? fc.Shape[0] : 0,
            DeepStem = weights.Contains("stem.0.weight"),
        });
        return Filled(model, weights);
    }

    /// <summary>A RetinaNet from mmdetection's or torchvision's file, of any age and of both versions.</summary>
    /// <param name="state">As the file has it.</param>
    /// <param name="layout">Whose anchors, decoding and names; null for the file's own library.</param>
    /// <param name="style">Where a bottleneck's stride is.</param>
    /// <param name="normEps">The batch norms' eps; null for 1e-5, but 0 for what looks like torchvision's published COCO_V1: 91 classes, frozen norms, P6 made from P5.</param>
    /// <exception cref="StateDictException">It does not fit; lists everything at once.</exception>
    /// <exception cref="FileFormatException">It is another network's.</exception>
    public static RetinaNet RetinaNet(StateDict state, CheckpointLayout? layout = null, ResNetStyle style = ResNetStyle.Pytorch, double? normEps = null)
    {
        var (weights, _) = CheckpointFamily.Clean(state);
        Demand("retinanet", weights);
        var own = CheckpointKeys.AreMmdet(weights.Select(w => w.Key)) ? CheckpointLayout.Mmdet : CheckpointLayout.Torchvision;
        var head = own == CheckpointLayout.Mmdet ? "bbox_head.retina_cls.weight" : "head.classification_head.cls_logits.weight";
        var outputs = Rank4(weights, head).Shape[0];
        if (outputs % Models.RetinaNet.AnchorsPerCell != 0)
            throw new FileFormatException($"load {CheckpointFamily.Of(weights.Select(w => w.Key))}: {head} has {outputs} outputs, which 9 anchors a cell do not divide. The network has other anchors, which are not here.");
        var classes = outputs / Models.RetinaNet.AnchorsPerCell;
        var body = own == CheckpointLayout.Mmdet ? "backbone." : "backbone.body.";
        var p6 = weights.TryGet(own == CheckpointLayout.Mmdet ? "neck.fpn_convs.3.conv.weight" : "backbone.fpn.extra_blocks.p6.weight", out var sixth) && sixth.Rank == 4 && sixth.Shape[1] > 256
            ? ExtraLevels.OnInput : ExtraLevels.OnOutput;
        var normed = weights.Contains("head.classification_head.conv.0.1.weight") || weights.Contains("bbox_head.cls_convs.0.gn.weight");
        var isPublished = own == CheckpointLayout.Torchvision && classes == 91 && p6 == ExtraLevels.OnOutput && !normed && !weights.Any(w => w.Key.EndsWith("num_batches_tracked", StringComparison.Ordinal));
        var wanted = layout ?? own;
        var model = new RetinaNet(new RetinaNetOptions
        {
            Classes = classes,
            Depth = DepthOf(weights, body),
            Layout = wanted,
            Style = style,
            Extra = p6,
            HeadNormGroups = normed ? 32 : 0,
            NormEps = normEps ?? (isPublished ? PublishedTorchvisionEps : 1e-5),
        });
        if (own != wanted) weights = weights.Rename(k => wanted == CheckpointLayout.Mmdet ? CheckpointKeys.ToMmdet(k) : CheckpointKeys.ToTorchvision(k));
        return Filled(model, weights);
    }

    /// <summary>A PSPNet from mmsegmentation's file, or one in the pyramid form.</summary>
    /// <exception cref="StateDictException">It does not fit; lists everything at once.</exception>
    /// <exception cref="FileFormatException">It is another network's.</exception>
    public static PspNet PspNet(StateDict state)
    {
        var (weights, _) = CheckpointFamily.Clean(state);
        Demand("pspnet", weights);
        var logits = Rank4(weights, "decode_head.conv_seg.weight");
        var model = new PspNet(new PspNetOptions
        {
            Classes = logits.Shape[0],
            Channels = logits.Shape[1],
            Depth = DepthOf(weights, "backbone."),
            Form = weights.Contains("neck.lateral_convs.0.conv.weight") ? PspNetForm.Pyramid : PspNetForm.Dilated,
        });
        return Filled(model, weights);
    }

    /// <summary>An FCOS3D from mmdetection3d's file or the method's own.</summary>
    /// <exception cref="StateDictException">It does not fit; lists everything at once.</exception>
    /// <exception cref="FileFormatException">It is another network's.</exception>
    public static Fcos3d Fcos3d(StateDict state, ResNetStyle style = ResNetStyle.Caffe)
    {
        var (weights, _) = CheckpointFamily.Clean(state);
        Demand("fcos3d", weights);
        var model = new Fcos3d(new Fcos3dOptions
        {
            Classes = Rank4(weights, "bbox_head.conv_cls.weight").Shape[0],
            Attributes = Rank4(weights, "bbox_head.conv_attr.weight").Shape[0],
            Depth = DepthOf(weights, "backbone."),
            Style = style,
        });
        return Filled(model, weights);
    }

    private static void Demand(string model, StateDict weights)
    {
        var keys = weights.Select(w => w.Key).ToList();
        var family = CheckpointFamily.Of(keys);
        if (family.Model == model) return;
        if (keys.Count == 0) throw new FileFormatException($"load {model}: there are no weights at all. Fetch the file again, or name the one that was meant.");
        if (family == CheckpointFamily.Unknown && CheckpointFamily.Prefix(keys) is { } prefix)
        {
            var inner = CheckpointFamily.Of(keys.Select(k => CheckpointKeys.Current(k)[prefix.Length..]));
            throw new FileFormatException($"load {model}: every key begins with '{Shown(prefix)}'; behind that the weights are of {inner}. 'lzu convert IN OUT.safetensors --layout {(inner.Library.StartsWith("torchvision", StringComparison.Ordinal) ? "torchvision" : "mmdet")}' takes it away.");
        }
        throw new FileFormatException($"load {model}: the weights are of {family}, not of a {model}; they begin with {string.Join(", ", keys.Take(3).Select(Shown))}. {Advice(family.Model)}");
    }

    private static string Advice(string model) => model switch
    {
        "retinanet" => "Use 'lzu detect'.",
        "pspnet" => "Use 'lzu segment'.",
        "fcos3d" => "Use 'lzu detect3d'.",
        "resnet" or "pyramid" => "It has no head: a network needs its own checkpoint, or training from this one.",
        "faster-rcnn" or "fcos" or "ssd" or "segmentor" => "That network is not here: RetinaNet, PSPNet, FCOS3D and ResNet are.",
        _ => "Look at it with 'lzu inspect'.",
    };

    // Loads all or nothing, and says of what family the weights are when they do not fit.
    private static T Filled<T>(T model, StateDict weights) where T : Module
    {
        var report = model.LoadStateDict(weights, strict: false);
        if (report.IsClean) return model;
        var remedy = report switch
        {
            { Misshaped.Count: > 0 } => "Its parts are of different networks, or it was changed: take the file as published, or train its other half anew.",
            { Missing.Count: > 0, Unexpected.Count: 0 } => "The file holds a part of the network only: take the whole file, or load with strict: false and train the rest.",
            { Missing.Count: 0 } => "It holds more than this network has: another variant, which is not here, or keys to be left out before loading.",
            _ => "Some keys have other names than the family's: rename them with StateDict.Rename, or take the file as published.",
        };
        throw new StateDictException($"load {CheckpointFamily.Of(weights.Select(w => w.Key))}", report, remedy);
    }

    // A file's text, made fit for one line.
    private static string Shown(string text) => string.Concat((text.Length > 60 ? text[..60] + "…" : text).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c));

    private static Tensor Rank4(StateDict weights, string key) => weights.TryGet(key, out var weight) && weight.Rank == 4 && weight.Shape[0] > 0
        ? weight
        : throw new FileFormatException($"load {CheckpointFamily.Of(weights.Select(w => w.Key))}: {key} must be there and have four axes, got {(weight is null ? "nothing" : weight.Shape.ToString())}. The head is missing or changed: take the file as published.");

    // Blocks of the stages tell the depth: 3 or 8 in the second, 6, 23 or 36 in the third; a third convolution tells 50 from 34.
    private static int DepthOf(StateDict weights, string prefix)
    {
        bool Has(string key) => weights.Contains($"{prefix}{key}.weight");
        return Has("layer3.35.conv1") ? 152 : Has("layer3.22.conv1") ? 101 : Has("layer1.0.conv3") ? 50 : Has("layer3.5.conv1") ? 34 : 18;
    }
}
