namespace LzuCore.Vision.Scenes;

/// <summary>Paints cars and trucks: convex bodies, profiles drawn out across the width, so that facing away is all that hides one side from another.</summary>
internal static class VehiclePainter
{
    private static readonly Tint Rubber = new(26, 26, 28);
    private static readonly Tint Glass = new(38, 48, 58);
    private static readonly Tint Chrome = new(168, 170, 174);
    private static readonly Tint Red = new(190, 24, 26);
    private static readonly Tint Lamp = new(230, 231, 222);
    private static readonly Tint Plate = new(212, 211, 204);

    // Shares of length (from the tail), height and half width, from the tail's lower edge over the top to the nose's lower edge.
    private static readonly (double Along, double Up, double Half)[] SedanBody =
        [(0.02, 0.17, 0.9), (0, 0.3, 0.97), (0, 0.5, 0.99), (0.025, 0.62, 0.95), (0.7, 0.645, 0.95), (0.955, 0.535, 0.94), (1, 0.42, 0.97), (1, 0.28, 0.97), (0.98, 0.17, 0.9)];

    private static readonly (double Along, double Up, double Half)[] TallBody =
        [(0.02, 0.17, 0.9), (0, 0.3, 0.97), (0, 0.5, 0.99), (0.01, 0.61, 0.96), (0.74, 0.63, 0.95), (0.965, 0.54, 0.94), (1, 0.43, 0.97), (1, 0.28, 0.97), (0.98, 0.17, 0.9)];

    private static readonly (double Along, double Up, double Half)[][] Cabins =
    [
        [(0.11, 0.61, 0.92), (0.26, 0.97, 0.72), (0.32, 1, 0.7), (0.5, 1, 0.7), (0.55, 0.98, 0.72), (0.74, 0.61, 0.92)],
        [(0.015, 0.6, 0.93), (0.09, 0.94, 0.76), (0.16, 1, 0.72), (0.5, 1, 0.72), (0.56, 0.97, 0.73), (0.77, 0.61, 0.92)],
        [(0.012, 0.6, 0.94), (0.05, 0.95, 0.8), (0.1, 1, 0.77), (0.57, 1, 0.77), (0.62, 0.975, 0.78), (0.78, 0.61, 0.93)],
        [(0.012, 0.6, 0.95), (0.03, 0.96, 0.84), (0.07, 1, 0.8), (0.66, 1, 0.8), (0.7, 0.975, 0.82), (0.93, 0.56, 0.93)],
    ];

    /// <summary>How many builds of cars there are.</summary>
    public static int CarBuilds => Cabins.Length;

    public static void Car(SceneBrush brush, SceneThing car)
    {
        var fine = brush.PixelsPerMetre(car.Stance.Place);
        Wheels(brush, car, 0.18 * car.Length, 0.8 * car.Length, 0.21 * car.Height, hidden: true);
        var body = Place(car, car.Build == 0 ? SedanBody : TallBody, 0);
        Body(brush, car, body, car.First, strip => strip switch { 0 => 0.55, 1 => 0.8, 7 => 0.55, 6 => 0.8, _ => 1 });
        Ends(brush, car, body, fine);
        Flank(brush, car, fine);
        Wheels(brush, car, 0.18 * car.Length, 0.8 * car.Length, 0.21 * car.Height, hidden: false);
        // Before the cabin that hides them, or beside and before it.
        var behind = car.Stance.Of(brush.View.Eye).Along < 0;
        if (fine > 14 && behind) Mirrors(brush, car);
        var cabin = Place(car, Cabins[car.Build], 0);
        Body(brush, car, cabin, car.First, _ => 1);
        CabinGlass(brush, car, cabin, fine);
        if (fine > 14 && !behind) Mirrors(brush, car);
    }

