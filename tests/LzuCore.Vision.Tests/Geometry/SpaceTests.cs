using CsCheck;
using LzuCore.Memory;
using LzuCore.Vision.Geometry;

namespace LzuCore.Vision.Tests.Geometry;

/// <summary>Rotations, poses, cameras and boxes in space.</summary>
public sealed class SpaceTests
{
    private static readonly Gen<double> Number = Gen.Double[-10, 10];
    private static readonly Gen<Point3d> Points = Gen.Select(Number, Number, Number).Select((x, y, z) => new Point3d(x, y, z));
    private static readonly Gen<Rotation3d> Rotations = Gen.Select(Number, Number, Number, Number)
        .Where((w, x, y, z) => w * w + x * x + y * y + z * z > 1e-3).Select((w, x, y, z) => Rotation3d.Normalized(w, x, y, z));

    [Test]
    public void Rotation_AgreesWithItsMatrix_AndComesBackFromIt() => Gen.Select(Rotations, Points).Sample((r, p) =>
    {
        var m = r.ToMatrix();
        AssertNear(r.Rotate(p), new(m[0] * p.X + m[1] * p.Y + m[2] * p.Z, m[3] * p.X + m[4] * p.Y + m[5] * p.Z, m[6] * p.X + m[7] * p.Y + m[8] * p.Z));
        AssertNear(Rotation3d.FromMatrix(m).Rotate(p), r.Rotate(p));
    }, iter: 500);

    [Test]
    public void Rotations_ComposeAndInvert() => Gen.Select(Rotations, Rotations, Points).Sample((a, b, p) =>
    {
        AssertNear((a * b).Rotate(p), a.Rotate(b.Rotate(p)));
        AssertNear(a.Inverse().Rotate(a.Rotate(p)), p);
    }, iter: 500);

    [Test]
    public void Rotation_AboutAnAxis_IsRightHanded()
    {
        AssertNear(Rotation3d.About(new(0, 0, 2), Math.PI / 2).Rotate(new(1, 0, 0)), new(0, 1, 0));
        AssertNear(Rotation3d.About(new(1, 0, 0), Math.PI / 2).Rotate(new(0, 1, 0)), new(0, 0, 1));
    }

    [TestCase(0.7), TestCase(-3.0)]
    public void Yaw_OfARotationAboutTheVertical_IsItsAngleInBothReadings(double angle)
    {
        var turned = Rotation3d.About(new(0, 0, 1), angle);
        Assert.That(turned.Heading, Is.EqualTo(angle).Within(1e-12));
        Assert.That(turned.YawOfYawPitchRoll, Is.EqualTo(angle).Within(1e-12));
    }

    [Test]
    public void Heading_IsWhereTheFirstAxisPoints() => Rotations.Sample(r =>
    {
        var front = r.Rotate(new(1, 0, 0));
        if (Math.Abs(front.X) + Math.Abs(front.Y) > 1e-3) Assert.That(Math.Sin(r.Heading - Math.Atan2(front.Y, front.X)), Is.Zero.Within(1e-9));
    }, iter: 500);

    [Test]
    public void YawOfYawPitchRoll_IsPyquaternions() =>
        // pyquaternion 0.9: Quaternion(0.5, -0.5, 0.1, 0.7).yaw_pitch_roll[0] = atan2(2(wz - xy), 1 - 2(y² + z²)) of the unit quaternion; heading has + xy
        Assert.That(Rotation3d.Normalized(0.5, -0.5, 0.1, 0.7) is var r ? (r.YawOfYawPitchRoll, r.Heading) : default, Is.EqualTo((Math.Atan2(0.8, 0.0), Math.Atan2(0.6, 0.0))).Using<(double A, double B)>((a, b) => Math.Abs(a.A - b.A) + Math.Abs(a.B - b.B) < 1e-9));

    [Test]
    public void Pose_ComposesAndInverts() => Gen.Select(Rotations, Points, Rotations, Points).Select((r, t, s, u) => (A: new Pose(r, t), B: new Pose(s, u))).Select(Points).Sample((poses, p) =>
    {
        AssertNear((poses.A * poses.B).Apply(p), poses.A.Apply(poses.B.Apply(p)));
        AssertNear(poses.A.Inverse().Apply(poses.A.Apply(p)), p);
    }, iter: 500);

    [Test]
    public void NoRotation_IsRefusedInOneLine()
    {
        Assert.That(() => Rotation3d.Normalized(0, 0, 0, 0), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("[0, 0, 0, 0]"));
        Assert.That(() => Rotation3d.Normalized(double.NaN, 0, 0, 1), Throws.TypeOf<ArgumentValueException>());
        Assert.That(() => Rotation3d.About(new(0, 0, 0), 1), Throws.TypeOf<ArgumentValueException>());
        Assert.That(() => Rotation3d.FromMatrix([1, 0, 0, 0, 1, 0, 0, 0, -1]), Throws.TypeOf<ArgumentValueException>(), "a mirror");
        Assert.That(() => Rotation3d.FromMatrix([1, 0, 0]), Throws.TypeOf<ArgumentValueException>());
    }

