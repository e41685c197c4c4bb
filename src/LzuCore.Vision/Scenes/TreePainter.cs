namespace LzuCore.Vision.Scenes;

/// <summary>A tree beside the road.</summary>
internal sealed record Tree(Spot Place, double Height, double Spread, Tint Leaf, ulong Seed);

/// <summary>Paints trees: a trunk, and a crown of leaf clusters from its dark inside to its lit rim.</summary>
internal static class TreePainter
{
    public static void Trunk(SceneBrush brush, Tree tree)
    {
        var sight = tree.Place - brush.View.Eye;
        var across = new Spot(sight.Z, 0, -sight.X).Unit();
        var bark = new Tint(84, 68, 54) * brush.Light.On(new Spot(0, 0, -1));
        var half = 0.02 * tree.Height;
        Spot At(double x, double up) => tree.Place + x * across + new Spot(0, up, 0);
        brush.Flat([At(-1.3 * half, 0), At(1.3 * half, 0), At(0.8 * half, 0.6 * tree.Height), At(-0.8 * half, 0.6 * tree.Height)], bark, 0.7, 1.05);
    }

    public static void Crown(SceneBrush brush, Tree tree)
    {
        var sight = (tree.Place - brush.View.Eye) with { Up = 0 };
        var across = new Spot(sight.Z, 0, -sight.X).Unit();
        var radius = tree.Spread;
        var center = tree.Place + new Spot(0, tree.Height - 0.85 * radius, 0);
        var pixels = brush.PixelsPerMetre(tree.Place) * radius;
        var clusters = (int)Math.Clamp(pixels * 1.6, 10, 260);
        var sides = pixels > 40 ? 8 : 6;
        var dice = new SceneDice(tree.Seed, 0);
        var (sunX, sunUp) = (brush.Light.Sun.Dot(across), brush.Light.Sun.Up);
        var sunny = 1 - brush.Light.Overcast;
        Span<Spot> rim = stackalloc Spot[sides];
        for (var i = 0; i < clusters; i++)
        {
            var share = i / (double)clusters;
            // Rejection keeps to + - * /: a place in the unit disc.
            double x, y;
            do (x, y) = (dice.Between(-1, 1), dice.Between(-1, 1));
            while (x * x + y * y > 1);
            var size = radius * (0.4 - (clusters > 100 ? 0.32 : 0.25) * Math.Min(1, 1.4 * share)) * dice.Between(0.75, 1.25);
            (x, y) = (x * 0.86, y * 0.8);
            var lit = 0.5 + 0.3 * share + 0.22 * y + sunny * 0.24 * (x * sunX + y * sunUp);
            var color = tree.Leaf * (lit * dice.Between(0.9, 1.12));
            for (var k = 0; k < sides; k++)
            {
                var (sin, cos) = Circle.At(k, sides);
                var wobble = dice.Between(0.8, 1.15);
                rim[k] = center + (x * radius + wobble * size * cos) * across + new Spot(0, y * radius * 0.85 + 0.8 * wobble * size * sin, 0);
            }
            brush.Flat(rim, color, 1.06, 0.9);
        }
    }
}
