using CsCheck;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Warping;
using static LzuCore.Tests.Warping.RandomWarps;

namespace LzuCore.Tests.Warping;

public sealed class SaliencyToGridTests
{
    [Test]
    public void Nodes_StayInRange_AndIgnoreTheUnitOfSaliency([Values] bool separable, [Values] bool antiCrop) =>
        Any.Sample(
            c =>
            {
                var s = Saliency(c.H, c.W, c.Power, c.Seed);
                var nodes = Warp(s, c.Fwhm, separable, antiCrop).Nodes;
                Assert.That(Doubles(nodes), Is.All.InRange(-1.0, 1.0));
                Assert.That(Distance(nodes, Warp(s * 1234.5, c.Fwhm, separable, antiCrop).Nodes), Is.LessThan(1e-9));
                Assert.That(Distance(nodes, Warp(s * 1e300, c.Fwhm, separable, antiCrop).Nodes), Is.LessThan(1e-9));
            },
            iter: 40);

    [Test]
    public void WhileCapturing_TheWarpIsPartOfTheGraph_WithAFrameToo()
    {
        using var off = Grad.Off();
        var saliency = Tensor.Uniform([1, 1, 4, 5], RandomSource.FromSeed(1));
        using var capture = GraphCapture.Begin(saliency);
        var warp = SaliencyToGrid.Apply(saliency, new SaliencyToGridOptions(), new WarpFrame(new(40, 60), new(20, 30), [8]));
        Assert.That(capture.ValueOf(warp.KnotsX).Constant, Is.Null);
        Assert.That(capture.Nodes[0].Op, Is.EqualTo("saliency_to_grid"));
    }

    [Test]
    public void Flipping_Saliency_FlipsTheWarp([Values] bool separable, [Values] bool antiCrop) =>
        Any.Sample(
            c =>
            {
                var values = Saliency(c.H, c.W, c.Power, c.Seed).ToArray<double>();
                var flipped = Tensor.Generate([1, 1, c.H, c.W], i => values[i / c.W * c.W + (c.W - 1 - i % c.W)], DType.Float64);
                var nodes = Doubles(Warp(Tensor.From(values, [1, 1, c.H, c.W]), c.Fwhm, separable, antiCrop).Nodes);
                var mirrored = Doubles(Warp(flipped, c.Fwhm, separable, antiCrop).Nodes);
                for (var i = 0; i < c.H; i++)
                    for (var j = 0; j < c.W; j++)
                    {
                        var (at, from) = (2 * (i * c.W + j), 2 * (i * c.W + c.W - 1 - j));
                        Assert.That(mirrored[at], Is.EqualTo(-nodes[from]).Within(1e-9));
                        Assert.That(mirrored[at + 1], Is.EqualTo(nodes[from + 1]).Within(1e-9));
                    }
            },
            iter: 30);

    [Test]
    public void UniformSaliency_IsTheIdentity([Values] bool separable, [Values] bool antiCrop, [Values(2.0, 4.0, 13.0)] double fwhm) =>
        Assert.That(
            Distance(Warp(Tensor.Full([1, 1, 31, 51], 0.3), fwhm, separable, antiCrop).Nodes, WarpGrid.Identity((31, 51)).Nodes), Is.LessThan(2e-6));

    [Test]
    public void NoSaliency_IsTheIdentity_WithoutGradient([Values] bool separable, [Values] bool antiCrop)
    {
        var s = Tensor.Zeros([2, 1, 5, 7]).WithGrad();
        var nodes = Warp(s, 3, separable, antiCrop).Nodes;
        Assert.That(Distance(nodes.Narrow(0, 1, 1), WarpGrid.Identity((5, 7)).Nodes), Is.LessThan(1e-6));
        Assert.That(Gradients.Of(nodes, Tensor.Ones(nodes.Shape))[s].ToArray<float>(), Is.All.Zero);
    }

    [TestCase(float.NaN)]
    [TestCase(float.PositiveInfinity)]
    [TestCase(-1e-3f)]
    public void BadSaliency_IsRefused(float bad)
    {
        var values = Enumerable.Repeat(1f, 35).ToArray();
        values[17] = bad;
        foreach (var separable in (bool[])[true, false])
            Assert.That(() => Warp(Tensor.From(values, [1, 1, 5, 7]), 4, separable, true), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("finite and not negative"));
    }

    [TestCase(0)]
    [TestCase(double.NaN)]
    [TestCase(double.PositiveInfinity)]
    public void BadWidth_IsRefused(double fwhm) =>
        Assert.That(() => Warp(Tensor.Ones([1, 1, 5, 7]), fwhm, true, true), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("attraction_fwhm"));

    [Test]
    public void BadShapes_AreRefused()
    {
        Assert.That(() => Warp(Tensor.Ones([5, 7]), 4, true, true), Throws.TypeOf<ShapeException>());
        Assert.That(() => Warp(Tensor.Ones([1, 1, 1, 7]), 4, true, true), Throws.TypeOf<ShapeException>().With.Message.Contains("2 rows"));
    }

