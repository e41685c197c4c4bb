using CsCheck;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Scenes;

namespace LzuCore.Vision.Tests.Scenes;

public sealed class SampleBandTests
{
    private const int Sub = SampleBand.Sub;
    private static readonly SceneView View = new(new(32, 48), new(0, 1, 0), 0, 1, 0);

    // Camera places at depth 1 that are seen at a pixel.
    private static Point3d At(double x, double y) => View.Camera.Unproject(x, y, 1);

    private static int[] Samples(SurfaceList list, int bandRows)
    {
        var band = new SampleBand();
        var all = new List<int>();
        for (var y = 0; y < View.Size.Height; y += bandRows)
        {
            band.Begin(View.Size.Width * Sub, y * Sub, bandRows * Sub);
            for (var i = 1; i < list.Count; i++) band.Draw(list.Items[i], (ushort)i, list);
            for (var row = 0; row < band.Rows; row++) foreach (var id in band.Row(row)) all.Add(id);
        }
        return [.. all];
    }

    private static SurfaceList List(params Point3d[][] polygons)
    {
        var list = new SurfaceList(Sub);
        list.AddWhole(View.Size, Material.Sky, 0);
        foreach (var polygon in polygons) list.Add(polygon, View, default, 1, Material.Flat);
        return list;
    }

    [Test]
    public void Rectangle_CoversExactlyTheSamplesWhoseCentresItHolds()
    {
        var samples = Samples(List([At(3.25, 5.5), At(10, 5.5), At(10, 20.75), At(3.25, 20.75)]), 32);
        for (var row = 0; row < 32 * Sub; row++)
            for (var column = 0; column < 48 * Sub; column++)
            {
                double x = (column + 0.5) / Sub, y = (row + 0.5) / Sub;
                Assert.That(samples[row * 48 * Sub + column], Is.EqualTo(x is > 3.25 and < 10 && y is > 5.5 and < 20.75 ? 1 : 0), $"{x} {y}");
            }
    }

    [Test]
    public void Fan_AroundAnyPoint_CoversEverySampleOnce()
    {
        // Corners of the picture and one point: four triangles that share edges. Drawn in either order, no sample is left out and none changes hands except to the later one.
        Gen.Select(Gen.Double[1, 47], Gen.Double[1, 31]).Sample((x, y) =>
        {
            Point3d[] corners = [At(0, 0), At(48, 0), At(48, 32), At(0, 32)];
            var triangles = Enumerable.Range(0, 4).Select(i => new[] { corners[i], corners[(i + 1) % 4], At(x, y) }).ToArray();
            var forward = Samples(List(triangles), 32);
            var backward = Samples(List([.. triangles.Reverse()]), 32);
            Assert.That(forward, Has.None.Zero);
            Assert.That(forward.Select(id => 5 - id), Is.EqualTo(backward));
        }, iter: 30, threads: 1);
    }

    [Test]
    public void Bands_OfAnyHeight_AreTheSamePicture()
    {
        var list = List([At(-5, 2), At(40, 7), At(21, 40)], [At(2, 2), At(30, 3), At(17, 17), At(29, 30), At(3, 28)]);
        var whole = Samples(list, 32);
        foreach (var rows in new[] { 1, 2, 8, 16 }) Assert.That(Samples(list, rows), Is.EqualTo(whole), $"{rows}");
        Assert.That(whole, Has.Some.EqualTo(1).And.Some.EqualTo(2));
    }

    [Test]
    public void Hole_IsLeftByEvenOdd()
    {
        var ring = List([At(4, 4), At(24, 4), At(24, 24), At(4, 24), At(4, 4), At(8, 8), At(8, 20), At(20, 20), At(20, 8), At(8, 8)]);
        var samples = Samples(ring, 32);
        Assert.That(samples.Count(id => id == 1), Is.EqualTo((20 * 20 - 12 * 12) * Sub * Sub));
    }

    [Test]
    public void CountFrom_CountsWhatAPolygonHolds()
    {
        var list = List([At(4, 4), At(24, 4), At(24, 24), At(4, 24)], [At(10, 10), At(20, 10), At(20, 20), At(10, 20)]);
        var band = new SampleBand();
        band.Begin(48 * Sub, 0, 32 * Sub);
        var first = band.Draw(list.Items[1], 1, list);
        Assert.That(first, Is.EqualTo((4 * Sub, 4 * Sub, 24 * Sub, 24 * Sub)));
        band.Draw(list.Items[2], 2, list);
        Assert.That(band.CountFrom(1, 0, 0, 48 * Sub, 32 * Sub), Is.EqualTo(400 * Sub * Sub));
        Assert.That(band.CountFrom(2, 0, 0, 48 * Sub, 32 * Sub), Is.EqualTo(100 * Sub * Sub));
    }

    [Test]
    public void List_GrowsToTheLastNumber_AndTakesNoMore()
    {
        var list = new SurfaceList(Sub);
        for (var i = 0; i < ushort.MaxValue; i++) Assert.That(list.Add([At(1, 1), At(4, 1), At(4, 4)], View, default, 1, Material.Flat), Is.True);
        Assert.That(list.Add([At(1, 1), At(4, 1), At(4, 4)], View, default, 1, Material.Flat), Is.False);
        Assert.That((list.Count, list.Items[40_000].Points), Is.EqualTo(((int)ushort.MaxValue, 3)));
    }

    [Test]
    public void Polygon_BehindTheCamera_IsCutAway()
    {
        var list = new SurfaceList(Sub);
        Assert.That(list.Add([new(-1, 1, -5), new(1, 1, -5), new(0, 1, -1)], View, default, 1, Material.Flat), Is.False);
        Assert.That(list.Add([new(-1, 1, 5), new(1, 1, 5), new(0, 1, -1)], View, default, 1, Material.Flat), Is.True);
    }
}
