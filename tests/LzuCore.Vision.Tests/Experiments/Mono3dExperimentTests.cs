using CsCheck;
using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Vision.Data;
using LzuCore.Vision.Data.Loading;
using LzuCore.Vision.Experiments;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Models;
using LzuCore.Vision.Tasks.Detection;
using LzuCore.Vision.Tasks.Detection3d;
using LzuCore.Warping;

namespace LzuCore.Vision.Tests.Experiments;

/// <summary>Boxes in space of the small detector: what a cell says, its loss, and that it can be learned.</summary>
public sealed class Mono3dExperimentTests
{
    private static readonly SpaceClass Car = DrawnPictures.Classes[0];
    private static readonly Camera Camera = new(480, 470, 256, 160);
    private static readonly ResizeFrame Frame = new(DrawnPictures.Original, DrawnPictures.Input, AlignCorners: true);

    private static readonly Gen<CameraBox3d> Boxes =
        from x in Gen.Double[-15, 15]
        from y in Gen.Double[-3, 3]
        from z in Gen.Double[3, 90]
        from sizes in Gen.Double[0.2, 9].Array[3]
        from yaw in Gen.Double[-7, 7]
        select new CameraBox3d(x, y, z, sizes[0], sizes[1], sizes[2], yaw, 0, 0);

    [Test]
    public void WhatACellSaysOfABox_IsThatBox() => Gen.Select(Boxes, Gen.Float[0, 128], Gen.Float[0, 80], Gen.Const(8)).Sample((box, x, y, stride) =>
    {
        var cell = new DenseCell(x, y, stride);
        if (IsSeenFromTheSide(box)) return;
        var decoded = DenseSpace.Decode(Encoded(box, cell), cell, Car, Frame, Camera);
        Assert.That(new[] { decoded.X, decoded.Y, decoded.Z, decoded.Length, decoded.Height, decoded.Width }, Is.EqualTo(new[] { box.X, box.Y, box.Z, box.Length, box.Height, box.Width }).Within(2e-4));
        Assert.That(Math.Abs(Math.IEEERemainder(decoded.Yaw - box.Yaw, 2 * Math.PI)), Is.LessThan(1e-4));
    });

    [Test]
    public void MirroredBox_SaysTheSameWithXOffsetAndSineTurned() => Gen.Select(Boxes, Gen.Float[8, 120]).Sample((box, x) =>
    {
        if (IsSeenFromTheSide(box)) return;
        var (cell, mirrored) = (new DenseCell(x, 40, 4), new DenseCell(128 - x, 40, 4));
        var (u, v) = Camera.Project(box.Center);
        var expected = Values(box, Frame.ToResized(u, v), cell);
        expected[0] *= -1;
        expected[6] *= -1;
        Assert.That(Values(box.Flipped(), Frame.ToResized(512 - u, v), mirrored), Is.EqualTo(expected).Within(1e-3));
    });

    [Test]
    public void FacingAway_IsWhatTheDirectionSays()
    {
        var cell = new DenseCell(64, 40, 4);
        // Yaw -π/2 drives forward, away from the camera; π/2 comes towards it.
        Assert.That(Encoded(new CameraBox3d(1, 1, 20, 4, 1.5, 1.8, -1.6, 0, 0), cell)[8], Is.EqualTo(1));
        Assert.That(Encoded(new CameraBox3d(1, 1, 20, 4, 1.5, 1.8, 1.6, 0, 0), cell)[8], Is.EqualTo(0));
    }

    [Test]
    public void Losses_AreHandComputedOnes()
    {
        var targets = new float[18];
        var values = new float[18];
        // First row: offset off by 0.1 and 0.5, depth by 0.2, one size by 0.03; sine by 1; logit 0 for 1. The second row, of a class without heading, differs in angles only.
        (values[0], values[1], values[2], values[3], values[6]) = (0.1f, 0.5f, 0.2f, 0.03f, 1);
        targets[8] = 1;
        (values[9 + 6], values[9 + 8]) = (5, 5);
        var losses = DenseSpace.Loss(Tensor.From(values, [2, 9]), targets, [true, false]);
        Assert.That(Value(losses.Offset), Is.EqualTo((0.1 * 0.1 / 0.4 + 0.5 - 0.1) / 4).Within(1e-6));
        Assert.That(Value(losses.Depth), Is.EqualTo(2 * (0.2 - 0.025) / 2).Within(1e-6));
        Assert.That(Value(losses.Size), Is.EqualTo(0.03 * 0.03 / 0.1 / 6).Within(1e-6));
        Assert.That(Value(losses.Axis), Is.EqualTo(0.5 * (1 - 0.1) / 2).Within(1e-6));
        Assert.That(Value(losses.Direction), Is.EqualTo(0.2 * Math.Log(2)).Within(1e-6));
    }

