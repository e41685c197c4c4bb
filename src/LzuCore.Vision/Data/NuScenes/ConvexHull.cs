using LzuCore.Vision.Data.Coco;

namespace LzuCore.Vision.Data.NuScenes;

// The hull of a box's projected corners, and what of it lies within an image.
internal static class ConvexHull
{
    // Andrew 1979: corners in order, none twice.
    public static List<(double X, double Y)> Of(IEnumerable<(double U, double V)> points)
    {
        var sorted = points.Where(p => double.IsFinite(p.U) && double.IsFinite(p.V)).Distinct().Order().ToList();
        if (sorted.Count < 3) return [];
        var hull = new List<(double X, double Y)>();
        Chain(sorted);
        sorted.Reverse();
        Chain(sorted);
        return hull;

        void Chain(List<(double U, double V)> ordered)
        {
            var start = hull.Count;
            foreach (var p in ordered)
            {
                while (hull.Count - start >= 2 && Turn(hull[^2], hull[^1], p) <= 0) hull.RemoveAt(hull.Count - 1);
                hull.Add(p);
            }
            hull.RemoveAt(hull.Count - 1);
        }
    }

    // The bounds of the hull's part within [0, width] × [0, height]; null when nothing of it, or only a line, lies there.
    public static CocoBox? BoundsWithin(List<(double X, double Y)> hull, double width, double height)
    {
        var rest = Cut(Cut(Cut(Cut(hull, p => p.X), p => width - p.X), p => p.Y), p => height - p.Y);
        if (rest.Count == 0) return null;
        double left = rest.Min(p => p.X), right = rest.Max(p => p.X), top = rest.Min(p => p.Y), bottom = rest.Max(p => p.Y);
        left = Math.Clamp(left, 0, width);
        right = Math.Clamp(right, 0, width);
        top = Math.Clamp(top, 0, height);
        bottom = Math.Clamp(bottom, 0, height);
        return right > left && bottom > top ? new CocoBox(left, top, right - left, bottom - top) : null;
    }

    private static double Turn((double X, double Y) a, (double X, double Y) b, (double X, double Y) c) => (b.X - a.X) * (c.Y - a.Y) - (b.Y - a.Y) * (c.X - a.X);

    private static List<(double X, double Y)> Cut(List<(double X, double Y)> polygon, Func<(double X, double Y), double> inside)
    {
        var kept = new List<(double X, double Y)>();
        for (var i = 0; i < polygon.Count; i++)
        {
            var (a, b) = (polygon[i], polygon[(i + 1) % polygon.Count]);
            double here = inside(a), there = inside(b);
            if (here >= 0) kept.Add(a);
            if ((here > 0 && there < 0) || (here < 0 && there > 0))
            {
                var t = here / (here - there);
                kept.Add((a.X + t * (b.X - a.X), a.Y + t * (b.Y - a.Y)));
            }
        }
        return kept;
    }
}
