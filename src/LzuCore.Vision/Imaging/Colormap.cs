namespace LzuCore.Vision.Imaging;

/// <summary>Colours for numbers, perceptually even: equal steps look equal, also in grey and under colour blindness.</summary>
public sealed class Colormap
{
    private readonly Rgb[] _table;

    private Colormap(Func<double, (double R, double G, double B)> color) =>
        _table = [.. Enumerable.Range(0, 256).Select(i => color(i / 255.0)).Select(c => new Rgb(Byte(c.R), Byte(c.G), Byte(c.B)))];

    /// <summary>Dark violet to yellow.</summary>
    /// <remarks>A polynomial of degree 6 through matplotlib's table (van der Walt and Smith 2015), off by at most 4 of 255.</remarks>
    public static Colormap Viridis { get; } = new(t => Polynomial(t,
    [
        (0.2777273272234177, 0.005407344544966578, 0.3340998053353061), (0.1050930431085774, 1.404613529898575, 1.384590162594685),
        (-0.3308618287255563, 0.214847559468213, 0.09509516302823659), (-4.634230498983486, -5.799100973351585, -19.33244095627987),
        (6.228269936347081, 14.17993336680509, 56.69055260068105), (4.776384997670288, -13.74514537774601, -65.35303263337234),
        (-5.435455855934631, 4.645852612178535, 26.3124352495832),
    ]));

    /// <summary>Black over red to pale yellow; good over pictures.</summary>
    /// <remarks>As <see cref="Viridis"/>.</remarks>
    public static Colormap Inferno { get; } = new(t => Polynomial(t,
    [
        (0.0002189403691192265, 0.001651004631001012, -0.01948089843709184), (0.1065134194856116, 0.5639564367884091, 3.932712388889277),
        (11.60249308247187, -3.972853965665698, -15.9423941062914), (-41.70399613139459, 17.43639888205313, 44.35414519872813),
        (77.162935699427, -33.40235894210092, -81.80730925738993), (-71.31942824499214, 32.62606426397723, 73.20951985803202),
        (25.13112622477341, -12.24266895238567, -23.07032500287172),
    ]));

    /// <summary>Blue over light grey to red: for numbers with a meaningful middle, such as the logarithm of a magnification.</summary>
    public static Colormap BlueRed { get; } = new(t => Through(t, [(0.23, 0.30, 0.75), (0.55, 0.69, 1.0), (0.87, 0.87, 0.87), (0.96, 0.60, 0.48), (0.71, 0.02, 0.15)]));

    /// <summary>The colour of a number in [0, 1]; outside is clamped, NaN is black.</summary>
    public Rgb At(double t) => double.IsNaN(t) ? Rgb.Black : _table[(int)(Math.Clamp(t, 0, 1) * 255 + 0.5)];

    private static (double, double, double) Polynomial(double t, (double R, double G, double B)[] c)
    {
        var (r, g, b) = (0.0, 0.0, 0.0);
        for (var i = c.Length - 1; i >= 0; i--) (r, g, b) = (r * t + c[i].R, g * t + c[i].G, b * t + c[i].B);
        return (r, g, b);
    }

    private static (double, double, double) Through(double t, (double R, double G, double B)[] stops)
    {
        var at = Math.Min((int)(t * (stops.Length - 1)), stops.Length - 2);
        var f = t * (stops.Length - 1) - at;
        var (a, b) = (stops[at], stops[at + 1]);
        return (a.R + f * (b.R - a.R), a.G + f * (b.G - a.G), a.B + f * (b.B - a.B));
    }

    private static byte Byte(double v) => (byte)(Math.Clamp(v, 0, 1) * 255 + 0.5);
}