    [Test]
    public void WithoutObjects_LossesAreZeroAndGradientsFlow()
    {
        var values = Tensor.Zeros([0, 9]);
        var losses = DenseSpace.Loss(values, [], []);
        Assert.That(new[] { losses.Offset, losses.Depth, losses.Size, losses.Axis, losses.Direction }.Select(Value), Is.All.EqualTo(0));
    }

    [Test]
    public void TwoDrawnPictures_AreLearnedByHeart_AndFoundWhereTheyAre()
    {
        var data = new DrawnPictures(2);
        var experiment = Make(new FixedSampling(DrawnPictures.Original, DrawnPictures.Input, Bump), data);
        var pictures = experiment.Pictures(data);
        var batch = Steps.Of(pictures.Load(0, new PictureReader()), pictures.Load(1, new PictureReader()));
        var losses = Steps.On(experiment, batch, 150);
        Assert.That(losses[^1], Is.LessThan(0.1 * losses[0]), $"from {losses[0]} over {losses[75]}");
        var scores = experiment.Evaluate();
        Assert.That(scores[0].Name, Is.EqualTo("mAP"));
        Assert.That(scores[0].Value, Is.GreaterThan(60), string.Join(", ", scores));
        Assert.That(scores.Single(s => s.Name == "AOE").Value, Is.LessThan(0.2));
    }

    [Test]
    public void UniformWarp_GivesTheSameLosses_AsNoWarp()
    {
        var data = new DrawnPictures(2);
        var (uniform, warped) = (Make(new FixedSampling(DrawnPictures.Original, DrawnPictures.Input, null), data), Make(new FixedSampling(DrawnPictures.Original, DrawnPictures.Input, new UniformSaliency((31, 51))), data));
        Assert.That(LossOf(warped), Is.EqualTo(LossOf(uniform)).Within(1e-4));

        double[] LossOf(Mono3dExperiment experiment)
        {
            using var off = Grad.Off();
            experiment.Model.LoadStateDict(uniform.Model.StateDict());
            var pictures = experiment.Pictures(data);
            return [.. experiment.Loss(Steps.Of(pictures.Load(0, new PictureReader()), pictures.Load(1, new PictureReader())), default).Select(t => Value(t.Value))];
        }
    }

    [Test]
    public void MirroredTwice_ATruthIsItself_AndOnceItsCentersStayOnItsBoxes()
    {
        var data = new DrawnPictures(2);
        var experiment = Make(new FixedSampling(DrawnPictures.Original, DrawnPictures.Input, null), data);
        var truth = experiment.Pictures(data).Load(1, new PictureReader()).Truth;
        var (once, twice) = (experiment.Mirror(truth), experiment.Mirror(experiment.Mirror(truth)));
        for (var i = 0; i < truth.Boxes.Length; i++)
        {
            var (u, v) = once.Camera.Project(once.Boxes[i].Center);
            Assert.That((once.Centers[i].X, once.Centers[i].Y), Is.EqualTo((u, v)).Within(1e-9));
            Assert.That(once.Seen.Boxes[i].X1, Is.EqualTo(512 - truth.Seen.Boxes[i].X2));
            Assert.That(twice.Boxes[i].Yaw, Is.EqualTo(truth.Boxes[i].Yaw).Within(1e-12));
            Assert.That(twice.Seen.Boxes[i].X1, Is.EqualTo(truth.Seen.Boxes[i].X1).Within(1e-4));
        }
    }

    private static FixedSaliency Bump => new(Tensor.Generate([31, 51], i => 1 + 4 * Math.Exp(-Math.Pow((i / 51 - 16) / 4.0, 2))));

    private static Mono3dExperiment Make(Sampling sampling, IDataset<Detection3dSample> data) => new(DrawnPictures.Classes, sampling, data);

    // Exactly: then rounding decides which way it faces.
    private static bool IsSeenFromTheSide(CameraBox3d box) => Math.Abs(Math.Sin(box.Yaw - Math.Atan2(box.X, box.Z))) < 1e-6;

    private static double Value(Tensor scalar) => scalar.ToArray<float>()[0];

    private static float[] Encoded(CameraBox3d box, DenseCell cell)
    {
        var (u, v) = Camera.Project(box.Center);
        return Values(box, Frame.ToResized(u, v), cell);
    }

    private static float[] Values(CameraBox3d box, (double, double) center, DenseCell cell)
    {
        var values = new float[DeskDetector.SpaceValues];
        DenseSpace.Encode(box, center, cell, Car, values);
        return values;
    }
}
