namespace LzuCore.Vision.Scenes;

// A street that the camera drives along. Nothing depends on how long or how often it is looked at: houses, parked cars and people belong to stretches of the road, traffic to lanes that move as a whole,
// and each stretch and each place of a lane has dice of its own.
internal sealed partial class StreetLayout
{
    private const double Stretch = 84;
    private const double Sight = 100;
    private const double BendEvery = 60;

    // Where things move, in metres from the kerb outward, so that nobody runs through anybody: bicycles, signs and lamps, parked cars, people on foot.
    private const double Riding = 0.35, Standing = 0.95, Parking = 2.2, WalkingFrom = 3.5, WalkingTo = 5;

    /// <summary>A moment of a drive.</summary>
    public StreetLayout(SceneOptions options, ulong seed, int sequence, double seconds)
    {
        // The upper half of the streams: no drive shares a picture's dice.
        var stream = (1UL << 63) | (ulong)sequence << 32;
        var dice = new SceneDice(seed, stream);
        var eye = dice.Between(1.4, 1.7);
        Light = new SceneLight(dice);
        var (half, beside, speed) = (dice.Between(7, 12) / 2, dice.Between(0.15, 0.55), dice.Between(6, 14));
        Ground = MakeGround(dice);
        From = speed * seconds;
        Road = new Road(0, -40, From + 1000, s => Bend(options, seed, stream, s)) { HalfWidth = half };
        var (place, dx, dz) = Road.At(From, beside * half);
        View = new SceneView(options.Size, place with { Up = eye }, dx, dz, Pitch(options, dice, seconds));
        NoiseKey = dice.Word() + (ulong)(seconds * 1000);

        // Tracks are numbered by kind, then by place.
        for (var stretch = (int)Math.Floor((From - 40) / Stretch); stretch * Stretch < From + 170; stretch++)
        {
            var own = stream + 1000 + (ulong)(stretch + 10) * 8;
            Surroundings(new SceneDice(seed, own), stretch * Stretch, (stretch + 1) * Stretch, joins: true);
            var crossing = new SceneDice(seed, own + 2);
            if (crossing.Chance(0.4)) Ground.Crossings.Add((stretch + crossing.Between(0, 0.9)) * Stretch);
            Bystanders(options, new SceneDice(seed, own + 1), stretch, seconds);
        }
        Ahead(new SceneDice(seed, stream + 1), speed, seconds);
        Oncoming(seed, stream, new SceneDice(seed, stream + 2).Between(6, 14), seconds);
        Things.RemoveAll(t => View.Ahead(t.Stance.Place.X, t.Stance.Place.Z) is var z && (z > Sight || z < -t.Length));
    }

    private static double Bend(SceneOptions options, ulong seed, ulong stream, double s)
    {
        var at = s / BendEvery;
        var i = Math.Floor(at);
        return Knot(i) + (Knot(i + 1) - Knot(i)) * (at - i);

        double Knot(double knot) => new SceneDice(seed, stream + (1UL << 24) + (ulong)(knot + 10)).Normal(2 * options.Curvature);
    }

    // Bumps, brakes and slopes: three swings of different length, together as wide as the option says.
    private static double Pitch(SceneOptions options, SceneDice dice, double seconds)
    {
        var sum = 0.5 * dice.Normal(1);
        foreach (var (width, period) in (ReadOnlySpan<(double, double)>)[(0.5, 1.1), (0.75, 2.7), (0.8, 7.3)])
            sum += width * PortableMath.SinCos(2 * Math.PI * (seconds / (period * dice.Between(0.8, 1.25)) + dice.Between(0, 1))).Sin;
        return options.PitchDegrees * (Math.PI / 180) * sum;
    }

    private void Bystanders(SceneOptions options, SceneDice dice, int stretch, double seconds)
    {
        for (var i = dice.Whole(options.LeastObjects, options.MostObjects); i > 0; i--)
        {
            var (kind, s, side) = (dice.Between(0, 1), (stretch + dice.Between(0, 1)) * Stretch, dice.Side());
            var outward = side * Road.HalfWidth;
            var track = 1_000_000 + (stretch + 10) * 64 + i;
            switch (kind)
            {
                case < 0.1:
                    Join(Car(dice) with { Track = track }, s, outward + side * Parking, side, 0);
                    break;
                case < 0.34:
                    var pace = dice.Chance(0.75) ? dice.Side() * dice.Between(0.8, 1.6) : 0;
                    Join(Person(dice, seconds * Math.Abs(pace)) with { Track = track }, s + pace * seconds, outward + side * dice.Between(WalkingFrom, WalkingTo), pace < 0 ? -1 : 1, Math.Abs(pace));
                    break;
                case < 0.44:
                    var ride = dice.Between(3, 6);
                    Join(Cyclist(dice, seconds * 0.7) with { Track = track }, s + side * ride * seconds, outward + side * Riding, side, ride);
                    break;
                case < 0.58:
                    Join(Sign(dice) with { Track = track }, s, outward + side * Standing, -1, 0);
                    break;
            }
        }
    }

    // Cars before the camera's: they drive as it does, and draw near and fall back together.
    private void Ahead(SceneDice dice, double speed, double seconds)
    {
        var (sin, cos) = PortableMath.SinCos(2 * Math.PI * (seconds / 14 + dice.Between(0, 1)));
        var gap = dice.Between(10, 34);
        for (var i = 0; gap < 1.4 * Sight; i++, gap += dice.Between(10, 32))
        {
            var thing = Vehicle(dice) with { Track = i };
            Join(thing, From + thing.Length / 2 + gap * (1 + 0.22 * sin), Road.HalfWidth * (0.5 + dice.Between(-0.06, 0.06)), 1, speed + gap * 0.22 * cos * (2 * Math.PI / 14));
        }
    }

    private void Oncoming(ulong seed, ulong stream, double speed, double seconds)
    {
        const double Every = 26;
        var moved = speed * seconds;
        for (var cell = (int)Math.Floor((From - 20 + moved) / Every); cell * Every < From + Sight + 10 + moved; cell++)
        {
            var dice = new SceneDice(seed, stream + (2UL << 24) + (ulong)(cell + 10));
            if (dice.Chance(0.25)) continue;
            Join(Vehicle(dice) with { Track = 500_000 + cell }, cell * Every + dice.Between(5, 20) - moved, -Road.HalfWidth * (0.5 + dice.Between(-0.06, 0.06)), -1, speed);
        }
    }

    private static SceneThing Vehicle(SceneDice dice) => dice.Chance(0.2) ? Truck(dice) : Car(dice);

    // Puts a thing on the road's course, heading along it or against it, with a speed in metres a second.
    private void Join(SceneThing thing, double s, double d, int direction, double speed)
    {
        if (s < -35 || Things.Count == 200) return;
        var (place, dx, dz) = Road.At(s, d);
        (dx, dz) = (direction * dx, direction * dz);
        Things.Add(thing with { Stance = new(place, dx, dz), VelocityX = speed * dx, VelocityZ = speed * dz });
    }
}
