using SkiaSharp;

namespace LzuCore.Cli.Scenes;

/// <summary>Somebody on foot.</summary>
/// <param name="X">To the right.</param>
/// <param name="Z">Ahead.</param>
/// <param name="Height">In metres.</param>
/// <param name="Stride">Phase of the step, -1 to 1; 0 stands.</param>
/// <param name="Sideways">Walks across the picture rather than along the street.</param>
/// <param name="Coat">Upper clothes.</param>
/// <param name="Trousers">Lower clothes.</param>
/// <param name="Skin">Face and hands.</param>
/// <param name="Hair">Hair.</param>
/// <param name="Bag">Carries one.</param>
internal sealed record Pedestrian(double X, double Z, double Height, double Stride, bool Sideways, SKColor Coat, SKColor Trousers, SKColor Skin, SKColor Hair, bool Bag) : StreetObject(Z)
{
    /// <inheritdoc/>
    public override string Class => "person";

    /// <inheritdoc/>
    public override IEnumerable<Point3> Outline
    {
        get
        {
            var half = Height * (0.15 + (Sideways ? 0.12 * Math.Abs(Stride) : 0.02));
            return [new(X - half, 0, Z), new(X + half, Height, Z)];
        }
    }

    /// <inheritdoc/>
    public override void DrawShadow(SKCanvas canvas, StreetCamera camera)
    {
        using var shadow = camera.Polygon(new(X - 0.2, 0, Z), new(X + 0.2, 0, Z), new(X + 0.3 + Height * 0.7, 0, Z + Height * 0.5), new(X - 0.05 + Height * 0.7, 0, Z + Height * 0.55));
        using var paint = new SKPaint { IsAntialias = true, Color = new SKColor(14, 16, 24, (byte)(105 * Daylight.Clarity(Z))), MaskFilter = SKMaskFilter.CreateBlur(SKBlurStyle.Normal, (float)Math.Max(0.3, 0.03 * camera.Scale(Z))) };
        canvas.DrawPath(shadow, paint);
    }

    /// <inheritdoc/>
    public override void Draw(SKCanvas canvas, StreetCamera camera) => InMetres(canvas, camera, new Point3(X, 0, Z), () =>
    {
        canvas.Scale((float)(Height / 1.75));
        using var paint = new SKPaint { IsAntialias = true, StrokeCap = SKStrokeCap.Round, StrokeJoin = SKStrokeJoin.Round };
        var step = (float)(Stride * (Sideways ? 0.24 : 0.05));
        var lift = Sideways ? 0f : (float)(0.06 * Math.Abs(Stride));
        var spread = Sideways ? 0f : 0.085f;
        Limb(Daylight.Shade(Trousers, 0.78), 0.135f, (spread, 0.9f), (spread * 1.1f - step * 0.5f, 0.48f), (spread - step * 1.15f, 0.08f + lift));
        Limb(Daylight.Shade(Coat, 0.78), 0.1f, (-(Sideways ? 0 : 0.2f), 1.4f), (-(Sideways ? step * 0.5f : 0.25f), 1.12f), (-(Sideways ? step : 0.24f), 0.88f));
        Limb(Trousers, 0.14f, (-spread, 0.9f), (-spread * 1.1f + step * 0.6f, 0.48f), (-spread + step, 0.06f));
        Fill(new SKColor(34, 32, 34));
        canvas.DrawOval(-spread + step + 0.03f, 0.045f, 0.115f, 0.045f, paint);
        canvas.DrawOval(spread - step * 1.15f + 0.03f, 0.045f + lift, 0.115f, 0.045f, paint);
        Fill(Coat);
        canvas.DrawRoundRect(Sideways ? -0.15f : -0.21f, 0.82f, Sideways ? 0.3f : 0.42f, 0.65f, 0.13f, 0.13f, paint);
        Fill(Daylight.Shade(Coat, 0.84));
        canvas.DrawRoundRect(Sideways ? 0.02f : 0.05f, 0.84f, Sideways ? 0.12f : 0.15f, 0.58f, 0.07f, 0.07f, paint);
        Limb(Daylight.Shade(Coat, 1.08), 0.1f, (Sideways ? -0.02f : 0.21f, 1.4f), (Sideways ? step * 0.6f : 0.26f, 1.12f), (Sideways ? step * 1.1f : 0.25f, 0.88f));
        Limb(Skin, 0.085f, (Sideways ? step * 1.1f : 0.25f, 0.86f), (Sideways ? step * 1.12f : 0.25f, 0.84f));
        if (Bag)
        {
            Fill(new SKColor(92, 62, 44));
            canvas.DrawRoundRect(-0.32f, 0.78f, 0.17f, 0.28f, 0.04f, 0.04f, paint);
        }
        Limb(Skin, 0.09f, (0, 1.45f), (0.01f, 1.54f));
        Fill(Hair);
        canvas.DrawOval(-0.012f, 1.655f, 0.112f, 0.122f, paint);
        Fill(Skin);
        canvas.DrawOval(Sideways ? 0.028f : 0.004f, 1.628f, 0.085f, 0.1f, paint);

        void Fill(SKColor color)
        {
            paint.IsStroke = false;
            paint.Color = Daylight.Seen(color, Z, 1.02);
        }

        void Limb(SKColor color, float width, params ReadOnlySpan<(float X, float Y)> joints)
        {
            using var path = new SKPathBuilder();
            path.MoveTo(joints[0].X, joints[0].Y);
            foreach (var (x, y) in joints[1..]) path.LineTo(x, y);
            using var line = path.Detach();
            paint.IsStroke = true;
            paint.StrokeWidth = width;
            paint.Color = Daylight.Seen(color, Z, 1.02);
            canvas.DrawPath(line, paint);
        }
    });

    /// <summary>Somebody drawn from the dice.</summary>
    public static Pedestrian Any(Dice dice, double x, double z, bool sideways) => new(x, z, dice.Between(1.56, 1.86), dice.Between(0.35, 1) * dice.Pick(-1, 1), sideways,
        dice.Pick<SKColor>(new(176, 44, 42), new(38, 62, 110), new(204, 160, 60), new(62, 92, 70), new(74, 70, 76), new(222, 218, 208), new(140, 72, 110)),
        dice.Pick<SKColor>(new(44, 52, 76), new(52, 50, 50), new(112, 98, 78), new(34, 36, 44)),
        dice.Pick<SKColor>(new(236, 194, 164), new(198, 146, 110), new(134, 92, 66), new(92, 62, 46)),
        dice.Pick<SKColor>(new(44, 32, 26), new(92, 62, 36), new(176, 138, 80), new(30, 28, 30), new(120, 116, 112)), dice.Chance(0.35));
}
