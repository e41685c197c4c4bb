using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Testing;
using LzuCore.Warping;

namespace LzuCore.Gpu.Tests.Warping;

/// <summary>The whole warp on the device, end to end: saliency to grid, zoom, unzoom, and the gradients back to image and saliency, equal the CPU's.</summary>
public sealed class WarpOnDeviceTests
{
    private static readonly Device Gpu = new("ilgpu");

    [Test]
    public void ZoomThenUnzoom_AndGradients_EqualTheCpus([Values] bool separable, [Values] bool antiCrop)
    {
        Tensor image = Tensor.Uniform([1, 3, 24, 36], RandomSource.FromSeed(1), -1, 1), saliency = Tensor.Uniform([1, 1, 7, 9], RandomSource.FromSeed(2), 0.5, 2);
        var options = new SaliencyToGridOptions { AttractionFwhm = 4, Separable = separable, AntiCrop = antiCrop };
        var expected = Run(image, saliency, options, Device.Cpu);
        var got = Run(image, saliency, options, Gpu);
        for (var i = 0; i < got.Length; i++) Assert.That(AssertClose.Compare(got[i], expected[i], 1e-4), Is.Null, Names[i]);
    }

    private static readonly string[] Names = ["zoomed", "unzoomed", "gradient of the image", "gradient of the saliency"];

    private static Tensor[] Run(Tensor image, Tensor saliency, SaliencyToGridOptions options, Device device)
    {
        Tensor x = image.To(device).WithGrad(), s = saliency.To(device).WithGrad();
        var warp = SaliencyToGrid.Apply(s, options);
        var zoomed = warp.Zoom(x, (18, 30));
        var unzoomed = warp.Unzoom(zoomed);
        Assert.That(unzoomed.Device, Is.EqualTo(device));
        var gradients = Gradients.Of(unzoomed, Tensor.Uniform(unzoomed.Shape, RandomSource.FromSeed(3), -1, 1).To(device));
        return [.. new[] { zoomed, unzoomed, gradients[x], gradients[s] }.Select(t => t.To(Device.Cpu))];
    }
}
