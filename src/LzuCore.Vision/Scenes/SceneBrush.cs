using LzuCore.Vision.Geometry;

namespace LzuCore.Vision.Scenes;

/// <summary>Paints polygons of the world into a <see cref="SurfaceList"/>: lights them, hazes them, drops what faces away.</summary>
internal sealed class SceneBrush(SceneView view, SceneLight light, SurfaceList list)
{
    private double _clear = 1;
    private ushort _owner;

    public SceneView View => view;

    public SceneLight Light => light;

    public int Count => list.Count;

    /// <summary>From now on paints for an owner, hazed as at a place.</summary>
    public void Begin(ushort owner, Spot place)
    {
        _owner = owner;
        _clear = light.Clear(view.ToCamera(place).Z);
    }

    /// <summary>Pixels that a metre has at a place.</summary>
    public double PixelsPerMetre(Spot place) => view.Camera.Fx / Math.Max(1, view.ToCamera(place).Z);

    /// <summary>One side of something solid, lit by sun and sky; nothing when it faces away.</summary>
    /// <param name="corners">In a plane, or nearly.</param>
    /// <param name="inside">Any place behind it.</param>
    /// <param name="color">Its paint.</param>
    /// <param name="top">Brightness at its upper end.</param>
    /// <param name="bottom">Brightness at its lower end.</param>
    /// <returns>Whether it faces the camera.</returns>
    public bool Side(ReadOnlySpan<Spot> corners, Spot inside, Tint color, double top = 1, double bottom = 1)
    {
        var normal = (corners[1] - corners[0]).Cross(corners[^1] - corners[0]).Unit();
        if (normal.Dot(corners[0] - inside) < 0) normal = -1 * normal;
        if (normal.Dot(view.Eye - corners[0]) <= 0) return false;
        Flat(corners, color * light.On(normal), top, bottom);
        return true;
    }

    /// <summary>A polygon in a colour as it is, hazed.</summary>
    public void Flat(ReadOnlySpan<Spot> corners, Tint color, double top = 1, double bottom = 1)
    {
        Span<Point3d> seen = stackalloc Point3d[corners.Length];
        for (var i = 0; i < corners.Length; i++) seen[i] = view.ToCamera(corners[i]);
        // A ramp would change the haze, too; it is small where haze is thick.
        var ramp = _clear;
        list.Add(seen, view, light.Haze.To(color, _clear), _owner, Material.Flat, 1 + (top - 1) * ramp, 1 + (bottom - 1) * ramp);
    }

    /// <summary>A polygon on the ground.</summary>
    public void Ground(ReadOnlySpan<Spot> corners, Tint color, Material material, ushort owner)
    {
        Span<Point3d> seen = stackalloc Point3d[corners.Length];
        for (var i = 0; i < corners.Length; i++) seen[i] = view.ToCamera(corners[i]);
        list.Add(seen, view, color, owner, material);
    }
}

/// <summary>Where a thing stands and which way it heads: metres along, up and to the right of it, to the world.</summary>
internal readonly record struct Stance(Spot Place, double Dx, double Dz)
{
    public Spot At(double along, double up, double right) =>
        new(Place.X + along * Dx + right * Dz, Place.Up + up, Place.Z + along * Dz - right * Dx);

    /// <summary>A place of the world as metres along and to the right.</summary>
    public (double Along, double Right) Of(Spot world)
    {
        double x = world.X - Place.X, z = world.Z - Place.Z;
        return (x * Dx + z * Dz, x * Dz - z * Dx);
    }
}
