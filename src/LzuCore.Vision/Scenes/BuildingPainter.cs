namespace LzuCore.Vision.Scenes;

/// <summary>A house beside the road: a row of bays with windows, and end walls.</summary>
internal sealed record Building
{
    public required double From { get; init; }

    public required double To { get; init; }

    /// <summary>Metres from the road's middle to its front; negative to the left.</summary>
    public required double Front { get; init; }

    public required int Floors { get; init; }

    public required double FloorHeight { get; init; }

    public required Tint Wall { get; init; }

    public required Tint Shop { get; init; }

    /// <summary>Whether it has a sloping roof.</summary>
    public required bool Gable { get; init; }

    public required Tint Roof { get; init; }

    public required double WindowWidth { get; init; }

    public required double WindowHeight { get; init; }

    /// <summary>Its own dice: which windows there are.</summary>
    public required ulong Seed { get; init; }

    public double Height => Floors * FloorHeight + 0.6;

    public int Bays => Math.Max(1, (int)((To - From) / 3.4));
}

/// <summary>Paints houses bay by bay, each bay at its own place in the order of depth.</summary>
internal static class BuildingPainter
{
    private const double EndDepth = 11;
    private const double RoofHeight = 3.6;
    private static readonly Tint Pane = new(44, 54, 64);

    /// <summary>The bay's middle, on its front.</summary>
    public static Spot BayPlace(Building house, Road road, int bay) => road.At(house.From + (bay + 0.5) * (house.To - house.From) / house.Bays, house.Front).Place;

    public static void Bay(SceneBrush brush, Building house, Road road, int bay)
    {
        var length = (house.To - house.From) / house.Bays;
        var (a, dx, dz) = road.At(house.From + bay * length, house.Front);
        var (b, _, _) = road.At(house.From + (bay + 1) * length, house.Front);
        var side = Math.Sign(house.Front);
        var normal = new Spot(-side * dz, 0, side * dx);
        if (normal.Dot(brush.View.Eye - a) <= 0) return;
        var light = brush.Light.On(normal);
        var fine = brush.PixelsPerMetre(a.To(b, 0.5));
        Spot At(double along, double up) => a.To(b, along) + new Spot(0, up, 0);
        void Quad(double x0, double x1, double y0, double y1, Tint color, double top = 1, double bottom = 1) => brush.Flat([At(x0, y0), At(x1, y0), At(x1, y1), At(x0, y1)], color, top, bottom);

        var wall = house.Wall * light;
        Quad(0, 1, 0, house.Height, wall, 1.04, 0.88);
        if (house.Gable)
        {
            // The plane of the gable's edge, drawn out over the wall.
            const double Over = 0.35, Rise = RoofHeight / (EndDepth / 2), Run = EndDepth / 2 + Over;
            var back = new Spot(-normal.X * Run, Run * Rise, -normal.Z * Run);
            var (eave0, eave1) = (At(0, house.Height - Over * Rise) + Over * normal, At(1, house.Height - Over * Rise) + Over * normal);
            brush.Side([eave0, eave1, eave1 + back, eave0 + back], At(0.5, 0), house.Roof, 1.05, 0.95);
        }
        if (fine * house.WindowHeight < 1.2) return;
        var dice = new SceneDice(house.Seed, (ulong)bay);
        var shop = house.FloorHeight;
        if (house.Shop.R >= 0)
        {
            Quad(0.03, 0.97, 0, shop - 0.25, house.Shop * light, 1, 0.85);
            Quad(0.1, 0.9, 0.5, shop - 0.75, Pane * (0.8 + 0.3 * light), 1.5, 0.9);
        }
        for (var floor = house.Shop.R >= 0 ? 1 : 0; floor < house.Floors; floor++)
        {
            if (!dice.Chance(0.85)) continue;
            var (x0, x1) = (0.5 - house.WindowWidth / 2, 0.5 + house.WindowWidth / 2);
            var y0 = floor * house.FloorHeight + 0.3 * (house.FloorHeight - house.WindowHeight) + 0.3;
            var y1 = y0 + house.WindowHeight;
            if (fine > 9)
            {
                Quad(x0 - 0.02, x1 + 0.02, y0 - 0.08, y1 + 0.06, wall * 1.18);
                Quad(x0 - 0.03, x1 + 0.03, y0 - 0.16, y0 - 0.06, wall * 0.8);
            }
            var pane = dice.Chance(0.06) ? new Tint(214, 178, 110) : Pane * dice.Between(0.75, 1.3);
            Quad(x0, x1, y0, y1, pane, 1.6, 0.85);
            if (fine > 14) Quad(0.5 - 0.012, 0.5 + 0.012, y0, y1, wall * 1.1);
        }
        if (fine > 5)
        {
            Quad(0, 1, house.Height - 0.5, house.Height, wall * 1.14);
            Quad(0, 1, house.Height - 0.62, house.Height - 0.5, wall * 0.75);
        }
    }

    /// <summary>The wall across the road's direction, at the end that is nearer.</summary>
    public static Spot EndPlace(Building house, Road road) => road.At(house.From, house.Front).Place;

    public static void End(SceneBrush brush, Building house, Road road)
    {
        var (a, dx, dz) = road.At(house.From, house.Front);
        var side = Math.Sign(house.Front);
        var b = a + new Spot(side * EndDepth * dz, 0, -side * EndDepth * dx);
        var normal = new Spot(-dx, 0, -dz);
        if (normal.Dot(brush.View.Eye - a) <= 0) return;
        var wall = house.Wall * (brush.Light.On(normal) * 0.94);
        var up = new Spot(0, house.Height, 0);
        if (house.Gable) brush.Flat([a, b, b + up, a.To(b, 0.5) + up + new Spot(0, RoofHeight, 0), a + up], wall, 1.04, 0.88);
        else brush.Flat([a, b, b + up, a + up], wall, 1.04, 0.88);
        if (brush.PixelsPerMetre(a) * house.WindowHeight < 4) return;
        var dice = new SceneDice(house.Seed, 1000);
        for (var floor = 0; floor < house.Floors; floor++)
            for (var column = 0; column < 3; column++)
            {
                if (!dice.Chance(0.5)) continue;
                var (x0, y0) = (0.14 + 0.28 * column, floor * house.FloorHeight + 0.3 * (house.FloorHeight - house.WindowHeight) + 0.3);
                Spot At(double along, double height) => a.To(b, along) + new Spot(0, height, 0);
                brush.Flat([At(x0 - 0.008, y0 - 0.1), At(x0 + 0.128, y0 - 0.1), At(x0 + 0.128, y0 + house.WindowHeight + 0.06), At(x0 - 0.008, y0 + house.WindowHeight + 0.06)], wall * 1.16);
                brush.Flat([At(x0, y0), At(x0 + 0.12, y0), At(x0 + 0.12, y0 + house.WindowHeight), At(x0, y0 + house.WindowHeight)], Pane * dice.Between(0.75, 1.3), 1.6, 0.85);
            }
    }
}