    public static void Truck(SceneBrush brush, SceneThing truck)
    {
        var (l, h) = (truck.Length, truck.Height);
        var fine = brush.PixelsPerMetre(truck.Stance.Place);
        var wheel = 0.48;
        Wheels(brush, truck, 0.17 * l, 0.84 * l, wheel, hidden: true);
        Body(brush, truck, Box(truck, 0.01, 0.96, 0.42, 0.95, 0.8), new Tint(40, 40, 44), _ => 0.9);
        Wheels(brush, truck, 0.17 * l, 0.84 * l, wheel, hidden: false);
        var cab = 2.1 / l;
        (double, double, double)[] cabProfile = [(1 - cab, 0.16, 0.94), (1 - cab, 0.8, 0.9), (1 - 0.32 * cab, 0.8, 0.9), (1 - 0.05 * cab, 0.47, 0.94), (1, 0.4, 0.94), (1, 0.16, 0.94)];
        var (along, _) = truck.Stance.Of(brush.View.Eye);
        if (along > 0) Cargo();
        var front = Place(truck, cabProfile, 0);
        Body(brush, truck, front, truck.Second, _ => 1);
        Cab();
        if (along <= 0) Cargo();

        void Cargo()
        {
            var box = Box(truck, 0, 1 - cab - 0.02, 0.85, h, 1);
            Body(brush, truck, box, truck.First, _ => 1);
            if (Facing(brush, truck, tail: true) && fine > 4)
            {
                for (var door = 0; door < 2; door++)
                    brush.Flat(Panel(box, 0, 0.05 + 0.46 * door, 0.49 + 0.46 * door, 0.03, 0.96), truck.First * (0.86 * brush.Light.On(Heading(truck, -1))));
                if (fine > 14)
                    foreach (var x in (ReadOnlySpan<double>)[0.44, 0.54]) brush.Flat(Panel(box, 0, x, x + 0.015, 0.1, 0.9), Chrome * 0.8);
            }
            if (Facing(brush, truck, tail: true))
            {
                var low = Box(truck, 0.005, 0.5, 0.5, 0.82, 0.96);
                brush.Flat(Panel(low, 0, 0.02, 0.16, 0.2, 0.8), Red);
                brush.Flat(Panel(low, 0, 0.84, 0.98, 0.2, 0.8), Red);
                if (fine > 10) brush.Flat(Panel(low, 0, 0.42, 0.58, 0.25, 0.75), Plate);
            }
        }

        void Cab()
        {
            if (Facing(brush, truck, tail: false))
            {
                brush.Flat(Panel(front, 2, 0.06, 0.94, 0.1, 0.93), Glass * 1.1, 1.5, 0.8);
                brush.Flat(Panel(front, 4, 0.2, 0.8, 0.35, 0.95), new Tint(44, 46, 50));
                brush.Flat(Panel(front, 4, 0.03, 0.17, 0.55, 0.75), Lamp);
                brush.Flat(Panel(front, 4, 0.83, 0.97, 0.55, 0.75), Lamp);
            }
            var side = SideSeen(brush, truck, 0.47 * truck.Width);
            if (side == 0) return;
            double Half(double up) => side * 0.47 * truck.Width * (0.5 * (front[0].Half + front[1].Half) / (0.47 * truck.Width)) + side * 0.004;
            var (back, up0, up1) = ((0.5 - cab + 0.25 * cab) * l, 0.5 * h, 0.74 * h);
            brush.Flat([truck.Stance.At(back, up0, Half(up0)), truck.Stance.At((0.5 - 0.14 * cab) * l, up0, Half(up0)), truck.Stance.At((0.5 - 0.32 * cab) * l, up1, Half(up1)), truck.Stance.At(back, up1, Half(up1))], Glass, 1.5, 0.9);
        }
    }

    // A profile point in metres: along from the middle, up, half width.
    private readonly record struct Rib(Spot Left, Spot Right, double Half);

