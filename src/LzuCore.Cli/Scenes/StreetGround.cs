using SkiaSharp;

namespace LzuCore.Cli.Scenes;

/// <summary>Sky, road, kerbs, pavements and markings.</summary>
internal sealed class StreetGround(SKCanvas canvas, StreetCamera camera, Dice dice)
{
    /// <summary>Left kerb.</summary>
    public const double Left = -7.6;

    /// <summary>Right kerb.</summary>
    public const double Right = 4.3;

    /// <summary>Where the crossing street begins.</summary>
    public const double CrossingNear = 64;

    /// <summary>Where it ends.</summary>
    public const double CrossingFar = 77;

    private const double Near = 2.2;
    private const double Far = 900;
    private static readonly SKColor Asphalt = new(86, 88, 92);
    private static readonly SKColor Slab = new(158, 152, 144);

    /// <summary>A gradient, clouds, the sun's glow and a far skyline.</summary>
    public void Sky()
    {
        var horizon = (float)camera.Horizon;
        using (var paint = new SKPaint())
        {
            paint.Shader = SKShader.CreateLinearGradient(new SKPoint(0, 0), new SKPoint(0, horizon),
                [new SKColor(74, 127, 184), new SKColor(138, 178, 213), new SKColor(213, 222, 226)], [0, 0.55f, 1], SKShaderTileMode.Clamp);
            canvas.DrawRect(0, 0, camera.Width, horizon + 1, paint);
        }
        for (var i = 0; i < 9; i++) Cloud(dice.Between(-0.05, 1.05) * camera.Width, dice.Between(0.03, 0.72) * horizon, dice.Between(0.06, 0.15) * camera.Width);
        for (var x = -0.1; x < 1.1;)
        {
            var width = dice.Between(0.012, 0.034);
            var height = dice.Between(0.018, 0.075) * camera.Height * (1 - 0.5 * Math.Abs(x - 0.5));
            using var paint = new SKPaint { IsAntialias = true, Color = Daylight.Mix(Daylight.Haze, new SKColor(134, 146, 160), dice.Between(0.35, 0.6)) };
            canvas.DrawRect((float)(x * camera.Width), (float)(horizon - height), (float)(width * camera.Width), (float)height + 2, paint);
            x += width * dice.Between(0.7, 1.1);
        }
    }

    /// <summary>Asphalt, pavements, the crossing street, texture and paint.</summary>
    public void Ground()
    {
        Strip(-400, 400, Near, Far, new SKColor(140, 146, 122));
        Strip(-17, 17, Near, Far, Slab);
        Joints(Left - 4.6, Left);
        Joints(Right, Right + 4.6);
        Strip(-400, 400, CrossingNear, CrossingFar, Asphalt);
        Strip(Left, Right, Near, Far, Asphalt);
        Texture();
        foreach (var (x, outward) in new[] { (Left, -1), (Right, 1) })
            foreach (var (from, to) in new[] { (Near, CrossingNear - 1), (CrossingFar + 1, Far) })
            {
                Strip(Math.Min(x, x + 0.16 * outward), Math.Max(x, x + 0.16 * outward), from, to, new SKColor(196, 193, 186));
                Strip(Math.Min(x, x - 0.1 * outward), Math.Max(x, x - 0.1 * outward), from, to, new SKColor(62, 63, 66));
            }
        Markings();
    }

    /// <summary>What the houses of the left side keep dark.</summary>
    public void ShadeUnder(double fromZ, double toZ, double height)
    {
        // The sun stands left behind: a roof edge at height h throws its shadow h·|Sx|/Sy to the right and h·|Sz|/Sy ahead.
        var reach = Math.Min(height, 15) * 0.5;
        using var shade = camera.Polygon(new(Left - 4.6, 0, fromZ), new(Left - 4.6 + reach, 0, fromZ + reach * 0.7), new(Left - 4.6 + reach, 0, toZ + reach * 0.7), new(Left - 4.6, 0, toZ));
        using var paint = new SKPaint { IsAntialias = true, Color = new SKColor(24, 32, 48, (byte)(96 * Daylight.Clarity(fromZ))), MaskFilter = SKMaskFilter.CreateBlur(SKBlurStyle.Normal, 2.5f) };
        canvas.DrawPath(shade, paint);
    }

    private void Cloud(double x, double y, double size)
    {
        for (var i = 0; i < 16; i++)
        {
            var (dx, dy) = (dice.Between(-1, 1), dice.Between(-0.16, 0.13));
            using var paint = new SKPaint { IsAntialias = true, Color = new SKColor(255, 252, 248, 30), MaskFilter = SKMaskFilter.CreateBlur(SKBlurStyle.Normal, (float)(size * 0.1)) };
            canvas.DrawOval((float)(x + dx * size), (float)(y + dy * size), (float)(size * dice.Between(0.16, 0.42)), (float)(size * dice.Between(0.05, 0.12)), paint);
        }
    }

    // A band of ground along the street, in pieces so that the haze can change with depth.
    private void Strip(double left, double right, double near, double far, SKColor color)
    {
        using var paint = new SKPaint { IsAntialias = true };
        for (var z = far; z > near;)
        {
            var to = Math.Max(near, z / 1.12);
            using var quad = camera.Polygon(new(left, 0, z * 1.002), new(right, 0, z * 1.002), new(right, 0, to), new(left, 0, to));
            paint.Color = Daylight.Seen(color, (z + to) / 2);
            canvas.DrawPath(quad, paint);
            z = to;
        }
    }

