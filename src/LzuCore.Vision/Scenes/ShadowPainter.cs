using LzuCore.Vision.Geometry;

namespace LzuCore.Vision.Scenes;

/// <summary>Paints shadows on the ground: contact below things, and what the sun throws. A surface's red is how deep its shadow is.</summary>
internal static class ShadowPainter
{
    public static void Paint(StreetLayout street, SurfaceList shadows)
    {
        var sharp = 1 - street.Light.Overcast;
        var sun = street.Light.Sun;
        if (sharp > 0.2)
        {
            foreach (var house in street.Buildings) House(street, shadows, house, 0.46 * sharp);
            foreach (var tree in street.Trees) Crown(street, shadows, tree, 0.4 * sharp);
        }
        foreach (var thing in street.Things)
        {
            if (thing.Class == SceneClasses.Sign) continue;
            var pixels = street.View.Camera.Fx / Math.Max(1, street.View.Ahead(thing.Stance.Place.X, thing.Stance.Place.Z));
            // Soft: nested outlines, as many as can be told apart.
            var steps = (int)Math.Clamp(pixels * 0.08, 3, 10);
            var wide = 0.4 * Math.Min(1, 0.6 * thing.Width);
            for (var i = 0; i < steps; i++) Footprint(street, shadows, thing, wide * (1 - (i + 0.5) / steps * 1.3), 0.6 * (i + 1) / steps);
            if (sharp > 0.2) Swept(street, shadows, thing, 0.42 * sharp, Math.Min(3, 0.85 * thing.Height / sun.Up));
        }
    }

    // The ground below, with cut corners.
    private static void Footprint(StreetLayout street, SurfaceList shadows, SceneThing thing, double grow, double depth)
    {
        var (l, w) = (thing.Length / 2 + grow, thing.Width / 2 + grow);
        var cut = Math.Max(0.05, 0.3 * Math.Min(l, w));
        ReadOnlySpan<Spot> corners =
        [
            thing.Stance.At(-l, 0, cut - w), thing.Stance.At(cut - l, 0, -w), thing.Stance.At(l - cut, 0, -w), thing.Stance.At(l, 0, cut - w),
            thing.Stance.At(l, 0, w - cut), thing.Stance.At(l - cut, 0, w), thing.Stance.At(cut - l, 0, w), thing.Stance.At(-l, 0, w - cut),
        ];
        Add(street, shadows, corners, depth);
    }

    private static void Swept(StreetLayout street, SurfaceList shadows, SceneThing thing, double depth, double reach)
    {
        var (l, w) = (0.97 * thing.Length / 2, 0.95 * thing.Width / 2);
        Hull(street, shadows, [thing.Stance.At(-l, 0, -w), thing.Stance.At(l, 0, -w), thing.Stance.At(l, 0, w), thing.Stance.At(-l, 0, w)], depth, reach);
    }

    private static void House(StreetLayout street, SurfaceList shadows, Building house, double depth)
    {
        var (a, ax, az) = street.Road.At(house.From, house.Front);
        var (b, bx, bz) = street.Road.At(house.To, house.Front);
        var back = Math.Sign(house.Front) * 11.0;
        // The sun's disc blurs what is thrown far.
        foreach (var (far, share) in (ReadOnlySpan<(double, double)>)[(1.03, 0.35), (1.0, 0.7), (0.97, 1)])
            Hull(street, shadows, [a, b, b + new Spot(back * bz, 0, -back * bx), a + new Spot(back * az, 0, -back * ax)], depth * share, far * house.Height / street.Light.Sun.Up);
    }

    private static void Crown(StreetLayout street, SurfaceList shadows, Tree tree, double depth)
    {
        var sun = street.Light.Sun;
        var up = (tree.Height - 0.85 * tree.Spread) / sun.Up;
        var dice = new SceneDice(tree.Seed, 1);
        Span<Spot> rim = stackalloc Spot[8];
        for (var blob = 0; blob < 9; blob++)
        {
            var center = tree.Place + new Spot(-up * sun.X + tree.Spread * dice.Between(-0.6, 0.6), 0, -up * sun.Z + tree.Spread * dice.Between(-0.8, 0.8));
            var size = tree.Spread * dice.Between(0.35, 0.65);
            for (var i = 0; i < 8; i++)
            {
                var (sin, cos) = Circle.At(i, 8);
                rim[i] = center + new Spot(size * cos, 0, size * sin);
            }
            Add(street, shadows, rim, depth);
        }
        Hull(street, shadows, [tree.Place + new Spot(-0.1, 0, -0.1), tree.Place + new Spot(0.1, 0, -0.1), tree.Place + new Spot(0.1, 0, 0.1), tree.Place + new Spot(-0.1, 0, 0.1)], depth, up);
    }

    // A convex outline and the same moved away from the sun: what each side sweeps covers all between the two.
    private static void Hull(StreetLayout street, SurfaceList shadows, ReadOnlySpan<Spot> corners, double depth, double reach)
    {
        var move = new Spot(-reach * street.Light.Sun.X, 0, -reach * street.Light.Sun.Z);
        Span<Spot> moved = stackalloc Spot[corners.Length];
        for (var i = 0; i < corners.Length; i++)
        {
            var (a, b) = (corners[i], corners[(i + 1) % corners.Length]);
            Add(street, shadows, [a, b, b + move, a + move], depth);
            moved[i] = a + move;
        }
        Add(street, shadows, corners, depth);
        Add(street, shadows, moved, depth);
    }

    private static void Add(StreetLayout street, SurfaceList shadows, ReadOnlySpan<Spot> corners, double depth)
    {
        Span<Point3d> seen = stackalloc Point3d[corners.Length];
        for (var i = 0; i < corners.Length; i++) seen[i] = street.View.ToCamera(corners[i]);
        shadows.Add(seen, street.View, Tint.Grey((float)(255 * depth)), 0, Material.Flat);
    }
}
