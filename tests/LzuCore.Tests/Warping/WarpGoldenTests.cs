using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Warping;
using static LzuCore.Tests.Warping.RandomWarps;

namespace LzuCore.Tests.Warping;

/// <summary>The released 3-D detector's warp at its four scales, and handmade grids that the published inverse gets wrong.</summary>
public sealed class WarpGoldenTests
{
    // inverse_handmade.npz: exact inverses in float64; flags 3 and 4 mark pixels that no tile covers.
    [TestCase("identity")]
    [TestCase("scale")]
    [TestCase("shear")]
    [TestCase("rot10")]
    [TestCase("rot90")]
    [TestCase("trapezoid")]
    [TestCase("jitter")]
    public void HandmadeGrids_AreInvertedExactly(string name)
    {
        using var golden = WarpGoldens.Open("inverse_handmade.npz");
        var inverse = WarpGrid.FromNodes(golden.Read($"grid_{name}").Unsqueeze(0)).Invert((13, 20));
        var (got, valid, exact, flag) = (Doubles(inverse.Coordinates), Doubles(inverse.Valid), Doubles(golden.Read($"exact_{name}")), Doubles(golden.Read($"flag_{name}")));
        for (var i = 0; i < valid.Length; i++)
        {
            var covered = flag[i] is not (3 or 4);
            Assert.That(valid[i], Is.EqualTo(covered ? 1 : 0), $"pixel {i}");
            for (var k = 0; k < 2 && covered; k++) Assert.That(got[2 * i + k], Is.EqualTo(exact[2 * i + k]).Within(1e-5), $"pixel {i}");
        }
    }

    // fcos3d.npz: the published saliency, F = 10, inverses of five levels of the padded size; 9 marks entries outside the range.
    [TestCase("025")]
    [TestCase("050")]
    [TestCase("075")]
    [TestCase("100")]
    public void PublishedSaliency_GivesThePublishedWarp(string scale)
    {
        using var golden = WarpGoldens.Open("fcos3d.npz");
        var saliency = golden.Read("saliency");
        var warp = SaliencyToGrid.Apply(saliency.Reshape(1, 1, 27, 48), new() { AttractionFwhm = golden.Read("fwhm").ToArray<float>()[0] });
        Assert.That(Distance(warp.Nodes.Select(0, 0), golden.Read($"grid_{scale}")), Is.LessThan(2e-6));
        var size = golden.Read($"out_{scale}").ToArray<long>();
        var dense = warp.Upsample(((int)size[0], (int)size[1])).Select(0, 0);
        Assert.That(Distance(dense.Select(0, 0).Select(1, 0), golden.Read($"up_x_{scale}")), Is.LessThan(2e-6));
        Assert.That(Distance(dense.Select(1, 0).Select(1, 1), golden.Read($"up_y_{scale}")), Is.LessThan(2e-6));
        for (var level = 0; level < 5; level++)
        {
            Tensor x = golden.Read($"inv_exact_x_{scale}_L{level}"), y = golden.Read($"inv_exact_y_{scale}_L{level}");
            var inverse = warp.Invert((y.Shape[0], x.Shape[0])).Coordinates.Select(0, 0);
            Assert.That(Distance(inverse.Select(0, 0).Select(1, 0), x), Is.LessThan(1e-4), $"level {level}");
            Assert.That(Distance(inverse.Select(1, 0).Select(1, 1), y), Is.LessThan(1e-4), $"level {level}");
        }
    }

    [Test]
    public void PublishedWarp_MagnifiesAsPublished()
    {
        // spec of the released configuration: x 0.95 to 1.05, y 0.51 to 2.50 at F = 10.
        using var golden = WarpGoldens.Open("fcos3d.npz");
        var warp = SaliencyToGrid.Apply(golden.Read("saliency").Reshape(1, 1, 27, 48), new() { AttractionFwhm = 10 });
        var y = Magnifications(warp.KnotsY);
        Assert.That((y.Min(), y.Max()), Is.EqualTo((0.51, 2.50)).Using<(double, double)>((a, b) => Math.Abs(a.Item1 - b.Item1) < 0.02 && Math.Abs(a.Item2 - b.Item2) < 0.02));
        var found = WarpDiagnostics.Of(warp, (450, 800));
        Assert.That((found.Folds.Count, found.FlatCells), Is.EqualTo((0, 0)));
        Assert.That(found.RoundTripPixels, Is.LessThan(1e-9));
        Assert.That(found.LargestMagnification, Is.InRange(2.3, 2.7));

        static double[] Magnifications(Tensor knots)
        {
            var g = Doubles(knots);
            return [.. g.Zip(g.Skip(1), (a, b) => 2.0 / (g.Length - 1) / (b - a))];
        }
    }

    [Test]
    public void Diagnostics_FindAFold()
    {
        var nodes = Doubles(WarpGrid.Identity((4, 5)).Nodes);
        nodes[2 * (1 * 5 + 2)] = 0.9;
        var found = WarpDiagnostics.Of(WarpGrid.FromNodes(Tensor.From(nodes, [1, 4, 5, 2])), (8, 10));
        Assert.That(found.Folds, Does.Contain((1, 2)));
        Assert.That(found.SmallestJacobian, Is.Negative);
    }
}
