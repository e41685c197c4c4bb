using CsCheck;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Warping;
using static LzuCore.Tests.Warping.RandomWarps;

namespace LzuCore.Tests.Warping;

public sealed class WarpInverseTests
{
    private static readonly Size2[] Sizes = [(1, 1), (1, 9), (2, 2), (7, 13), (31, 17), (40, 40)];

    [Test]
    public void Separable_InverseOfForward_IsWhereItBegan() =>
        Any.Sample(
            c =>
            {
                var warp = Warp(Saliency(c.H, c.W, c.Power, c.Seed), c.Fwhm, true, true);
                var u = Tensor.Uniform([50, 2], RandomSource.FromSeed(c.Seed, 3), -1, 1, DType.Float64);
                var narrowest = ((Tensor[])[warp.KnotsX, warp.KnotsY]).Min(k => Doubles(k).Zip(Doubles(k).Skip(1), (a, b) => (b - a)).Min());
                Assert.That(Distance(warp.PointsToZoomed(warp.PointsToOriginal(u)), u), Is.LessThan(1e-14 / narrowest + 1e-12));
            },
            iter: 40);

    // Tiles accept parameters up to 1e-6 beyond their sides.
    [Test]
    public void Nonseparable_InverseOfForward_IsWhereItBegan() =>
        Any.Sample(
            c =>
            {
                var warp = Warp(Saliency(c.H, c.W, Math.Min(c.Power, 3), c.Seed), c.Fwhm + 4, false, true);
                var u = Tensor.Uniform([50, 2], RandomSource.FromSeed(c.Seed, 3), -1, 1, DType.Float64);
                Assert.That(Distance(warp.PointsToZoomed(warp.PointsToOriginal(u)), u), Is.LessThan(2e-6));
            },
            iter: 40);

    [Test]
    public void Nonseparable_PointsThatAreNotShown_GoToTheNearestPlace()
    {
        // A square turned by 45 degrees: its sides are |x| + |y| = 1.
        var warp = WarpGrid.FromNodes(Tensor.From([0.0, -1, 1, 0, -1, 0, 0, 1], [1, 2, 2, 2]));
        var points = Tensor.From([1.0, 1, -1, 1, 1, -1, 7, 0, 0, 0, double.NaN, 0], [6, 2]);
        Assert.That(Doubles(warp.PointsToZoomed(points)), Is.EqualTo([1, 0, 0, 1, 0, -1, 1, -1, 0, 0, double.NaN, double.NaN]).Within(1e-12));
    }

    [Test]
    public void AntiCrop_LeavesNoHoles([Values] bool separable) =>
        Any.Sample(
            c =>
            {
                // Wide attraction: a narrow one can fold the plane.
                var warp = Warp(Saliency(c.H, c.W, Math.Min(c.Power, 3), c.Seed, DType.Float32), c.Fwhm + 4, separable, true);
                foreach (var size in Sizes) Assert.That(Doubles(warp.Invert(size).Valid), Is.All.EqualTo(1.0), $"{size}");
            },
            iter: 25);

    [Test]
    public void Crop_IsValidExactlyBetweenTheEndKnots() =>
        Any.Sample(
            c =>
            {
                var warp = Warp(Saliency(c.H, c.W, c.Power, c.Seed), c.Fwhm, true, false);
                var g = Doubles(warp.KnotsX);
                var valid = Doubles(warp.Invert((1, 33)).Coordinates.Select(3, 0));
                for (var i = 0; i < 33; i++)
                {
                    var v = (2.0 * i - 32) / 32;
                    var edge = Math.Min(Math.Abs(v - g[0]), Math.Abs(v - g[^1]));
                    if (edge > 2e-5) Assert.That(valid[i] < 2, Is.EqualTo(v >= g[0] && v <= g[^1]));
                }
            },
            iter: 40);

    [Test]
    public void Inverse_MapsBackOntoItsPixel([Values] bool separable, [Values] bool antiCrop) =>
        Any.Sample(
            c =>
            {
                var warp = Warp(Saliency(c.H, c.W, Math.Min(c.Power, 3), c.Seed), c.Fwhm + 4, separable, antiCrop);
                AssertMapsBack(warp);
            },
            iter: 25);

    private static void AssertMapsBack(WarpGrid warp)
    {
        var inverse = warp.Invert((11, 14));
        var (u, valid) = (Doubles(inverse.Coordinates), Doubles(inverse.Valid));
        var there = Doubles(warp.PointsToOriginal(Tensor.From([.. u.Select(v => Math.Min(v, 1))], [11 * 14, 2])));
        // Parameters may lie 1e-6 outside their tile, which is at most 2 wide and high. An end node within 1e-5 of the rim counts as the rim (WarpGrid.Invert) while the warp itself has it where it is, and all of its tiles lie as much apart.
        var limit = 4e-6 + Doubles(warp.Nodes).Select(c => 1 - Math.Abs(c)).Where(apart => apart <= 1e-5).DefaultIfEmpty(0).Max();
        for (var i = 0; i < valid.Length; i++)
        {
            if (valid[i] == 0) continue;
            double x = (2.0 * (i % 14) - 13) / 13, y = (2.0 * (i / 14) - 10) / 10;
            Assert.That(there[2 * i], Is.EqualTo(x).Within(limit));
            Assert.That(there[2 * i + 1], Is.EqualTo(y).Within(limit));
        }
    }

