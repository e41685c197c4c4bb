namespace LzuCore.Cli.Scenes;

/// <summary>What a strip of a vehicle's skin is, from its tail over the roof to its nose.</summary>
internal enum Skin
{
    /// <summary>Painted metal.</summary>
    Paint,

    /// <summary>Bumper.</summary>
    Bumper,

    /// <summary>Rear panel with red lamps and a plate.</summary>
    Tail,

    /// <summary>Front with headlamps and a grille.</summary>
    Nose,

    /// <summary>Window.</summary>
    Glass,
}

/// <summary>One point of a profile.</summary>
/// <param name="Along">Metres from the tail.</param>
/// <param name="Up">Metres above the road.</param>
/// <param name="Half">Half of the width there.</param>
internal readonly record struct ProfilePoint(double Along, double Up, double Half);

/// <summary>A vehicle as a profile drawn out across its width.</summary>
/// <param name="Class">The class it is labelled with.</param>
/// <param name="Points">From the tail's lower edge over the roof to the nose's lower edge.</param>
/// <param name="Skins">What lies between each point and the next.</param>
/// <param name="Wheels">Where the axles are, from the tail.</param>
/// <param name="Wheel">Wheel radius.</param>
/// <param name="Belt">Height where the side windows begin.</param>
internal sealed record VehicleShape(string Class, ProfilePoint[] Points, Skin[] Skins, double[] Wheels, double Wheel, double Belt)
{
    /// <summary>From tail to nose.</summary>
    public double Length => Points.Max(p => p.Along);

    /// <summary>From side to side.</summary>
    public double HalfWidth => Points.Max(p => p.Half);

    /// <summary>A three-box car.</summary>
    public static VehicleShape Sedan { get; } = new("car",
        [new(0.08, 0.26, 0.86), new(0, 0.5, 0.9), new(0.05, 0.68, 0.9), new(0.1, 0.98, 0.86), new(0.6, 1.02, 0.82), new(1.25, 1.41, 0.64), new(2.4, 1.45, 0.64), new(3.2, 1.02, 0.8), new(4.3, 0.84, 0.84), new(4.5, 0.62, 0.88), new(4.5, 0.45, 0.88), new(4.42, 0.26, 0.84)],
        [Skin.Bumper, Skin.Bumper, Skin.Tail, Skin.Paint, Skin.Glass, Skin.Paint, Skin.Glass, Skin.Paint, Skin.Nose, Skin.Bumper, Skin.Bumper], [0.9, 3.6], 0.32, 0.96);

    /// <summary>A two-box car.</summary>
    public static VehicleShape Hatchback { get; } = new("car",
        [new(0.08, 0.26, 0.8), new(0, 0.48, 0.85), new(0.02, 0.62, 0.85), new(0.1, 0.96, 0.83), new(0.42, 1.42, 0.66), new(0.7, 1.5, 0.63), new(1.9, 1.51, 0.63), new(2.75, 1.06, 0.77), new(3.75, 0.86, 0.8), new(3.95, 0.64, 0.84), new(3.95, 0.45, 0.84), new(3.88, 0.26, 0.8)],
        [Skin.Bumper, Skin.Bumper, Skin.Tail, Skin.Glass, Skin.Paint, Skin.Paint, Skin.Glass, Skin.Paint, Skin.Nose, Skin.Bumper, Skin.Bumper], [0.65, 3.2], 0.31, 0.94);

    /// <summary>A tall two-box car.</summary>
    public static VehicleShape Suv { get; } = new("car",
        [new(0.08, 0.32, 0.9), new(0, 0.58, 0.95), new(0.02, 0.76, 0.95), new(0.1, 1.1, 0.93), new(0.34, 1.62, 0.76), new(0.6, 1.7, 0.73), new(2.6, 1.71, 0.73), new(3.35, 1.2, 0.88), new(4.45, 1.04, 0.9), new(4.68, 0.78, 0.94), new(4.68, 0.55, 0.94), new(4.6, 0.32, 0.9)],
        [Skin.Bumper, Skin.Bumper, Skin.Tail, Skin.Glass, Skin.Paint, Skin.Paint, Skin.Glass, Skin.Paint, Skin.Nose, Skin.Bumper, Skin.Bumper], [0.85, 3.75], 0.37, 1.1);

    /// <summary>A delivery van.</summary>
    public static VehicleShape Van { get; } = new("truck",
        [new(0.06, 0.34, 0.94), new(0, 0.55, 0.98), new(0, 0.8, 0.98), new(0.02, 1.2, 0.98), new(0.1, 2.2, 0.92), new(0.3, 2.34, 0.86), new(4.0, 2.34, 0.86), new(4.85, 1.35, 0.94), new(5.35, 1.1, 0.95), new(5.5, 0.85, 0.98), new(5.5, 0.55, 0.98), new(5.42, 0.34, 0.94)],
        [Skin.Bumper, Skin.Bumper, Skin.Tail, Skin.Paint, Skin.Paint, Skin.Paint, Skin.Glass, Skin.Paint, Skin.Nose, Skin.Bumper, Skin.Bumper], [0.95, 4.4], 0.36, 1.35);

    /// <summary>A city bus.</summary>
    public static VehicleShape Bus { get; } = new("bus",
        [new(0.04, 0.34, 1.22), new(0, 0.7, 1.25), new(0, 1.0, 1.25), new(0, 1.5, 1.25), new(0.05, 2.6, 1.24), new(0.15, 3.0, 1.2), new(11.3, 3.02, 1.2), new(11.5, 2.8, 1.22), new(11.6, 1.25, 1.25), new(11.6, 0.7, 1.25), new(11.55, 0.34, 1.22)],
        [Skin.Bumper, Skin.Tail, Skin.Paint, Skin.Glass, Skin.Paint, Skin.Paint, Skin.Paint, Skin.Glass, Skin.Nose, Skin.Bumper], [2.6, 8.8], 0.48, 1.35);
}