    private static Rib[] Place(SceneThing thing, ReadOnlySpan<(double Along, double Up, double Half)> profile, double shift)
    {
        var ribs = new Rib[profile.Length];
        for (var i = 0; i < ribs.Length; i++)
        {
            var (along, up, half) = ((profile[i].Along - 0.5) * thing.Length + shift, profile[i].Up * thing.Height, profile[i].Half * thing.Width / 2);
            ribs[i] = new(thing.Stance.At(along, up, -half), thing.Stance.At(along, up, half), half);
        }
        return ribs;
    }

    private static Rib[] Box(SceneThing thing, double from, double to, double low, double high, double half)
    {
        var (a, b, w) = ((from - 0.5) * thing.Length, (to - 0.5) * thing.Length, half * thing.Width / 2);
        Rib At(double along, double up) => new(thing.Stance.At(along, up, -w), thing.Stance.At(along, up, w), w);
        return [At(a, low), At(a, high), At(b, high), At(b, low)];
    }

    private static void Body(SceneBrush brush, SceneThing thing, ReadOnlySpan<Rib> ribs, Tint color, Func<int, double> shade)
    {
        var inside = ribs[0].Left;
        foreach (var rib in ribs) inside += rib.Left + rib.Right;
        inside = 1.0 / (2 * ribs.Length + 1) * inside;
        for (var i = 0; i + 1 < ribs.Length; i++)
            brush.Side([ribs[i].Left, ribs[i].Right, ribs[i + 1].Right, ribs[i + 1].Left], inside, color * shade(i), 1.04, 0.9);
        Span<Spot> outline = stackalloc Spot[ribs.Length];
        for (var i = 0; i < ribs.Length; i++) outline[i] = ribs[i].Left;
        brush.Side(outline, inside, color, 1.04, 0.8);
        for (var i = 0; i < ribs.Length; i++) outline[i] = ribs[i].Right;
        brush.Side(outline, inside, color, 1.04, 0.8);
    }

    // A rectangle in a strip's own coordinates: across from left to right, up from its first rib to its second.
    private static Spot[] Panel(ReadOnlySpan<Rib> ribs, int strip, double left, double right, double low, double high)
    {
        var (a, b) = (ribs[strip], ribs[strip + 1]);
        Spot At(double across, double share) => a.Left.To(a.Right, across).To(b.Left.To(b.Right, across), share);
        return [At(left, low), At(right, low), At(right, high), At(left, high)];
    }

    private static Spot Heading(SceneThing thing, int sign) => new(sign * thing.Stance.Dx, 0, sign * thing.Stance.Dz);

    private static bool Facing(SceneBrush brush, SceneThing thing, bool tail)
    {
        var (along, _) = thing.Stance.Of(brush.View.Eye);
        return tail ? along < -thing.Length / 2 : along > thing.Length / 2;
    }

    // 1: the right side is seen; -1: the left; 0: neither.
    private static int SideSeen(SceneBrush brush, SceneThing thing, double half)
    {
        var (_, right) = thing.Stance.Of(brush.View.Eye);
        return right > half ? 1 : right < -half ? -1 : 0;
    }

    private static void Ends(SceneBrush brush, SceneThing car, ReadOnlySpan<Rib> body, double fine)
    {
        if (Facing(brush, car, tail: true))
        {
            brush.Flat(Panel(body, 2, 0.03, 0.22, -0.1, 0.75), Red, 1.15, 0.9);
            brush.Flat(Panel(body, 2, 0.78, 0.97, -0.1, 0.75), Red, 1.15, 0.9);
            brush.Flat(Panel(body, 1, 0.36, 0.64, 0.35, 0.95), Plate);
            if (fine > 22) brush.Flat(Panel(body, 0, 0.12, 0.88, 0.1, 0.75), new Tint(34, 34, 37));
        }
        else if (Facing(brush, car, tail: false))
        {
            brush.Flat(Panel(body, 5, 0.03, 0.24, 0.3, 1), Lamp, 1.02, 0.92);
            brush.Flat(Panel(body, 5, 0.76, 0.97, 0.3, 1), Lamp, 1.02, 0.92);
            brush.Flat(Panel(body, 5, 0.3, 0.7, 0.35, 1), new Tint(34, 35, 38));
            brush.Flat(Panel(body, 6, 0.38, 0.62, 0.15, 0.8), Plate);
            if (fine > 22) brush.Flat(Panel(body, 7, 0.12, 0.88, 0.2, 0.9), new Tint(30, 30, 33));
        }
    }

