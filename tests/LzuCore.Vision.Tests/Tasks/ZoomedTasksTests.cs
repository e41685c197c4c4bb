using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Imaging;
using LzuCore.Vision.Models;
using LzuCore.Vision.Tasks;
using LzuCore.Vision.Tasks.Detection;
using LzuCore.Vision.Tasks.Detection3d;
using LzuCore.Vision.Tasks.Segmentation;
using LzuCore.Vision.Tests.Models;
using LzuCore.Warping;

namespace LzuCore.Vision.Tests.Tasks;

/// <summary>What zooming before a network does to each task, and what it must not do.</summary>
public sealed class ZoomedTasksTests
{
    private static readonly Camera Camera = new(153.6, 153.6, 96, 64);
    private Image _image = null!;
    private Fcos3d _fcos3d = null!;
    private PspNet _pspNet = null!;

    [OneTimeSetUp]
    public void Make()
    {
        _image = DeterministicImage.Make(1, (128, 192));
        _fcos3d = Fcos3dTests.Make();
        _pspNet = PspNetTests.Make(PspNetForm.Dilated);
    }

    // A bump in the middle of the picture.
    private static FixedSaliency Bump => new(Tensor.Generate([31, 51], i => 1 + 4 * Math.Exp(-(Math.Pow((i / 51 - 15) / 5.0, 2) + Math.Pow((i % 51 - 25) / 9.0, 2)))));

    [TestCase(WarpGeometry.Exact), TestCase(WarpGeometry.Reference)]
    public void UniformWarp_GivesTheSameBoxesInSpace(WarpGeometry geometry)
    {
        var plain = new Detector3d(_fcos3d, new Detector3dOptions { Score = 0.1f }).Detect(_image, Camera);
        var warped = new Detector3d(_fcos3d, new Detector3dOptions { Score = 0.1f, Saliency = new UniformSaliency((31, 51)), Geometry = geometry }).Detect(_image, Camera);
        Assert.That(plain.Detections, Has.Count.GreaterThan(20));
        Assert.That(warped.Detections, Has.Count.EqualTo(plain.Detections.Count));
        for (var i = 0; i < plain.Detections.Count; i++)
        {
            Assert.That(warped.Detections[i].Label, Is.EqualTo(plain.Detections[i].Label));
            Assert.That(warped.Detections[i].Box.X, Is.EqualTo(plain.Detections[i].Box.X).Within(0.01));
            Assert.That(warped.Detections[i].Box.Z, Is.EqualTo(plain.Detections[i].Box.Z).Within(0.01));
        }
    }

    [Test]
    public void GeometriesDiffer_WhereThePictureNeedsPadding()
    {
        // 120 rows are padded to 128: the reference spans them all.
        var image = DeterministicImage.Make(1, (120, 192));
        var (exact, reference) = (Zoomed(WarpGeometry.Exact), Zoomed(WarpGeometry.Reference));
        Assert.That(reference.Size, Is.EqualTo(exact.Size).And.EqualTo(new Size2(60, 96)));
        Assert.That(reference.Padded, Is.EqualTo(new Size2(64, 96)));
        // Its last row of picture shows the padding, which is 0.
        Assert.That(LastRow(reference.Input), Is.All.EqualTo(0).Within(1e-6));
        Assert.That(LastRow(exact.Input), Has.Some.Not.EqualTo(0).Within(1));

        ZoomedInput Zoomed(WarpGeometry geometry) =>
            new Zoomer("test", new ZoomOptions { Scale = 0.5, Saliency = Bump, Geometry = geometry }, Fcos3d.Strides, Normalization.CaffeBgr, Device.Cpu).Zoom(image, []);
        static float[] LastRow(Tensor input) => input.Narrow(2, 59, 1).ToArray<float>();
    }

    [Test]
    public void BoxesInSpace_DoNotDependOnTheNetworksScale_ThroughTheCamera()
    {
        var result = new Detector3d(_fcos3d, new Detector3dOptions { Scale = 0.5, Score = 0 }).Detect(_image, Camera);
        Assert.That(result.Network, Is.EqualTo(new Size2(64, 96)));
        using var off = Grad.Off();
        var input = WarpGrid.Identity(2).Zoom(_image.ToTensor(Normalization.CaffeBgr), (64, 96));
        var expected = new Fcos3dDecoder().Decode(_fcos3d.Call(input), Camera.Scaled(0.5, 0.5));
        Assert.That(result.Detections.Select(d => d.Box), Is.EqualTo(expected.Select(d => d.Box)));
    }

    [Test]
    public void AdaptiveWarpInSpace_FollowsThePictureBefore()
    {
        var detector = new Detector3d(_fcos3d, new Detector3dOptions { Saliency = new KernelDensitySaliency((31, 51), bandwidth: 6.4), Score = 0.1f });
        var first = detector.Detect(_image, Camera);
        var second = detector.Detect(_image, Camera);
        Assert.That(second.Detections.Select(d => d.Box), Is.Not.EqualTo(first.Detections.Select(d => d.Box)));
        detector.StartSequence();
        Assert.That(detector.Detect(_image, Camera).Detections, Is.EqualTo(first.Detections));
    }

