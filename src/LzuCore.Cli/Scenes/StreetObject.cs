using SkiaSharp;

namespace LzuCore.Cli.Scenes;

/// <summary>Something that stands on the street and hides what is behind it.</summary>
/// <param name="Depth">How far ahead; objects are drawn from far to near.</param>
internal abstract record StreetObject(double Depth)
{
    /// <summary>The class it is labelled with, or null for what is not labelled.</summary>
    public virtual string? Class => null;

    /// <summary>Points whose bounding box in the picture is the object's.</summary>
    public virtual IEnumerable<Point3> Outline => [];

    /// <summary>Draws what it keeps dark.</summary>
    public virtual void DrawShadow(SKCanvas canvas, StreetCamera camera)
    {
    }

    /// <summary>Draws it.</summary>
    public abstract void Draw(SKCanvas canvas, StreetCamera camera);

    /// <summary>Lets <paramref name="body"/> draw in metres: the origin at a point of the world, y upwards.</summary>
    protected static void InMetres(SKCanvas canvas, StreetCamera camera, Point3 origin, Action body)
    {
        var at = camera.Project(origin);
        var scale = (float)camera.Scale(origin.Z);
        canvas.Save();
        canvas.Translate(at.X, at.Y);
        canvas.Scale(scale, -scale);
        body();
        canvas.Restore();
    }
}