    // Sill, shoulder and doors of the side that is seen.
    private static void Flank(SceneBrush brush, SceneThing car, double fine)
    {
        var side = SideSeen(brush, car, car.Width / 2);
        if (side == 0 || fine < 9) return;
        var (l, h, half) = (car.Length, car.Height, side * 0.975 * car.Width / 2);
        var color = car.First * brush.Light.On(new Spot(side * car.Stance.Dz, 0, -side * car.Stance.Dx));
        void Quad(double a, double b, double low, double high, Tint tint) =>
            brush.Flat([car.Stance.At((a - 0.5) * l, low * h, half), car.Stance.At((b - 0.5) * l, low * h, half), car.Stance.At((b - 0.5) * l, high * h, half), car.Stance.At((a - 0.5) * l, high * h, half)], tint);
        Quad(0.02, 0.98, 0.17, 0.23, color * 0.6);
        Quad(0.01, 0.97, 0.5, 0.525, color * 1.14);
        if (fine < 24) return;
        foreach (var door in (ReadOnlySpan<double>)[0.29, 0.5, 0.705]) Quad(door, door + 0.006, 0.25, 0.6, color * 0.62);
        foreach (var handle in (ReadOnlySpan<double>)[0.32, 0.53]) Quad(handle, handle + 0.035, 0.545, 0.565, color * 0.5);
    }

    private static void CabinGlass(SceneBrush brush, SceneThing car, ReadOnlySpan<Rib> cabin, double fine)
    {
        if (Facing(brush, car, tail: true)) brush.Flat(Panel(cabin, 0, 0.07, 0.93, 0.1, 0.93), Glass, 1.5, 0.85);
        if (Facing(brush, car, tail: false)) brush.Flat(Panel(cabin, 4, 0.06, 0.94, 0.06, 0.95), Glass, 1.6, 0.85);
        var side = SideSeen(brush, car, car.Width / 2);
        if (side == 0) return;
        var (low0, high0, low1, high1) = side < 0 ? (cabin[0].Left, cabin[1].Left, cabin[5].Left, cabin[4].Left) : (cabin[0].Right, cabin[1].Right, cabin[5].Right, cabin[4].Right);
        var panes = fine > 3 ? car.Build == 3 ? 3 : 2 : 1;
        for (var pane = 0; pane < panes; pane++)
        {
            var (a, b) = (pane == 0 ? 0.08 : pane / (double)panes + 0.02, pane == panes - 1 ? 0.93 : (pane + 1) / (double)panes - 0.02);
            Spot At(double along, double up) => low0.To(low1, along).To(high0.To(high1, along), up);
            brush.Flat([At(a, 0.1), At(b, 0.1), At(b, 0.9), At(a, 0.9)], Glass, 1.5, 0.85);
        }
    }

