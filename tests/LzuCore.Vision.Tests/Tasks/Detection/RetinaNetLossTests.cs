using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Imaging;
using LzuCore.Vision.Models;
using LzuCore.Vision.Tasks.Detection;
using LzuCore.Vision.Tests.Models;
using LzuCore.Warping;

namespace LzuCore.Vision.Tests.Tasks;

public sealed class RetinaNetLossTests
{
    private static readonly Size2 Size = new(128, 192);

    [Test]
    public void MmdetsAssignmentLossesAndGradients_MeetTheirReference()
    {
        using var goldens = new ModelGoldens("retinanet_mmdet.npz");
        var (model, output, truth) = Run(goldens, CheckpointLayout.Mmdet, Normalization.ImageNetRgb);
        var targets = new RetinaNetTargets(CheckpointLayout.Mmdet);
        var assigned = targets.Assign(targets.Anchors(output.Sizes, Size), output.Sizes, Size, truth);
        Recorded.AssertActivation(goldens, "128x192__anchors", Boxes.ToTensor(targets.Anchors(output.Sizes, Size)));
        var expected = goldens.Longs("128x192__assigned");
        // Recorded: -1 ignored, 0 negative, i + 1 object i.
        Assert.That(assigned.Select(a => a == Matcher.Ignored ? -1L : a == Matcher.Negative ? 0 : a + 1), Is.EqualTo(expected));
        Assert.That(assigned.Count(a => a >= 0), Is.EqualTo(goldens.Longs("128x192__num_pos")[0]));
        AssertLosses(goldens, model, new RetinaNetLoss(CheckpointLayout.Mmdet).Compute(output, [truth], Size), "loss_cls", "loss_bbox");
    }

    // In float64: in float32 one ReLU of layer2 lies within rounding of 0, and 1 of the 64 recorded positions is off by 1.05 tolerances; in float64 all agree to 6e-8.
    [Test]
    public void TorchvisionsLossesAndGradients_MeetTheirReference()
    {
        using var goldens = new ModelGoldens("retinanet_torchvision.npz");
        var (model, output, truth) = Run(goldens, CheckpointLayout.Torchvision, Normalization.Torchvision, DType.Float64);
        AssertLosses(goldens, model, new RetinaNetLoss(CheckpointLayout.Torchvision).Compute(output, [truth], Size), "loss_cls", "loss_reg");
    }

    [TestCase(CheckpointLayout.Mmdet, BoxLoss.L1), TestCase(CheckpointLayout.Torchvision, BoxLoss.L1), TestCase(CheckpointLayout.Torchvision, BoxLoss.GeneralizedIou)]
    public void APictureWithoutObjects_HasNoBoxLossAndStillTrains(CheckpointLayout layout, BoxLoss boxLoss)
    {
        var output = Output([2, 3]);
        var losses = new RetinaNetLoss(layout) { BoxLoss = boxLoss }.Compute(output, [new([], [])], (64, 64));
        Assert.That(losses.Boxes.ToArray<float>()[0], Is.Zero);
        Assert.That(losses.Classes.ToArray<float>()[0], Is.Positive);
        Assert.That(Gradients.Of(losses.Total).Find(output.Logits[0])!.ToArray<float>(), Has.Some.Not.Zero);
    }

    [Test]
    public void ABatch_IsWhatEachRuleSaysOfItsPictures()
    {
        DetectionTruth many = new([new(4, 4, 40, 40), new(10, 20, 60, 50)], [0, 1]), none = new([], []);
        var (a, b) = (Output([1]), Output([2]));
        DetectorOutput both = new([.. a.Logits.Zip(b.Logits, (x, y) => F.Concat([x, y], 0))], [.. a.Deltas.Zip(b.Deltas, (x, y) => F.Concat([x, y], 0))]);
        float Loss(CheckpointLayout layout, DetectorOutput output, params DetectionTruth[] truths) => new RetinaNetLoss(layout).Compute(output, truths, (64, 64)).Classes.ToArray<float>()[0];
        var (first, second) = (Loss(CheckpointLayout.Torchvision, a, many), Loss(CheckpointLayout.Torchvision, b, none));
        Assert.That(Loss(CheckpointLayout.Torchvision, both, many, none), Is.EqualTo((first + second) / 2).Within(1e-5).Percent);
        var positives = Positives(a, many);
        var together = (Loss(CheckpointLayout.Mmdet, a, many) * positives + Loss(CheckpointLayout.Mmdet, b, none)) / (positives + 1);
        Assert.That(Loss(CheckpointLayout.Mmdet, both, many, none), Is.EqualTo(together).Within(1e-3).Percent);
    }

