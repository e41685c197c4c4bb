using CsCheck;
using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Warping;
using static LzuCore.Tests.Warping.RandomWarps;

namespace LzuCore.Tests.Warping;

public sealed class ZoomUnzoomTests
{
    [Test]
    public void Constants_StayConstant([Values] bool separable, [Values] bool antiCrop) =>
        Any.Sample(
            c =>
            {
                var warp = Warp(Saliency(c.H, c.W, Math.Min(c.Power, 3), c.Seed, DType.Float32), c.Fwhm + 4, separable, antiCrop);
                var constant = Tensor.Full([2, 3, 15, 22], 2.5);
                Assert.That(warp.Zoom(constant, (9, 13)).ToArray<float>(), Is.All.EqualTo(2.5f).Within(1e-5f));
                var unzoomed = warp.Unzoom(constant).Select(0, 1).Select(0, 0).ToArray<float>();
                var valid = Doubles(warp.Invert((15, 22)).Valid);
                for (var i = 0; i < valid.Length; i++) Assert.That(unzoomed[i], Is.EqualTo(valid[i] * 2.5).Within(1e-4));
            },
            iter: 20);

    [Test]
    public void ZoomedRamp_IsTheGridItself([Values] bool separable)
    {
        var warp = Warp(Saliency(9, 12, 3, 8), 5, separable, true);
        var ramp = Tensor.Generate([1, 1, 40, 60], i => (2.0 * (i % 60) - 59) / 59, DType.Float64);
        Assert.That(Distance(warp.Zoom(ramp, (20, 30)).Reshape(20, 30), warp.Upsample((20, 30)).Select(3, 0).Select(0, 0)), Is.LessThan(1e-9));
    }

    [Test]
    public void Unzoom_OfZoomedRamp_IsTheRamp([Values] bool separable)
    {
        var warp = Warp(Saliency(9, 12, 1, 8), 6, separable, true);
        var ramp = Tensor.Generate([1, 1, 120, 160], i => (2.0 * (i % 160) - 159) / 159, DType.Float64);
        Assert.That(Distance(warp.Unzoom(warp.Zoom(ramp, (120, 160))), ramp), Is.LessThan(2e-3));
    }

    [Test]
    public void Identity_WithAFrame_ReturnsFeatures([Values] bool separable, [Values(1, 4, 8, 32)] int stride, [Values(1, 50, 97, 225)] int height, [Values(0, 3)] int padding)
    {
        var warp = Warp(Tensor.Full([1, 1, 7, 9], 1.0), 4, separable, true);
        Size2 zoomed = (height, 2 * height + 1);
        var features = Tensor.Uniform([1, 5, (zoomed.Height + stride - 1) / stride + padding, (zoomed.Width + stride - 1) / stride + padding], RandomSource.FromSeed(1));
        Assert.That(Distance(warp.Unzoom(features, new LevelFrame(stride, zoomed)), features), Is.LessThan(2e-4 / stride + 2e-5));
    }

    [Test]
    public void OneWarp_ServesABatch([Values] bool separable)
    {
        var warp = Warp(Saliency(9, 12, 3, 8, DType.Float32), 5, separable, true);
        var image = Tensor.Uniform([2, 3, 20, 30], RandomSource.FromSeed(4));
        Assert.That(Distance(warp.Zoom(image, (10, 14)).Narrow(0, 1, 1), warp.Zoom(image.Narrow(0, 1, 1), (10, 14))), Is.Zero);
        var three = Warp(F.Concat([Saliency(9, 12, 3, 1), Saliency(9, 12, 3, 2), Saliency(9, 12, 3, 3)], 0), 5, separable, true);
        Assert.That(() => three.Zoom(image, (10, 14)), Throws.TypeOf<ShapeException>().With.Message.Contains("batch 3"));
    }

