using LzuCore.Memory;
using LzuCore.Vision.Geometry;

namespace LzuCore.Vision.Scenes;

/// <summary>How the pixels of a surface get their colour.</summary>
internal enum Material : byte
{
    /// <summary>One colour with a vertical ramp.</summary>
    Flat,

    /// <summary>The sky: gradient and clouds.</summary>
    Sky,

    /// <summary>Ground, one colour each with texture, shadow and haze by the pixel.</summary>
    Asphalt,

    /// <summary>Grass or earth.</summary>
    Terrain,

    /// <summary>Kerb and pavement.</summary>
    Pavement,

    /// <summary>Paint on the road.</summary>
    Marking,
}

/// <summary>A polygon in the picture. Positions are in sub-samples; brightness at row y (pixels) is <c>Base + Slope·y</c>.</summary>
internal struct Surface
{
    public int First;
    public int Points;
    public int FirstRow;
    public int EndRow;
    public Tint Color;
    public float Base;
    public float Slope;
    public ushort Owner;
    public Material Material;
}

/// <summary>What a picture shows, from back to front: polygons (even-odd, of any form) with colours, and whose they are. Kept and filled anew for each picture.</summary>
internal sealed class SurfaceList(int subSamples)
{
    /// <summary>Sample ids are 16 bits.</summary>
    private const int Most = ushort.MaxValue;

    private Surface[] _items = new Surface[4096];
    private double[] _x = new double[32768];
    private double[] _y = new double[32768];
    private int _points;

    public int Count { get; private set; }

    public ReadOnlySpan<Surface> Items => _items.AsSpan(0, Count);

    public ReadOnlySpan<double> X => _x;

    public ReadOnlySpan<double> Y => _y;

    public void Clear() => (Count, _points) = (0, 0);

    /// <summary>Adds a surface that covers the whole picture without being drawn: every sample starts as surface 0.</summary>
    public void AddWhole(Size2 size, Material material, ushort owner) =>
        _items[Count++] = new Surface { EndRow = 0, Owner = owner, Material = material, Color = default, First = 0, Points = 0, FirstRow = size.Height };

    /// <summary>Adds a polygon given in the camera's frame; what is nearer than the near plane is cut away.</summary>
    /// <returns>Whether any of it may be seen.</returns>
    public bool Add(ReadOnlySpan<Point3d> corners, SceneView view, Tint color, ushort owner, Material material, double top = 1, double bottom = 1)
    {
        if (Count == Most) return false;
        if (_points + 2 * corners.Length + 2 > _x.Length)
        {
            Array.Resize(ref _x, 2 * _x.Length);
            Array.Resize(ref _y, 2 * _y.Length);
        }
        var first = _points;
        double low = double.PositiveInfinity, high = double.NegativeInfinity, left = double.PositiveInfinity, right = double.NegativeInfinity;
        var previous = corners[^1];
        foreach (var corner in corners)
        {
            if (previous.Z >= SceneView.Near != corner.Z >= SceneView.Near) Put(Cut(previous, corner));
            if (corner.Z >= SceneView.Near) Put(corner);
            previous = corner;
        }
        var (rows, columns) = ((double)view.Size.Height * subSamples, (double)view.Size.Width * subSamples);
        if (_points - first < 3 || high <= 0 || low >= rows || right <= 0 || left >= columns)
        {
            _points = first;
            return false;
        }
        var slope = high - low > 1e-6 ? (bottom - top) / ((high - low) / subSamples) : 0;
        if (Count == _items.Length) Array.Resize(ref _items, 2 * _items.Length);
        _items[Count++] = new Surface
        {
            First = first,
            Points = _points - first,
            FirstRow = (int)Math.Max(0, Math.Ceiling(low - 0.5)),
            EndRow = (int)Math.Min(rows, Math.Ceiling(high - 0.5)),
            Color = color,
            Base = (float)(top - slope * (low / subSamples)),
            Slope = (float)slope,
            Owner = owner,
            Material = material,
        };
        return true;

        void Put(Point3d p)
        {
            var camera = view.Camera;
            var x = (camera.Fx * p.X / p.Z + camera.Cx) * subSamples;
            var y = (camera.Fy * p.Y / p.Z + camera.Cy) * subSamples;
            (_x[_points], _y[_points]) = (x, y);
            _points++;
            (low, high) = (Math.Min(low, y), Math.Max(high, y));
            (left, right) = (Math.Min(left, x), Math.Max(right, x));
        }
    }

    // Always from the far end, so that two polygons that share an edge cut it at the same point.
    private static Point3d Cut(Point3d a, Point3d b)
    {
        if (a.Z < b.Z) (a, b) = (b, a);
        var share = (a.Z - SceneView.Near) / (a.Z - b.Z);
        return new(a.X + (b.X - a.X) * share, a.Y + (b.Y - a.Y) * share, SceneView.Near);
    }
}
