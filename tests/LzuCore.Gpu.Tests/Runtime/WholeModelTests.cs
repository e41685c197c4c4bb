using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Testing;
using LzuCore.Vision.Models;
using LzuCore.Warping;

namespace LzuCore.Gpu.Tests.Runtime;

/// <summary>A whole inference as one recording: boxes to saliency to warp, zoom, RetinaNet, unzoom, head. Nothing in it may wait for the device or copy from the host.</summary>
[NonParallelizable]
public sealed class WholeModelTests
{
    [TestCase(DType.Float32, 1e-4)]
    [TestCase(DType.BFloat16, 6e-2)]
    public void AnInference_IsRecordedOnce_AndReplayedOnNewPictures(DType dtype, double tolerance)
    {
        FakeCuda.Reset();
        var device = new Device("madeup");
        var backend = (GpuBackend)BackendRegistry.Get(device);
        using var off = Grad.Off();
        var model = new RetinaNet(new RetinaNetOptions());
        DeterministicWeights.Fill(model, 1);
        model.Eval();
        var boxes = Tensor.From<float>([10, 20, 60, 50, 70, 30, 100, 60], [2, 4]);
        Tensor first = Picture(1), second = Picture(2);
        var expected = Run(model, boxes, second);

        model.To(device);
        Tensor on = boxes.To(device), picture = first.To(dtype).To(device), output = picture;
        void Work() => output = Run(model, on, picture);
        Work();
        using var graph = backend.Capture(Work);
        backend.Upload(Bytes(second.To(dtype)), picture.View.Storage);
        graph.Replay();
        Assert.That(FakeCuda.Faults, Is.Empty, string.Join("\n", FakeCuda.Faults));
        Assert.That(AssertClose.Compare(output.To(Device.Cpu).To(DType.Float32), expected, tolerance), Is.Null);
    }

    private static Tensor Run(RetinaNet model, Tensor boxes, Tensor picture)
    {
        Size2 original = (96, 128), zoomed = (32, 32);
        var saliency = new KernelDensitySaliency((7, 9)).Map(boxes, original);
        var warp = SaliencyToGrid.Apply(saliency, new(), new WarpFrame(original, zoomed, RetinaNet.Strides));
        var levels = model.Features.Call(warp.Zoom(picture, zoomed));
        return model.Head.Call(warp.Unzoom(levels, RetinaNet.Strides, zoomed)).Logits[0];
    }

    private static Tensor Picture(ulong seed) => Tensor.Uniform([1, 3, 96, 128], RandomSource.FromSeed(seed), -1, 1);

    private static byte[] Bytes(Tensor x)
    {
        var bytes = new byte[x.Shape.Count * x.DType.Size()];
        x.Contiguous().Backend.Download(x.Contiguous().View.Storage, bytes);
        return bytes;
    }
}
