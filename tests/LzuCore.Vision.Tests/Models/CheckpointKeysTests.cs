using LzuCore.Vision.Models;

namespace LzuCore.Vision.Tests.Models;

public sealed class CheckpointKeysTests
{
    private static readonly string[] Leaves = ["weight", "bias"];

    // The 320 keys of torchvision's resnet50, by its rule of construction.
    private static string[] ResNet50()
    {
        string[] norm = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"];
        var keys = new List<string> { "conv1.weight" };
        keys.AddRange(norm.Select(n => "bn1." + n));
        int[] blocks = [3, 4, 6, 3];
        for (var stage = 0; stage < 4; stage++)
            for (var block = 0; block < blocks[stage]; block++)
            {
                var at = $"layer{stage + 1}.{block}.";
                for (var i = 1; i <= 3; i++) keys.AddRange([$"{at}conv{i}.weight", .. norm.Select(n => $"{at}bn{i}.{n}")]);
                if (block == 0) keys.AddRange([$"{at}downsample.0.weight", .. norm.Select(n => $"{at}downsample.1.{n}")]);
            }
        return [.. keys, "fc.weight", "fc.bias"];
    }

    private static string[] Detector(bool old)
    {
        var (inner, tower) = (old ? "" : ".0", (Func<int, string>)(k => old ? $"{2 * k}" : $"{k}.0"));
        return
        [
            .. ResNet50().Where(k => !k.StartsWith("fc", StringComparison.Ordinal)).Select(k => "backbone.body." + k),
            .. Enumerable.Range(0, 3).SelectMany(i => Leaves.SelectMany(l => new[] { $"backbone.fpn.inner_blocks.{i}{inner}.{l}", $"backbone.fpn.layer_blocks.{i}{inner}.{l}" })),
            .. Leaves.SelectMany(l => new[] { $"backbone.fpn.extra_blocks.p6.{l}", $"backbone.fpn.extra_blocks.p7.{l}" }),
            .. Enumerable.Range(0, 4).SelectMany(k => Leaves.SelectMany(l => new[] { $"head.classification_head.conv.{tower(k)}.{l}", $"head.regression_head.conv.{tower(k)}.{l}" })),
            .. Leaves.SelectMany(l => new[] { $"head.classification_head.cls_logits.{l}", $"head.regression_head.bbox_reg.{l}" }),
        ];
    }

    [Test]
    public void ResNet50_Has320Keys() => Assert.That(ResNet50(), Has.Length.EqualTo(320).And.Unique);

    [Test]
    public void ThereAndBack_IsTheSameKey_ForTheWholeDetector()
    {
        var keys = Detector(old: false);
        var there = keys.Select(k => CheckpointKeys.ToMmdet(k)!).ToArray();
        Assert.That(there, Is.Unique);
        Assert.That(there.All(k => k.StartsWith("backbone.", StringComparison.Ordinal) || k.StartsWith("neck.", StringComparison.Ordinal) || k.StartsWith("bbox_head.", StringComparison.Ordinal)));
        Assert.That(there.Select(k => CheckpointKeys.ToTorchvision(k)), Is.EqualTo(keys));
        Assert.That(there.Select(k => CheckpointKeys.ToMmdet(k)), Is.EqualTo(there));
        Assert.That(keys.Select(k => CheckpointKeys.ToTorchvision(k)), Is.EqualTo(keys));
    }

    [Test]
    public void OldTorchvisionFiles_MapLikeNewOnes()
    {
        var (old, current) = (Detector(old: true), Detector(old: false));
        Assert.That(old.Select(CheckpointKeys.Current), Is.EqualTo(current));
        Assert.That(current.Select(CheckpointKeys.Current), Is.EqualTo(current));
        Assert.That(old.Select(k => CheckpointKeys.ToMmdet("module." + k)), Is.EqualTo(current.Select(k => CheckpointKeys.ToMmdet(k))));
    }

    // Rows of the published state dicts: mmdet 2.x configs/retinanet, torchvision.models.detection.retinanet.
    [TestCase("backbone.body.layer4.2.bn3.running_var", "backbone.layer4.2.bn3.running_var")]
    [TestCase("backbone.fpn.inner_blocks.2.0.bias", "neck.lateral_convs.2.conv.bias")]
    [TestCase("backbone.fpn.layer_blocks.0.0.weight", "neck.fpn_convs.0.conv.weight")]
    [TestCase("backbone.fpn.extra_blocks.p6.weight", "neck.fpn_convs.3.conv.weight")]
    [TestCase("backbone.fpn.extra_blocks.p7.bias", "neck.fpn_convs.4.conv.bias")]
    [TestCase("head.classification_head.conv.3.0.weight", "bbox_head.cls_convs.3.conv.weight")]
    [TestCase("head.regression_head.conv.6.weight", "bbox_head.reg_convs.3.conv.weight")]
    [TestCase("head.classification_head.cls_logits.bias", "bbox_head.retina_cls.bias")]
    [TestCase("head.regression_head.bbox_reg.weight", "bbox_head.retina_reg.weight")]
    [TestCase("layer1.0.downsample.0.weight", "backbone.layer1.0.downsample.0.weight")]
    [TestCase("fc.bias", null)]
    [TestCase("something.else", "something.else")]
    public void ToMmdet_SaysMmdetectionsName(string key, string? expected) => Assert.That(CheckpointKeys.ToMmdet(key), Is.EqualTo(expected));

    [Test]
    public void PlainResNet_BecomesABackbone()
    {
        Assert.That(ResNet50().Select(k => CheckpointKeys.ToMmdet(k)).OfType<string>(), Is.EqualTo(ResNet50()[..^2].Select(k => "backbone." + k)));
        Assert.That(ResNet50().Select(k => CheckpointKeys.ToTorchvision(k)).OfType<string>(), Is.EqualTo(ResNet50()[..^2].Select(k => "backbone.body." + k)));
    }

    [Test]
    public void FourLevels_CountTheExtraOnesFromFour()
    {
        Assert.That(CheckpointKeys.ToMmdet("backbone.fpn.extra_blocks.p6.weight", 4), Is.EqualTo("neck.fpn_convs.4.conv.weight"));
        Assert.That(CheckpointKeys.ToTorchvision("neck.fpn_convs.3.conv.weight", 4), Is.EqualTo("backbone.fpn.layer_blocks.3.0.weight"));
    }

    [Test]
    public void Schemes_AreToldApart()
    {
        Assert.That(CheckpointKeys.AreMmdet(Detector(old: false).Select(k => CheckpointKeys.ToMmdet(k)!)));
        Assert.That(CheckpointKeys.AreMmdet(Detector(old: false)), Is.False);
        Assert.That(CheckpointKeys.AreMmdet(Detector(old: true)), Is.False);
        Assert.That(CheckpointKeys.AreMmdet(ResNet50()), Is.False);
    }
}
