using LzuCore.Memory;

namespace LzuCore.Vision.Geometry;

/// <summary>The twelve edges of a box as a camera sees them, in pixels: what lies behind the near plane is cut off.</summary>
/// <param name="Front">The edges of the face that the box drives towards, and a cross on it.</param>
/// <param name="Others">The other edges.</param>
public readonly record struct Wireframe(IReadOnlyList<(float X1, float Y1, float X2, float Y2)> Front, IReadOnlyList<(float X1, float Y1, float X2, float Y2)> Others)
{
    // Nearer than this, in metres, projections run away.
    private const double Near = 0.1;

    // Corners 0-3 are the front face, 4-7 the back one.
    private static readonly (int, int)[] FrontEdges = [(0, 1), (1, 2), (2, 3), (3, 0), (0, 2), (1, 3)];
    private static readonly (int, int)[] OtherEdges = [(4, 5), (5, 6), (6, 7), (7, 4), (0, 4), (1, 5), (2, 6), (3, 7)];

    /// <summary>Whether nothing of the box is in front of the camera.</summary>
    public bool IsEmpty => Front.Count + Others.Count == 0;

    /// <summary>The edges of a box in the camera's frame.</summary>
    public static Wireframe Of(CameraBox3d box, Camera camera)
    {
        var corners = box.Corners();
        return new(Seen(FrontEdges), Seen(OtherEdges));

        List<(float, float, float, float)> Seen((int From, int To)[] edges)
        {
            var seen = new List<(float, float, float, float)>();
            foreach (var (from, to) in edges)
            {
                var (a, b) = (corners[from], corners[to]);
                if (a.Z < Near && b.Z < Near) continue;
                if (a.Z < Near) a = Cut(b, a);
                if (b.Z < Near) b = Cut(a, b);
                var ((x1, y1), (x2, y2)) = (camera.Project(a), camera.Project(b));
                seen.Add(((float)x1, (float)y1, (float)x2, (float)y2));
            }
            return seen;
        }

        static Point3d Cut(Point3d seen, Point3d hidden) => seen + (seen.Z - Near) / (seen.Z - hidden.Z) * (hidden - seen);
    }

    /// <summary>The upright rectangle about all edges, inside a picture; null when nothing is.</summary>
    public Box? Bounds(Size2 image)
    {
        if (IsEmpty) return null;
        var (x1, y1, x2, y2) = (float.PositiveInfinity, float.PositiveInfinity, float.NegativeInfinity, float.NegativeInfinity);
        foreach (var edge in Front.Concat(Others))
        {
            (x1, x2) = (Math.Min(x1, Math.Min(edge.X1, edge.X2)), Math.Max(x2, Math.Max(edge.X1, edge.X2)));
            (y1, y2) = (Math.Min(y1, Math.Min(edge.Y1, edge.Y2)), Math.Max(y2, Math.Max(edge.Y1, edge.Y2)));
        }
        var box = new Box(x1, y1, x2, y2);
        if (!box.IsFinite) return null;
        box = box.Clip(image);
        return box.Width > 0 && box.Height > 0 ? box : null;
    }
}
