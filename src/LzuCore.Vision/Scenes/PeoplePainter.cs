namespace LzuCore.Vision.Scenes;

/// <summary>Paints people on foot and on bicycles: flat figures that face the camera, within the box that their class has.</summary>
internal static class PeoplePainter
{
    private static readonly Tint Shoe = new(36, 33, 34);
    private static readonly Tint Tyre = new(30, 30, 32);

    public static void Person(SceneBrush brush, SceneThing person)
    {
        var s = person.Height / 1.79;
        var across = Across(brush, person);
        Spot At(double x, double up) => person.Stance.Place + new Spot(across.X * x * s, up * s, across.Z * x * s);
        var light = brush.Light.On(Toward(brush, person)) * 1.02;
        var (coat, trousers, skin, hair) = (person.First * light, person.Second * light, person.Third * light, person.Second.To(new(52, 38, 30), 0.8) * light);
        var step = person.Step * 0.09;
        Limb(brush, At, 0.075, (0.06, 0.9), (0.07 - 0.4 * step, 0.48), (0.06 - step, 0.07), trousers * 0.78);
        Limb(brush, At, 0.045, (-0.16, 1.4), (-0.16 + 0.3 * step, 1.12), (-0.14 + step * 0.6, 0.86), coat * 0.78);
        Limb(brush, At, 0.08, (-0.06, 0.9), (-0.07 + 0.4 * step, 0.48), (-0.06 + step, 0.05), trousers);
        brush.Flat([At(-0.13 + step, 0), At(-0.0 + step, 0), At(-0.01 + step, 0.08), At(-0.12 + step, 0.09)], Shoe * light);
        brush.Flat([At(0.0 - step, 0.0), At(0.13 - step, 0.0), At(0.12 - step, 0.09), At(0.01 - step, 0.08)], Shoe * light);
        brush.Flat([At(-0.15, 0.84), At(0.15, 0.84), At(0.17, 1.1), At(0.2, 1.4), At(0.12, 1.5), At(-0.12, 1.5), At(-0.2, 1.4), At(-0.17, 1.1)], coat, 1.06, 0.88);
        Limb(brush, At, 0.045, (0.16, 1.4), (0.16 - 0.3 * step, 1.12), (0.14 - step * 0.6, 0.86), coat * 1.08);
        brush.Flat([At(-0.045, 1.46), At(0.045, 1.46), At(0.045, 1.58), At(-0.045, 1.58)], skin * 0.85);
        Head(brush, At, 0, 1.65, hair, skin);
    }

