using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Imaging;
using LzuCore.Vision.Models;
using LzuCore.Vision.Tasks.Detection3d;
using LzuCore.Vision.Tests.Models;
using Seen = LzuCore.Vision.Tasks.Detection3d.Detection3d;

namespace LzuCore.Vision.Tests.Tasks;

public sealed class Fcos3dTaskTests
{
    [TestCase(128, 192), TestCase(320, 480)]
    public void Detections_MeetTheirReference(int height, int width)
    {
        var at = $"{height}x{width}__";
        using var goldens = new ModelGoldens("fcos3d.npz");
        using var off = Grad.Off();
        var output = Fcos3dTests.Make().Call(DeterministicImage.Make(1, (height, width)).ToTensor(Normalization.CaffeBgr));
        AssertDetections(goldens, at, new Fcos3dDecoder().Decode(output, CameraOf(goldens, at)));
    }

    [Test]
    public void DecodingAlone_MeetsItsReference()
    {
        using var goldens = new ModelGoldens("decode.npz");
        Tensor[] Levels(string name) => [.. Enumerable.Range(0, 3).Select(i => goldens.Read($"fcos3d__{name}{i}"))];
        var output = new Fcos3dOutput(Levels("cls"), Levels("box"), Levels("dir"), Levels("attr"), Levels("ctr"));
        AssertDetections(goldens, "fcos3d__", new Fcos3dDecoder().Decode(output, CameraOf(goldens, "fcos3d__")), identical: true);
    }

    [Test]
    public void TargetsLossesAndGradients_MeetTheirReference()
    {
        const string at = "128x192__";
        using var goldens = new ModelGoldens("fcos3d.npz");
        var model = Fcos3dTests.Make();
        // Frozen statistics as the method trains; offsets in strides.
        model.Train();
        foreach (var norm in model.Modules.OfType<Nn.BatchNorm2d>()) norm.Eval();
        var output = model.Call(DeterministicImage.Make(1, (128, 192)).ToTensor(Normalization.CaffeBgr));
        var truth = Truth(goldens, at);

        var assignment = Fcos3dTargets.Assign(output.Sizes, truth);
        long[] labels = goldens.Longs($"{at}target_labels"), attributes = goldens.Longs($"{at}target_attr");
        double[] boxes = goldens.Doubles($"{at}target_boxes"), centerness = goldens.Doubles($"{at}target_centerness");
        Assert.That(assignment.Objects.Count(o => o >= 0), Is.EqualTo(goldens.Longs($"{at}num_pos")[0]));
        for (var i = 0; i < labels.Length; i++)
        {
            var o = assignment.Objects[i];
            Assert.That(o < 0 ? 10 : truth.Labels[o], Is.EqualTo(labels[i]), $"label of cell {i}");
            Assert.That(o < 0 ? 9 : truth.Attributes[o], Is.EqualTo(attributes[i]), $"attribute of cell {i}");
            if (o < 0) continue;
            for (var k = 0; k < 9; k++) Assert.That(assignment.Boxes[9 * i + k], Is.EqualTo(boxes[9 * i + k]).Within(1e-4), $"box of cell {i}, {k}");
            Assert.That(assignment.Centerness[i], Is.EqualTo(centerness[i]).Within(1e-5), $"centreness of cell {i}");
        }

        var losses = new Fcos3dLoss().Compute(output, [truth]);
        foreach (var (name, loss) in new[]
        {
            ("cls", losses.Classes), ("offset", losses.Offset), ("depth", losses.Depth), ("size", losses.Size), ("rotsin", losses.Rotation),
            ("velo", losses.Velocity), ("dir", losses.Direction), ("attr", losses.Attribute), ("centerness", losses.Centerness),
        })
        {
            var expected = goldens.Doubles($"{at}loss_{name}")[0];
            Assert.That(loss.ToArray<float>()[0], Is.EqualTo(expected).Within(2e-4 * expected), name);
        }
        var gradients = Gradients.Of(losses.Total);
        var compared = model.Parameters.Where(p => goldens.Has($"{at}grad__{p.Key}__val")).ToList();
        Assert.That(compared, Has.Count.EqualTo(14));
        foreach (var parameter in compared) Recorded.AssertGradient(goldens, $"{at}grad__{parameter.Key}", gradients.Find(parameter.Value)!);
    }