    [Test]
    public void ABatchOfWarps_ActsImageByImage([Values] bool separable)
    {
        Tensor a = Saliency(6, 9, 2, 1, DType.Float32), b = Saliency(6, 9, 4, 2, DType.Float32);
        var image = Tensor.Uniform([2, 3, 20, 30], RandomSource.FromSeed(4));
        var both = Warp(F.Concat([a, b], 0), 5, separable, true);
        Assert.That(Distance(both.Zoom(image, (10, 14)).Narrow(0, 1, 1), Warp(b, 5, separable, true).Zoom(image.Narrow(0, 1, 1), (10, 14))), Is.LessThan(1e-6));
        Assert.That(Distance(both.Unzoom(image).Narrow(0, 1, 1), Warp(b, 5, separable, true).Unzoom(image.Narrow(0, 1, 1))), Is.LessThan(1e-6));
    }

    [Test]
    public void Gradient_ThroughZoomAndUnzoom_MatchesDifferences([Values] bool separable, [Values] bool framed)
    {
        var s = Saliency(4, 5, 1, 21).WithGrad();
        var image = Tensor.Uniform([1, 2, 6, 7], RandomSource.FromSeed(3), -1, 1, DType.Float64).WithGrad();
        Tensor Chain(Tensor[] x)
        {
            var warp = Warp(x[0], 3, separable, true);
            var zoomed = warp.Zoom(x[1], (5, 6));
            // Away from the rim, where sampling's slope is one-sided.
            return (framed ? warp.Unzoom(zoomed, new LevelFrame(2, (10, 12))) : warp.Unzoom(zoomed)).Narrow(2, 1, 3).Narrow(3, 1, 4);
        }
        foreach (var result in GradCheck.Run(Chain, [s, image], 1e-7))
            Assert.That(result.Error, Is.LessThan(2e-5), $"input {result.Input}, element {result.WorstIndex}: {result.Got} for {result.Expected}");
    }

    [TestCase(2), TestCase(4), TestCase(8)]
    public void UnzoomToMoreCells_WithTheIdentity_IsInterpolation(int stride)
    {
        var features = Tensor.Uniform([2, 9, 16 / stride, 24 / stride], RandomSource.FromSeed(4), -1, 1);
        var expected = F.Interpolate(features, (16, 24), InterpolationMode.Bilinear, alignCorners: false);
        foreach (var warp in new[] { WarpGrid.Identity(2), SaliencyToGrid.Apply(Tensor.Full([1, 1, 7, 9], 1), new()), WarpGrid.FromNodes(WarpGrid.Identity((4, 5)).Nodes) })
            Assert.That(Distance(warp.Unzoom(features, new LevelFrame(stride, (16, 24)), (16, 24)), expected), Is.LessThan(1e-5));
    }

    [Test]
    public void UnzoomToAnotherSize_OfAZoomedRamp_IsTheRamp([Values] bool separable)
    {
        // At stride 1 over all of the original, whatever the zoomed size: nothing is lost of a straight line but at the warp's nodes.
        var warp = Warp(Saliency(9, 12, 2, 11), 6, separable, true);
        var zoomed = warp.Zoom(Ramp(200, 300), (120, 160));
        Assert.That(Distance(warp.Unzoom(zoomed, new LevelFrame(1, (120, 160)), (50, 70)), Ramp(50, 70)), Is.LessThan(5e-3));

        static Tensor Ramp(int height, int width) => Tensor.Generate([1, 1, height, width], i => 2.0 * (i % width) / (width - 1) + i / width / (height - 1.0), DType.Float64);
    }

    [Test]
    public void UnzoomToMoreCells_IsZeroWhereTheWarpDoesNotReach_AndConstantElsewhere([Values] bool separable)
    {
        var warp = Warp(Saliency(9, 12, 3, 5), 5, separable, false);
        var unzoomed = warp.Unzoom(Tensor.Full([1, 9, 10, 15], 2, DType.Float64), new LevelFrame(4, (40, 60)), (33, 47)).Select(0, 0).Select(0, 0).ToArray<double>();
        var valid = Doubles(warp.Invert((33, 47)).Valid);
        Assert.That(valid, Has.Some.Zero.And.Some.EqualTo(1));
        for (var i = 0; i < valid.Length; i++) Assert.That(unzoomed[i], Is.EqualTo(2 * valid[i]).Within(1e-6));
    }

