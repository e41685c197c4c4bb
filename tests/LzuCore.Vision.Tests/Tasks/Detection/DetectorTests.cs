using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Vision.Imaging;
using LzuCore.Vision.Models;
using LzuCore.Vision.Tasks.Detection;
using LzuCore.Vision.Tests.Models;
using LzuCore.Warping;

namespace LzuCore.Vision.Tests.Tasks;

public sealed class DetectorTests
{
    private RetinaNet _model = null!;
    private Image _image = null!;

    [OneTimeSetUp]
    public void Make()
    {
        _model = RetinaNetTests.Make(CheckpointLayout.Mmdet);
        _image = DeterministicImage.Make(1, (128, 192));
    }

    [Test]
    public void PlainPicture_GivesTheGoldenDetections()
    {
        using var goldens = new ModelGoldens("retinanet_mmdet.npz");
        var result = new Detector(_model, new DetectorOptions { Score = 0 }).Detect(_image);
        Recorded.AssertDetections(goldens, "128x192__", result.Detections);
        Assert.That(result.Network, Is.EqualTo(new Size2(128, 192)));
        Assert.That(result.Milliseconds.Total, Is.GreaterThan(0));
    }

    [TestCase(1.0), TestCase(0.7)]
    public void UniformWarp_GivesWhatNoWarpGives(double scale)
    {
        var plain = new Detector(_model, new DetectorOptions { Scale = scale }).Detect(_image);
        var warped = new Detector(_model, new DetectorOptions { Scale = scale, Saliency = new UniformSaliency((31, 51)) }).Detect(_image);
        Assert.That(plain.Network, Is.EqualTo(new Size2((int)(128 * scale), (int)(192 * scale))));
        AssertSame(warped.Detections, plain.Detections);
    }

    [Test]
    public void AdaptiveWarp_FollowsTheFrameBefore()
    {
        var detector = new Detector(_model, new DetectorOptions { Saliency = new KernelDensitySaliency((31, 51), bandwidth: 64.0 * 192 / 1920) });
        var plain = new Detector(_model).Detect(_image);
        var first = detector.Detect(_image);
        AssertSame(first.Detections, plain.Detections);
        var second = detector.Detect(_image);
        Assert.That(second.Detections, Is.Not.EqualTo(first.Detections), "the second picture is zoomed on the first one's boxes");
        detector.StartSequence();
        Assert.That(detector.Detect(_image).Detections, Is.EqualTo(first.Detections), "a new sequence knows nothing");
    }

    [Test]
    public void FixedWarp_KeepsBoxesInsideThePicture()
    {
        var map = Tensor.Generate([31, 51], i => 1 + Math.Exp(-Math.Pow((i / 51 - 20) / 4.0, 2)));
        var result = new Detector(_model, new DetectorOptions { Scale = 0.5, Saliency = new FixedSaliency(map) }).Detect(_image);
        Assert.That(result.Detections, Is.Not.Empty);
        foreach (var d in result.Detections)
        {
            Assert.That(d.Box.X1, Is.InRange(0, 192));
            Assert.That(d.Box.X2, Is.InRange(d.Box.X1, 192));
            Assert.That(d.Box.Y1, Is.InRange(0, 128));
            Assert.That(d.Box.Y2, Is.InRange(d.Box.Y1, 128));
        }
    }

    [Test]
    public void OddSizes_ArePaddedAndStillWork()
    {
        var image = DeterministicImage.Make(5, (61, 97));
        foreach (var saliency in new ISaliency?[] { null, new UniformSaliency((31, 51)) })
        {
            var result = new Detector(_model, new DetectorOptions { Saliency = saliency }).Detect(image);
            Assert.That(result.Detections.All(d => d.Box.X2 <= 97 && d.Box.Y2 <= 61));
        }
        Assert.DoesNotThrow(() => new Detector(_model).Detect(new Image((1, 1))));
    }

    [Test]
    public void Options_AreChecked()
    {
        Assert.Throws<ArgumentValueException>(() => new Detector(_model, new DetectorOptions { Scale = 0 }));
        Assert.Throws<ArgumentValueException>(() => new Detector(_model, new DetectorOptions { Scale = double.NaN }));
        Assert.Throws<ArgumentValueException>(() => new Detector(_model, new DetectorOptions { Size = new Size2(0, 5) }));
        Assert.Throws<ArgumentValueException>(() => new Detector(_model, new DetectorOptions { Scale = 1e9 }).Detect(_image));
    }

    // Resampling at an identity that is off by float32 rounding moves scores by some 1e-4, and with them now and then a detection at a threshold.
    private static void AssertSame(IReadOnlyList<Detection> got, IReadOnlyList<Detection> expected)
    {
        var matched = expected.Count(e => got.Any(g => g.Label == e.Label && Math.Abs(g.Score - e.Score) < 2e-3 &&
            Math.Abs(g.Box.X1 - e.Box.X1) < 0.1 && Math.Abs(g.Box.Y1 - e.Box.Y1) < 0.1 && Math.Abs(g.Box.X2 - e.Box.X2) < 0.1 && Math.Abs(g.Box.Y2 - e.Box.Y2) < 0.1));
        Assert.That(expected, Is.Not.Empty);
        Assert.That(matched, Is.GreaterThanOrEqualTo(expected.Count - 1 - expected.Count / 50), $"{matched} of {expected.Count}");
        Assert.That(got.Count, Is.EqualTo(expected.Count).Within(1 + expected.Count / 50));
    }
}