    [Test]
    public void APictureWithoutObjects_StillTrains()
    {
        int[] sides = [8, 4, 2, 1, 1];
        Tensor[] Make(int channels) => [.. sides.Select((s, i) => Tensor.Uniform([1, channels, s, s], RandomSource.FromSeed((ulong)(10 * channels + i)), -1, 1).WithGrad())];
        var output = new Fcos3dOutput(Make(10), Make(9), Make(2), Make(9), Make(1));
        var losses = new Fcos3dLoss().Compute(output, [new([], [], [], [], [])]);
        Assert.That(losses.Total.ToArray<float>()[0], Is.EqualTo(losses.Classes.ToArray<float>()[0]).And.Positive);
        Assert.That(Gradients.Of(losses.Total).Find(output.Classes[0])!.ToArray<float>(), Has.Some.Not.Zero);
    }

    [Test]
    public void ADecodedTarget_IsTheObject()
    {
        // What the head shall say of a cell, said by it exactly: the box comes back.
        var camera = new Camera(200, 200, 64, 32);
        var box = new CameraBox3d(3, 1.2, 20, 4.2, 1.5, 1.9, 1.1, 2, -0.5);
        var (u, v) = camera.Project(box.Center);
        Size2[] sizes = [(8, 16), (4, 8), (2, 4), (1, 2), (1, 1)];
        var truth = new Detection3dTruth([new((float)u - 20, (float)v - 8, (float)u + 20, (float)v + 8)], [box], [((float)u, (float)v)], [3], [7]);
        var assignment = Fcos3dTargets.Assign(sizes, truth);
        var cell = Array.FindIndex(assignment.Objects, o => o == 0);
        Assert.That(cell, Is.GreaterThanOrEqualTo(0).And.LessThan(8 * 16), "on P3");
        var target = assignment.Boxes.AsSpan(9 * cell, 9).ToArray();
        target[0] *= 8;
        target[1] *= 8;
        var direction = (target[6] - 0.7854) is var turn && turn - Math.Floor(turn / (2 * Math.PI)) * 2 * Math.PI < Math.PI ? 0 : 1;
        var output = new Fcos3dOutput([Level(10, i => i == 3 ? 9 : -9)], [Level(9, i => target[i])], [Level(2, i => i == direction ? 5 : -5)], [Level(9, i => i == 7 ? 5 : -5)], [Level(1, _ => 9)]);
        var found = new Fcos3dDecoder().Decode(output, camera).Single();
        Assert.That((found.Label, found.Attribute), Is.EqualTo((3, 7)));
        Assert.That(found.Box.X, Is.EqualTo(box.X).Within(1e-3));
        Assert.That(found.Box.Y, Is.EqualTo(box.Y).Within(1e-3));
        Assert.That(found.Box.Z, Is.EqualTo(box.Z).Within(1e-3));
        Assert.That(Math.IEEERemainder(found.Box.Yaw - box.Yaw, 2 * Math.PI), Is.Zero.Within(1e-4));
        Assert.That(found.Box.VelocityZ, Is.EqualTo(-0.5).Within(1e-5));

        Tensor Level(int channels, Func<int, double> value) => Tensor.Generate([1, channels, 8, 16], i => i % 128 == cell ? value((int)(i / 128)) : channels == 10 ? -9 : 1);
    }

    [Test]
    public void BadTruthsAndOutputs_AreRefused()
    {
        Size2[] sizes = [(8, 16), (4, 8), (2, 4), (1, 2), (1, 1)];
        var box = new CameraBox3d(0, 0, 10, 4, 2, 2, 0, 0, 0);
        Assert.That(() => Fcos3dTargets.Assign(sizes, new([new(0, 0, 9, 9)], [box], [], [1], [1])), Throws.TypeOf<ArgumentValueException>());
        Assert.That(() => Fcos3dTargets.Assign(sizes, new([new(0, 0, 9, 9)], [box with { Z = double.NaN }], [(1, 1)], [1], [1])), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("finite"));
        Assert.That(() => Fcos3dTargets.Assign(sizes[..2], new([], [], [], [], [])), Throws.TypeOf<ShapeException>());
        Assert.That(() => new Fcos3dDecoder().Decode(new([Tensor.Zeros([1, 10, 2, 2])], [Tensor.Zeros([1, 7, 2, 2])], [Tensor.Zeros([1, 2, 2, 2])], [Tensor.Zeros([1, 9, 2, 2])], [Tensor.Zeros([1, 1, 2, 2])]), new Camera(1, 1, 0, 0)), Throws.TypeOf<ShapeException>());
    }