    public static void Cyclist(SceneBrush brush, SceneThing cyclist)
    {
        var (h, l) = (cyclist.Height / 1.74, cyclist.Length);
        var across = Across(brush, cyclist);
        // Along the bicycle, up, and across the line of sight.
        Spot At(double along, double up, double x = 0)
        {
            var on = cyclist.Stance.At(along, up * h, 0);
            return on + new Spot(across.X * x, 0, across.Z * x);
        }
        var light = brush.Light.On(Toward(brush, cyclist)) * 1.02;
        var (coat, trousers, skin) = (cyclist.First * light, cyclist.Second * light, cyclist.Third * light);
        var wheel = 0.34;
        var axial = Math.Abs(across.X * cyclist.Stance.Dx + across.Z * cyclist.Stance.Dz) < 0.25;
        var pixels = brush.PixelsPerMetre(cyclist.Stance.Place);
        var sides = pixels > 60 ? 24 : pixels > 12 ? 16 : 8;
        foreach (var axle in (ReadOnlySpan<double>)[wheel - l / 2, l / 2 - wheel])
        {
            // From the front or behind a wheel is as wide as its tyre.
            if (axial) brush.Flat([At(axle, 0.01, -0.025), At(axle, 0.01, 0.025), At(axle, 2 * wheel / h, 0.025), At(axle, 2 * wheel / h, -0.025)], Tyre);
            Ring(brush, cyclist, axle, wheel, sides);
        }
        var frame = cyclist.Second * (0.8 * light);
        Bar((-0.16, 0.45), (0.28, 0.72));
        Bar((-0.16, 0.45), (-0.27, 0.88));
        Bar((-0.22, 0.8), (0.3, 0.82));
        Bar((0.53, 0.34), (0.34, 0.98));
        Bar((-0.53, 0.34), (-0.16, 0.42));
        Bar((-0.53, 0.34), (-0.22, 0.8));
        var pedal = 0.1 * cyclist.Step;
        Thigh((-0.22, 0.92), (0.12, 0.72 - pedal), (-0.06, 0.3 - pedal), 0.07, trousers * 0.78, 0.09);
        brush.Flat([At(-0.32, 0.86, -0.15), At(-0.14, 0.86, 0.15), At(0.16, 1.38, 0.21), At(0.06, 1.48, 0.12), At(0.0, 1.48, -0.12), At(-0.06, 1.38, -0.21)], coat, 1.06, 0.88);
        Thigh((-0.22, 0.92), (0.14, 0.72 + pedal), (-0.02, 0.26 + pedal), 0.08, trousers, -0.09);
        Thigh((0.06, 1.36), (0.24, 1.14), (0.38, 1.0), 0.05, coat * 1.08, -0.17);
        Thigh((0.06, 1.36), (0.24, 1.14), (0.38, 1.0), 0.05, coat * 0.9, 0.17);
        Head(brush, (x, up) => At(0.13, up, x), 0, 1.6, cyclist.Second * (0.8 * light), skin);

        void Bar((double Along, double Up) a, (double Along, double Up) b) =>
            brush.Flat([At(a.Along, a.Up - 0.02, -0.015), At(b.Along, b.Up - 0.02, -0.015), At(b.Along, b.Up + 0.02, 0.015), At(a.Along, a.Up + 0.02, 0.015)], frame);

        void Thigh((double Along, double Up) a, (double Along, double Up) b, (double Along, double Up) c, double half, Tint color, double x)
        {
            foreach (var (p, q) in (ReadOnlySpan<((double Along, double Up), (double Along, double Up))>)[(a, b), (b, c)])
                brush.Flat([At(p.Along - half, p.Up, x - half * 0.6), At(p.Along + half, p.Up, x + half * 0.6), At(q.Along + half * 0.8, q.Up, x + half * 0.6), At(q.Along - half * 0.8, q.Up, x - half * 0.6)], color);
        }
    }

    // The horizontal direction across the line of sight, to the right.
    private static Spot Across(SceneBrush brush, SceneThing thing)
    {
        var sight = thing.Stance.Place - brush.View.Eye;
        return new Spot(sight.Z, 0, -sight.X).Unit();
    }

    private static Spot Toward(SceneBrush brush, SceneThing thing) => ((brush.View.Eye - thing.Stance.Place) with { Up = 0 }).Unit();

    private static void Limb(SceneBrush brush, Func<double, double, Spot> at, double half, (double X, double Up) a, (double X, double Up) b, (double X, double Up) c, Tint color) =>
        brush.Flat([at(a.X - half, a.Up), at(b.X - half, b.Up), at(c.X - 0.8 * half, c.Up), at(c.X + 0.8 * half, c.Up), at(b.X + half, b.Up), at(a.X + half, a.Up)], color);

    private static void Head(SceneBrush brush, Func<double, double, Spot> at, double x, double up, Tint hair, Tint skin)
    {
        Span<Spot> round = stackalloc Spot[12];
        for (var i = 0; i < 12; i++)
        {
            var (sin, cos) = Circle.At(i, 12);
            round[i] = at(x + 0.11 * cos, up + 0.135 * sin);
        }
        brush.Flat(round, hair);
        for (var i = 0; i < 12; i++)
        {
            var (sin, cos) = Circle.At(i, 12);
            round[i] = at(x + 0.09 * cos, up - 0.025 + 0.105 * sin);
        }
        brush.Flat(round, skin);
    }

    // An outer and an inner rim in one polygon: even-odd leaves the hole.
    private static void Ring(SceneBrush brush, SceneThing cyclist, double axle, double radius, int sides)
    {
        Span<Spot> rims = stackalloc Spot[2 * sides + 2];
        for (var i = 0; i <= sides; i++)
        {
            var (sin, cos) = Circle.At(i % sides, sides);
            rims[i] = cyclist.Stance.At(axle + radius * cos, radius + radius * sin, 0);
            rims[2 * sides + 1 - i] = cyclist.Stance.At(axle + 0.82 * radius * cos, radius + 0.82 * radius * sin, 0);
        }
        brush.Flat(rims, Tyre);
    }
}
