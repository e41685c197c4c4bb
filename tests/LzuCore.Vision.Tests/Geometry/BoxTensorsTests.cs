using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Vision.Geometry;

namespace LzuCore.Vision.Tests.Geometry;

public sealed class BoxTensorsTests
{
    [TestCase("iou_aligned"), TestCase("giou_aligned")]
    public void Overlaps_AndTheirGradients_MeetMmdetection(string name)
    {
        using var goldens = new ModelGoldens("ops_loss_box.npz");
        var x = goldens.Read($"{name}__x").WithGrad();
        var y = name == "iou_aligned" ? BoxTensors.Iou(x, goldens.Read("box__B")) : BoxTensors.GeneralizedIou(x, goldens.Read("box__B"));
        var d = Gradients.Of(y, goldens.Read($"{name}__dy")).Find(x)!.ToArray<float>();
        float[] expected = goldens.Floats($"{name}__y"), expectedD = goldens.Floats($"{name}__d_x"), got = y.ToArray<float>();
        for (var i = 0; i < got.Length; i++) Assert.That(got[i], Is.EqualTo(expected[i]).Within(1e-4), $"{i}");
        for (var i = 0; i < d.Length; i++) Assert.That(d[i], Is.EqualTo(expectedD[i]).Within(2e-4 * Math.Max(1, Math.Abs(expectedD[i]))), $"{i}");
    }

    [TestCase("coder__decode_mmdet_noclip"), TestCase("coder__decode_torchvision")]
    public void Decode_IsTheCoders(string name)
    {
        using var goldens = new ModelGoldens("ops_loss_box.npz");
        var coder = name.Contains("mmdet") ? BoxCoder.Mmdet : BoxCoder.Torchvision;
        var got = BoxTensors.Decode(coder, goldens.Read("coder__anchors"), goldens.Read("coder__deltas")).ToArray<float>();
        var expected = goldens.Floats(name);
        for (var i = 0; i < got.Length; i++) Assert.That(got[i], Is.EqualTo(expected[i]).Within(1e-4 * Math.Max(1, Math.Abs(expected[i]))), $"{i}");
    }

    [Test]
    public void GradientOfDecodedOverlap_IsTheFiniteDifference()
    {
        var anchors = Boxes.ToTensor([new(0, 0, 10, 8), new(3, 4, 20, 30)]).To(DType.Float64);
        var truth = Boxes.ToTensor([new(1, 1, 12, 9), new(2, 2, 18, 33)]).To(DType.Float64);
        var results = GradCheck.Run(x => BoxTensors.GeneralizedIou(BoxTensors.Decode(BoxCoder.Mmdet, anchors, x[0]), truth), [Tensor.Uniform([2, 4], RandomSource.FromSeed(1), -0.2, 0.2, DType.Float64).WithGrad()]);
        Assert.That(results.Single().Error, Is.LessThan(1e-6));
    }

    [Test]
    public void EmptyBoxes_HaveNoOverlapAndNoNaN()
    {
        var empty = Tensor.Zeros([1, 4]);
        Assert.That(BoxTensors.Iou(empty, empty).ToArray<float>()[0], Is.Zero);
        Assert.That(BoxTensors.GeneralizedIou(empty, empty).ToArray<float>()[0], Is.Not.NaN);
        Assert.That(() => BoxTensors.Iou(empty, Tensor.Zeros([2, 4])), Throws.TypeOf<ShapeException>());
    }
}
