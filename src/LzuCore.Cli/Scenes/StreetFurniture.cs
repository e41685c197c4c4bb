using SkiaSharp;

namespace LzuCore.Cli.Scenes;

/// <summary>A street tree: trunk, crown lit from the left.</summary>
/// <param name="X">To the right.</param>
/// <param name="Z">Ahead.</param>
/// <param name="Height">In metres.</param>
/// <param name="Stream">Names the dice that shape its crown.</param>
internal sealed record Tree(double X, double Z, double Height, string Stream) : StreetObject(Z)
{
    /// <inheritdoc/>
    public override void DrawShadow(SKCanvas canvas, StreetCamera camera)
    {
        var dice = new Dice(Stream + "/shadow");
        using var paint = new SKPaint { IsAntialias = true, Color = new SKColor(18, 24, 30, (byte)(46 * Daylight.Clarity(Z))), MaskFilter = SKMaskFilter.CreateBlur(SKBlurStyle.Normal, (float)Math.Max(0.4, 0.05 * camera.Scale(Z))) };
        for (var i = 0; i < 16; i++)
        {
            var (dx, dz, size) = (dice.Between(0.2, 0.75) * Height, dice.Between(0, 0.65) * Height, dice.Between(0.5, 1.1));
            var at = camera.Project(X + dx, 0, Z + dz);
            var radius = (float)(size * camera.Scale(Z + dz));
            canvas.DrawOval(at.X, at.Y, radius, radius * (float)(camera.Eye / (Z + dz)) * 1.6f, paint);
        }
    }

    /// <inheritdoc/>
    public override void Draw(SKCanvas canvas, StreetCamera camera) => InMetres(canvas, camera, new Point3(X, 0, Z), () =>
    {
        var dice = new Dice(Stream);
        var top = (float)Height;
        using var paint = new SKPaint { IsAntialias = true, StrokeCap = SKStrokeCap.Round };
        paint.Color = Daylight.Seen(new SKColor(84, 66, 52), Z);
        paint.IsStroke = true;
        paint.StrokeWidth = 0.26f;
        canvas.DrawLine(0, 0, 0.05f, top * 0.6f, paint);
        paint.StrokeWidth = 0.13f;
        canvas.DrawLine(0, top * 0.36f, -top * 0.14f, top * 0.6f, paint);
        canvas.DrawLine(0, top * 0.42f, top * 0.16f, top * 0.66f, paint);
        paint.IsStroke = false;
        // From the dark inside to the lit rim: later blobs are smaller, brighter and nearer to the sun.
        var blobs = Z < 45 ? 520 : 120;
        for (var i = 0; i < blobs; i++)
        {
            var share = i / (double)blobs;
            var angle = dice.Between(0, 2 * Math.PI);
            var radius = Math.Sqrt(dice.Between(0, 1)) * (1 - 0.12 * share);
            var (x, y) = (radius * Math.Cos(angle) * 0.26 * Height - share * 0.025 * Height, (0.68 + radius * Math.Sin(angle) * 0.25 + share * 0.02) * Height);
            var light = 0.52 + 0.42 * share + 0.16 * (-Math.Cos(angle) * radius * 0.6 + Math.Sin(angle) * radius * 0.7);
            var leaf = Daylight.Mix(new SKColor(86, 122, 56), new SKColor(138, 150, 62), dice.Between(0, 0.7));
            paint.Color = Daylight.Seen(leaf, Z, light);
            var size = (float)(Height * dice.Between(0.02, 0.06) * (1.3 - 0.75 * share));
            canvas.DrawOval((float)x, (float)y, size, size * 0.82f, paint);
        }
    });
}