    private void Joints(double left, double right)
    {
        using var paint = new SKPaint { IsAntialias = true, IsStroke = true };
        for (var z = Near + 0.4; z < 70; z += 1.2)
        {
            paint.Color = Daylight.Seen(new SKColor(120, 115, 108), z).WithAlpha((byte)(150 * Math.Min(1, 18 / z)));
            paint.StrokeWidth = (float)Math.Max(0.6, 0.02 * camera.Scale(z));
            canvas.DrawLine(camera.Project(left, 0, z), camera.Project(right, 0, z), paint);
        }
        for (var x = left + 1.2; x < right; x += 1.2)
        {
            paint.Color = new SKColor(120, 115, 108, 90);
            paint.StrokeWidth = 1.2f;
            canvas.DrawLine(camera.Project(x, 0, Near), camera.Project(x, 0, 60), paint);
        }
    }

    private void Texture()
    {
        using var paint = new SKPaint { IsAntialias = true };
        for (var i = 0; i < 14; i++)
        {
            var (x, z, length, width) = (dice.Between(Left, Right - 1.5), dice.Between(4, 60), dice.Between(2, 9), dice.Between(0.5, 1.6));
            using var patch = camera.Polygon(new(x, 0, z), new(x + width, 0, z), new(x + width, 0, z + length), new(x, 0, z + length));
            paint.Color = Daylight.Seen(dice.Chance(0.6) ? new SKColor(70, 72, 76) : new SKColor(98, 99, 102), z).WithAlpha(120);
            canvas.DrawPath(patch, paint);
        }
        foreach (var track in new[] { -4.4, -2.9, -0.75, 0.75 })
        {
            using var worn = camera.Polygon(new(track - 0.28, 0, Near), new(track + 0.28, 0, Near), new(track + 0.28, 0, 120), new(track - 0.28, 0, 120));
            paint.Color = new SKColor(60, 61, 64, 34);
            canvas.DrawPath(worn, paint);
        }
        for (var i = 0; i < 9000; i++)
        {
            var z = Near + 45 * Math.Pow(dice.Between(0, 1), 2.2);
            var at = camera.Project(dice.Between(Left, Right), 0, z);
            var size = (float)(dice.Between(0.006, 0.016) * camera.Scale(z));
            var light = dice.Chance(0.5);
            paint.Color = light ? new SKColor(214, 212, 206, 44) : new SKColor(20, 20, 24, 50);
            canvas.DrawOval(at.X, at.Y, size * 1.5f, size * 0.55f, paint);
        }
        foreach (var (x, z) in new[] { (-0.2, 9.5), (-3.6, 21.0), (1.2, 38.0) })
        {
            var at = camera.Project(x, 0, z);
            var radius = (float)(0.33 * camera.Scale(z));
            paint.Color = Daylight.Seen(new SKColor(52, 52, 56), z);
            canvas.DrawOval(at.X, at.Y, radius, radius * (float)(camera.Eye / z), paint);
        }
    }

    private void Markings()
    {
        SKColor white = new(232, 231, 224, 235), yellow = new(232, 184, 62, 235);
        Line(-2.0, 0.11, Near, CrossingNear - 6, yellow);
        Line(-1.75, 0.11, Near, CrossingNear - 6, yellow);
        Line(-2.0, 0.11, CrossingFar + 5, 400, yellow);
        Line(-1.75, 0.11, CrossingFar + 5, 400, yellow);
        for (var z = 1.0; z < 240; z += 6)
            if (z is < CrossingNear - 10 or > CrossingFar + 4)
            {
                Line(2.0, 0.12, Math.Max(Near, z), z + 3, white);
                Line(-5.4, 0.12, Math.Max(Near, z), z + 3, white);
            }
        Bar(-1.6, 1.9, CrossingNear - 6.4, CrossingNear - 5.9, white);
        Bar(-5.3, -2.2, CrossingFar + 5.6, CrossingFar + 6.1, white);
        for (var x = Left + 0.5; x < Right - 0.5; x += 1.0)
            foreach (var z in new[] { CrossingNear - 5, CrossingFar + 1.4 }) Bar(x, x + 0.5, z, z + 3.2, white);
        for (var z = CrossingNear + 1.5; z < CrossingFar - 1; z += 1.0)
        {
            Bar(Left - 4, Left - 1.2, z, z + 0.5, white);
            Bar(Right + 1.2, Right + 4, z, z + 0.5, white);
        }
        Arrow(0, 14, white);
        Arrow(0, 40, white);
    }

    private void Line(double x, double width, double from, double to, SKColor color)
    {
        for (var z = from; z < to; z += 8) Bar(x - width / 2, x + width / 2, z, Math.Min(to, z + 8.05), color);
    }

    private void Bar(double left, double right, double near, double far, SKColor color)
    {
        using var quad = camera.Polygon(new(left, 0, near), new(right, 0, near), new(right, 0, far), new(left, 0, far));
        using var paint = new SKPaint { IsAntialias = true, Color = Daylight.Seen(color, (near + far) / 2) };
        canvas.DrawPath(quad, paint);
    }

    private void Arrow(double x, double z, SKColor color)
    {
        using var arrow = camera.Polygon(new(x - 0.09, 0, z), new(x + 0.09, 0, z), new(x + 0.09, 0, z + 2.6), new(x + 0.34, 0, z + 2.6), new(x, 0, z + 4.4), new(x - 0.34, 0, z + 2.6), new(x - 0.09, 0, z + 2.6));
        using var paint = new SKPaint { IsAntialias = true, Color = Daylight.Seen(color, z).WithAlpha(215) };
        canvas.DrawPath(arrow, paint);
    }
}
