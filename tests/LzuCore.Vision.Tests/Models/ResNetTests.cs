using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Vision.Imaging;
using LzuCore.Vision.Models;

namespace LzuCore.Vision.Tests.Models;

public sealed class ResNetTests
{
    [TestCase(128, 192), TestCase(320, 480)]
    public void ResNet50_MeetsTorchvision(int height, int width)
    {
        var at = $"{height}x{width}__";
        var model = new ResNet(new ResNetOptions { Classes = 1000 });
        DeterministicWeights.Fill(model, 1);
        model.Eval();
        using var goldens = new ModelGoldens("resnet50_torchvision.npz");
        using var off = Grad.Off();
        var output = model.Call(DeterministicImage.Make(1, (height, width)).ToTensor(Normalization.ImageNetRgb));
        Recorded.AssertActivation(goldens, $"{at}stem", output.Stem);
        for (var i = 0; i < 4; i++) Recorded.AssertActivation(goldens, $"{at}layer{i + 1}", output.Levels[i]);
        Recorded.AssertActivation(goldens, $"{at}logits", output.Logits!);
    }

    [Test]
    public void Inference_IsOneKernelCallForEachConvolution()
    {
        var model = new ResNet(new ResNetOptions());
        DeterministicWeights.Fill(model, 1);
        model.Eval();
        using var off = Grad.Off();
        var image = Tensor.Zeros([1, 3, 64, 64]);
        model.Call(image);
        using var trace = OpTrace.Begin();
        model.Call(image);
        Assert.That(trace.Entries.Count(e => e.Op == "conv2d"), Is.EqualTo(53));
        Assert.That(trace.Entries, Has.Count.EqualTo(54), "53 convolutions and one max-pool; no norm, activation, addition or copy between them");
    }

    [Test]
    public void Styles_DifferOnlyInWhereTheStrideIs()
    {
        var pytorch = new ResNet(new ResNetOptions { Style = ResNetStyle.Pytorch });
        var caffe = new ResNet(new ResNetOptions { Style = ResNetStyle.Caffe });
        Assert.That(caffe.Keys, Is.EqualTo(pytorch.Keys));
        DeterministicWeights.Fill(pytorch, 1);
        DeterministicWeights.Fill(caffe, 1);
        pytorch.Eval();
        caffe.Eval();
        using var off = Grad.Off();
        var image = DeterministicImage.Make(2, (64, 64)).ToTensor(Normalization.ImageNetRgb);
        Tensor[] a = pytorch.Call(image).Levels, b = caffe.Call(image).Levels;
        for (var i = 0; i < 4; i++) Assert.That(b[i].Shape, Is.EqualTo(a[i].Shape));
        Assert.That(b[0].ToArray<float>(), Is.EqualTo(a[0].ToArray<float>()), "stage 1 has no stride");
        Assert.That(b[1].ToArray<float>(), Is.Not.EqualTo(a[1].ToArray<float>()));
    }

    [TestCase(18, 512), TestCase(34, 512), TestCase(101, 2048)]
    public void OtherDepths_HaveTheirShapes(int depth, int channels)
    {
        var model = new ResNet(new ResNetOptions { Depth = depth, Classes = 10 });
        Assert.That(model.Channels[3], Is.EqualTo(channels));
        if (depth > 18) return;
        model.Eval();
        using var off = Grad.Off();
        var output = model.Call(Tensor.Zeros([2, 3, 33, 65]));
        Assert.That(output.Levels.Select(l => l.Shape.ToString()), Is.EqualTo(new[] { "[2, 64, 9, 17]", "[2, 128, 5, 9]", "[2, 256, 3, 5]", "[2, 512, 2, 3]" }));
        Assert.That(output.Logits!.Shape, Is.EqualTo(new Shape(2, 10)));
    }

    [Test]
    public void UnknownDepth_IsRefused() => Assert.Throws<ArgumentValueException>(() => new ResNet(new ResNetOptions { Depth = 42 }));
}