    [Test]
    public void Gradient_ThroughUnzoomToMoreCells_MatchesDifferences([Values] bool separable)
    {
        var s = Saliency(4, 5, 1, 21).WithGrad();
        var features = Tensor.Uniform([1, 2, 5, 6], RandomSource.FromSeed(3), -1, 1, DType.Float64).WithGrad();
        foreach (var result in GradCheck.Run(x => Warp(x[0], 3, separable, true).Unzoom(x[1], new LevelFrame(2, (10, 12)), (10, 12)).Narrow(2, 2, 5).Narrow(3, 2, 7), [s, features], 1e-7))
            Assert.That(result.Error, Is.LessThan(2e-5), $"input {result.Input}, element {result.WorstIndex}: {result.Got} for {result.Expected}");
    }

    [Test]
    public void Boxes_ThereAndBack_AreTheSame() =>
        Any.Sample(
            c =>
            {
                var warp = Warp(Saliency(c.H, c.W, Math.Min(c.Power, 3), c.Seed), c.Fwhm + 2, true, true);
                var boxes = Tensor.From([10.0, 20, 300, 200, 0.9, 0, 0, 640, 480, 0.1, 320, 100, 321, 101, 0.5], [3, 5]);
                var zoomed = warp.ToZoomed(boxes, (480, 640), (240, 320));
                Assert.That(Distance(warp.ToOriginal(zoomed, (240, 320), (480, 640)), boxes), Is.LessThan(1e-3));
                Assert.That(zoomed.Select(1, 4).ToArray<double>(), Is.EqualTo([0.9, 0.1, 0.5]));
            },
            iter: 30);

    [Test]
    public void Boxes_UnderABendingWarp_AreHulls()
    {
        var nodes = Tensor.From([-1.0, -1, 0.5, -1, -0.5, 1, 1, 1], [1, 2, 2, 2]);
        var box = Tensor.From([0.0, 0, 10, 10], [1, 4]);
        var warp = WarpGrid.FromNodes(nodes);
        Assert.That(warp.ToOriginal(box, 10, 100).ToArray<double>(), Is.EqualTo([0, 0, 100.0, 100]).Within(1e-9));
        var right = Tensor.From([5.0, 0, 10, 10], [1, 4]);
        Assert.That(warp.ToOriginal(right, 10, 100, BoxRule.Corners).ToArray<double>(), Is.EqualTo([37.5, 0, 100, 100]).Within(1e-9));
        Assert.That(warp.ToOriginal(right, 10, 100).ToArray<double>()[0], Is.EqualTo(37.5).Within(1e-9));
    }

    // A hull is drawn around moved corners, and a bent side bulges between them: by a part of a hundred here.
    [Test]
    public void Boxes_UnderABendingWarp_ThereAndBack_HoldTheBox() =>
        Any.Sample(
            c =>
            {
                var warp = Warp(Saliency(c.H, c.W, Math.Min(c.Power, 3), c.Seed), c.Fwhm + 4, false, true);
                var box = Tensor.From([100.0, 80, 300, 200], [1, 4]);
                var back = warp.ToOriginal(warp.ToZoomed(box, (480, 640), (240, 320)), (240, 320), (480, 640)).ToArray<double>();
                Assert.That(back[0], Is.LessThan(100 + 0.02 * 200));
                Assert.That(back[1], Is.LessThan(80 + 0.02 * 120));
                Assert.That(back[2], Is.GreaterThan(300 - 0.02 * 200));
                Assert.That(back[3], Is.GreaterThan(200 - 0.02 * 120));
            },
            iter: 30);

