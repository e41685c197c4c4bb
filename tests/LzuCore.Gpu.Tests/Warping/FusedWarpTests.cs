using LzuCore.Gpu.Tests.Runtime;

using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Testing;
using LzuCore.Warping;

namespace LzuCore.Gpu.Tests.Warping;

/// <summary>The launches made for a GPU give what the single kernels give: a warp with all its tables in one, a pyramid unzoomed in one.</summary>
public sealed class FusedWarpTests
{
    private static readonly Device Gpu = new("ilgpu");
    private static readonly int[] Strides = [8, 16, 32, 64, 128];

    [TestCase(true)]
    [TestCase(false)]
    public void TablesMadeWithTheWarp_AreTheWarps(bool antiCrop)
    {
        using var off = Grad.Off();
        var options = new SaliencyToGridOptions { AntiCrop = antiCrop };
        var saliency = Tensor.Uniform([2, 1, 7, 11], RandomSource.FromSeed(3), 0, 1);
        var image = Tensor.Uniform([2, 3, 40, 72], RandomSource.FromSeed(4), -1, 1);
        Tensor[] levels = [.. Strides.Select(s => Tensor.Uniform([2, 8, (30 + s - 1) / s, (50 + s - 1) / s], RandomSource.FromSeed((ulong)s), -1, 1))];
        var frame = new WarpFrame((40, 72), (30, 50), Strides);
        var expected = SaliencyToGrid.Apply(saliency, options);
        foreach (var device in new[] { Device.Cpu, Gpu })
        {
            var got = SaliencyToGrid.Apply(saliency.To(device), options, frame);
            Assert.That(AssertClose.Compare(got.KnotsX.To(Device.Cpu), expected.KnotsX, 1e-6), Is.Null, $"{device}: x knots");
            Assert.That(AssertClose.Compare(got.KnotsY.To(Device.Cpu), expected.KnotsY, 1e-6), Is.Null, $"{device}: y knots");
            Assert.That(AssertClose.Compare(got.Zoom(image.To(device), (30, 50)).To(Device.Cpu), expected.Zoom(image, (30, 50)), 1e-5), Is.Null, $"{device}: zoom");
            var unzoomed = got.Unzoom([.. levels.Select(l => l.To(device))], Strides, (30, 50));
            for (var i = 0; i < levels.Length; i++)
                Assert.That(AssertClose.Compare(unzoomed[i].To(Device.Cpu), expected.Unzoom(levels[i], new LevelFrame(Strides[i], (30, 50))), 1e-5), Is.Null, $"{device}: level {i}");
        }
    }

    [Test]
    public void SaliencyThatIsNone_IsRefused_AndNoneIsTheIdentity()
    {
        using var off = Grad.Off();
        var frame = new WarpFrame((8, 8), (8, 8), [8]);
        var bad = Tensor.From([1f, float.NaN, 1, 1], [1, 1, 2, 2]).To(Gpu);
        Assert.That(() => SaliencyToGrid.Apply(bad, new(), frame), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("finite and not negative"));
        var none = SaliencyToGrid.Apply(Tensor.Zeros([1, 1, 3, 4]).To(Gpu), new(), frame);
        Assert.That(none.KnotsX.To(Device.Cpu).ToArray<float>(), Is.EqualTo(new[] { -1, -1f / 3, 1f / 3, 1 }).Within(1e-6));
    }

    [Test]
    public void GradientsOfAPyramid_AreThoseOfItsLevels()
    {
        var warp = SaliencyToGrid.Apply(Tensor.Uniform([1, 1, 5, 6], RandomSource.FromSeed(1), 0, 1), new());
        Tensor[] levels = [Tensor.Uniform([1, 4, 8, 12], RandomSource.FromSeed(2), -1, 1).WithGrad(), Tensor.Uniform([1, 4, 4, 6], RandomSource.FromSeed(3), -1, 1).WithGrad()];
        var together = warp.Unzoom(levels, [8, 16], (64, 96));
        var gradients = Gradients.Of((together[0] * together[0]).Sum() + (together[1] * 3).Sum());
        Tensor a = warp.Unzoom(levels[0], new LevelFrame(8, (64, 96))), b = warp.Unzoom(levels[1], new LevelFrame(16, (64, 96)));
        var expected = Gradients.Of((a * a).Sum() + (b * 3).Sum());
        foreach (var level in levels) Assert.That(AssertClose.Compare(gradients.Find(level)!, expected.Find(level)!, 1e-5), Is.Null);
    }

    [Test]
    public void AdaptiveZoomAndUnzoom_AreAFewLaunches_AndCanBeRecorded()
    {
        var device = new Device("madeup");
        var backend = (GpuBackend)BackendRegistry.Get(device);
        using var off = Grad.Off();
        var saliency = Tensor.Uniform([1, 1, 7, 11], RandomSource.FromSeed(3), 0, 1);
        var image = Tensor.Uniform([1, 4, 20, 36], RandomSource.FromSeed(4), -1, 1);
        Tensor[] levels = [.. Strides[..3].Select(s => Tensor.Uniform([1, 4, (16 + s - 1) / s, (24 + s - 1) / s], RandomSource.FromSeed((ulong)s), -1, 1))];
        var frame = new WarpFrame((20, 36), (16, 24), Strides[..3]);
        Tensor[] on = [saliency.To(device), image.To(device), .. levels.Select(l => l.To(device))];
        Tensor[] Run(Tensor[] x)
        {
            var warp = SaliencyToGrid.Apply(x[0], new(), frame);
            return [warp.Zoom(x[1], (16, 24)), .. warp.Unzoom(x[2..], Strides[..3], (16, 24))];
        }
        Run(on);
        FakeCuda.Reset();
        Tensor[] got = [];
        using var graph = backend.Capture(() => got = Run(on));
        var launches = FakeCuda.Calls.Where(c => c.StartsWith("cuLaunchKernel", StringComparison.Ordinal)).ToList();
        Assert.That(launches, Has.Count.EqualTo(3), string.Join("\n", launches));
        graph.Replay();
        var expected = Run([saliency, image, .. levels]);
        for (var i = 0; i < got.Length; i++) Assert.That(AssertClose.Compare(got[i].To(Device.Cpu), expected[i], 1e-5), Is.Null, $"result {i}");
        Assert.That(FakeCuda.Faults, Is.Empty, string.Join("\n", FakeCuda.Faults));
    }
}
