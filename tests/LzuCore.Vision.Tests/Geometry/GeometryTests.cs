using System.Runtime.InteropServices;
using LzuCore.Memory;
using LzuCore.Vision.Geometry;

namespace LzuCore.Vision.Tests.Geometry;

public sealed class GeometryTests
{
    private ModelGoldens _goldens = null!;

    [OneTimeSetUp]
    public void Open() => _goldens = new ModelGoldens("ops_loss_box.npz");

    [OneTimeTearDown]
    public void Close() => _goldens.Dispose();

    [Test]
    public void Iou_IsTheReferences()
    {
        var boxes = Read("box__B");
        var others = Read("iou_aligned__x");
        var aligned = _goldens.Floats("iou_aligned__y");
        var generalized = _goldens.Floats("giou_aligned__y");
        for (var i = 0; i < boxes.Length; i++)
        {
            Assert.That(Boxes.Iou(others[i], boxes[i]), Is.EqualTo(aligned[i]).Within(1e-6));
            Assert.That(Boxes.GeneralizedIou(others[i], boxes[i]), Is.EqualTo(generalized[i]).Within(1e-6));
        }
    }

    [Test]
    public void Iou_OfEmptyBoxes_IsZero() => Assert.That(Boxes.Iou(new Box(1, 1, 1, 1), new Box(1, 1, 1, 1)), Is.Zero);

    [Test]
    public void BoxCoder_DecodesAsBothLibraries()
    {
        var anchors = Read("coder__anchors");
        var deltas = _goldens.Floats("coder__deltas");
        Box Decode(BoxCoder coder, int i) => coder.Decode(anchors[i], deltas[4 * i], deltas[4 * i + 1], deltas[4 * i + 2], deltas[4 * i + 3]);
        var (plain, clipped, torchvision) = (Read("coder__decode_mmdet_noclip"), Read("coder__decode_mmdet_clip60x90"), Read("coder__decode_torchvision"));
        for (var i = 0; i < anchors.Length; i++)
        {
            AssertNear(Decode(BoxCoder.Mmdet, i), plain[i]);
            AssertNear(Decode(BoxCoder.Mmdet, i).Clip((60, 90)), clipped[i]);
            AssertNear(Decode(BoxCoder.Torchvision, i), torchvision[i]);
        }
    }

    [Test]
    public void BoxCoder_EncodesAsTheReference()
    {
        var (anchors, truths, deltas) = (Read("coder__anchors"), Read("coder__encode_gt"), _goldens.Floats("coder__encode"));
        for (var i = 0; i < anchors.Length; i++)
        {
            var (dx, dy, dw, dh) = BoxCoder.Encode(anchors[i], truths[i]);
            float[] got = [dx, dy, dw, dh];
            for (var k = 0; k < 4; k++) Assert.That(got[k], Is.EqualTo(deltas[4 * i + k]).Within(1e-5 * (1 + Math.Abs(deltas[4 * i + k]))));
        }
    }

    [TestCase("0.3"), TestCase("0.5"), TestCase("0.7")]
    public void Nms_KeepsWhatTheReferenceKeeps(string threshold)
    {
        var boxes = Read("nms__boxes");
        var scores = _goldens.Floats("nms__scores");
        var labels = _goldens.Longs("nms__labels").Select(l => (int)l).ToArray();
        var limit = double.Parse(threshold, System.Globalization.CultureInfo.InvariantCulture);
        Assert.That(Nms.Keep(boxes, scores, limit), Is.EqualTo(_goldens.Longs($"nms__keep_{threshold}")));
        Assert.That(Nms.KeepPerClass(boxes, scores, labels, limit), Is.EqualTo(_goldens.Longs($"nms__batched_{threshold}")));
        Assert.That(Nms.KeepPerClassTorchvision(boxes, scores, labels, limit), Is.EqualTo(_goldens.Longs($"nms__batched_{threshold}")));
        Assert.That(Nms.Keep(boxes, scores, limit, max: 10), Is.EqualTo(_goldens.Longs($"nms__keep_{threshold}").Take(10)));
    }