    // Where clamping left a tile that is not convex, its own formula has a place for points that it does not show.
    [Test]
    public void Inverse_BesideAFoldedTile_MapsBackOntoItsPixel()
    {
        var warp = Warp(Saliency(4, 4, 3, 23418), 306.0 / 37 + 4, false, false);
        AssertMapsBack(warp);
        // The last tile's right side is a point.
        AssertMapsBack(Warp(Saliency(10, 9, 3, 901641044627), 2.7649541215756095 + 4, false, false));
        // A quadrilateral whose fourth corner is dented inwards, beyond the diagonal.
        AssertMapsBack(WarpGrid.FromNodes(Tensor.From([-1.0, -1, 1, -1, -1, 1, -0.8, -0.7], [1, 2, 2, 2])));
    }

    [Test]
    public void Identity_InvertsToItself_AtEverySize([Values] bool separable)
    {
        var identity = WarpGrid.Identity((5, 9));
        var warp = separable ? identity : WarpGrid.FromNodes(identity.Nodes);
        foreach (var size in (Size2[])[(2, 2), (13, 20), (64, 7)])
            Assert.That(Distance(warp.Invert(size).Coordinates, WarpGrid.Identity(size).Nodes), Is.LessThan(1e-6));
    }

    [Test]
    public void PlaneInverse_OfSeparableNodes_EqualsSeparableInverse([Values] bool antiCrop) =>
        Any.Sample(
            c =>
            {
                var warp = Warp(Saliency(c.H, c.W, Math.Min(c.Power, 2), c.Seed), c.Fwhm + 2, true, antiCrop);
                var (one, other) = (warp.Invert((12, 19)), WarpGrid.FromNodes(warp.Nodes).Invert((12, 19)));
                var (a, b, valid) = (Doubles(one.Coordinates), Doubles(other.Coordinates), Doubles(one.Valid));
                for (var i = 0; i < valid.Length; i++)
                    if (valid[i] == 1)
                        for (var k = 0; k < 2; k++) Assert.That(b[2 * i + k], Is.EqualTo(a[2 * i + k]).Within(2e-6));
            },
            iter: 25);

    [Test]
    public void FlatTiles_AreSkipped_WithoutNaN()
    {
        var knots = Tensor.From([-1.0, -1, -0.5, -0.5, 0.25, 1, 1], [1, 7]).WithGrad();
        var warp = WarpGrid.FromKnots(knots, Tensor.From([-1.0, 1], [1, 2]));
        var x = warp.Invert((2, 9)).Coordinates;
        var row = Doubles(x.Select(1, 0).Select(2, 0));
        Assert.That(row, Is.Ordered.And.All.InRange(-1.0, 1.0));
        Assert.That(row[2], Is.EqualTo(0.0).Within(1e-12), "-0.5 is reached at the end of the flat, knot 3 of 0..6");
        Assert.That(Gradients.Of(x, Tensor.Ones(x.Shape, DType.Float64))[knots].ToArray<double>(), Is.All.Matches<double>(double.IsFinite));
    }

    [Test]
    public void AllFlat_IsInvalidEverywhere()
    {
        var warp = WarpGrid.FromKnots(Tensor.Zeros([1, 4]), Tensor.Zeros([1, 3]));
        Assert.That(Doubles(warp.Invert((5, 5)).Valid), Is.All.Zero);
        Assert.That(Doubles(WarpGrid.FromNodes(warp.Nodes).Invert((5, 5)).Valid), Is.All.Zero);
    }

    [Test]
    public void NaNNodes_AreInvalid_NotWild()
    {
        var warp = WarpGrid.FromNodes(Tensor.Full([1, 3, 4, 2], double.NaN));
        Assert.That(Doubles(warp.Invert((5, 5)).Valid), Is.All.Zero);
        Assert.That(Doubles(WarpGrid.FromKnots(Tensor.Full([1, 4], double.NaN), Tensor.Full([1, 3], double.NaN)).Invert((5, 5)).Valid), Is.All.Zero);
    }

    [Test]
    public void CoarseInverse_IsTheFineOneOnSharedPixels([Values] bool separable)
    {
        var warp = Warp(Saliency(9, 12, 2, 4), 5, separable, true);
        var coarse = Doubles(warp.Invert((6, 9)).Coordinates);
        var fine = Doubles(warp.Invert((11, 17)).Coordinates);
        for (var i = 0; i < 6; i++)
            for (var j = 0; j < 9; j++)
                Assert.That(fine[2 * (2 * i * 17 + 2 * j)], Is.EqualTo(coarse[2 * (i * 9 + j)]).Within(1e-9));
    }

    [Test]
    public void Inverse_IsKept_ForEachSizeAndDType()
    {
        var warp = Warp(Saliency(9, 12, 2, 4), 5, true, true);
        Assert.That(warp.Invert((6, 9)).Coordinates, Is.SameAs(warp.Invert((6, 9)).Coordinates));
        Assert.That(warp.Invert((6, 10)).Coordinates.Shape, Is.EqualTo(new Shape(1, 6, 10, 2)));
    }

    [Test]
    public void InverseGradient_MatchesDifferences_ThroughSaliency([Values] bool separable)
    {
        var s = Saliency(5, 7, 1, 9).WithGrad();
        var result = GradCheck.Run(x => Warp(x[0], 4, separable, true).Invert((6, 9)).Coordinates.Narrow(1, 1, 4).Narrow(2, 1, 7), [s], 1e-6)[0];
        Assert.That(result.Error, Is.LessThan(1e-5), $"element {result.WorstIndex}: {result.Got} for {result.Expected}");
    }
}
