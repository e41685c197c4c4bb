using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Vision.Imaging;
using LzuCore.Vision.Models;

namespace LzuCore.Vision.Tests.Models;

public sealed class Fcos3dTests
{
    [TestCase(128, 192), TestCase(320, 480)]
    public void MeetsItsReference(int height, int width)
    {
        var at = $"{height}x{width}__";
        var model = Make();
        using var goldens = new ModelGoldens("fcos3d.npz");
        using var off = Grad.Off();
        var levels = model.Backbone.Call(Picture(height, width)).Levels;
        for (var i = 0; i < 4; i++) Recorded.AssertActivation(goldens, $"{at}c{i + 2}", levels[i]);
        var pyramid = model.Neck.Call(levels);
        for (var i = 0; i < 5; i++) Recorded.AssertActivation(goldens, $"{at}p{i + 3}", pyramid[i]);
        var output = model.Head.Call(pyramid);
        for (var i = 0; i < 5; i++)
        {
            Recorded.AssertActivation(goldens, $"{at}cls{i}", output.Classes[i]);
            Recorded.AssertActivation(goldens, $"{at}box{i}", output.Boxes[i]);
            Recorded.AssertActivation(goldens, $"{at}dir{i}", output.Directions[i]);
            Recorded.AssertActivation(goldens, $"{at}attr{i}", output.Attributes[i]);
            Recorded.AssertActivation(goldens, $"{at}ctr{i}", output.Centerness[i]);
        }
    }

    [Test]
    public void Keys_AreMmdetection3ds()
    {
        var keys = new Fcos3d(new Fcos3dOptions()).Keys.ToDictionary(k => k.Key, k => k.Shape.ToString());
        Assert.That(keys, Has.Count.EqualTo(437));
        foreach (var (key, shape) in new Dictionary<string, string>
        {
            ["backbone.layer3.0.conv2.weight"] = "[256, 256, 3, 3]",
            ["backbone.layer3.0.conv2.conv_offset.weight"] = "[27, 256, 3, 3]",
            ["backbone.layer4.2.conv2.conv_offset.bias"] = "[27]",
            ["neck.fpn_convs.4.conv.weight"] = "[256, 256, 3, 3]",
            ["bbox_head.cls_convs.1.conv.bias"] = "[256]",
            ["bbox_head.reg_convs.1.conv.conv_offset.weight"] = "[27, 256, 3, 3]",
            ["bbox_head.conv_reg_prevs.3.0.gn.weight"] = "[256]",
            ["bbox_head.conv_regs.4.weight"] = "[2, 256, 1, 1]",
            ["bbox_head.conv_centerness_prev.0.conv.weight"] = "[64, 256, 3, 3]",
            ["bbox_head.conv_centerness.weight"] = "[1, 64, 1, 1]",
            ["bbox_head.conv_attr.bias"] = "[9]",
            ["bbox_head.scales.4.2.scale"] = "[]",
        }) Assert.That(keys.GetValueOrDefault(key), Is.EqualTo(shape), key);
        Assert.That(keys.Keys, Has.None.StartsWith("bbox_head.conv_reg_prevs.4"), "velocity reads the tower itself");
        Assert.That(keys.Keys, Has.None.EqualTo("backbone.layer3.0.conv2.bias").And.None.StartsWith("backbone.layer2.0.conv2.conv_offset"));
    }

    [Test]
    public void Offsets_AreStridesInTrainingAndPixelsInEvaluation()
    {
        var model = Make();
        using var off = Grad.Off();
        var pyramid = Fcos3d.Strides.Select(s => Tensor.Uniform([1, 256, 128 / s, 128 / s], RandomSource.FromSeed((ulong)s), -1, 1)).ToArray();
        var pixels = model.Head.Call(pyramid).Boxes;
        model.Head.Train();
        var strides = model.Head.Call(pyramid).Boxes;
        for (var level = 0; level < 5; level++)
        {
            float[] a = pixels[level].ToArray<float>(), b = strides[level].ToArray<float>();
            var cells = a.Length / 9;
            for (var i = 0; i < a.Length; i++)
                Assert.That(a[i], Is.EqualTo(i < 2 * cells ? b[i] * Fcos3d.Strides[level] : b[i]).Within(1e-5f * Math.Abs(a[i]) + 1e-6f));
        }
    }

    internal static Fcos3d Make()
    {
        var model = new Fcos3d(new Fcos3dOptions());
        DeterministicWeights.Fill(model, 1);
        model.Eval();
        return model;
    }

    private static Tensor Picture(int height, int width) => DeterministicImage.Make(1, (height, width)).ToTensor(Normalization.CaffeBgr);
}
