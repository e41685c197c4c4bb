using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Testing;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Models;
using LzuCore.Vision.Tasks.Detection;
using LzuCore.Vision.Tasks.Detection3d;
using LzuCore.Vision.Tasks.Segmentation;

namespace LzuCore.Vision.Tests.Distributed;

/// <summary>The mean over processes of losses that know of each other's batches is the loss of one batch of them all; so are their gradients.</summary>
public sealed class SharedLossTests
{
    private static readonly int[] Sides = [8, 4, 2, 1, 1];

    private static readonly DetectionTruth[] Truths = [new([new(4, 4, 40, 40), new(10, 20, 60, 50)], [0, 1]), new([], [])];

    private static readonly Detection3dTruth[] Truths3d =
    [
        new([new(4, 8, 44, 40), new(20, 20, 60, 50)], [new CameraBox3d(3, 1.2, 20, 4.2, 1.5, 1.9, 1.1, 2, -0.5), new CameraBox3d(1, 1, 12, 2, 1.5, 0.9, 0.2, 0, 1)], [(24, 24), (40, 35)], [3, 5], [7, 2]),
        new([], [], [], [], []),
    ];

    // Levels of a picture's head output.
    private static Tensor[] Levels(int picture, int channels) =>
        [.. Sides.Select((s, i) => Tensor.Uniform([1, channels, s, s], RandomSource.FromSeed((ulong)(1000 * picture + 10 * channels + i)), -1, 1).Persist())];

    private static Tensor[] Pictures(Range pictures, int channels) =>
        [.. Sides.Select((_, level) => F.Concat([.. Enumerable.Range(0, 2).ToArray()[pictures].Select(p => Levels(p, channels)[level])], 0).Detach().WithGrad())];

    private static Range Of(ProcessGroup group) => group.World == 1 ? .. : group.Rank..(group.Rank + 1);

    private static (double Loss, float[] Gradient) Detection(ProcessGroup group, bool shared, CheckpointLayout layout)
    {
        var output = new DetectorOutput(Pictures(Of(group), 18), Pictures(Of(group), 36));
        var losses = new RetinaNetLoss(layout) { Across = shared ? group : null }.Compute(output, Truths[Of(group)], (64, 64));
        return (group.Mean(losses.Total.Item()), Gradients.Of(losses.Total)[output.Logits[0]].ToArray<float>());
    }

    private static (double Loss, float[] Gradient) Detection3d(ProcessGroup group, bool shared)
    {
        Tensor[] Head(int channels) => Pictures(Of(group), channels);
        var output = new Fcos3dOutput(Head(10), Head(9), Head(2), Head(9), Head(1));
        var losses = new Fcos3dLoss { Across = shared ? group : null }.Compute(output, Truths3d[Of(group)]);
        return (group.Mean(losses.Total.Item()), Gradients.Of(losses.Total)[output.Classes[0]].ToArray<float>());
    }

    private static (double Loss, float[] Gradient) Segmentation(ProcessGroup group, bool shared, MeanOver over)
    {
        var logits = F.Concat([.. Enumerable.Range(0, 2).ToArray()[Of(group)].Select(p => Levels(p, 5)[0])], 0).Detach().WithGrad();
        var labels = Tensor.From(Enumerable.Range(0, 2 * 64).Select(i => (byte)(i < 50 || i % 3 == 0 ? 255 : i % 5)).ToArray(), [2, 8, 8]);
        labels = group.World == 1 ? labels : labels.Narrow(0, group.Rank, 1);
        var loss = new SegmentationLoss { MeanOver = over, Across = shared ? group : null }.Compute(new SegmentationOutput(logits, logits * 0.5), labels).Total;
        return (group.Mean(loss.Item()), Gradients.Of(loss)[logits].ToArray<float>());
    }

    // Gradients of the pictures one after another; each process's counts half in the mean.
    private static void AssertOneBatch(Func<ProcessGroup, bool, (double Loss, float[] Gradient)> loss, bool shared = true)
    {
        var alone = loss(ProcessGroup.Alone, shared);
        var ranks = ThreadedProcesses.Run(2, group => loss(group, shared));
        Assert.That(ranks[0].Loss, Is.EqualTo(alone.Loss).Within(1e-5));
        Assert.That(ranks.SelectMany(r => r.Gradient.Select(g => g / 2)), Is.EqualTo(alone.Gradient).Within(1e-6));
    }

    [TestCase(CheckpointLayout.Mmdet), TestCase(CheckpointLayout.Torchvision)]
    public void RetinaNet_IsThatOfOneBatch(CheckpointLayout layout) => AssertOneBatch((group, shared) => Detection(group, shared, layout));

    [Test]
    public void Fcos3d_IsThatOfOneBatch() => AssertOneBatch(Detection3d);

    [TestCase(MeanOver.All), TestCase(MeanOver.Counted)]
    public void Segmentation_IsThatOfOneBatch(MeanOver over) => AssertOneBatch((group, shared) => Segmentation(group, shared, over));

    [Test]
    public void WithoutSharing_EachProcessDividesByItsOwnCount_AsTheReferencesDo()
    {
        Assert.That(ThreadedProcesses.Run(2, g => Detection(g, false, CheckpointLayout.Mmdet))[0].Loss, Is.Not.EqualTo(Detection(ProcessGroup.Alone, false, CheckpointLayout.Mmdet).Loss).Within(1e-3));
        Assert.That(ThreadedProcesses.Run(2, g => Detection3d(g, false))[0].Loss, Is.Not.EqualTo(Detection3d(ProcessGroup.Alone, false).Loss).Within(1e-3));
        Assert.That(ThreadedProcesses.Run(2, g => Segmentation(g, false, MeanOver.Counted))[0].Loss, Is.Not.EqualTo(Segmentation(ProcessGroup.Alone, false, MeanOver.Counted).Loss).Within(1e-3));
    }
}
