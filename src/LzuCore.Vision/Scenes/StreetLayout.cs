namespace LzuCore.Vision.Scenes;

/// <summary>A street as it stands at one moment: road, ground, light, and everything on it, drawn from a seed.</summary>
internal sealed partial class StreetLayout
{
    private const ulong Streams = 64;

    /// <summary>A picture of its own.</summary>
    public StreetLayout(SceneOptions options, ulong seed, int index)
    {
        var stream = (ulong)index * Streams;
        var dice = new SceneDice(seed, stream);
        var eye = dice.Between(1.4, 1.7);
        var pitch = dice.Normal(options.PitchDegrees) * (Math.PI / 180);
        Light = new SceneLight(dice);
        var (half, offset, bend) = (dice.Between(7, 12) / 2, dice.Between(-2.5, 1.5), dice.Normal(options.Curvature));
        Road = new Road(offset, -10, 1000, s => s < 160 ? 2 * bend : 0) { HalfWidth = half };
        View = new SceneView(options.Size, new Spot(0, eye, 0), 0, 1, pitch);
        Ground = MakeGround(dice);
        NoiseKey = dice.Word();
        var things = new SceneDice(seed, stream + 1);
        var candidates = things.Whole(options.LeastObjects, options.MostObjects);
        for (var i = 0; i < candidates; i++) Place(things, things.Chance(0.8) ? things.Between(6, 90) : things.Between(6, 25));
        Surroundings(new SceneDice(seed, stream + 2), 4, 150);
        if (things.Chance(0.3)) Ground.Crossings.Add(things.Between(9, 60));
    }

    public Road Road { get; }

    public SceneView View { get; }

    public SceneLight Light { get; }

    public Ground Ground { get; }

    /// <summary>How far along the road the camera is.</summary>
    public double From { get; private init; }

    public ulong NoiseKey { get; }

    public List<SceneThing> Things { get; } = [];

    public List<Building> Buildings { get; } = [];

    public List<Tree> Trees { get; } = [];

    /// <summary>Lamp posts: place and height, and the direction to the road.</summary>
    public List<(Spot Place, double Height, double X, double Z)> Lamps { get; } = [];

    private static Ground MakeGround(SceneDice dice)
    {
        var grey = (float)dice.Between(62, 104);
        var grass = dice.Chance(0.55);
        var terrain = grass ? new Tint((float)dice.Between(76, 112), (float)dice.Between(98, 128), (float)dice.Between(48, 74)) : new Tint((float)dice.Between(112, 150), (float)dice.Between(100, 134), (float)dice.Between(80, 110));
        var pavement = (float)dice.Between(118, 164);
        return new(new(grey, grey, grey * 1.03f), terrain, new(pavement * 1.01f, pavement, pavement * 0.96f), Tint.Grey((float)dice.Between(190, 236)), 2.2);
    }

    private void Place(SceneDice dice, double s)
    {
        var thing = Draw(dice, s);
        foreach (var other in Things)
            if (Overlap(thing, other)) return;
        var (rx, rz) = Reach(thing);
        if (View.Ahead(thing.Stance.Place.X, thing.Stance.Place.Z) - rz < 3) return;
        Things.Add(thing with { Track = Things.Count });
    }

    private SceneThing Draw(SceneDice dice, double s)
    {
        var kind = dice.Between(0, 1);
        var half = Road.HalfWidth;
        var side = dice.Side();
        if (kind < 0.42)
            return Put(dice, Car(dice), s, dice.Chance(0.8) ? dice.Between(1 - half, half - 1) : side * (half + dice.Between(0.5, 2)), crossing: 0.15);
        if (kind < 0.52)
            return Put(dice, Truck(dice), s + 3, dice.Between(1.4 - half, half - 1.4));
        if (kind < 0.74)
            return Put(dice, Person(dice, 0), s, dice.Chance(0.75) ? side * (half + dice.Between(0.3, 5)) : dice.Between(-half, half));
        if (kind < 0.86)
            return Put(dice, Cyclist(dice, 0), s, side * (half + dice.Between(-1.5, 1)), crossing: 0.25);
        return Put(dice, Sign(dice), s, side * (half + dice.Between(0.4, 2)));
    }

    private static SceneThing Car(SceneDice dice) => new()
    {
        Class = SceneClasses.Car,
        Length = dice.Between(3.8, 4.8),
        Height = dice.Between(1.35, 1.75),
        Width = dice.Between(1.65, 1.95),
        First = dice.Paint(),
        Build = dice.Whole(0, VehiclePainter.CarBuilds - 1),
    };

    private static SceneThing Truck(SceneDice dice) => new()
    {
        Class = SceneClasses.Truck,
        Length = dice.Between(6, 10),
        Height = dice.Between(2.7, 3.6),
        Width = dice.Between(2.3, 2.6),
        First = dice.Paint(),
        Second = dice.Paint(),
    };