    [Test]
    public void Camera_UnprojectsWhatItProjects() => Gen.Select(Number, Number, Gen.Double[0.5, 60], Gen.Double[-3, 3]).Sample((x, y, z, skew) =>
    {
        var camera = new Camera(1266.4, 1200.5, 816.3, 491.5, skew);
        var (u, v) = camera.Project(new(x, y, z));
        AssertNear(camera.Unproject(u, v, z), new(x, y, z));
        Assert.That(Camera.FromMatrix(camera.ToMatrix()), Is.EqualTo(camera));
    }, iter: 300);

    [Test]
    public void Camera_OfAResizedOrMirroredImage_SeesTheSamePoint()
    {
        var camera = new Camera(1000, 900, 800, 450, 2);
        Point3d point = new(3, -1, 20);
        var (u, v) = camera.Project(point);
        var (su, sv) = camera.Scaled(0.5, 0.25).Project(point);
        Assert.That((su, sv), Is.EqualTo((u * 0.5, v * 0.25)).Using<(double, double)>((a, b) => Math.Abs(a.Item1 - b.Item1) + Math.Abs(a.Item2 - b.Item2) < 1e-9));
        var (fu, fv) = camera.Flipped(1600).Project(point with { X = -point.X });
        Assert.That(fu, Is.EqualTo(1600 - u).Within(1e-9));
        Assert.That(fv, Is.EqualTo(v).Within(1e-9));
    }

    [Test]
    public void Camera_OfOddNumbers_IsRefused()
    {
        Assert.That(() => Camera.FromMatrix([0, 0, 1, 0, 1, 1, 0, 0, 1]), Throws.TypeOf<ArgumentValueException>());
        Assert.That(() => Camera.FromMatrix([1, 0, 1, 0, 1, 1, 0, 0, 2]), Throws.TypeOf<ArgumentValueException>());
        Assert.That(() => Camera.FromMatrix([1, 0, double.NaN, 0, 1, 1, 0, 0, 1]), Throws.TypeOf<ArgumentValueException>());
        Assert.That(() => Camera.FromMatrix([]), Throws.TypeOf<ArgumentValueException>());
    }

    [Test]
    public void OrientedBox_ContainsItsCornersPulledIn_AndNotPushedOut() => Gen.Select(Rotations, Points, Gen.Double[0.1, 5], Gen.Double[0.1, 5], Gen.Double[0.1, 5]).Sample((r, c, w, l, h) =>
    {
        var box = new OrientedBox3d(c, w, l, h, r);
        foreach (var corner in box.Corners())
        {
            Assert.That(box.Contains(c + 0.999 * (corner - c)));
            Assert.That(box.Contains(c + 1.001 * (corner - c)), Is.False);
        }
    }, iter: 200);

    [Test]
    public void CameraBox_SeenFromAbove_HasTheCornersOfTheBox()
    {
        var box = new CameraBox3d(3, 1.2, 20, 4.5, 1.6, 1.9, 0.4, 0, 0);
        var corners = box.Corners();
        Assert.That(corners.Select(c => c.Y), Is.EquivalentTo(new[] { 0.4, 0.4, 0.4, 0.4, 2.0, 2.0, 2.0, 2.0 }).Using<double>((a, b) => Math.Abs(a - b) < 1e-9));
        foreach (var (x, z) in box.FromAbove.Corners())
            Assert.That(corners.Count(c => Math.Abs(c.X - x) + Math.Abs(c.Z - z) < 1e-9), Is.EqualTo(2), $"({x}, {z})");
        // The first four corners are in front: along (cos yaw, 0, -sin yaw).
        var front = 0.25 * (corners[0] + corners[1] + corners[2] + corners[3]);
        AssertNear(front, box.Center + 2.25 * new Point3d(Math.Cos(0.4), 0, -Math.Sin(0.4)));
    }

    [Test]
    public void CameraBox_ThroughAQuaternion_ComesBack() => Gen.Select(Points, Gen.Double[0.1, 9], Gen.Double[-3.1, 3.1]).Sample((p, size, yaw) =>
    {
        var box = new CameraBox3d(p.X, p.Y, p.Z, size, size / 2, size / 3, yaw, 1, 2);
        var back = CameraBox3d.From(box.ToOriented(), new(1, 0, 2));
        Assert.That(back.Yaw, Is.EqualTo(yaw).Within(1e-9));
        Assert.That(back with { Yaw = yaw }, Is.EqualTo(box));
    }, iter: 300);

    [Test]
    public void CameraBox_Flipped_IsTheMirrorImageOfItsCorners()
    {
        var box = new CameraBox3d(3, 1.2, 20, 4.5, 1.6, 1.9, 0.4, 1, 2);
        var mirrored = box.Corners().Select(c => c with { X = -c.X }).ToArray();
        foreach (var corner in box.Flipped().Corners())
            Assert.That(mirrored.Any(m => Math.Abs(m.X - corner.X) + Math.Abs(m.Y - corner.Y) + Math.Abs(m.Z - corner.Z) < 1e-9));
        Assert.That((box.Flipped().VelocityX, box.Flipped().VelocityZ), Is.EqualTo((-1.0, 2.0)));
    }

    private static void AssertNear(Point3d got, Point3d expected)
    {
        var d = got - expected;
        Assert.That(Math.Sqrt(d.Dot(d)), Is.LessThan(1e-9 * (1 + Math.Sqrt(expected.Dot(expected)))), $"{got}, expected {expected}");
    }
}
