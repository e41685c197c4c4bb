using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Models;
using LzuCore.Vision.Tasks.Detection;

namespace LzuCore.Vision.Tests.Tasks;

public sealed class RetinaNetDecoderTests
{
    [Test]
    public void GivenHeadOutputs_DecodeAsTheReference()
    {
        using var goldens = new ModelGoldens("decode.npz");
        var output = new DetectorOutput([.. Enumerable.Range(0, 3).Select(i => goldens.Read($"retina__cls{i}"))], [.. Enumerable.Range(0, 3).Select(i => goldens.Read($"retina__reg{i}"))]);
        var cfg = goldens.Longs("retina__cfg_nms_pre_H_W");
        var decoder = new RetinaNetDecoder(CheckpointLayout.Mmdet) { CandidatesPerLevel = (int)cfg[0] };
        Recorded.AssertDetections(goldens, "retina__", decoder.Decode(output, DetectionFrame.Of(((int)cfg[1], (int)cfg[2]))));
    }

    [TestCase(CheckpointLayout.Mmdet), TestCase(CheckpointLayout.Torchvision)]
    public void Boxes_AreInOriginalPixels(CheckpointLayout layout)
    {
        // One confident anchor at cell (1, 2) of the first level, deltas 0: the anchor itself, doubled in both axes.
        var logits = new float[1 * 9 * 2 * 4 * 6];
        Array.Fill(logits, -20);
        logits[At(channel: 3 * 2 + 1, row: 1, column: 2)] = 4;
        var output = new DetectorOutput([Tensor.From(logits, [1, 18, 4, 6])], [Tensor.Zeros([1, 36, 4, 6])]);
        var decoder = new RetinaNetDecoder(layout);
        var found = decoder.Decode(output, new DetectionFrame((32, 48), (30, 48), (60, 96)));
        Assert.That(found, Has.Length.EqualTo(1));
        Assert.That(found[0].Label, Is.EqualTo(1));
        Assert.That(found[0].Score, Is.EqualTo(0.98201).Within(1e-4));
        // Anchor 3 is ratio 1, first scale: 32 pixels about (16, 8); clipped at the top and left.
        Assert.That(found[0].Box, Is.EqualTo(new Box(0, 0, 64, 48)));

        int At(int channel, int row, int column) => (channel * 4 + row) * 6 + column;
    }

    [Test]
    public void OddValues_GiveNoDetections()
    {
        var nan = Tensor.Full([1, 9, 3, 3], double.NaN);
        Assert.That(new RetinaNetDecoder(CheckpointLayout.Mmdet).Decode(new([nan], [Tensor.Zeros([1, 36, 3, 3])]), DetectionFrame.Of((24, 24))), Is.Empty);
        var sure = Tensor.Full([1, 9, 3, 3], 9);
        Assert.That(new RetinaNetDecoder(CheckpointLayout.Mmdet).Decode(new([sure], [Tensor.Full([1, 36, 3, 3], double.NaN)]), DetectionFrame.Of((24, 24))), Is.Empty);
        Assert.That(new RetinaNetDecoder(CheckpointLayout.Mmdet).Decode(new([], []), DetectionFrame.Of((24, 24))), Is.Empty);
        Assert.Throws<ShapeException>(() => new RetinaNetDecoder(CheckpointLayout.Mmdet).Decode(new([sure], [Tensor.Zeros([1, 36, 3, 4])]), DetectionFrame.Of((24, 24))));
        Assert.Throws<ShapeException>(() => new RetinaNetDecoder(CheckpointLayout.Mmdet).Decode(new([Tensor.Zeros([1, 10, 3, 3])], [Tensor.Zeros([1, 36, 3, 3])]), DetectionFrame.Of((24, 24))));
    }

    [Test]
    public void CandidatesAreTheBestOnes_HoweverManyThereAre()
    {
        // 9·40·40 anchors of one class, all above the threshold, scores rising along the output.
        const int side = 40, count = 9 * side * side;
        var random = RandomSource.FromSeed(3);
        var logits = Tensor.Generate([1, 9, side, side], i => -2 + 4 * random.Uniform((ulong)i));
        var output = new DetectorOutput([logits], [Tensor.Zeros([1, 36, side, side])]);
        var decoder = new RetinaNetDecoder(CheckpointLayout.Mmdet) { CandidatesPerLevel = 50, IouThreshold = 1, MaxDetections = count };
        var found = decoder.Decode(output, DetectionFrame.Of((320, 320)));
        var best = logits.ToArray<float>().OrderDescending().Take(50).Select(v => 1 / (1 + MathF.Exp(-v)));
        Assert.That(found.Select(d => d.Score), Is.EqualTo(best));
    }
}