    [Test]
    public void UniformWarp_LabelsTheSamePixels()
    {
        var plain = new Segmenter(_pspNet).Segment(_image).Labels;
        var warped = new Segmenter(_pspNet, new SegmenterOptions { Saliency = new UniformSaliency((31, 51)) }).Segment(_image).Labels;
        Assert.That(Share(plain, warped), Is.GreaterThan(0.999));
        var zoomed = new Segmenter(_pspNet, new SegmenterOptions { Saliency = Bump }).Segment(_image).Labels;
        Assert.That(Share(plain, zoomed), Is.LessThan(0.999), "a warp changes what the network sees");
    }

    [Test]
    public void FollowedBoundaries_ZoomTheSecondPicture()
    {
        var segmenter = new Segmenter(_pspNet, new SegmenterOptions { FollowBoundaries = true });
        var first = segmenter.Segment(_image).Labels;
        Assert.That(Share(first, new Segmenter(_pspNet).Segment(_image).Labels), Is.GreaterThan(0.999), "nothing is known of the first");
        var second = segmenter.Segment(_image).Labels;
        Assert.That(Share(first, second), Is.LessThan(1));
        segmenter.StartSequence();
        Assert.That(Share(first, segmenter.Segment(_image).Labels), Is.EqualTo(1));
    }

    [Test]
    public void BoundarySaliency_IsWhereLabelsChange()
    {
        var labels = new LabelMap((40, 60));
        for (var y = 0; y < 40; y++) labels.Row(y)[30..].Fill(1);
        var saliency = new BoundarySaliency((4, 6));
        Assert.That(saliency.Map().ToArray<float>(), Is.All.EqualTo(1f / 24).Within(1e-7), "uniform without a map");
        saliency.Add(labels);
        var map = saliency.Map().ToArray<float>();
        Assert.That(map.Sum(), Is.EqualTo(1).Within(1e-6));
        // The line lies between columns 29 and 30: cells 2 and 3 of each row share it.
        Assert.That(map[0], Is.EqualTo(0.3f / 24).Within(1e-7));
        Assert.That(map[2], Is.EqualTo(0.3f / 24 + 0.7f / 8).Within(1e-6));
        Assert.That(map[3], Is.EqualTo(map[2]).Within(1e-7));
        for (var y = 0; y < 40; y++) labels.Row(y)[30..].Fill(255);
        var none = new BoundarySaliency((4, 6));
        none.Add(labels);
        Assert.That(none.Map().ToArray<float>(), Is.All.EqualTo(1f / 24).Within(1e-7), "what has no label has no boundary");
        Assert.That(() => new BoundarySaliency((1, 6)), Throws.TypeOf<ArgumentValueException>());
    }

    [Test]
    public void Fovea_UnwarpsTheBoxesThatTheZoomedPictureGives()
    {
        var model = RetinaNetTests.Make(CheckpointLayout.Mmdet);
        var fovea = new Detector(model, new DetectorOptions { Saliency = Bump, Unwarp = Unwarp.Boxes, Score = 0 }).Detect(_image).Detections;
        // The same by hand: detect in the zoomed picture as if it were one, then move the boxes. Suppression comes after the move, so the sets differ a little.
        using var off = Grad.Off();
        var warp = SaliencyToGrid.Apply(Bump.Map(new SaliencyContext(1, (128, 192))), new());
        var inZoomed = new RetinaNetDecoder(CheckpointLayout.Mmdet) { IouThreshold = 1, MaxDetections = 5000 }
            .Decode(model.Call(warp.Zoom(_image.ToTensor(Normalization.ImageNetRgb), (128, 192))), DetectionFrame.Of((128, 192)));
        var moved = Boxes.From(warp.ToOriginal(Boxes.ToTensor([.. inZoomed.Select(d => d.Box)]), (128, 192), (128, 192)));
        Assert.That(fovea, Has.Count.EqualTo(100));
        foreach (var one in fovea)
            Assert.That(Enumerable.Range(0, moved.Length).Any(i => inZoomed[i].Label == one.Label && Math.Abs(inZoomed[i].Score - one.Score) < 1e-4 && Math.Abs(moved[i].X1 - one.Box.X1) < 0.05
                && Math.Abs(moved[i].Y2 - one.Box.Y2) < 0.05), $"{one}");
        var lzu = new Detector(model, new DetectorOptions { Saliency = Bump, Score = 0 }).Detect(_image).Detections;
        Assert.That(lzu.Select(d => d.Box), Is.Not.EqualTo(fovea.Select(d => d.Box)));
    }

    [Test]
    public void FoveaWithAUniformWarp_IsThePlainDetector()
    {
        var model = RetinaNetTests.Make(CheckpointLayout.Mmdet);
        var plain = new Detector(model).Detect(_image).Detections;
        var fovea = new Detector(model, new DetectorOptions { Saliency = new UniformSaliency((31, 51)), Unwarp = Unwarp.Boxes }).Detect(_image).Detections;
        Assert.That(fovea, Has.Count.EqualTo(plain.Count).And.Count.GreaterThan(0));
        for (var i = 0; i < plain.Count; i++) Assert.That(fovea[i].Box.X1, Is.EqualTo(plain[i].Box.X1).Within(0.05));
    }

    private static double Share(LabelMap a, LabelMap b)
    {
        var equal = 0;
        for (var i = 0; i < a.Labels.Length; i++) equal += a.Labels[i] == b.Labels[i] ? 1 : 0;
        return equal / (double)a.Labels.Length;
    }
}
