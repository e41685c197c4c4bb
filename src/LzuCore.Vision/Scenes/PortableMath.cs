namespace LzuCore.Vision.Scenes;

/// <summary>Transcendental functions of additions, multiplications and divisions only. The platform's own differ in the last bit from one C library to the next,
/// and a scene has to be the same everywhere.</summary>
internal static class PortableMath
{
    private const double Ln2 = 0.69314718055994530942;

    /// <summary>Sine and cosine of any angle that scenes have, to 1e-12.</summary>
    public static (double Sin, double Cos) SinCos(double radians)
    {
        var quarter = Math.Floor(radians / (Math.PI / 2) + 0.5);
        var x = radians - quarter * (Math.PI / 2);
        var q = x * x;
        var sin = x * (1 - q / 6 * (1 - q / 20 * (1 - q / 42 * (1 - q / 72 * (1 - q / 110 * (1 - q / 156))))));
        var cos = 1 - q / 2 * (1 - q / 12 * (1 - q / 30 * (1 - q / 56 * (1 - q / 90 * (1 - q / 132 * (1 - q / 182))))));
        return ((long)quarter & 3) switch { 0 => (sin, cos), 1 => (cos, -sin), 2 => (-sin, -cos), _ => (-cos, sin) };
    }

    /// <summary>The angle of a direction, in (-π, π], to 1e-12.</summary>
    public static double Atan2(double y, double x)
    {
        if (x == 0 && y == 0) return 0;
        double ax = Math.Abs(x), ay = Math.Abs(y);
        var angle = ay > ax ? Math.PI / 2 - Atan(ax / ay) : Atan(ay / ax);
        if (x < 0) angle = Math.PI - angle;
        return y < 0 ? -angle : angle;
    }

    /// <summary>e to a power, to 1e-14 relative; 0 far below.</summary>
    public static double Exp(double x)
    {
        if (x < -700) return 0;
        var whole = Math.Floor(x / Ln2 + 0.5);
        var r = x - whole * Ln2;
        double term = 1, sum = 1;
        for (var i = 1; i <= 13; i++) sum += term *= r / i;
        return sum * PowerOfTwo((int)whole);
    }

    /// <summary>A positive number to a power; 0 stays 0.</summary>
    public static double Power(double x, double exponent) => x <= 0 ? 0 : Exp(exponent * Log(x));

    // Halving the angle three times leaves a series that converges at once.
    private static double Atan(double t)
    {
        for (var i = 0; i < 3; i++) t /= 1 + Math.Sqrt(1 + t * t);
        var q = t * t;
        return 8 * t * (1 - q * (1.0 / 3 - q * (1.0 / 5 - q * (1.0 / 7 - q * (1.0 / 9 - q * (1.0 / 11 - q / 13))))));
    }

    private static double Log(double x)
    {
        var bits = BitConverter.DoubleToInt64Bits(x);
        var power = (int)((bits >> 52) & 0x7ff) - 1023;
        var m = BitConverter.Int64BitsToDouble((bits & 0xfffffffffffffL) | 0x3ff0000000000000L);
        if (m > 1.41421356237309505) (m, power) = (m / 2, power + 1);
        var t = (m - 1) / (m + 1);
        var q = t * t;
        double term = t, sum = 0;
        for (var i = 1; i <= 19; i += 2, term *= q) sum += term / i;
        return 2 * sum + power * Ln2;
    }

    private static double PowerOfTwo(int power) => BitConverter.Int64BitsToDouble((long)(power + 1023) << 52);
}
