using System.Reflection;
using ILGPU.Frontend.Intrinsic;
using Bits = ILGPU.Interop;

namespace LzuCore.Gpu.Kernels;

// The transcendental functions of compiled kernels. ILGPU turns MathF.Exp, Log, Tanh, Sin and Cos into the hardware's approximations (tanh.approx is right to 2^-11
// only, ex2.approx(x · log2 e) loses digits as |x| grows) and has no good float64 ones, so the calls that formulas make are redirected here.
// Source: S. Moshier, Cephes (expf, logf, tanhf, sinf; exp, log). Errors are measured by DeviceMathTests: float32 within 2 units in the last place.
internal static class DeviceMath
{
    private const float Log2EF = 1.44269504088896341f;
    private const double Log2E = 1.4426950408889634073599;

    /// <summary>From here on, kernels compiled for a GPU call this class where their source calls MathF and Math. Host code is untouched.</summary>
    public static void Redirect()
    {
        foreach (var method in typeof(DeviceMath).GetMethods(BindingFlags.Public | BindingFlags.Static).Where(m => m.Name != nameof(Redirect)))
        {
            var types = method.GetParameters().Select(p => p.ParameterType).ToArray();
            RemappedIntrinsics.AddRemapping(types[0] == typeof(float) ? typeof(MathF) : typeof(Math), typeof(DeviceMath), method.Name, types);
        }
    }

    public static float Exp(float x)
    {
        if (!(x < 88.72283906f)) return x > 0 ? float.PositiveInfinity : x;
        if (x < -103.97208f) return 0;
        var n = (int)Floor(Log2EF * x + 0.5f);
        var r = x - n * 0.693359375f + n * 2.12194440e-4f;
        var p = ((((1.9875691500e-4f * r + 1.3981999507e-3f) * r + 8.3334519073e-3f) * r + 4.1665795894e-2f) * r + 1.6666665459e-1f) * r + 5.0000001201e-1f;
        var y = p * r * r + r + 1;
        // In two steps, so that results below the normal range keep their digits.
        var half = n / 2;
        return y * Bits.IntAsFloat((uint)(half + 127) << 23) * Bits.IntAsFloat((uint)(n - half + 127) << 23);
    }

    public static double Exp(double x)
    {
        if (!(x < 709.782712893384)) return x > 0 ? double.PositiveInfinity : x;
        if (x < -745.1332191019412) return 0;
        var n = (int)Floor(Log2E * x + 0.5);
        var r = x - n * 6.93145751953125e-1 - n * 1.42860682030941723212e-6;
        var z = r * r;
        var p = r * ((1.26177193074810590878e-4 * z + 3.02994407707441961300e-2) * z + 9.99999999999999999910e-1);
        var q = ((3.00198505138664455042e-6 * z + 2.52448340349684104192e-3) * z + 2.27265548208155028766e-1) * z + 2.00000000000000000009;
        var y = 1 + 2 * p / (q - p);
        var half = n / 2;
        return y * Bits.IntAsFloat((ulong)(half + 1023) << 52) * Bits.IntAsFloat((ulong)(n - half + 1023) << 52);
    }

    public static float Log(float x)
    {
        if (!(x > 0)) return x == 0 ? float.NegativeInfinity : float.NaN;
        if (x > float.MaxValue) return x;
        var shift = 0;
        if (x < 1.17549435e-38f)
        {
            x *= 8388608f;
            shift = 23;
        }
        var bits = Bits.FloatAsInt(x);
        var e = (int)(bits >> 23) - 126 - shift;
        var m = Bits.IntAsFloat((bits & 0x7FFFFF) | 0x3F000000);
        if (m < 0.707106781186547524f)
        {
            e--;
            m += m;
        }
        var r = m - 1;
        var z = r * r;
        var p = (((((((7.0376836292e-2f * r - 1.1514610310e-1f) * r + 1.1676998740e-1f) * r - 1.2420140846e-1f) * r + 1.4249322787e-1f) * r
            - 1.6668057665e-1f) * r + 2.0000714765e-1f) * r - 2.4999993993e-1f) * r + 3.3333331174e-1f;
        var y = r * z * p - e * 2.12194440e-4f - 0.5f * z;
        return r + y + e * 0.693359375f;
    }

    public static double Log(double x)
    {
        if (!(x > 0)) return x == 0 ? double.NegativeInfinity : double.NaN;
        if (x > double.MaxValue) return x;
        var shift = 0;
        if (x < 2.2250738585072014e-308)
        {
            x *= 4503599627370496.0;
            shift = 52;
        }
        var bits = Bits.FloatAsInt(x);
        var e = (int)(bits >> 52) - 1022 - shift;
        var m = Bits.IntAsFloat((bits & 0xFFFFFFFFFFFFFUL) | 0x3FE0000000000000UL);
        if (m < 0.70710678118654752440)
        {
            e--;
            m += m;
        }
        var r = m - 1;
        var z = r * r;
        var p = ((((1.01875663804580931796e-4 * r + 4.97494994976747001425e-1) * r + 4.70579119878881725854) * r + 1.44989225341610930846e1) * r
            + 1.79368678507819816313e1) * r + 7.70838733755885391666;
        var q = ((((r + 1.12873587189167450590e1) * r + 4.52279145837532221105e1) * r + 8.29875266912776603211e1) * r + 7.11544750618563894466e1) * r
            + 2.31251620126765340583e1;
        var y = r * (z * p / q) - e * 2.121944400546905827679e-4 - 0.5 * z;
        return r + y + e * 0.693359375;
    }

