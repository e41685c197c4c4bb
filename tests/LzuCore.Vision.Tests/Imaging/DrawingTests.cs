using LzuCore.Memory;
using LzuCore.Vision.Imaging;

namespace LzuCore.Vision.Tests.Imaging;

public sealed class DrawingTests
{
    [Test]
    public void Label_LeavesInk()
    {
        var plain = Drawing.On(new Image((60, 200)), d => d.Fill(0, 0, 200, 60, Rgb.White));
        var labelled = Drawing.On(plain, d => d.Text("traffic light 0.87", 10, 10, Rgb.Black));
        var dark = 0;
        for (var y = 0; y < 60; y++)
            for (var x = 0; x < 200; x++) if (labelled[y, x].R < 100) dark++;
        Assert.That(dark, Is.InRange(80, 2500), "letters, not nothing and not a block");
        Assert.That(plain.Pixels.IndexOfAnyExcept((byte)255), Is.EqualTo(-1), "the picture drawn on is unchanged");
    }

    [Test]
    public void Box_DrawsItsEdgeAndLeavesTheInside()
    {
        var image = Drawing.On(new Image((100, 100)), d => d.Box(20, 30, 80, 70, new Rgb(255, 0, 0), width: 2));
        Assert.That(image[30, 50].R, Is.EqualTo(255));
        Assert.That(image[50, 20].R, Is.EqualTo(255));
        Assert.That(image[50, 50].R, Is.Zero);
        Assert.That(image[10, 10].R, Is.Zero);
    }

    [Test]
    public void Box_LabelStaysInsideThePicture()
    {
        foreach (var (x, y) in new[] { (-5f, -5f), (180f, 0f), (180f, 95f), (0f, 95f) })
        {
            var image = Drawing.On(new Image((100, 200)), d => d.Box(x, y, x + 30, y + 20, new Rgb(200, 0, 0), "bicycle 0.55"));
            var plate = 0;
            foreach (var b in image.Pixels) if (b > 150) plate++;
            Assert.That(plate, Is.GreaterThan(600), $"box at ({x}, {y})");
        }
    }

    [Test]
    public void Colormaps_MeetTheirTables()
    {
        // matplotlib's tables at 0, 1/2 and 1.
        AssertNear(Colormap.Viridis, [(68, 1, 84), (33, 145, 140), (253, 231, 37)]);
        AssertNear(Colormap.Inferno, [(0, 0, 4), (188, 55, 84), (252, 255, 164)]);
    }

    [Test]
    public void HeatMap_HitsItsNodesAndSurvivesNaN()
    {
        float[] values = [0, 1, 2, 3, float.NaN, 5];
        var image = HeatMap.Render(values, (2, 3), (2, 3), Colormap.Viridis);
        Assert.That(image[0, 0], Is.EqualTo(Colormap.Viridis.At(0)));
        Assert.That(image[1, 2], Is.EqualTo(Colormap.Viridis.At(1)));
        Assert.That(image[0, 1], Is.EqualTo(Colormap.Viridis.At(0.2)));
        Assert.That(image[1, 1], Is.EqualTo(Rgb.Black));
        Assert.Throws<ShapeException>(() => HeatMap.Render(values, (2, 2), (4, 4), Colormap.Viridis));
    }

    private static void AssertNear(Colormap map, (int R, int G, int B)[] table)
    {
        for (var i = 0; i < 3; i++)
        {
            var got = map.At(i / 2.0);
            Assert.That(new[] { got.R - table[i].R, got.G - table[i].G, got.B - table[i].B }, Has.All.InRange(-5, 5), $"{got}");
        }
    }
}
