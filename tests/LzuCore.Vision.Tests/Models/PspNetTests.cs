using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Vision.Imaging;
using LzuCore.Vision.Models;
using LzuCore.Vision.Tasks.Segmentation;

namespace LzuCore.Vision.Tests.Models;

public sealed class PspNetTests
{
    [TestCase(128, 192), TestCase(320, 480)]
    public void Dilated_MeetsItsReference(int height, int width)
    {
        var at = $"{height}x{width}__";
        var model = Make(PspNetForm.Dilated);
        using var goldens = new ModelGoldens("pspnet_mmseg.npz");
        using var off = Grad.Off();
        var levels = model.Backbone.Call(Picture(1, height, width)).Levels;
        for (var i = 0; i < 4; i++) Recorded.AssertActivation(goldens, $"{at}c{i + 2}", levels[i]);
        var logits = model.DecodeHead.Call(levels[3]);
        Recorded.AssertActivation(goldens, $"{at}decode", logits);
        Recorded.AssertActivation(goldens, $"{at}aux", model.AuxiliaryHead!.Call(levels[2]));
        Recorded.AssertActivation(goldens, $"{at}decode_up", F.Interpolate(logits, (height, width), InterpolationMode.Bilinear, alignCorners: false));
        AssertLabels(goldens, $"{at}argmax", SegmentationDecoder.Decode(logits, (height, width), (height, width), (height, width)));
        AssertLabels(goldens, $"{at}argmax", new Segmenter(model).Segment(DeterministicImage.Make(1, (height, width))).Labels);
    }

    [Test]
    public void Pyramid_MeetsItsReference()
    {
        var model = Make(PspNetForm.Pyramid);
        using var goldens = new ModelGoldens("pspnet_mmseg.npz");
        using var off = Grad.Off();
        var pyramid = model.Neck!.Call(model.Backbone.Call(Picture(1, 128, 192)).Levels);
        for (var i = 0; i < 4; i++) Recorded.AssertActivation(goldens, $"fpn__128x192__p{i + 2}", pyramid[i]);
        Recorded.AssertActivation(goldens, "fpn__128x192__decode", model.Heads([pyramid[0]]).Logits);
    }

    [TestCase("eval"), TestCase("train")]
    public void LossesAndGradients_MeetTheirReference(string mode)
    {
        var model = Make(PspNetForm.Dilated, dropout: 0);
        model.Train();
        if (mode == "eval")
            foreach (var norm in model.Modules.OfType<BatchNorm2d>()) norm.Eval();
        using var goldens = new ModelGoldens("pspnet_mmseg.npz");
        var output = model.Call(F.Concat([Picture(1, 128, 192), Picture(2, 128, 192)], 0));
        Recorded.AssertActivation(goldens, $"{mode}__decode", output.Logits);
        var losses = new SegmentationLoss().Compute(output, goldens.Read("train__labels"));
        AssertLoss(goldens, $"{mode}__loss_decode", losses.Decode);
        AssertLoss(goldens, $"{mode}__loss_aux", losses.Auxiliary!);
        var gradients = Gradients.Of(losses.Total);
        foreach (var parameter in model.Parameters.Where(p => goldens.Has($"{mode}__grad__{p.Key}__val")))
            Recorded.AssertGradient(goldens, $"{mode}__grad__{parameter.Key}", gradients.Find(parameter.Value)!);
        if (mode == "eval") return;
        foreach (var buffer in model.Buffers.Where(b => goldens.Has($"train__{b.Key}__val"))) Recorded.AssertActivation(goldens, $"train__{buffer.Key}", buffer.Value);
    }

    [Test]
    public void AuxiliaryHead_RunsInTrainingOnly()
    {
        var model = Make(PspNetForm.Dilated);
        using var off = Grad.Off();
        Assert.That(model.Call(Tensor.Zeros([1, 3, 64, 64])).Auxiliary, Is.Null);
        Assert.That(model.Strides, Is.EqualTo(new[] { 8 }));
        model.Train();
        var output = model.Call(Tensor.Zeros([2, 3, 64, 64]));
        Assert.That(output.Auxiliary!.Shape, Is.EqualTo(new Shape(2, 19, 8, 8)));
        Assert.That(output.Logits.Shape, Is.EqualTo(new Shape(2, 19, 8, 8)));
    }

    [Test]
    public void ATrainedPicture_SurvivesOddSizes()
    {
        var model = Make(PspNetForm.Pyramid);
        var result = new Segmenter(model, new() { Size = new Size2(33, 65) }).Segment(DeterministicImage.Make(1, (50, 71)));
        Assert.That(result.Labels.Size, Is.EqualTo(new Size2(50, 71)));
    }

    internal static PspNet Make(PspNetForm form, double dropout = 0.1)
    {
        var model = new PspNet(new PspNetOptions { Form = form, Dropout = dropout });
        DeterministicWeights.Fill(model, 1);
        model.Eval();
        return model;
    }

    private static Tensor Picture(int seed, int height, int width) => DeterministicImage.Make(seed, (height, width)).ToTensor(Normalization.ImageNetRgb);

    private static void AssertLoss(ModelGoldens goldens, string name, Tensor loss)
    {
        var expected = goldens.Doubles(name)[0];
        Assert.That(loss.ToArray<float>()[0], Is.EqualTo(expected).Within(2e-4 * Math.Abs(expected)), name);
    }

    private static void AssertLabels(ModelGoldens goldens, string name, LabelMap got)
    {
        var expected = goldens.Read(name).ToArray<byte>();
        var equal = 0;
        for (var i = 0; i < expected.Length; i++) equal += expected[i] == got.Labels[i] ? 1 : 0;
        Assert.That(equal, Is.GreaterThanOrEqualTo(0.999 * expected.Length), name);
    }
}
