using SkiaSharp;

namespace LzuCore.Cli.Scenes;

/// <summary>Rows of houses along both pavements: façades with floors and windows in perspective, shops at street level, roofs against the sky.</summary>
internal sealed class StreetHouses(SKCanvas canvas, StreetCamera camera, Dice dice)
{
    private readonly House[] _left = Row(dice);
    private readonly House[] _right = Row(dice);
    private const double Floor = 3.3;
    private static readonly SKColor[] Walls =
    [
        new(176, 120, 96), new(201, 178, 150), new(150, 142, 134), new(188, 150, 116), new(132, 96, 84), new(208, 198, 182), new(122, 132, 142), new(170, 132, 108), new(218, 206, 176),
    ];

    private sealed record House(double Near, double Far, double Height, SKColor Wall, bool Modern);

    /// <summary>Tells the extent and the height of every house of the left row, whose shadows fall on the street.</summary>
    public void DrawShadows(Action<double, double, double> shade)
    {
        foreach (var house in _left.Reverse()) shade(house.Near, house.Far, house.Height);
    }

    /// <summary>Draws both rows from far to near.</summary>
    public void Draw()
    {
        foreach (var (x, houses) in new[] { (StreetGround.Left - 4.6, _left), (StreetGround.Right + 4.6, _right) })
            foreach (var house in houses.Reverse()) Draw(house, x);
    }

    private static House[] Row(Dice dice)
    {
        var houses = new List<House>();
        for (var z = 5.0; z < 420;)
        {
            var far = z + dice.Between(9, 19);
            if (z < StreetGround.CrossingNear - 3 && far > StreetGround.CrossingNear - 3) far = StreetGround.CrossingNear - 3;
            if (z < StreetGround.CrossingFar + 3 && z >= StreetGround.CrossingNear - 3.1)
            {
                z = StreetGround.CrossingFar + 3;
                continue;
            }
            houses.Add(new House(z, far, Floor * Math.Round(dice.Between(3, 7.4)) + 1.4, dice.Pick(Walls), dice.Chance(0.3)));
            z = far + (dice.Chance(0.15) ? 2.2 : 0);
        }
        return [.. houses];
    }

    private void Draw(House house, double x)
    {
        var outward = Math.Sign(x);
        var (near, far, height) = (house.Near, house.Far, house.Height);
        // The end wall, seen past the gap before it, then the façade along the street.
        Face(house.Wall, Daylight.On(new Point3(0, 0, -1)), near, new(x, 0, near), new(x + 14 * outward, 0, near), new(x + 14 * outward, height, near), new(x, height, near));
        EndWindows(house, x, outward);
        var light = Daylight.On(new Point3(-outward, 0, 0));
        const int pieces = 6;
        for (var i = pieces - 1; i >= 0; i--)
        {
            var (a, b) = (near + (far - near) * i / pieces, near + (far - near) * (i + 1.02) / pieces);
            Face(house.Wall, light, a, new(x, 0, a), new(x, 0, b), new(x, height, b), new(x, height, a));
        }
        Face(Daylight.Shade(house.Wall, 0.8), light, near, new(x, height - 0.5, near), new(x, height - 0.5, far), new(x, height, far), new(x, height, near));
        Face(Daylight.Shade(house.Wall, 1.15), light, near, new(x, height - 0.12, near), new(x, height - 0.12, far), new(x, height, far), new(x, height, near));

        var columns = Math.Max(2, (int)Math.Round((far - near) / (house.Modern ? 2.1 : 2.7)));
        var floors = (int)Math.Round((height - 1.4) / Floor);
        var pitch = (far - near) / columns;
        Shop(house, x, light);
        for (var floor = 1; floor < floors; floor++)
        {
            var y = floor * Floor + 0.9;
            Face(Daylight.Shade(house.Wall, 0.86), light, near, new(x, floor * Floor + 0.1, near), new(x, floor * Floor + 0.1, far), new(x, floor * Floor + 0.26, far), new(x, floor * Floor + 0.26, near));
            for (var column = columns - 1; column >= 0; column--)
            {
                var a = near + (column + (house.Modern ? 0.08 : 0.27)) * pitch;
                var b = near + (column + (house.Modern ? 0.92 : 0.73)) * pitch;
                Window(house, x, y, a, b, light);
            }
        }
    }

