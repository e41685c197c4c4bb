using CsCheck;
using LzuCore.Memory;
using LzuCore.Vision.Geometry;

namespace LzuCore.Vision.Tests.Geometry;

public sealed class RotatedBoxTests
{
    private ModelGoldens _goldens = null!;

    [OneTimeSetUp]
    public void Open() => _goldens = new ModelGoldens("ops_loss_box.npz");

    [OneTimeTearDown]
    public void Close() => _goldens.Dispose();

    private RotatedBox[] Boxes => [.. _goldens.Floats("rnms__boxes_xywhr").Chunk(5).Select(b => new RotatedBox(b[0], b[1], b[2], b[3], b[4]))];

    [Test]
    public void Iou_IsTheReferences()
    {
        var boxes = Boxes;
        var expected = _goldens.Doubles("rnms__iou");
        Assert.That(expected.Count(e => e is > 0.1 and < 1), Is.GreaterThan(10), "the case says something");
        for (var i = 0; i < 20; i++)
            for (var j = 0; j < 20; j++) Assert.That(boxes[i].Iou(boxes[j]), Is.EqualTo(expected[20 * i + j]).Within(1e-9), $"{boxes[i]} {boxes[j]}");
    }

    [TestCase("0.05"), TestCase("0.3"), TestCase("0.8")]
    public void Nms_KeepsWhatTheReferenceKeeps(string threshold)
    {
        Assert.That(_goldens.Doubles($"rnms__margin_{threshold}")[0], Is.GreaterThan(1e-4), "no overlap is at the threshold");
        var limit = double.Parse(threshold, System.Globalization.CultureInfo.InvariantCulture);
        var expected = _goldens.Longs($"rnms__keep_{threshold}");
        Assert.That(RotatedNms.Keep(Boxes, _goldens.Floats("rnms__scores"), limit), Is.EqualTo(expected));
        Assert.That(RotatedNms.Keep(Boxes, _goldens.Floats("rnms__scores"), limit, max: 7), Is.EqualTo(expected.Take(7)));
    }

    [Test]
    public void Nms_SuppressesAtTheThresholdItself_AndKeepsTheOrderOfEqualScores()
    {
        RotatedBox unit = new(0, 0, 1, 1, 0);
        Assert.That(unit.Iou(unit), Is.EqualTo(1));
        Assert.That(RotatedNms.Keep([unit, unit], [0.5f, 0.5f], 1.0), Is.EqualTo(new[] { 0 }));
        Assert.That(RotatedNms.Keep([unit, unit with { X = 9 }], [0.5f, 0.5f], 0.5), Is.EqualTo(new[] { 0, 1 }));
        Assert.That(RotatedNms.Keep([], [], 0.5), Is.Empty);
        Assert.That(() => RotatedNms.Keep([unit], [], 0.5), Throws.TypeOf<ShapeException>());
    }

    [Test]
    public void Iou_OfKnownShapes()
    {
        RotatedBox square = new(5, 7, 2, 2, 0);
        // Two squares about one centre, one turned by 45°: a regular octagon, 8(√2 - 1) of 4.
        var octagon = 8 * (Math.Sqrt(2) - 1);
        Assert.That(square.Iou(square with { Angle = Math.PI / 4 }), Is.EqualTo(octagon / (8 - octagon)).Within(1e-12));
        Assert.That(square.Iou(square with { Angle = Math.PI / 2 }), Is.EqualTo(1).Within(1e-12));
        Assert.That(square.Iou(square with { X = 6 }), Is.EqualTo(1.0 / 3).Within(1e-12));
        Assert.That(square.Iou(square with { X = 7 }), Is.Zero, "sides that touch share nothing");
        Assert.That(square.Iou(square with { Width = 4, Height = 4, Angle = 1 }), Is.EqualTo(0.25).Within(1e-12), "one inside the other");
        foreach (var odd in new[] { square with { Width = 0 }, square with { Width = -2 }, square with { Angle = double.NaN }, square with { X = double.PositiveInfinity }, square with { Width = double.NaN } })
            Assert.That((odd.Iou(square), square.Iou(odd), odd.Iou(odd)), Is.EqualTo((0.0, 0.0, 0.0)).Or.EqualTo((0.0, 0.0, 1.0)), odd.ToString());
    }

    [Test]
    public void Iou_IsSymmetricAndIndependentOfTheFrame()
    {
        var gen = Gen.Select(Gen.Double[-2, 2], Gen.Double[-2, 2], Gen.Double[0.1, 4], Gen.Double[0.1, 4], Gen.Double[-7, 7]).Select((x, y, w, h, a) => new RotatedBox(x, y, w, h, a));
        Gen.Select(gen, gen, Gen.Double[-3, 3]).Sample((a, b, turn) =>
        {
            var (sin, cos) = Math.SinCos(turn);
            RotatedBox Turned(RotatedBox r) => new(100 + cos * r.X - sin * r.Y, sin * r.X + cos * r.Y - 50, r.Width, r.Height, r.Angle + turn);
            var iou = a.Iou(b);
            Assert.That(iou, Is.InRange(0, 1 + 1e-12));
            Assert.That(b.Iou(a), Is.EqualTo(iou).Within(1e-9));
            Assert.That(Turned(a).Iou(Turned(b)), Is.EqualTo(iou).Within(1e-9));
            Assert.That(iou, Is.EqualTo(Sampled(a, b)).Within(0.12), $"{a} {b}");
        }, iter: 300);
    }

    // Counts points of a raster over the first box: a definition that knows nothing of clipping.
    private static double Sampled(RotatedBox a, RotatedBox b)
    {
        const int Steps = 40;
        var (sin, cos) = Math.SinCos(a.Angle);
        var (otherSin, otherCos) = Math.SinCos(b.Angle);
        var inside = 0;
        for (var i = 0; i < Steps; i++)
            for (var j = 0; j < Steps; j++)
            {
                double u = ((i + 0.5) / Steps - 0.5) * a.Width, v = ((j + 0.5) / Steps - 0.5) * a.Height;
                double x = a.X + cos * u - sin * v - b.X, y = a.Y + sin * u + cos * v - b.Y;
                if (Math.Abs(otherCos * x + otherSin * y) <= b.Width / 2 && Math.Abs(otherCos * y - otherSin * x) <= b.Height / 2) inside++;
            }
        var shared = a.Area * inside / (Steps * Steps);
        return shared / (a.Area + b.Area - shared);
    }
}