    [Test]
    public void Nms_TotalOnOddInput()
    {
        Assert.That(Nms.Keep([], [], 0.5), Is.Empty);
        Assert.That(Nms.KeepPerClass([], [], [], 0.5), Is.Empty);
        Box nan = new(float.NaN, 0, 1, 1), unit = new(0, 0, 1, 1);
        Assert.That(Nms.Keep([nan, unit, unit, nan], [0.5f, 0.9f, 0.8f, float.NaN], 0.5), Is.EqualTo(new[] { 1, 0, 3 }));
        Assert.That(Nms.Keep([unit, unit.Shift(5, 5)], [0.5f, 0.5f], 0.5), Is.EqualTo(new[] { 0, 1 }), "equal scores keep their order");
    }

    [Test]
    public void MmdetAnchors_AreTheReferences()
    {
        var sizes = _goldens.Longs("anchors__mmdet_sizes");
        var strides = _goldens.Longs("anchors__mmdet_strides").Select(s => (int)s).ToArray();
        var levels = Enumerable.Range(0, strides.Length).Select(i => new Size2((int)sizes[2 * i], (int)sizes[2 * i + 1])).ToArray();
        var got = AnchorGenerator.Mmdet(strides).Generate(levels, (0, 0)).SelectMany(a => a).ToArray();
        Assert.That(got, Is.EqualTo(Read("anchors__mmdet")), "every bit: assignment depends on it");
    }

    [Test]
    public void TorchvisionAnchors_AreRoundedHalfToEvenAndFollowThePaddedSize()
    {
        var anchors = AnchorGenerator.Torchvision();
        Assert.That(anchors.PerCell, Is.EqualTo(9));
        // torchvision 0.14.1: AnchorGenerator(sizes, aspect_ratios).generate_anchors((32, 40, 50), (0.5, 1.0, 2.0)).round()
        var cell = anchors.Generate([(1, 1), (1, 1), (1, 1), (1, 1), (1, 1)], (8, 8))[0];
        Assert.That(cell, Is.EqualTo(new Box[]
        {
            new(-23, -11, 23, 11), new(-28, -14, 28, 14), new(-35, -18, 35, 18), new(-16, -16, 16, 16), new(-20, -20, 20, 20), new(-25, -25, 25, 25),
            new(-11, -23, 11, 23), new(-14, -28, 14, 28), new(-18, -35, 18, 35),
        }));
        Assert.That(anchors.StrideOf(3, (2, 3), (96, 160)), Is.EqualTo(new Size2(48, 53)));
    }

    [Test]
    public void MmdetMatcher_AssignsAsTheReference()
    {
        var (anchors, truths) = (Read("assign__anchors"), Read("assign__gt"));
        static long Code(int m) => m switch { Matcher.Ignored => -1, Matcher.Negative => 0, _ => m + 1 };
        Assert.That(Matcher.Mmdet.Match(anchors, truths).Select(Code), Is.EqualTo(_goldens.Longs("assign__assigned")));
        Assert.That(Matcher.Mmdet.Match(anchors, []).Select(Code), Is.EqualTo(_goldens.Longs("assign__empty_gt")));
    }

    [Test]
    public void TorchvisionMatcher_GivesABestAnchorToItsOwnFavourite()
    {
        // The anchor is the best of truth 1, but overlaps truth 0 more.
        Box anchor = new(0, 0, 10, 10), first = new(0, 0, 10, 6), second = new(6, 0, 12, 10);
        Assert.That(Matcher.Mmdet.Match([anchor], [first, second]), Is.EqualTo(new[] { 1 }));
        Assert.That(Matcher.Torchvision.Match([anchor], [first, second]), Is.EqualTo(new[] { 0 }));
    }

    private Box[] Read(string name) => MemoryMarshal.Cast<float, Box>(_goldens.Floats(name)).ToArray();

    private static void AssertNear(Box got, Box expected)
    {
        var limit = 1e-4 * Math.Max(1, Math.Max(Math.Abs(expected.X2), Math.Abs(expected.Y2)));
        foreach (var (a, b) in new[] { (got.X1, expected.X1), (got.Y1, expected.Y1), (got.X2, expected.X2), (got.Y2, expected.Y2) })
            Assert.That(a, Is.EqualTo(b).Within(limit), $"{got}, expected {expected}");
    }
}