    private void Window(House house, double x, double y, double a, double b, double light)
    {
        var top = y + (house.Modern ? 1.9 : 1.65);
        if (a > 190) return;
        Face(Daylight.Shade(house.Wall, house.Modern ? 0.7 : 1.22), light, a, new(x, y - 0.1, a - 0.09), new(x, y - 0.1, b + 0.09), new(x, top + 0.1, b + 0.09), new(x, top + 0.1, a - 0.09));
        var lit = dice.Chance(0.09);
        var glass = lit ? new SKColor(246, 214, 140) : Daylight.Mix(new SKColor(52, 66, 84), new SKColor(150, 182, 208), dice.Between(0, 0.75));
        Face(glass, lit ? 1 : 0.95, a, new(x, y, a), new(x, y, b), new(x, top, b), new(x, top, a));
        if (dice.Chance(0.35)) Face(new SKColor(228, 222, 210), light, a, new(x, top - dice.Between(0.3, 0.9), a), new(x, top - dice.Between(0.3, 0.9), b), new(x, top, b), new(x, top, a));
        if (a > 70) return;
        var middle = (a + b) / 2;
        Face(Daylight.Shade(house.Wall, 1.1), light, a, new(x, y, middle - 0.04), new(x, y, middle + 0.04), new(x, top, middle + 0.04), new(x, top, middle - 0.04));
        if (!house.Modern) Face(Daylight.Shade(house.Wall, 0.62), light, a, new(x, y - 0.2, a - 0.14), new(x, y - 0.2, b + 0.14), new(x, y - 0.08, b + 0.14), new(x, y - 0.08, a - 0.14));
    }

    private void EndWindows(House house, double x, int outward)
    {
        if (house.Near > 130) return;
        for (var y = Floor + 0.9; y + 1.6 < house.Height - 0.8; y += Floor)
            foreach (var along in new[] { 3.1, 6.2, 9.3 })
            {
                var (a, b) = (x + outward * along, x + outward * (along + 1.1));
                Face(Daylight.Shade(house.Wall, 1.16), 1, house.Near, new(a - outward * 0.1, y - 0.1, house.Near), new(b + outward * 0.1, y - 0.1, house.Near), new(b + outward * 0.1, y + 1.7, house.Near), new(a - outward * 0.1, y + 1.7, house.Near));
                Face(Daylight.Mix(new SKColor(52, 66, 84), new SKColor(150, 182, 208), dice.Between(0, 0.6)), 0.95, house.Near, new(a, y, house.Near), new(b, y, house.Near), new(b, y + 1.6, house.Near), new(a, y + 1.6, house.Near));
            }
    }

    private void Shop(House house, double x, double light)
    {
        if (house.Near > 170) return;
        var front = dice.Pick<SKColor>(new(58, 70, 74), new(96, 44, 40), new(36, 66, 62), new(48, 52, 80), new(92, 82, 66));
        Face(front, light, house.Near, new(x, 0, house.Near + 0.4), new(x, 0, house.Far - 0.4), new(x, 3.0, house.Far - 0.4), new(x, 3.0, house.Near + 0.4));
        var panes = Math.Max(2, (int)((house.Far - house.Near) / 3));
        var pitch = (house.Far - house.Near - 0.8) / panes;
        for (var i = panes - 1; i >= 0; i--)
        {
            var a = house.Near + 0.4 + i * pitch + 0.2;
            var b = a + pitch - 0.4;
            var door = i == panes / 2;
            var glass = Daylight.Mix(new SKColor(70, 84, 96), new SKColor(232, 206, 156), dice.Between(0.05, 0.7));
            Face(glass, 0.95, a, new(x, door ? 0.05 : 0.6, a), new(x, door ? 0.05 : 0.6, door ? (a + b) / 2 : b), new(x, 2.35, door ? (a + b) / 2 : b), new(x, 2.35, a));
        }
        if (!dice.Chance(0.65)) return;
        var cloth = dice.Pick<SKColor>(new(186, 60, 48), new(44, 104, 84), new(224, 204, 160), new(52, 82, 136), new(206, 134, 52));
        var out3 = -Math.Sign(x) * 1.2;
        const int stripes = 12;
        for (var i = stripes - 1; i >= 0; i--)
        {
            var a = house.Near + 0.6 + (house.Far - house.Near - 1.2) * i / stripes;
            var b = house.Near + 0.6 + (house.Far - house.Near - 1.2) * (i + 1) / stripes;
            Face(i % 2 == 0 ? cloth : new SKColor(238, 232, 220), Daylight.On(new Point3(-Math.Sign(x), 1, 0)), a, new(x, 3.0, a), new(x, 3.0, b), new(x + out3, 2.45, b), new(x + out3, 2.45, a));
        }
    }

    private void Face(SKColor color, double light, double z, params ReadOnlySpan<Point3> corners)
    {
        using var path = camera.Polygon(corners);
        using var paint = new SKPaint { IsAntialias = true, Color = Daylight.Seen(color, z, light) };
        canvas.DrawPath(path, paint);
    }
}
