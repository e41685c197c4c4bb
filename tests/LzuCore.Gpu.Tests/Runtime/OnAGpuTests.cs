using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Testing;
using LzuCore.Warping;

namespace LzuCore.Gpu.Tests.Runtime;

/// <summary>What only a real GPU can show: sizes of a real network, the same bits twice, graphs, memory that comes back, libraries against our own kernels.</summary>
[Category("Gpu")]
public sealed class OnAGpuTests
{
    [SetUp]
    public void Require() => RealGpu.Require();

    [Test]
    public void AConvolutionOfRealSize_EqualsTheCpus_AndIsTheSameBitsTwice([Values(1, 3)] int kernel, [Values(1, 2)] int stride)
    {
        using var off = Grad.Off();
        var x = Tensor.Uniform([2, 256, 38, 60], RandomSource.FromSeed(1), -1, 1);
        var w = Tensor.Uniform([256, 256, kernel, kernel], RandomSource.FromSeed(2), -0.05, 0.05);
        Tensor xd = x.To(RealGpu.Device), wd = w.To(RealGpu.Device);
        var first = F.Conv2d(xd, wd, stride: stride, padding: kernel / 2).To(Device.Cpu);
        var second = F.Conv2d(xd, wd, stride: stride, padding: kernel / 2).To(Device.Cpu);
        Assert.That(second.ToArray<float>(), Is.EqualTo(first.ToArray<float>()));
        Assert.That(AssertClose.Compare(first, F.Conv2d(x, w, stride: stride, padding: kernel / 2), 1e-4), Is.Null);
    }

    [Test]
    public void OurOwnConvolution_EqualsTheLibrarys()
    {
        var backend = RealGpu.Backend;
        var own = backend.OwnConv2d;
        var x = Tensor.Uniform([1, 64, 30, 40], RandomSource.FromSeed(1), -1, 1).To(RealGpu.Device);
        var w = Tensor.Uniform([96, 64, 3, 3], RandomSource.FromSeed(2), -0.05, 0.05).To(RealGpu.Device);
        var args = new Conv2dArgs(1, 1, 1, 1);
        Tensor a = Tensor.Zeros([1, 96, 30, 40], device: RealGpu.Device), b = Tensor.Zeros([1, 96, 30, 40], device: RealGpu.Device);
        own.Forward(args, x.View, w.View, default, a.View);
        backend.Kernel<IConv2dKernel>().Forward(args, x.View, w.View, default, b.View);
        Assert.That(AssertClose.Compare(a.To(Device.Cpu), b.To(Device.Cpu), 1e-4), Is.Null);
    }

    [Test]
    public void ARecordedWarp_FollowsItsInputs()
    {
        using var off = Grad.Off();
        var backend = RealGpu.Backend;
        var frame = new WarpFrame((120, 200), (60, 100), [8, 16]);
        var image = Tensor.Uniform([1, 4, 120, 200], RandomSource.FromSeed(1), -1, 1);
        Tensor saliency = Tensor.Uniform([1, 1, 31, 51], RandomSource.FromSeed(2), 0, 1), other = Tensor.Uniform([1, 1, 31, 51], RandomSource.FromSeed(3), 0, 1);
        Tensor s = saliency.To(RealGpu.Device), x = image.To(RealGpu.Device), got = x;
        void Run() => got = SaliencyToGrid.Apply(s, new(), frame).Zoom(x, (60, 100));
        Run();
        using var graph = backend.Capture(Run);
        backend.Kernel<ICopyKernel>().Copy(other.To(RealGpu.Device).View, s.View);
        graph.Replay();
        Assert.That(AssertClose.Compare(got.To(Device.Cpu), SaliencyToGrid.Apply(other, new()).Zoom(image, (60, 100)), 1e-4), Is.Null);
    }

    [Test]
    public void TwoHundredWarps_TakeNoMoreMemoryThanTwo()
    {
        using var off = Grad.Off();
        var image = Tensor.Uniform([1, 3, 600, 960], RandomSource.FromSeed(1), -1, 1).To(RealGpu.Device);
        void Run()
        {
            using var scope = new TensorScope();
            SaliencyToGrid.Apply(Tensor.Ones([1, 1, 31, 51], device: RealGpu.Device), new()).Zoom(image, (300, 480));
        }
        Run();
        Run();
        var before = RealGpu.Backend.Statistics;
        for (var i = 0; i < 200; i++) Run();
        var after = RealGpu.Backend.Statistics;
        Assert.That(after.LiveBytes, Is.LessThanOrEqualTo(before.LiveBytes));
        Assert.That(after.LiveBytes + after.PooledBytes, Is.LessThanOrEqualTo(before.LiveBytes + before.PooledBytes));
    }
}
