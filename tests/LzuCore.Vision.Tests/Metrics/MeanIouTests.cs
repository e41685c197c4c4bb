using CsCheck;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Vision.Data.Cityscapes;
using LzuCore.Vision.Metrics;

namespace LzuCore.Vision.Tests.Metrics;

public sealed class MeanIouTests
{
    [Test]
    public void Numbers_AreTheReferences()
    {
        using var golden = MetricGoldens.Npz("miou/miou.npz");
        byte[] labels = golden.Read("train_ids").ToArray<byte>(), predictions = golden.Read("pred").ToArray<byte>();
        var iou = new MeanIou(19);
        foreach (var (l, p) in labels.Chunk(64 * 96).Zip(predictions.Chunk(64 * 96))) iou.Add(l, p);
        var confusion = golden.Read("confusion").ToArray<long>();
        for (var l = 0; l < 19; l++)
            for (var p = 0; p < 19; p++) Assert.That(iou.Confusion(l, p), Is.EqualTo(confusion[19 * l + p]));
        Assert.That(Enumerable.Range(0, 19).Select(iou.Iou), Is.EqualTo(golden.Read("iou").ToArray<double>()).Within(1e-9));
        Assert.That(Enumerable.Range(0, 19).Select(iou.Accuracy), Is.EqualTo(golden.Read("acc").ToArray<double>()).Within(1e-9));
        Assert.That(iou.Mean, Is.EqualTo(golden.Read("miou").ToArray<double>()[0]).Within(1e-9));
        Assert.That(iou.MeanAccuracy, Is.EqualTo(golden.Read("macc").ToArray<double>()[0]).Within(1e-9));
        Assert.That(iou.OverallAccuracy, Is.EqualTo(golden.Read("aacc").ToArray<double>()[0]).Within(1e-9));
    }

    [Test]
    public void Counting_OfRunsAndSinglePixels_IsTheSame() => Gen.Select(Gen.Byte[0, 3], Gen.Byte[0, 4], Gen.Int[1, 40]).Array[0, 30].Sample(runs =>
    {
        byte[] labels = [.. runs.SelectMany(r => Enumerable.Repeat(r.Item1 == 3 ? (byte)255 : r.Item1, r.Item3))], predictions = [.. runs.SelectMany(r => Enumerable.Repeat(r.Item2, r.Item3))];
        var iou = new MeanIou(3);
        iou.Add(labels, predictions);
        for (var l = 0; l < 3; l++)
            for (var p = 0; p < 3; p++) Assert.That(iou.Confusion(l, p), Is.EqualTo(Enumerable.Range(0, labels.Length).Count(i => labels[i] == l && predictions[i] == p)));
    }, iter: 300);

    [Test]
    public void PredictionThatIsNoClass_IsWrong_ButNobodysPrediction()
    {
        var iou = new MeanIou(2);
        iou.Add([0, 0, 1, 255], [0, 9, 1, 0]);
        Assert.That((iou.Iou(0), iou.Iou(1), iou.Mean, iou.OverallAccuracy), Is.EqualTo((0.5, 1.0, 0.75, 2.0 / 3)));
    }

    [Test]
    public void NothingCounted_IsNotDefined()
    {
        var iou = new MeanIou(2);
        iou.Add([255], [0]);
        Assert.That(new[] { iou.Mean, iou.MeanAccuracy, iou.OverallAccuracy, iou.Iou(0) }, Is.All.NaN);
    }

    [Test]
    public void OddInput_IsRefused()
    {
        var iou = new MeanIou(19);
        Assert.That(() => iou.Add([1, 2], [1]), Throws.TypeOf<ShapeException>());
        Assert.That(() => iou.Add([26, 0], [1, 0]), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("got 26"));
        Assert.That(iou.Confusion(0, 0), Is.Zero, "nothing was counted");
        Assert.That(() => new MeanIou(0), Throws.TypeOf<ArgumentValueException>());
        Assert.That(() => new MeanIou(19, ignore: 3), Throws.TypeOf<ArgumentValueException>());
    }

    [Test]
    public void CityscapesLabelIds_BecomeTheGoldenTrainIds()
    {
        using var golden = MetricGoldens.Npz("miou/miou.npz");
        var labels = golden.Read("label_ids").To(DType.Int32).ToArray<int>();
        var expected = golden.Read("train_ids").ToArray<byte>();
        Assert.That(labels.Select(l => CityscapesClasses.TrainIds[(byte)l]), Is.EqualTo(expected));
        for (byte train = 0; train < 19; train++) Assert.That(CityscapesClasses.TrainIds[CityscapesClasses.LabelIdOf(train)], Is.EqualTo(train));
        Assert.That((CityscapesClasses.Names.Count, CityscapesClasses.Colors.Count, CityscapesClasses.TrainIds.Length), Is.EqualTo((19, 19, 256)));
    }
}
