namespace LzuCore.Vision.Scenes;

/// <summary>The road's middle line in the world, in steps of two metres, and places beside it: <c>s</c> metres along it, <c>d</c> metres to its right.</summary>
internal sealed class Road
{
    private const double Step = 2;
    private readonly double _from;
    private readonly List<(double X, double Z, double Dx, double Dz)> _points = [];

    /// <summary>A road through (startX, 0), running ahead there.</summary>
    /// <param name="startX">Where its middle is at s = 0.</param>
    /// <param name="from">First s that is asked for; 0 or less.</param>
    /// <param name="to">Last s.</param>
    /// <param name="curvature">1/m at a place s; positive bends to the right.</param>
    public Road(double startX, double from, double to, Func<double, double> curvature)
    {
        _from = Step * Math.Floor(from / Step);
        double x = startX, z = 0, dx = 0, dz = 1;
        var back = new List<(double, double, double, double)>();
        for (var s = 0.0; s > _from; s -= Step)
        {
            (dx, dz) = Turned(dx, dz, -Step * curvature(s - Step / 2));
            (x, z) = (x - Step * dx, z - Step * dz);
            back.Add((x, z, dx, dz));
        }
        back.Reverse();
        _points.AddRange(back);
        (x, z, dx, dz) = (startX, 0, 0, 1);
        for (var s = 0.0; s <= to + Step; s += Step)
        {
            _points.Add((x, z, dx, dz));
            (x, z) = (x + Step * dx, z + Step * dz);
            (dx, dz) = Turned(dx, dz, Step * curvature(s + Step / 2));
        }
    }

    /// <summary>Half of the carriageway's width.</summary>
    public required double HalfWidth { get; init; }

    /// <summary>The place, and the direction that the road has there.</summary>
    public (Spot Place, double Dx, double Dz) At(double s, double d)
    {
        var at = (s - _from) / Step;
        var i = Math.Clamp((int)Math.Floor(at), 0, _points.Count - 2);
        var (a, b) = (_points[i], _points[i + 1]);
        var share = at - i;
        double dx = a.Dx + (b.Dx - a.Dx) * Math.Min(share, 1), dz = a.Dz + (b.Dz - a.Dz) * Math.Min(share, 1);
        var length = Math.Sqrt(dx * dx + dz * dz);
        (dx, dz) = (dx / length, dz / length);
        return (new(a.X + (b.X - a.X) * share + d * dz, 0, a.Z + (b.Z - a.Z) * share - d * dx), dx, dz);
    }

    // By a small angle, to the right.
    private static (double, double) Turned(double dx, double dz, double angle)
    {
        double x = dx + angle * dz, z = dz - angle * dx;
        var length = Math.Sqrt(x * x + z * z);
        return (x / length, z / length);
    }
}
