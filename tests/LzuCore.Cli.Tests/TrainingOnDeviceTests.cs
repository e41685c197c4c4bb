using LzuCore.Gpu;
using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Nn.Optim;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Vision.Models;
using LzuCore.Warping;

namespace LzuCore.Cli.Tests;

/// <summary>The same training step on a device that runs the GPU's kernels: RetinaNet around a zoom and an unzoom, a few steps of SGD, the CPU's losses.</summary>
public sealed class TrainingOnDeviceTests
{
    private const int Steps = 2;

    [Test]
    public void ARetinaNetStep_GivesTheCpusLosses()
    {
        GpuBackend.Register();
        var expected = Losses(Device.Cpu);
        var got = Losses(new Device("ilgpu"));
        Assert.That(expected, Is.Unique, "the loss does not move");
        for (var i = 0; i < Steps; i++) Assert.That(got[i], Is.EqualTo(expected[i]).Within(2e-4 * Math.Abs(expected[i])), $"step {i}: {string.Join(", ", got)} against {string.Join(", ", expected)}");
    }

    [Test]
    public void ARetinaNetStepInBfloat16_GoesDownLikeFloat32s()
    {
        double[] expected = Losses(Device.Cpu), got = Losses(Device.Cpu, DType.BFloat16);
        for (var i = 0; i < Steps; i++) Assert.That(got[i], Is.EqualTo(expected[i]).Within(2e-2 * Math.Abs(expected[i])), $"step {i}: {string.Join(", ", got)} against {string.Join(", ", expected)}");
    }

    // With halves the weights stay float32, and so do the losses: mixed precision is the dtype of the picture.
    private static double[] Losses(Device device, DType dtype = DType.Float32)
    {
        var model = new RetinaNet(new RetinaNetOptions());
        DeterministicWeights.Fill(model, 1, device);
        model.Train();
        // Batch norm over a few values is no fair comparison: statistics are fixed, as detectors train.
        foreach (var module in model.Modules.OfType<BatchNorm2d>()) module.Eval();
        var optimizer = new Sgd(model.Parameters, 1e-3, momentum: 0.9, weightDecay: 1e-4);
        var image = Tensor.Uniform([1, 3, 96, 128], RandomSource.FromSeed(1), -1, 1).To(dtype).To(device);
        var saliency = Tensor.Uniform([1, 1, 7, 9], RandomSource.FromSeed(2), 0, 1).To(device);
        var losses = new double[Steps];
        for (var step = 0; step < Steps; step++)
        {
            var warp = SaliencyToGrid.Apply(saliency, new());
            var levels = model.Features.Call(warp.Zoom(image, (64, 64)));
            var output = model.Head.Call(warp.Unzoom(levels, RetinaNet.Strides, (64, 64)));
            var loss = Tensor.Zeros([]).To(device);
            for (var level = 0; level < output.Logits.Length; level++)
            {
                var targets = Tensor.Uniform(output.Logits[level].Shape, RandomSource.FromSeed(10 + (ulong)level), 0, 1).Greater(0.9).To(DType.Float32).To(device);
                var deltas = Tensor.Uniform(output.Deltas[level].Shape, RandomSource.FromSeed(20 + (ulong)level), -1, 1).To(device);
                loss += F.SigmoidFocalLoss(output.Logits[level].To(DType.Float32), targets, reduction: Reduction.Mean) + F.SmoothL1(output.Deltas[level].To(DType.Float32), deltas);
            }
            losses[step] = loss.To(Device.Cpu).ToArray<float>()[0];
            optimizer.Step(Gradients.Of(loss));
        }
        return losses;
    }
}