    // Steps are 0.75 m long; somebody who stands has one foot before the other.
    private static SceneThing Person(SceneDice dice, double walked) => new()
    {
        Class = SceneClasses.Person,
        Length = 0.5,
        Height = dice.Between(1.5, 1.9),
        Width = 0.6,
        First = dice.Paint(),
        Second = dice.Paint(),
        Third = dice.Skin(),
        Step = PortableMath.SinCos(Math.PI * (walked / 0.75 + dice.Between(0, 2))).Sin,
    };

    private static SceneThing Cyclist(SceneDice dice, double turns) => new()
    {
        Class = SceneClasses.Cyclist,
        Length = 1.75,
        Height = dice.Between(1.55, 1.8),
        Width = 0.6,
        First = dice.Paint(),
        Second = dice.Paint(),
        Third = dice.Skin(),
        Step = PortableMath.SinCos(2 * Math.PI * (turns + dice.Between(0, 1))).Sin,
    };

    private static SceneThing Sign(SceneDice dice)
    {
        var size = dice.Between(0.6, 0.9);
        return new() { Class = SceneClasses.Sign, Length = 0.1, Height = size, Width = size, Lift = dice.Between(1.8, 2.8) - size / 2, Build = dice.Whole(0, 3) };
    }

    private SceneThing Put(SceneDice dice, SceneThing thing, double s, double d, double crossing = 0)
    {
        var (place, dx, dz) = Road.At(s, d);
        // Right-hand traffic, mostly; a sign faces who comes; people face anywhere.
        var turn = thing.Class switch
        {
            SceneClasses.Person => dice.Between(-Math.PI, Math.PI),
            SceneClasses.Sign => Math.PI + dice.Normal(0.12),
            _ => (d > 0 == dice.Chance(0.85) ? 0 : Math.PI) + dice.Normal(0.06) + (dice.Chance(crossing) ? Math.PI / 2 : 0),
        };
        var (sin, cos) = PortableMath.SinCos(turn);
        return thing with { Stance = new(place, dx * cos + dz * sin, dz * cos - dx * sin) };
    }

    private static (double X, double Z) Reach(SceneThing t)
    {
        double dx = Math.Abs(t.Stance.Dx), dz = Math.Abs(t.Stance.Dz);
        return ((t.Length * dx + t.Width * dz) / 2, (t.Length * dz + t.Width * dx) / 2);
    }

    private static bool Overlap(SceneThing a, SceneThing b)
    {
        var ((ax, az), (bx, bz)) = (Reach(a), Reach(b));
        return Math.Abs(a.Stance.Place.X - b.Stance.Place.X) < ax + bx + 0.2 && Math.Abs(a.Stance.Place.Z - b.Stance.Place.Z) < az + bz + 0.2;
    }

    // Houses, trees and lamps of a stretch of road. A stretch that others join onto begins and ends with a house.
    private void Surroundings(SceneDice dice, double from, double to, bool joins = false)
    {
        foreach (var side in (ReadOnlySpan<int>)[-1, 1])
            for (var s = joins ? from : from + dice.Between(-14, 4); s < to - (joins ? 4 : 0);)
            {
                var length = joins ? Math.Min(dice.Between(8, 22), to - s) : dice.Between(8, 22);
                var floors = dice.Whole(1, 5);
                if (dice.Chance(0.82))
                    Buildings.Add(new Building
                    {
                        From = s,
                        To = s + length,
                        Front = side * (Road.HalfWidth + dice.Between(6, 14)),
                        Floors = floors,
                        FloorHeight = dice.Between(2.9, 3.4),
                        Wall = dice.Paint().To(new(172, 160, 146), 0.5),
                        Gable = floors <= 3 && dice.Chance(0.55),
                        Roof = dice.Pick<Tint>(new(134, 74, 56), new(112, 66, 54), new(88, 86, 90), new(104, 92, 80)),
                        Shop = dice.Chance(0.4) ? dice.Paint() * 0.8 : new Tint(-1, 0, 0),
                        WindowWidth = dice.Between(0.3, 0.62),
                        WindowHeight = dice.Between(1.2, 1.8),
                        Seed = dice.Word(),
                    });
                s += length + (dice.Chance(0.3) ? dice.Between(2, 9) : 0.1);
            }
        for (var i = dice.Whole(4, 13); i > 0; i--)
        {
            var height = dice.Between(3.5, 9);
            var (place, _, _) = Road.At(from + dice.Between(4, joins ? to - from : 96), dice.Side() * (Road.HalfWidth + dice.Between(joins ? 5.4 : 2.4, 6)));
            Trees.Add(new Tree(place, height, height * dice.Between(0.24, 0.36), new((float)dice.Between(84, 138), (float)dice.Between(112, 150), (float)dice.Between(44, 74)), dice.Word()));
        }
        for (var i = dice.Whole(0, 6); i > 0; i--)
        {
            var side = dice.Side();
            var (place, dx, dz) = Road.At(from + dice.Between(4, joins ? to - from : 86), side * (Road.HalfWidth + dice.Between(0.8, 1.2)));
            Lamps.Add((place, dice.Between(5, 8), -side * dz, side * dx));
        }
    }
}
