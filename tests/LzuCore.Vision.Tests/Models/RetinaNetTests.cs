using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Vision.Imaging;
using LzuCore.Vision.Models;
using LzuCore.Vision.Tasks.Detection;

namespace LzuCore.Vision.Tests.Models;

public sealed class RetinaNetTests
{
    [TestCase(128, 192), TestCase(320, 480)]
    public void Mmdet_MeetsItsReference(int height, int width)
    {
        var at = $"{height}x{width}__";
        var model = Make(CheckpointLayout.Mmdet);
        using var goldens = new ModelGoldens("retinanet_mmdet.npz");
        using var off = Grad.Off();
        var levels = model.Backbone.Call(Picture(Normalization.ImageNetRgb, height, width)).Levels;
        for (var i = 0; i < 4; i++) Recorded.AssertActivation(goldens, $"{at}c{i + 2}", levels[i]);
        var pyramid = model.Neck.Call(levels);
        for (var i = 0; i < 5; i++) Recorded.AssertActivation(goldens, $"{at}p{i + 3}", pyramid[i]);
        var output = model.Head.Call(pyramid);
        for (var i = 0; i < 5; i++)
        {
            Recorded.AssertActivation(goldens, $"{at}cls{i}", output.Logits[i]);
            Recorded.AssertActivation(goldens, $"{at}reg{i}", output.Deltas[i]);
        }
        Recorded.AssertDetections(goldens, at, new RetinaNetDecoder(CheckpointLayout.Mmdet).Decode(output, DetectionFrame.Of((height, width))));
    }

    [TestCase(128, 192), TestCase(320, 480)]
    public void Torchvision_MeetsItsReference(int height, int width)
    {
        var at = $"{height}x{width}__";
        var model = Make(CheckpointLayout.Torchvision);
        using var goldens = new ModelGoldens("retinanet_torchvision.npz");
        using var off = Grad.Off();
        var input = Picture(Normalization.Torchvision, height, width);
        Recorded.AssertActivation(goldens, $"{at}norm_input", input);
        var pyramid = model.Features.Call(input);
        for (var i = 0; i < 5; i++) Recorded.AssertActivation(goldens, $"{at}p{i + 3}", pyramid[i]);
        var output = model.Head.Call(pyramid);
        Recorded.AssertActivation(goldens, $"{at}cls_logits", Pyramid.Rows(output.Logits, 8));
        Recorded.AssertActivation(goldens, $"{at}bbox_regression", Pyramid.Rows(output.Deltas, 4));
        Recorded.AssertDetections(goldens, at, new RetinaNetDecoder(CheckpointLayout.Torchvision).Decode(output, DetectionFrame.Of((height, width))));
    }

    [TestCase(CheckpointLayout.Mmdet, "retinanet_mmdet.txt")]
    [TestCase(CheckpointLayout.Torchvision, "retinanet_torchvision.txt")]
    public void Keys_AreTheCheckpoints(CheckpointLayout layout, string list) =>
        KeyLists.AssertSame(new RetinaNet(new RetinaNetOptions { Layout = layout }), list);

    [Test]
    public void Keys_OfResNet50_AreTorchvisions() => KeyLists.AssertSame(new ResNet(new ResNetOptions { Classes = 1000 }), "resnet50.txt");

    [Test]
    public void Inference_HasNothingBesideConvolutionsButPoolAndUpsampling()
    {
        var model = Make(CheckpointLayout.Mmdet);
        using var off = Grad.Off();
        var image = Picture(Normalization.ImageNetRgb);
        model.Call(image);
        using var trace = OpTrace.Begin();
        model.Call(image);
        var counts = trace.Entries.GroupBy(e => e.Op).ToDictionary(g => g.Key, g => g.Count());
        // 53 of the backbone, 3 laterals, 5 outputs, and 10 of all levels at once.
        Assert.That(counts, Is.EquivalentTo(new Dictionary<string, int> { ["conv2d"] = 53 + 8 + 10, ["max_pool2d"] = 1, ["interpolate"] = 2 }));
    }

    [Test]
    public void ThirtyInferences_LeaveMemoryFlat()
    {
        var model = Make(CheckpointLayout.Mmdet);
        using var off = Grad.Off();
        var image = Picture(Normalization.ImageNetRgb, 64, 96);
        for (var i = 0; i < 5; i++) Infer();
        // A thread that takes its first chunk late makes its scratch memory once; a leak grows in every third.
        var growth = new List<long>();
        for (var third = 0; third < 3; third++)
        {
            var before = Bytes();
            for (var i = 0; i < 10; i++) Infer();
            growth.Add(Bytes() - before);
        }
        Assert.That(growth.Min(), Is.LessThan(16 << 10), string.Join(", ", growth));

        void Infer()
        {
            using var scope = new TensorScope();
            model.Call(image);
        }

        static long Bytes()
        {
            for (var i = 0; i < 2; i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
            var pool = BufferPool.Shared.Statistics;
            return GC.GetTotalMemory(forceFullCollection: true) + pool.LiveBytes + pool.PooledBytes;
        }
    }

    internal static RetinaNet Make(CheckpointLayout layout)
    {
        var model = new RetinaNet(new RetinaNetOptions { Layout = layout });
        DeterministicWeights.Fill(model, 1);
        model.Eval();
        return model;
    }

    private static Tensor Picture(Normalization normalization, int height = 128, int width = 192) => DeterministicImage.Make(1, (height, width)).ToTensor(normalization);
}