    [Test]
    public void NumbersThatAreNone_AreNoDetections()
    {
        Tensor Nan(int channels) => Tensor.Full([1, channels, 4, 4], double.NaN);
        Assert.That(new Fcos3dDecoder().Decode(new([Nan(10)], [Nan(9)], [Nan(2)], [Nan(9)], [Nan(1)]), new Camera(100, 100, 16, 16)), Is.Empty);
        Tensor Ones(int channels) => Tensor.Ones([1, channels, 4, 4]);
        Assert.That(new Fcos3dDecoder().Decode(new([Ones(10)], [Nan(9)], [Ones(2)], [Ones(9)], [Ones(1)]), new Camera(100, 100, 16, 16)), Is.Empty);
    }

    private static Camera CameraOf(ModelGoldens goldens, string prefix) => Camera.FromMatrix([.. goldens.Floats($"{prefix}cam2img").Select(v => (double)v)]);

    private static Detection3dTruth Truth(ModelGoldens goldens, string at)
    {
        var boxes = goldens.Floats($"{at}gt_boxes3d");
        var centers = goldens.Floats($"{at}gt_centers2d");
        return new(Boxes.From(goldens.Read($"{at}gt_boxes2d")),
            [.. Enumerable.Range(0, boxes.Length / 9).Select(i => new CameraBox3d(boxes[9 * i], boxes[9 * i + 1], boxes[9 * i + 2], boxes[9 * i + 3], boxes[9 * i + 4], boxes[9 * i + 5], boxes[9 * i + 6], boxes[9 * i + 7], boxes[9 * i + 8]))],
            [.. Enumerable.Range(0, centers.Length / 2).Select(i => (centers[2 * i], centers[2 * i + 1]))],
            [.. goldens.Longs($"{at}gt_labels").Select(l => (int)l)], [.. goldens.Longs($"{at}gt_attrs").Select(l => (int)l)]);
    }

    // Same label and attribute, score within 1e-3, every number within 0.01; all rows where the reference's float32 and float64 runs agree, else 95 %.
    private static void AssertDetections(ModelGoldens goldens, string at, Seen[] got, bool identical = false)
    {
        float[] boxes = goldens.Floats($"{at}det_boxes"), scores = goldens.Floats($"{at}det_scores");
        long[] labels = goldens.Longs($"{at}det_labels"), attributes = goldens.Longs($"{at}det_attr");
        identical |= goldens.Has($"{at}det_f32_identical") && goldens.Longs($"{at}det_f32_identical")[0] == 1;
        if (identical) Assert.That(got, Has.Length.EqualTo(scores.Length));
        var free = got.ToList();
        var matched = 0;
        for (var i = 0; i < scores.Length; i++)
        {
            var row = boxes.AsSpan(9 * i, 9).ToArray();
            var found = free.FindIndex(d => d.Label == labels[i] && d.Attribute == attributes[i] && Math.Abs(d.Score - scores[i]) <= 1e-3 &&
                new[] { d.Box.X, d.Box.Y, d.Box.Z, d.Box.Length, d.Box.Height, d.Box.Width, d.Box.Yaw, d.Box.VelocityX, d.Box.VelocityZ }.Zip(row).All(p => Math.Abs(p.First - p.Second) <= 0.01));
            if (found < 0) continue;
            free.RemoveAt(found);
            matched++;
        }
        TestContext.Out.WriteLine($"{matched} of {scores.Length} golden detections matched");
        Assert.That(matched, Is.GreaterThanOrEqualTo(identical ? scores.Length : (int)Math.Ceiling(0.95 * scores.Length)));
    }
}
