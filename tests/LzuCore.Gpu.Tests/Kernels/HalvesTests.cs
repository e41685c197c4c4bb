using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Testing;
using LzuCore.Warping;

namespace LzuCore.Gpu.Tests.Kernels;

/// <summary>Kernels that read and write float16 and bfloat16 themselves: the CPU's results, which are float32 rounded once.</summary>
public sealed class HalvesTests
{
    private static readonly Device Gpu = new("ilgpu");

    [Test]
    public void ConvolutionsAndTheirGradients_AreTheCpus([Values(DType.Float16, DType.BFloat16)] DType dtype, [Values(8, 3)] int channels, [Values(1, 2)] int stride)
    {
        var x = Tensor.Uniform([2, channels, 9, 11], RandomSource.FromSeed(1), -1, 1).To(dtype);
        Tensor w = Tensor.Uniform([12, channels, 3, 3], RandomSource.FromSeed(2), -0.3, 0.3), b = Tensor.Uniform([12], RandomSource.FromSeed(3), -1, 1);
        (Tensor Y, Tensor[] Gradients) On(Device device)
        {
            Tensor input = x.To(device).WithGrad(), weight = w.To(device).WithGrad(), bias = b.To(device).WithGrad();
            var y = F.Conv2d(input, weight, bias, stride: stride, padding: 1);
            var gradients = Gradients.Of(y, Tensor.Uniform(y.Shape, RandomSource.FromSeed(4), -1, 1).To(dtype).To(device));
            return (y.To(Device.Cpu), [.. new[] { input, weight, bias }.Select(t => gradients[t].To(Device.Cpu))]);
        }
        var (expected, got) = (On(Device.Cpu), On(Gpu));
        var tolerance = dtype == DType.Float16 ? 2e-3 : 1.6e-2;
        Same(got.Y, expected.Y, tolerance);
        for (var i = 0; i < 3; i++) Same(got.Gradients[i], expected.Gradients[i], tolerance);
    }

    [Test]
    public void AFusedBlock_APool_AndAPyramid_AreTheCpus([Values(DType.Float16, DType.BFloat16)] DType dtype, [Values(8, 6)] int channels)
    {
        using var off = Grad.Off();
        var conv = new Conv2d(channels, channels, kernel: 3, padding: 1, bias: false);
        var norm = new BatchNorm2d(channels);
        norm.Eval();
        var x = Tensor.Uniform([1, channels, 16, 24], RandomSource.FromSeed(1), -1, 1).To(dtype);
        var saliency = Tensor.Uniform([1, 1, 5, 7], RandomSource.FromSeed(2), 0, 1);
        Tensor[] On(Device device)
        {
            conv.To(device);
            norm.To(device);
            var input = x.To(device);
            var y = ConvNormAct.Apply(input, conv, norm, Activation.Relu, residual: input);
            var small = F.MaxPool2d(y, 2);
            var levels = SaliencyToGrid.Apply(saliency.To(device), new()).Unzoom([y, small], [1, 2], (16, 24));
            return [y.To(Device.Cpu), small.To(Device.Cpu), F.AvgPool2d(y, 2).To(Device.Cpu), .. levels.Select(l => l.To(Device.Cpu))];
        }
        Tensor[] expected = On(Device.Cpu), got = On(Gpu);
        for (var i = 0; i < got.Length; i++)
        {
            Assert.That(got[i].DType, Is.EqualTo(dtype));
            Same(got[i], expected[i], dtype == DType.Float16 ? 2e-3 : 1.6e-2);
        }
    }

    // One unit in the last place of the stored type, of the largest value: sums in another order may round the other way.
    private static void Same(Tensor got, Tensor expected, double tolerance) => Assert.That(AssertClose.Compare(got.To(DType.Float32), expected.To(DType.Float32), tolerance), Is.Null);
}