    [Test]
    public void CellsBeyondAPicturesOwnPadding_TakeNoPart()
    {
        var output = Output([5]);
        var targets = new RetinaNetTargets(CheckpointLayout.Mmdet);
        var assigned = targets.Assign(targets.Anchors(output.Sizes, (64, 64)), output.Sizes, (64, 64), new([new(4, 4, 20, 20)], [0]) { Valid = new Size2(32, 64) });
        // P3 has 8 rows of 8 cells; 4 rows belong to the picture.
        Assert.That(assigned[..(4 * 8 * 9)], Has.None.EqualTo(Matcher.Ignored).Or.Some.GreaterThanOrEqualTo(0));
        Assert.That(assigned[(4 * 8 * 9)..(8 * 8 * 9)], Is.All.EqualTo(Matcher.Ignored));
    }

    // Far from the border: there an unwarped anchor is cut, and matches otherwise.
    [TestCase(BoxLoss.L1), TestCase(BoxLoss.GeneralizedIou)]
    public void FoveasLossWithAUniformWarp_IsTheLossItself(BoxLoss boxLoss)
    {
        Size2 size = new(256, 256);
        DetectionTruth[] truths = [new([new(100, 104, 140, 142), new(110, 120, 160, 150)], [0, 1])];
        var loss = new RetinaNetLoss(CheckpointLayout.Mmdet) { BoxLoss = boxLoss };
        var output = Output([1], 32, 16, 8, 4, 2);
        var (plain, fovea) = (loss.Compute(output, truths, size), loss.Compute(output, truths, size, new ZoomedFrame(WarpGrid.Identity((5, 5)), size, size)));
        Assert.That(plain.Boxes.ToArray<float>()[0], Is.Positive);
        Assert.That(fovea.Classes.ToArray<float>()[0], Is.EqualTo(plain.Classes.ToArray<float>()[0]).Within(1e-3).Percent);
        Assert.That(fovea.Boxes.ToArray<float>()[0], Is.EqualTo(plain.Boxes.ToArray<float>()[0]).Within(1e-3).Percent);
    }

    [TestCase(BoxLoss.L1), TestCase(BoxLoss.GeneralizedIou)]
    public void FoveasLossOfPerfectPredictions_IsZero(BoxLoss boxLoss)
    {
        // The right half of the original fills three quarters of the zoomed picture. Predictions that mean the truth there mean it here.
        var frame = new ZoomedFrame(WarpGrid.FromKnots(Tensor.From([-1f, 0, 1 / 3f, 2 / 3f, 1], [1, 5]), Tensor.From([-1f, -0.5f, 0, 0.5f, 1], [1, 5])), (64, 64), (128, 128));
        var truth = new DetectionTruth([new(70, 20, 120, 70)], [1]);
        var output = Output([3]);
        var targets = new RetinaNetTargets(CheckpointLayout.Mmdet);
        var anchors = targets.Anchors(output.Sizes, (64, 64));
        var assigned = targets.Assign(frame.ToOriginal(anchors, 0), output.Sizes, (64, 64), truth);
        Assert.That(assigned.Count(a => a >= 0), Is.Positive);
        var inZoomed = frame.ToZoomed(truth.Boxes, 0).Single();
        var rows = anchors.SelectMany(a => BoxCoder.Encode(a, inZoomed) is var d ? new[] { d.Dx, d.Dy, d.Dw, d.Dh } : []).ToArray();
        var deltas = new List<Tensor>();
        var first = 0;
        foreach (var size in output.Sizes)
        {
            var count = size.Height * size.Width * 36;
            deltas.Add(Tensor.From(rows.AsSpan(first, count), [1, size.Height, size.Width, 36]).Permute(0, 3, 1, 2).Contiguous().WithGrad());
            first += count;
        }
        var losses = new RetinaNetLoss(CheckpointLayout.Mmdet) { BoxLoss = boxLoss }.Compute(new(output.Logits, [.. deltas]), [truth], (64, 64), frame);
        Assert.That(losses.Boxes.ToArray<float>()[0], Is.Zero.Within(1e-3));
    }

