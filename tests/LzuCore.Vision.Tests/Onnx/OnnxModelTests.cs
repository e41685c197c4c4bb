using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Vision.Models;
using LzuCore.Vision.Onnx;
using LzuCore.Vision.Tasks;
using LzuCore.Vision.Tasks.Detection;
using LzuCore.Vision.Tasks.Detection3d;
using LzuCore.Vision.Tasks.Segmentation;
using LzuCore.Warping;

namespace LzuCore.Vision.Tests.Onnx;

/// <summary>Whole models in ONNX Runtime: every output within 1e-4·max(1, |y|max) of ours, y that output.</summary>
public sealed class OnnxModelTests
{
    private static readonly Lazy<Fcos3d> Fcos3d = new(() => Filled(new Fcos3d(new Fcos3dOptions())));

    private static readonly Lazy<PspNet> Dilated = new(() => Filled(new PspNet(new PspNetOptions())));

    private static readonly Lazy<RetinaNet> Mmdet = new(() => Filled(new RetinaNet(new RetinaNetOptions())));

    [Test]
    public void ResNet50_GivesTheSame()
    {
        var model = Filled(new ResNet(new ResNetOptions { Classes = 1000 }));
        var graph = OnnxModels.Of(model, (96, 128));
        AssertSame(graph, (96, 128), x => [("logits", model.Call(x).Logits!)]);
        Assert.That(graph.NodeTypes["Conv"], Is.EqualTo(53));
        Assert.That(graph.NodeTypes.ContainsKey("BatchNormalization"), Is.False, "norms are folded");
    }

    // Odd sizes on the way down: 13 and 17 cells, 7 and 9, 4 and 5, whose upsampling is no doubling.
    [TestCase(CheckpointLayout.Mmdet, 1), TestCase(CheckpointLayout.Torchvision, 32)]
    public void RetinaNet_GivesTheSame(CheckpointLayout layout, int padTo)
    {
        var model = layout == CheckpointLayout.Mmdet ? Mmdet.Value : Filled(new RetinaNet(new RetinaNetOptions { Layout = layout, HeadNormGroups = 32 }));
        var detector = new Detector(model, new DetectorOptions { PadTo = padTo });
        AssertSame(OnnxModels.Of(detector, (104, 136)), (104, 136), x => Named(detector.Forward(x)));
    }

    [TestCase(true, true), TestCase(false, true), TestCase(true, false)]
    public void RetinaNet_BetweenZoomAndUnzoom_GivesTheSame(bool separable, bool antiCrop)
    {
        var detector = new Detector(Mmdet.Value, new DetectorOptions
        {
            Scale = 0.5,
            Saliency = new RoadPriorSaliency((16, 24)),
            Warp = new SaliencyToGridOptions { Separable = separable, AntiCrop = antiCrop, AttractionFwhm = 6 },
        });
        var graph = OnnxModels.Of(detector, (200, 312));
        AssertSame(graph, (200, 312), x => Named(detector.Forward(x)));
        Assert.That(graph.NodeTypes["GridSample"], Is.EqualTo(6), "the image and five levels");
    }

    [Test]
    public void RetinaNet_WithPlainResizing_GivesTheSame()
    {
        var detector = new Detector(Mmdet.Value, new DetectorOptions { Scale = 0.5 });
        AssertSame(OnnxModels.Of(detector, (200, 312)), (200, 312), x => Named(detector.Forward(x)));
    }

    [TestCase(PspNetForm.Dilated, false), TestCase(PspNetForm.Dilated, true), TestCase(PspNetForm.Pyramid, true)]
    public void PspNet_GivesTheSame(PspNetForm form, bool warped)
    {
        var model = form == PspNetForm.Dilated ? Dilated.Value : Filled(new PspNet(new PspNetOptions { Form = form }));
        var segmenter = new Segmenter(model, new SegmenterOptions { Saliency = warped ? new RoadPriorSaliency((16, 24)) : null, Scale = warped ? 0.5 : 1 });
        Size2 size = warped ? (128, 192) : (64, 96);
        AssertSame(OnnxModels.Of(segmenter, size), size, x => [("logits", segmenter.Forward(x).Logits)]);
    }

    [TestCase(false), TestCase(true)]
    public void Fcos3d_GivesTheSame(bool warped)
    {
        var detector = new Detector3d(Fcos3d.Value, new Detector3dOptions { Saliency = warped ? new RoadPriorSaliency((16, 24)) : null, Scale = warped ? 0.5 : 1 });
        Size2 size = warped ? (192, 256) : (96, 128);
        // Bytes less their mean, not divided by a deviation.
        var graph = OnnxModels.Of(detector, size);
        AssertSame(graph, size, x => Named(detector.Forward(x)), amplitude: 100);
        Assert.That(graph.NodeTypes["GridSample"], Is.EqualTo(9 + 5 * 2 + (warped ? 6 : 0)), "nine in the backbone, two for each level in the head, and the warp's");
    }

    private static T Filled<T>(T model) where T : Nn.Module
    {
        DeterministicWeights.Fill(model, 1);
        model.Eval();
        return model;
    }

    private static (string, Tensor)[] Named(DetectorOutput output) => [.. output.Logits.Select((t, i) => ($"cls{i}", t)), .. output.Deltas.Select((t, i) => ($"reg{i}", t))];

    private static (string, Tensor)[] Named(Fcos3dOutput output) =>
    [
        .. output.Classes.Select((t, i) => ($"cls{i}", t)), .. output.Boxes.Select((t, i) => ($"box{i}", t)), .. output.Directions.Select((t, i) => ($"dir{i}", t)),
        .. output.Attributes.Select((t, i) => ($"attr{i}", t)), .. output.Centerness.Select((t, i) => ($"ctr{i}", t)),
    ];

    private static void AssertSame(OnnxGraph graph, Size2 size, Func<Tensor, (string Name, Tensor Value)[]> ours, double amplitude = 2)
    {
        // Another picture than the one that was captured.
        var image = Tensor.Uniform([1, 3, size.Height, size.Width], RandomSource.FromSeed(7), -amplitude, amplitude);
        using var session = new OnnxSession(graph);
        var theirs = session.Run([("image", image)]);
        using var off = Grad.Off();
        var expected = ours(image);
        Assert.That(theirs.Keys, Is.EqualTo(expected.Select(e => e.Name)));
        foreach (var (name, value) in expected)
        {
            float[] want = value.ToArray<float>(), got = theirs[name].ToArray<float>();
            Assert.That(theirs[name].Shape, Is.EqualTo(value.Shape), name);
            var (error, most) = (want.Zip(got, (a, b) => Math.Abs((double)a - b)).Max(), want.Max(Math.Abs));
            TestContext.Out.WriteLine($"{name} {value.Shape}: error {error:g3}, |y| up to {most:g3}");
            Assert.That(error, Is.LessThanOrEqualTo(1e-4 * Math.Max(1, most)), name);
            Assert.That(most, Is.GreaterThan(1e-3), name);
        }
    }
}
