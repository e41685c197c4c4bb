namespace LzuCore.Vision.Scenes;

/// <summary>Colours and paint of a street's ground.</summary>
internal sealed record Ground(Tint Asphalt, Tint Terrain, Tint Pavement, Tint Marking, double KerbWidth)
{
    /// <summary>Where people cross: metres along the road.</summary>
    public List<double> Crossings { get; } = [];
}

/// <summary>Paints the ground in strips across the road: open ground, pavement, carriageway, lines.</summary>
internal static class GroundPainter
{
    private static readonly double[] Strips = [0.6, 1.2, 2, 3, 4, 5, 6, 8, 10, 13, 17, 22, 28, 36, 46, 60, 80, 110, 160, 300, 900];

    // Woods and roofs far away, where the plain would end in nothing.
    private static void Skyline(SceneBrush brush)
    {
        const double Far = 520, Step = 9;
        var view = brush.View;
        Span<Spot> outline = stackalloc Spot[2 * 72];
        foreach (var (distance, lift) in (ReadOnlySpan<(double, double)>)[(Far, 7), (0.7 * Far, 3)])
        {
            brush.Begin(SceneClasses.Vegetation, new Spot(view.Eye.X + distance * view.AheadX, 0, view.Eye.Z + distance * view.AheadZ));
            for (var i = 0; i < 72; i++)
            {
                var across = (i - 35.5) * Step * distance / Far;
                Spot foot = new(view.Eye.X + distance * view.AheadX + across * view.AheadZ, 0, view.Eye.Z + distance * view.AheadZ - across * view.AheadX);
                // The outline belongs to directions of the world, so that it stays where it is when the camera turns.
                var turn = (float)(9 * PortableMath.Atan2(foot.X - view.Eye.X, foot.Z - view.Eye.Z) * Far / distance);
                outline[i] = foot + new Spot(0, Math.Max(0.5, lift + 5 * SmoothNoise.At(turn, (float)lift) + 2 * SmoothNoise.At(4 * turn, (float)lift + 7)), 0);
                outline[143 - i] = foot;
            }
            brush.Flat(outline, new Tint(66, 84, 62));
        }
    }

    public static void Paint(SceneBrush brush, Ground ground, Road road, double from)
    {
        var view = brush.View;
        // Open ground is one plane, to the horizon.
        var (right, ahead) = (new Spot(view.AheadZ, 0, -view.AheadX), new Spot(view.AheadX, 0, view.AheadZ));
        var foot = view.Eye with { Up = 0 };
        brush.Ground([foot - 1e5 * right, foot + 1e5 * right, foot + 1e5 * right + 1e5 * ahead, foot - 1e5 * right + 1e5 * ahead], ground.Terrain, Material.Terrain, SceneClasses.Terrain);
        Skyline(brush);
        for (var i = Strips.Length - 2; i >= 0; i--)
        {
            var (near, far) = (from + Strips[i], from + Strips[i + 1]);
            var half = road.HalfWidth;
            Strip(near, far, -half - ground.KerbWidth, half + ground.KerbWidth, ground.Pavement, Material.Pavement, SceneClasses.Terrain);
            if (Strips[i] < 46)
            {
                Strip(near, far, -half - 0.16, -half + 0.01, ground.Pavement * 1.2, Material.Pavement, SceneClasses.Terrain);
                Strip(near, far, half - 0.01, half + 0.16, ground.Pavement * 1.2, Material.Pavement, SceneClasses.Terrain);
            }
            Strip(near, far, -half, half, ground.Asphalt, Material.Asphalt, SceneClasses.Road);
            if (Strips[i] < 46)
                foreach (var side in (ReadOnlySpan<int>)[-1, 1])
                    Strip(near, far, side > 0 ? half - 0.35 : -half, side > 0 ? half : -half + 0.35, ground.Asphalt * 0.88, Material.Asphalt, SceneClasses.Road);
            Strip(near, far, -half + 0.4, -half + 0.55, ground.Marking, Material.Marking, SceneClasses.Road);
            Strip(near, far, half - 0.55, half - 0.4, ground.Marking, Material.Marking, SceneClasses.Road);
        }
        for (var dash = 9 * Math.Floor((from + 120) / 9); dash > from - 3.5; dash -= 9)
            Strip(dash, dash + 3.5, -0.075, 0.075, ground.Marking, Material.Marking, SceneClasses.Road);
        foreach (var crossing in ground.Crossings)
        {
            if (crossing < from || crossing > from + 90) continue;
            var bars = (int)(2 * road.HalfWidth - 1.6);
            for (var bar = 0; bar < bars; bar++) Strip(crossing, crossing + 3, bar - bars / 2.0 + 0.25, bar - bars / 2.0 + 0.75, ground.Marking, Material.Marking, SceneClasses.Road);
        }
        for (var joint = 1.6 * Math.Floor((from + 26) / 1.6); joint > from + 1; joint -= 1.6)
            foreach (var side in (ReadOnlySpan<int>)[-1, 1])
            {
                var (a, b) = (side * (road.HalfWidth + 0.17), side * (road.HalfWidth + ground.KerbWidth));
                Strip(joint, joint + 0.03, Math.Min(a, b), Math.Max(a, b), ground.Pavement * 0.8, Material.Pavement, SceneClasses.Terrain);
            }

        void Strip(double near, double far, double left, double right, Tint color, Material material, int label)
        {
            var (a, _, _) = road.At(near, left);
            var (b, _, _) = road.At(near, right);
            var (c, _, _) = road.At(far, right);
            var (d, _, _) = road.At(far, left);
            brush.Ground([a, b, c, d], color, material, (ushort)label);
        }
    }
}