    [Test]
    public void FoveasGradient_PassesThroughTheWarp()
    {
        var frame = new ZoomedFrame(WarpGrid.FromKnots(Tensor.From([-1f, 0, 1 / 3f, 2 / 3f, 1], [1, 5]), Tensor.From([-1f, -0.5f, 0, 0.5f, 1], [1, 5])), (64, 64), (128, 128));
        var output = Output([4]);
        var losses = new RetinaNetLoss(CheckpointLayout.Mmdet) { BoxLoss = BoxLoss.GeneralizedIou }.Compute(output, [new([new(70, 20, 120, 70)], [1])], (64, 64), frame);
        var gradients = Gradients.Of(losses.Boxes);
        Assert.That(output.Deltas.Select(d => gradients.Find(d)).OfType<Tensor>().SelectMany(g => g.ToArray<float>()), Has.Some.Not.Zero);
    }

    [Test]
    public void BadTruths_AreRefused()
    {
        var loss = new RetinaNetLoss(CheckpointLayout.Mmdet);
        Assert.That(() => loss.Compute(Output([1]), [], (64, 64)), Throws.TypeOf<ShapeException>());
        Assert.That(() => loss.Compute(Output([1]), [new([new(0, 0, 9, 9)], [])], (64, 64)), Throws.TypeOf<ArgumentValueException>());
        Assert.That(() => loss.Compute(Output([1]), [new([new(0, 0, float.NaN, 9)], [1])], (64, 64)), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("finite"));
        Assert.That(() => loss.Compute(Output([1]), [new([new(0, 0, 40, 40)], [8])], (64, 64)), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("0 to 1"));
    }

    private static int Positives(DetectorOutput output, DetectionTruth truth)
    {
        var targets = new RetinaNetTargets(CheckpointLayout.Mmdet);
        return targets.Assign(targets.Anchors(output.Sizes, (64, 64)), output.Sizes, (64, 64), truth).Count(a => a >= 0);
    }

    // Two classes on the levels of a 64×64 input.
    private static DetectorOutput Output(ulong[] seeds, params int[] sides)
    {
        if (sides.Length == 0) sides = [8, 4, 2, 1, 1];
        Tensor[] Make(int channels, ulong offset) => [.. sides.Select((s, i) => Tensor.Uniform([1, channels, s, s], RandomSource.FromSeed(seeds[0] * 100 + offset + (ulong)i), -1, 1).WithGrad())];
        return new(Make(18, 0), Make(36, 10));
    }

    private static (RetinaNet, DetectorOutput, DetectionTruth) Run(ModelGoldens goldens, CheckpointLayout layout, Normalization normalization, DType dtype = DType.Float32)
    {
        var model = RetinaNetTests.Make(layout);
        if (dtype == DType.Float64) model.LoadStateDict(new StateDict(model.StateDict().Select(p => KeyValuePair.Create(p.Key, p.Value.DType == DType.Float32 ? p.Value.To(dtype) : p.Value))));
        var output = model.Call(DeterministicImage.Make(1, Size).ToTensor(normalization).To(dtype));
        return (model, output, new(Boxes.From(goldens.Read("128x192__gt_boxes")), [.. goldens.Longs("128x192__gt_labels").Select(l => (int)l)]));
    }

    private static void AssertLosses(ModelGoldens goldens, RetinaNet model, DetectionLosses losses, string classes, string boxes)
    {
        foreach (var (name, loss) in new[] { (classes, losses.Classes), (boxes, losses.Boxes) })
        {
            var expected = goldens.Doubles($"128x192__{name}")[0];
            Assert.That(loss.To(DType.Float64).ToArray<double>()[0], Is.EqualTo(expected).Within(2e-4 * expected), name);
        }
        var gradients = Gradients.Of(losses.Total);
        var compared = model.Parameters.Where(p => goldens.Has($"128x192__grad__{p.Key}__val")).ToList();
        Assert.That(compared, Has.Count.GreaterThan(8));
        foreach (var parameter in compared) Recorded.AssertGradient(goldens, $"128x192__grad__{parameter.Key}", gradients.Find(parameter.Value)!.To(DType.Float32));
    }
}