    [Test]
    public void NoBoxes_StayNone() =>
        Assert.That(WarpGrid.Identity((3, 4)).ToOriginal(Tensor.Zeros([0, 5]), 10, 100).Shape, Is.EqualTo(new Shape(0, 5)));

    [Test]
    public void BoxGradient_MatchesDifferences()
    {
        var s = Saliency(5, 7, 1, 9).WithGrad();
        var boxes = Tensor.From([11.0, 21, 31, 43], [1, 4]).WithGrad();
        foreach (var map in (Func<Tensor[], Tensor>[])[x => Warp(x[0], 4, true, true).ToOriginal(x[1], (50, 60), (100, 120)), x => Warp(x[0], 4, true, true).ToZoomed(x[1], (50, 60), (25, 30)), x => Warp(x[0], 6, false, true).ToZoomed(x[1], (50, 60), (25, 30))])
            foreach (var result in GradCheck.Run(map, [s, boxes], 1e-6))
                Assert.That(result.Error, Is.LessThan(1e-5), $"input {result.Input}, element {result.WorstIndex}: {result.Got} for {result.Expected}");
    }

    [Test]
    public void Module_HasTheBackbonesKeys_AndUnzoomsItsLevels()
    {
        var plain = new TwoLevels();
        var wrapped = new ZoomUnzoom(new TwoLevels(), [1, 2], (20, 30), new RoadPriorSaliency((7, 9)), multiple: 8);
        Assert.That(wrapped.Keys, Is.EqualTo(plain.Keys));
        wrapped.LoadStateDict(plain.StateDict());
        var image = Tensor.Full([1, 1, 40, 60], 1.0);
        using var off = Grad.Off();
        foreach (var level in wrapped.Call(image)) Assert.That(level.ToArray<float>().Max(), Is.EqualTo(3f).Within(1e-4f));
        var again = wrapped.Call(image);
        Assert.That(again.Select(l => l.Shape), Is.EqualTo([new Shape(1, 1, 24, 32), new Shape(1, 1, 12, 16)]));
    }

    [Test]
    public void Module_WithoutSaliency_ResizesEvenly()
    {
        var wrapped = new ZoomUnzoom(new TwoLevels(), [1, 2], (20, 30), null);
        var image = Tensor.Uniform([1, 1, 40, 60], RandomSource.FromSeed(2));
        Assert.That(Distance(wrapped.Forward(image)[0], F.Interpolate(image, (20, 30), InterpolationMode.Bilinear, alignCorners: true) * 3), Is.LessThan(1e-5));
    }

    [Test]
    public void Module_WithUniformBoxSaliency_LeavesFeaturesInPlace()
    {
        var even = new ZoomUnzoom(new TwoLevels(), [1, 2], (20, 30), null, multiple: 8);
        var adaptive = new ZoomUnzoom(new TwoLevels(), [1, 2], (20, 30), new KernelDensitySaliency((7, 9)), multiple: 8);
        var image = Tensor.Uniform([1, 1, 40, 60], RandomSource.FromSeed(2));
        Assert.That(Distance(adaptive.Forward(image)[1], even.Forward(image)[1]), Is.LessThan(1e-3));
        var moved = adaptive.Call(image, [Tensor.From([5f, 5, 15, 20], [1, 4])]);
        Assert.That(Distance(moved[0], even.Forward(image)[0]), Is.GreaterThan(1e-2));
    }

    // Three times the image, and every second pixel of that.
    private sealed class TwoLevels : Module<Tensor, Tensor[]>
    {
        private readonly Parameter _gain;

        public TwoLevels() => _gain = Param("body.gain", [1], (shape, _) => Tensor.Full(shape, 3));

        public override Tensor[] Forward(Tensor input)
        {
            var level = input * _gain.Value;
            return [level, F.Interpolate(level, (level.Shape[2] / 2, level.Shape[3] / 2), InterpolationMode.Nearest, alignCorners: false)];
        }
    }
}