    private static void Mirrors(SceneBrush brush, SceneThing car)
    {
        var (along, low, high) = (0.19 * car.Length, 0.63 * car.Height, 0.71 * car.Height);
        var seen = SideSeen(brush, car, car.Width / 2);
        foreach (var side in (ReadOnlySpan<int>)[-1, 1])
        {
            if (seen != 0 && side != seen) continue;
            var (inner, outer) = (side * 0.45 * car.Width, side * 0.5 * car.Width);
            brush.Flat([car.Stance.At(along, low, inner), car.Stance.At(along, low, outer), car.Stance.At(along, high, outer), car.Stance.At(along, high, inner)], car.First * (0.7 * brush.Light.On(Heading(car, 1))));
            brush.Flat([car.Stance.At(along - 0.1, low, outer), car.Stance.At(along + 0.08, low, outer), car.Stance.At(along + 0.05, high, outer), car.Stance.At(along - 0.1, high, outer)], car.First * (0.8 * brush.Light.On(Heading(car, -1))));
        }
    }

    // All four before the body; then the pair on the side that is seen, with rims.
    private static void Wheels(SceneBrush brush, SceneThing thing, double rear, double front, double radius, bool hidden)
    {
        var half = thing.Width / 2;
        var side = SideSeen(brush, thing, half);
        var sides = (brush.PixelsPerMetre(thing.Stance.Place) * radius) switch { > 25 => 24, > 5 => 16, _ => 8 };
        foreach (var axle in (ReadOnlySpan<double>)[rear - thing.Length / 2, front - thing.Length / 2])
        {
            if (hidden)
            {
                foreach (var s in (ReadOnlySpan<int>)[-1, 1])
                {
                    Disc(brush, thing, axle, radius, radius, s * (half - 0.22), sides, Rubber * 0.7);
                    Disc(brush, thing, axle, radius, radius, s * (half - 0.04), sides, Rubber * 0.8);
                    var bottom = (thing.Stance.At(axle, 0.01, s * (half - 0.22)), thing.Stance.At(axle, 0.01, s * (half - 0.04)));
                    brush.Flat([bottom.Item1, bottom.Item2, thing.Stance.At(axle, radius, s * (half - 0.04)), thing.Stance.At(axle, radius, s * (half - 0.22))], Rubber * 0.75);
                    var (inner, outer) = (s * (half - 0.24), s * (half - 0.03));
                    foreach (var end in (ReadOnlySpan<double>)[axle - 0.75 * radius, axle + 0.75 * radius])
                        brush.Flat([thing.Stance.At(end, 0.34 * radius, inner), thing.Stance.At(end, 0.34 * radius, outer), thing.Stance.At(end, 1.5 * radius, outer), thing.Stance.At(end, 1.5 * radius, inner)], Rubber * 0.8);
                }
                continue;
            }
            if (side == 0) continue;
            Disc(brush, thing, axle, radius, 1.16 * radius, side * (half * 0.985), sides, Rubber * 0.6, fromUp: 0.4 * radius);
            Disc(brush, thing, axle, radius, radius, side * (half * 0.99), sides, Rubber);
            Disc(brush, thing, axle, radius, 0.62 * radius, side * half, sides, Chrome * 0.9);
            if (sides > 8) Disc(brush, thing, axle, radius, 0.2 * radius, side * half, 8, new Tint(70, 72, 76));
        }
    }

    private static void Disc(SceneBrush brush, SceneThing thing, double along, double up, double radius, double right, int sides, Tint color, double fromUp = 0)
    {
        Span<Spot> rim = stackalloc Spot[sides];
        for (var i = 0; i < sides; i++)
        {
            var (sin, cos) = Circle.At(i, sides);
            rim[i] = thing.Stance.At(along + radius * cos, Math.Max(fromUp, up + radius * sin), right);
        }
        brush.Flat(rim, color);
    }
}

/// <summary>Corners of regular polygons.</summary>
internal static class Circle
{
    private static readonly (double Sin, double Cos)[] Points = [.. Enumerable.Range(0, 48).Select(i => PortableMath.SinCos((i + 0.5) * (2 * Math.PI / 48)))];

    /// <summary>Sine and cosine of corner i of a polygon of 4, 6, 8, 12, 16, 24 or 48 corners.</summary>
    public static (double Sin, double Cos) At(int i, int corners) => Points[i * (48 / corners) % 48];
}
