using LzuCore.Vision.Geometry;

namespace LzuCore.Vision.Tests.Geometry;

public sealed class WireframeTests
{
    private static readonly Camera Camera = new(100, 100, 50, 50);

    [Test]
    public void ABoxInFront_HasTwelveEdgesAndACross()
    {
        var frame = Wireframe.Of(new CameraBox3d(0, 0, 10, 4, 2, 2, 0, 0, 0), Camera);
        Assert.That((frame.Front.Count, frame.Others.Count), Is.EqualTo((6, 8)));
        // Length lies along x at yaw 0: x from -2 to 2, the near side at z = 9.
        var bounds = frame.Bounds((100, 100))!.Value;
        Assert.That(bounds.X1, Is.EqualTo(50 - 100 * 2 / 9.0).Within(1e-4));
        Assert.That(bounds.Y2, Is.EqualTo(50 + 100 * 1 / 9.0).Within(1e-4));
    }

    [Test]
    public void ABoxAroundTheCamera_IsCutAtTheNearPlane()
    {
        var frame = Wireframe.Of(new CameraBox3d(0, 0, 1, 2, 2, 6, 0, 0, 0), Camera);
        Assert.That(frame.IsEmpty, Is.False);
        foreach (var (x1, y1, x2, y2) in frame.Front.Concat(frame.Others)) Assert.That(new[] { x1, y1, x2, y2 }, Is.All.Matches<float>(float.IsFinite));
        Assert.That(frame.Bounds((100, 100)), Is.EqualTo(new Box(0, 0, 100, 100)));
    }

    [Test]
    public void ABoxBehindTheCamera_IsNotSeen()
    {
        var frame = Wireframe.Of(new CameraBox3d(0, 0, -10, 4, 2, 2, 0, 0, 0), Camera);
        Assert.That(frame.IsEmpty);
        Assert.That(frame.Bounds((100, 100)), Is.Null);
        Assert.That(Wireframe.Of(new CameraBox3d(100, 0, 10, 4, 2, 2, 0, 0, 0), Camera).Bounds((100, 100)), Is.Null, "beside the picture");
    }
}
