using LzuCore.Vision.Geometry;
using LzuCore.Vision.Scenes;

namespace LzuCore.Vision.Tests.Scenes;

public sealed class SceneSequencesTests
{
    private static readonly SceneSequences Drives = new(new SceneOptions(), 21, 3, 40, 10);

    private static Point3d InTheWorld(Scene scene, SceneObject one) => scene.EgoToGlobal.Apply(scene.CameraToEgo.Apply(one.Box3d.Center));

    [Test]
    public void Frames_AreNumberedBySequence()
    {
        var sample = Drives.LoadDetection(45);
        Assert.That((sample.Sequence, sample.Frame, sample.File, Drives.Count, Drives.IdOf(45)), Is.EqualTo((1, 5, "0001/000005.png", 120, "0001_000005")));
    }

    [Test]
    public void Camera_DrivesOn()
    {
        for (var drive = 0; drive < 3; drive++)
        {
            var places = Enumerable.Range(0, 40).Select(f => Drives.SceneOf(drive * 40 + f).EgoToGlobal.Translation).ToList();
            for (var f = 1; f < 40; f++)
            {
                var step = places[f] - places[f - 1];
                Assert.That(Math.Sqrt(step.Dot(step)), Is.InRange(0.55, 1.45), $"{drive} {f}");
            }
        }
    }

    [Test]
    public void Things_MoveAsFastAsTheySay_AndWhatStandsStaysInItsPlace()
    {
        int moving = 0, standing = 0;
        for (var f = 0; f < 39; f++)
        {
            var (a, b) = (Drives.SceneOf(40 + f), Drives.SceneOf(41 + f));
            var before = a.Render(SceneParts.None).Objects.ToDictionary(o => o.Track);
            foreach (var after in b.Render(SceneParts.None).Objects)
            {
                if (!before.TryGetValue(after.Track, out var one)) continue;
                Assert.That(one.Class, Is.EqualTo(after.Class));
                var moved = InTheWorld(b, after) - InTheWorld(a, one);
                var speed = Math.Sqrt(moved.Dot(moved)) * 10;
                var said = Math.Sqrt(after.Box3d.VelocityX * after.Box3d.VelocityX + after.Box3d.VelocityZ * after.Box3d.VelocityZ);
                Assert.That(speed, Is.EqualTo(said).Within(0.05 * said + 0.02), $"frame {f}: {after}");
                if (said == 0) standing++;
                else moving++;
            }
        }
        Assert.That(moving, Is.GreaterThan(100));
        Assert.That(standing, Is.GreaterThan(30));
    }

    [Test]
    public void Tracks_AreUniqueInAFrame()
    {
        for (var i = 0; i < Drives.Count; i += 7) Assert.That(Drives.SceneOf(i).Render(SceneParts.None).Objects.Select(o => o.Track), Is.Unique);
    }

    [Test]
    public void Horizon_SwingsSmoothly_AsWideAsAsked()
    {
        double[] Rows(double degrees)
        {
            var drives = new SceneSequences(new SceneOptions { PitchDegrees = degrees }, 22, 12, 60, 10);
            return [.. Enumerable.Range(0, drives.Count).Select(i => 480 * drives.SceneOf(i).CameraToEgo.Rotation.Rotate(new(0, 0, 1)).Z)];
        }
        var rows = Rows(1);
        Assert.That(Math.Sqrt(rows.Average(r => r * r)), Is.EqualTo(8.4).Within(2.5));
        for (var i = 1; i < rows.Length; i++)
            if (i % 60 != 0) Assert.That(Math.Abs(rows[i] - rows[i - 1]), Is.LessThan(7));
        Assert.That(Rows(0), Is.All.Zero);
    }

    [Test]
    public void Moment_DoesNotDependOnHowOftenOneLooks()
    {
        var coarse = new SceneSequences(new SceneOptions(), 21, 1, 5, 1).SceneOf(3).Render();
        var fine = Drives.SceneOf(30).Render();
        Assert.That(coarse.Image.Pixels.SequenceEqual(fine.Image.Pixels));
    }

    [Test]
    public void Minutes_HaveTrafficStill()
    {
        var later = new Scene(new SceneOptions(), 21, 0, 300).Render();
        Assert.That(later.Objects.Count, Is.InRange(2, 60));
        Assert.That(later.Instances.Labels.ToArray().Max(), Is.LessThanOrEqualTo(200));
    }
}
