namespace LzuCore.Vision.Geometry;

/// <summary>A rectangle in a plane, turned: its own first axis points along <c>(cos angle, sin angle)</c>.</summary>
/// <param name="X">The middle, first coordinate.</param>
/// <param name="Y">The middle, second coordinate.</param>
/// <param name="Width">Size along its first axis.</param>
/// <param name="Height">Size along its second axis.</param>
/// <param name="Angle">Radians, from the first coordinate's axis to the second's.</param>
public readonly record struct RotatedBox(double X, double Y, double Width, double Height, double Angle)
{
    // mmcv's floor under an area: below it nothing overlaps.
    private const double LeastArea = 1e-14;

    // Four corners, and one more for each of the four cuts.
    private const int MostCorners = 8;

    /// <summary>Width times height.</summary>
    public double Area => Width * Height;

    /// <summary>Half a diagonal: no point of the box is farther from the middle.</summary>
    public double Radius => 0.5 * Math.Sqrt(Width * Width + Height * Height);

    /// <summary>The corners (+,+), (+,-), (-,-), (-,+) in its own axes.</summary>
    public (double X, double Y)[] Corners()
    {
        var (sin, cos) = Math.SinCos(Angle);
        var (x, y, w, h) = (X, Y, Width / 2, Height / 2);
        return [At(w, h), At(w, -h), At(-w, -h), At(-w, h)];

        (double X, double Y) At(double along, double across) => (x + cos * along - sin * across, y + sin * along + cos * across);
    }

    /// <summary>Intersection over union, in [0, 1], in double precision: this box is cut by the other's four sides, in the other's own axes. 0 for boxes without
    /// area or with a NaN. Cost: four multiplications where the circles about the boxes do not meet, about a hundred operations otherwise.</summary>
    public double Iou(RotatedBox other)
    {
        double area = Area, otherArea = other.Area;
        if (!(area >= LeastArea) || !(otherArea >= LeastArea)) return 0;
        double dx = X - other.X, dy = Y - other.Y, reach = Radius + other.Radius;
        if (!(dx * dx + dy * dy <= reach * reach)) return 0;
        var shared = SharedArea(dx, dy, other);
        var iou = shared / (area + otherArea - shared);
        return double.IsNaN(iou) ? 0 : iou;
    }

    private double SharedArea(double dx, double dy, RotatedBox other)
    {
        var (sin, cos) = Math.SinCos(other.Angle);
        double x = cos * dx + sin * dy, y = cos * dy - sin * dx;
        var (turnedSin, turnedCos) = Math.SinCos(Angle - other.Angle);
        double ux = turnedCos * Width / 2, uy = turnedSin * Width / 2, vx = -turnedSin * Height / 2, vy = turnedCos * Height / 2;
        Span<double> xs = stackalloc double[MostCorners], ys = stackalloc double[MostCorners];
        Span<double> cutXs = stackalloc double[MostCorners], cutYs = stackalloc double[MostCorners];
        (xs[0], xs[1], xs[2], xs[3]) = (x + ux + vx, x - ux + vx, x - ux - vx, x + ux - vx);
        (ys[0], ys[1], ys[2], ys[3]) = (y + uy + vy, y - uy + vy, y - uy - vy, y + uy - vy);
        double w = other.Width / 2, h = other.Height / 2;
        var count = 4;
        count = Cut(xs, ys, count, 1, w, cutXs, cutYs);
        count = Cut(cutXs, cutYs, count, -1, w, xs, ys);
        count = Cut(ys, xs, count, 1, h, cutYs, cutXs);
        count = Cut(cutYs, cutXs, count, -1, h, ys, xs);
        var twice = 0.0;
        for (var i = 2; i < count; i++) twice += (xs[i - 1] - xs[0]) * (ys[i] - ys[0]) - (xs[i] - xs[0]) * (ys[i - 1] - ys[0]);
        return Math.Abs(twice) / 2;
    }

    // Sutherland and Hodgman 1974: what of a convex polygon has sign·a ≤ limit.
    private static int Cut(ReadOnlySpan<double> a, ReadOnlySpan<double> b, int count, double sign, double limit, Span<double> toA, Span<double> toB)
    {
        var kept = 0;
        for (var i = 0; i < count; i++)
        {
            var j = i + 1 == count ? 0 : i + 1;
            double here = sign * a[i] - limit, there = sign * a[j] - limit;
            if (here <= 0) (toA[kept], toB[kept++]) = (a[i], b[i]);
            if ((here < 0 && there > 0) || (here > 0 && there < 0)) (toA[kept], toB[kept++]) = (sign * limit, b[i] + (b[j] - b[i]) * (here / (here - there)));
        }
        return kept;
    }
}
