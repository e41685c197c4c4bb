namespace LzuCore.Vision.Scenes;

/// <summary>Paints traffic signs and their poles, and lamp posts.</summary>
internal static class SignPainter
{
    private static readonly Tint Metal = new(112, 116, 120);
    private static readonly Tint Red = new(196, 28, 34);
    private static readonly Tint Blue = new(28, 74, 168);
    private static readonly Tint Yellow = new(240, 188, 28);
    private static readonly Tint White = new(238, 238, 236);

    public static void Pole(SceneBrush brush, SceneThing sign) => Post(brush, sign.Stance.Place, 0.04, sign.Lift + 0.5 * sign.Height);

    public static void Plate(SceneBrush brush, SceneThing sign)
    {
        var center = sign.Lift + sign.Height / 2;
        var light = brush.Light.On(new Spot(sign.Stance.Dx, 0, sign.Stance.Dz));
        switch (sign.Build)
        {
            case 0:
                Shape(16, 1, Red, 0);
                Shape(16, 0.72, White, 0);
                break;
            case 1:
                Shape(4, 1, Blue, 1);
                Shape(4, 0.45, White, 1);
                break;
            case 2:
                Shape(4, 1, White, 1);
                Shape(4, 0.85, Yellow, 1);
                break;
            default:
                Triangle(1, Red);
                Triangle(0.6, White);
                break;
        }

        void Shape(int corners, double scale, Tint color, int diamond)
        {
            Span<Spot> rim = stackalloc Spot[corners];
            for (var i = 0; i < corners; i++)
            {
                var (sin, cos) = diamond == 1 ? i switch { 0 => (0.0, 1.0), 1 => (1.0, 0.0), 2 => (0.0, -1.0), _ => (-1.0, 0.0) } : Circle.At(i, corners);
                rim[i] = sign.Stance.At(0, center + scale * sign.Height / 2 * sin, scale * sign.Width / 2 * cos);
            }
            brush.Flat(rim, color * light, 1.03, 0.95);
        }

        void Triangle(double scale, Tint color)
        {
            var (half, low, high) = (scale * sign.Width / 2, center - 0.1 * sign.Height - scale * 0.4 * sign.Height, center - 0.1 * sign.Height + scale * 0.6 * sign.Height);
            brush.Flat([sign.Stance.At(0, low, -half), sign.Stance.At(0, low, half), sign.Stance.At(0, high, 0)], color * light, 1.03, 0.95);
        }
    }

    public static void Lamp(SceneBrush brush, Spot place, double height, double towardX, double towardZ)
    {
        Post(brush, place, 0.07, height);
        Spot Arm(double share, double up) => place + new Spot(towardX * share, up, towardZ * share);
        brush.Flat([Arm(0, height - 0.12), Arm(1.6, height + 0.28), Arm(1.6, height + 0.36), Arm(0, height)], Metal);
        brush.Flat([Arm(1.3, height + 0.22), Arm(2.1, height + 0.26), Arm(2.1, height + 0.38), Arm(1.3, height + 0.36)], Metal * 0.8);
    }

    private static void Post(SceneBrush brush, Spot place, double half, double height)
    {
        var sight = place - brush.View.Eye;
        var across = half * new Spot(sight.Z, 0, -sight.X).Unit();
        var up = new Spot(0, height, 0);
        brush.Flat([place - across, place + across, place + across + up, place - across + up], Metal, 1.05, 0.85);
    }
}