    public static float Tanh(float x)
    {
        var a = MathF.Abs(x);
        if (a < 0.625f)
        {
            var z = x * x;
            return ((((-5.70498872745e-3f * z + 2.06390887954e-2f) * z - 5.37397155531e-2f) * z + 1.33314422036e-1f) * z - 3.33332819422e-1f) * z * x + x;
        }
        var y = 1 - 2 / (Exp(2 * a) + 1);
        return x < 0 ? -y : y;
    }

    public static double Tanh(double x)
    {
        var a = Math.Abs(x);
        if (a < 0.625)
        {
            var z = x * x;
            var p = (-9.64399179425052238628e-1 * z - 9.92877231001918586564e1) * z - 1.61468768441708447952e3;
            var q = ((z + 1.12811678491632931402e2) * z + 2.23548839060100448583e3) * z + 4.84406305325125486048e3;
            return x * z * (p / q) + x;
        }
        var y = 1 - 2 / (Exp(2 * a) + 1);
        return x < 0 ? -y : y;
    }

    // Rounding by conversion: ILGPU's own functions take the bits apart, with twenty instructions and three branches. From 2²³ (2⁵²) on every number is whole.
    public static float Floor(float x)
    {
        if (!(MathF.Abs(x) < 8388608f)) return x;
        float whole = (int)x;
        return whole > x ? whole - 1 : whole;
    }

    public static double Floor(double x)
    {
        if (!(Math.Abs(x) < 4503599627370496.0)) return x;
        double whole = (long)x;
        return whole > x ? whole - 1 : whole;
    }

    public static float Ceiling(float x) => -Floor(-x);

    public static double Ceiling(double x) => -Floor(-x);

    // Halves to even: the sum drops the digits behind the point.
    public static float Round(float x)
    {
        if (!(MathF.Abs(x) < 8388608f)) return x;
        var point = x < 0 ? -8388608f : 8388608f;
        return x + point - point;
    }

    public static double Round(double x)
    {
        if (!(Math.Abs(x) < 4503599627370496.0)) return x;
        var point = x < 0 ? -4503599627370496.0 : 4503599627370496.0;
        return x + point - point;
    }

    public static float Sin(float x) => (float)Wave(x, 0);

    public static double Sin(double x) => Wave(x, 0);

    public static float Cos(float x) => (float)Wave(x, 1);

    public static double Cos(double x) => Wave(x, 1);

    public static float Pow(float x, float y) => (float)Pow((double)x, y);

    // The relative error of e^(y ln x) grows with its exponent: 1e-13 at the ends of float64's range.
    public static double Pow(double x, double y)
    {
        if (y == 0 || x == 1) return 1;
        if (double.IsNaN(x) || double.IsNaN(y)) return double.NaN;
        var whole = Floor(y) == y;
        var odd = whole && y / 2 - Floor(y / 2) == 0.5;
        if (x < 0 && x >= double.MinValue && !whole) return double.NaN;
        var size = x == -1 ? 1 : Exp(y * Log(Math.Abs(x)));
        return x < 0 && odd ? -size : size;
    }

    // sin (x + quarter · π/2). The angle is reduced by π/4 in three parts, exact up to 10⁹; beyond, first by 2π, which costs digits as it does on a CPU without a table of π.
    private static double Wave(double x, int quarter)
    {
        var a = Math.Abs(x);
        if (!(a <= double.MaxValue)) return double.NaN;
        if (a > 1e9) a -= Floor(a / 6.28318530717958647692) * 6.28318530717958647692;
        var octant = (long)Floor(a * 1.27323954473516268615);
        octant += octant & 1;
        var r = a - octant * 7.85398125648498535156e-1 - octant * 3.77489470793079817668e-8 - octant * 2.69515142907905952645e-15;
        var z = r * r;
        // sin is odd and cos even, so the sign of x counts only without the quarter turn.
        var turn = octant / 2 + quarter;
        var negative = (turn & 2) != 0 != (x < 0 && quarter == 0);
        double y;
        if ((turn & 1) == 0)
            y = r + r * z * (((((1.58962301576546568060e-10 * z - 2.50507477628578072866e-8) * z + 2.75573136213857245213e-6) * z - 1.98412698295895385996e-4) * z
                + 8.33333333332211858878e-3) * z - 1.66666666666666307295e-1);
        else
            y = 1 - 0.5 * z + z * z * (((((-1.13585365213876817300e-11 * z + 2.08757008419747316778e-9) * z - 2.75573141792967388112e-7) * z + 2.48015872888517045348e-5) * z
                - 1.38888888888730564116e-3) * z + 4.16666666666665929218e-2);
        return negative ? -y : y;
    }
}
