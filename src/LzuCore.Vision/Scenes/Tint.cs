namespace LzuCore.Vision.Scenes;

/// <summary>A colour in grey levels, 0 to 255 and beyond, not rounded.</summary>
internal readonly record struct Tint(float R, float G, float B)
{
    public static Tint Grey(float level) => new(level, level, level);

    /// <summary>Brighter (above 1) or darker.</summary>
    public static Tint operator *(Tint a, double shade) => new((float)(a.R * shade), (float)(a.G * shade), (float)(a.B * shade));

    /// <summary>A share of another colour in this one.</summary>
    public Tint To(Tint other, double share) => new((float)(R + (other.R - R) * share), (float)(G + (other.G - G) * share), (float)(B + (other.B - B) * share));
}

/// <summary>A place or direction of a street, in metres: to the right, up from the ground, ahead. Of which frame, its owner says.</summary>
internal readonly record struct Spot(double X, double Up, double Z)
{
    public static Spot operator +(Spot a, Spot b) => new(a.X + b.X, a.Up + b.Up, a.Z + b.Z);

    public static Spot operator -(Spot a, Spot b) => new(a.X - b.X, a.Up - b.Up, a.Z - b.Z);

    public static Spot operator *(double s, Spot a) => new(s * a.X, s * a.Up, s * a.Z);

    public double Dot(Spot b) => X * b.X + Up * b.Up + Z * b.Z;

    public Spot Cross(Spot b) => new(Up * b.Z - Z * b.Up, Z * b.X - X * b.Z, X * b.Up - Up * b.X);

    public Spot Unit()
    {
        var length = Math.Sqrt(Dot(this));
        return length > 0 ? (1 / length) * this : this;
    }

    /// <summary>The place a share of the way to another.</summary>
    public Spot To(Spot other, double share) => this + share * (other - this);
}
