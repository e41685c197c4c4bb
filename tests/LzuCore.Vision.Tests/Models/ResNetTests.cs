using LzuCore.Memory;
using LzuCore.Ops;
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

    [TestCase("128x192__"), TestCase("train__")]
    public void LossAndGradients_MeetTorchvision(string at)
    {
        var model = new ResNet(new ResNetOptions { Classes = 1000 });
        DeterministicWeights.Fill(model, 1);
        model.Train(at == "train__");
        using var goldens = new ModelGoldens("resnet50_torchvision.npz");
        Tensor Picture(int seed) => DeterministicImage.Make(seed, (128, 192)).ToTensor(Normalization.ImageNetRgb);
        var input = at == "train__" ? F.Concat([Picture(1), Picture(2)], 0) : Picture(1);
        var logits = model.Call(input).Logits!;
        Recorded.AssertActivation(goldens, $"{at}logits", logits);
        var loss = F.CrossEntropy(logits, at == "train__" ? Tensor.From<long>([7, 123], [2]) : Tensor.From<long>([7], [1]));
        var expected = goldens.Doubles($"{at}loss")[0];
        Assert.That(loss.ToArray<float>()[0], Is.EqualTo(expected).Within(2e-4 * expected));
        var gradients = Gradients.Of(loss);
        var compared = model.Parameters.Where(p => goldens.Has($"{at}grad__{p.Key}__val")).ToList();
        Assert.That(compared, Has.Count.GreaterThanOrEqualTo(5));
        foreach (var parameter in compared) Recorded.AssertGradient(goldens, $"{at}grad__{parameter.Key}", gradients.Find(parameter.Value)!);
        foreach (var buffer in model.Buffers.Where(b => at == "train__" && goldens.Has($"train__{b.Key}__val"))) Recorded.AssertActivation(goldens, $"train__{buffer.Key}", buffer.Value);
    }

    [Test]
    public void Freezing_KeepsWeightsAndStatisticsAsTheAuthorsDo()
    {
        var model = new ResNet(new ResNetOptions { Depth = 18, Freeze = ResNetFreeze.Mmdet });
        var trained = model.Parameters.Where(p => p.RequiresGrad).Select(p => p.Key).ToList();
        Assert.That(trained, Has.None.StartsWith("conv1").And.None.StartsWith("bn1").And.None.StartsWith("layer1"));
        Assert.That(trained, Has.Some.EqualTo("layer2.0.bn1.weight"));
        model.Train();
        Assert.That(model.Modules.OfType<LzuCore.Nn.BatchNorm2d>().Select(n => n.IsTraining), Is.All.False, "statistics stay");
        var all = new ResNet(new ResNetOptions { Depth = 18, Freeze = ResNetFreeze.AllNorms });
        Assert.That(all.Parameters.Where(p => p.RequiresGrad).Select(p => p.Key), Has.None.Contains("bn").And.Some.EqualTo("layer2.0.conv1.weight"));
        var none = new ResNet(new ResNetOptions { Depth = 18 });
        Assert.That(none.Parameters.Select(p => p.RequiresGrad), Is.All.True);
        Assert.That(none.Modules.OfType<LzuCore.Nn.BatchNorm2d>().Select(n => n.IsTraining), Is.All.True);
    }

    [TestCase(8, "[1, 1024, 8, 12] [1, 2048, 8, 12]"), TestCase(16, "[1, 1024, 4, 6] [1, 2048, 4, 6]"), TestCase(32, "[1, 1024, 4, 6] [1, 2048, 2, 3]")]
    public void OutputStride_IsKeptByDilation(int stride, string shapes)
    {
        var model = new ResNet(new ResNetOptions { OutputStride = stride });
        model.Eval();
        using var off = Grad.Off();
        var levels = model.Call(Tensor.Zeros([1, 3, 64, 96])).Levels;
        Assert.That($"{levels[2].Shape} {levels[3].Shape}", Is.EqualTo(shapes));
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
    public void UnknownOptions_AreRefused()
    {
        foreach (var options in new ResNetOptions[] { new() { Depth = 42 }, new() { OutputStride = 4 }, new() { DeformableFrom = 5 }, new() { Depth = 18, DeformableFrom = 3 }, new() { Depth = 34, OutputStride = 8 } })
            Assert.Throws<ArgumentValueException>(() => new ResNet(options), options.ToString());
    }
}