    [Test]
    public void SeparableAxes_NeverTurnBack_AndAntiCropIncreases([Values] bool antiCrop) =>
        Any.Sample(
            c =>
            {
                var warp = Warp(Saliency(c.H, c.W, c.Power, c.Seed), c.Fwhm, true, antiCrop);
                foreach (var knots in (Tensor[])[warp.KnotsX, warp.KnotsY])
                {
                    var g = Doubles(knots);
                    for (var i = 1; i < g.Length; i++) Assert.That(g[i] - g[i - 1], antiCrop ? Is.Positive : Is.GreaterThanOrEqualTo(-1e-15));
                    if (antiCrop) Assert.That((g[0], g[^1]), Is.EqualTo((-1.0, 1.0)));
                }
            },
            iter: 60);

    [Test]
    public void AntiCrop_KeepsEveryEdge() =>
        Any.Sample(
            c =>
            {
                var nodes = Doubles(Warp(Saliency(c.H, c.W, c.Power, c.Seed, DType.Float32), c.Fwhm, false, true).Nodes);
                for (var i = 0; i < c.H; i++)
                    Assert.That((nodes[2 * i * c.W], nodes[2 * (i * c.W + c.W - 1)]), Is.EqualTo((-1.0, 1.0)));
                for (var j = 0; j < c.W; j++)
                    Assert.That((nodes[2 * j + 1], nodes[2 * ((c.H - 1) * c.W + j) + 1]), Is.EqualTo((-1.0, 1.0)));
            },
            iter: 30);

    [Test]
    public void ProductSaliency_SeparableEqualsPlane([Values] bool antiCrop) =>
        Any.Sample(
            c =>
            {
                var (a, b) = (RandomSource.FromSeed(c.Seed, 1), RandomSource.FromSeed(c.Seed, 2));
                var s = Tensor.Generate([1, 1, c.H, c.W], i => (0.01 + a.Uniform((ulong)(i / c.W))) * (0.01 + b.Uniform((ulong)(i % c.W))), DType.Float64);
                Assert.That(Distance(Warp(s, c.Fwhm, true, antiCrop).Nodes, Warp(s, c.Fwhm, false, antiCrop).Nodes), Is.LessThan(1e-9));
            },
            iter: 40);

    [Test]
    public void Spike_WithNarrowAttraction_GathersEveryNode([Values] bool separable)
    {
        var values = new double[31 * 51];
        values[14 * 51 + 24] = 1;
        var s = Tensor.From(values, [1, 1, 31, 51]).WithGrad();
        var nodes = Warp(s, 0.5, separable, true).Nodes;
        Assert.That(Doubles(nodes), Is.All.InRange(-1.0, 1.0));
        Assert.That(Doubles(nodes)[2 * (14 * 51 + 40)], Is.EqualTo(2 * 24.0 / 50 - 1).Within(1e-9));
        Assert.That(Gradients.Of(nodes, Tensor.Ones(nodes.Shape, DType.Float64))[s].ToArray<double>(), Is.All.Matches<double>(double.IsFinite));
    }

    [Test]
    public void WideAttraction_DoesNotFoldThePlane() =>
        Gen.Select(Gen.Double[4, 13], Gen.ULong).Sample(
            (fwhm, seed) => WarpDiagnostics.Of(Warp(Saliency(12, 16, 2, seed), fwhm, false, true), (60, 96)).Folds.Count == 0, iter: 20);

    [Test]
    public void Gradient_IsOrthogonalToSaliency_AndMatchesDifferences([Values] bool separable, [Values] bool antiCrop)
    {
        var s = Saliency(5, 7, 2, 3).WithGrad();
        Tensor Nodes(Tensor x) => Warp(x, 2.5, separable, antiCrop).Nodes;
        var nodes = Nodes(s);
        var weights = Tensor.Uniform(nodes.Shape, RandomSource.FromSeed(5), -1, 1, DType.Float64);
        var gradient = Gradients.Of(nodes, weights)[s].ToArray<double>();
        Assert.That(gradient.Zip(s.ToArray<double>(), (g, v) => g * v).Sum(), Is.Zero.Within(1e-9));
        Assert.That(GradCheck.Run(x => Nodes(x[0]), [s])[0].Error, Is.LessThan(1e-6));
    }

    [Test]
    public void Batch_ImagesAreIndependent([Values] bool separable)
    {
        Tensor a = Saliency(6, 9, 2, 1), b = Saliency(6, 9, 4, 2);
        var both = Warp(F.Concat([a, b], 0), 3, separable, true);
        Assert.That(Distance(both.Image(1).Nodes, Warp(b, 3, separable, true).Nodes), Is.Zero);
    }
}