/// <summary>A lamp post with an arm over the road.</summary>
/// <param name="X">To the right.</param>
/// <param name="Z">Ahead.</param>
internal sealed record Lamp(double X, double Z) : StreetObject(Z)
{
    /// <inheritdoc/>
    public override void Draw(SKCanvas canvas, StreetCamera camera) => InMetres(canvas, camera, new Point3(X, 0, Z), () =>
    {
        var inward = -Math.Sign(X);
        using var paint = new SKPaint { IsAntialias = true, IsStroke = true, StrokeCap = SKStrokeCap.Round, Color = Daylight.Seen(new SKColor(78, 84, 88), Z) };
        paint.StrokeWidth = 0.2f;
        canvas.DrawLine(0, 0, 0, 1.2f, paint);
        paint.StrokeWidth = 0.12f;
        canvas.DrawLine(0, 1, 0, 8.2f, paint);
        using var bend = new SKPathBuilder();
        bend.MoveTo(0, 8.1f);
        bend.QuadTo(0, 8.9f, inward * 1.9f, 8.95f);
        using var arm = bend.Detach();
        paint.StrokeWidth = 0.09f;
        canvas.DrawPath(arm, paint);
        paint.IsStroke = false;
        canvas.DrawRoundRect(inward > 0 ? 1.6f : -2.4f, 8.83f, 0.8f, 0.15f, 0.06f, 0.06f, paint);
    });
}

/// <summary>A traffic light on a mast.</summary>
/// <param name="X">To the right.</param>
/// <param name="Z">Ahead.</param>
/// <param name="Lit">Which lamp: 0 red, 1 amber, 2 green.</param>
/// <param name="Reach">Length of the arm over the road; 0 for none.</param>
internal sealed record Signal(double X, double Z, int Lit, double Reach) : StreetObject(Z)
{
    private static readonly SKColor[] Lamps = [new(255, 62, 48), new(255, 186, 48), new(66, 240, 120)];

    /// <inheritdoc/>
    public override string Class => "traffic_light";

    /// <inheritdoc/>
    public override IEnumerable<Point3> Outline
    {
        get
        {
            var (x, y) = Reach > 0 ? (X - Math.Sign(X) * Reach, 5.2) : (X, 2.5);
            return [new(x - 0.18, y, Z), new(x + 0.18, y + 1.05, Z)];
        }
    }

    /// <inheritdoc/>
    public override void Draw(SKCanvas canvas, StreetCamera camera) => InMetres(canvas, camera, new Point3(X, 0, Z), () =>
    {
        using var paint = new SKPaint { IsAntialias = true, IsStroke = true, StrokeCap = SKStrokeCap.Round, Color = Daylight.Seen(new SKColor(58, 62, 64), Z) };
        var x = (float)(Reach > 0 ? -Math.Sign(X) * Reach : 0);
        var y = Reach > 0 ? 5.2f : 2.5f;
        paint.StrokeWidth = 0.17f;
        canvas.DrawLine(0, 0, 0, Reach > 0 ? 6.2f : 3.4f, paint);
        paint.StrokeWidth = 0.12f;
        if (Reach > 0) canvas.DrawLine(0, 6.1f, x, 6.35f, paint);
        paint.IsStroke = false;
        paint.Color = Daylight.Seen(new SKColor(28, 30, 30), Z);
        canvas.DrawRoundRect(x - 0.18f, y, 0.36f, 1.05f, 0.06f, 0.06f, paint);
        for (var i = 0; i < 3; i++)
        {
            var lit = i == Lit;
            paint.Color = Daylight.Seen(lit ? Lamps[i] : Daylight.Shade(Lamps[i], 0.25), Z * (lit ? 0.3 : 1));
            canvas.DrawCircle(x, y + 0.86f - i * 0.33f, 0.125f, paint);
            if (!lit) continue;
            paint.MaskFilter = SKMaskFilter.CreateBlur(SKBlurStyle.Normal, 0.16f);
            paint.Color = paint.Color.WithAlpha(110);
            canvas.DrawCircle(x, y + 0.86f - i * 0.33f, 0.26f, paint);
            paint.MaskFilter = null;
        }
    });
}
