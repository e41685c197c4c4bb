using Bits = ILGPU.Interop;

namespace LzuCore.Gpu.Kernels;

/// <summary>How a dtype's stored bits become numbers and back, by the CPU's rules: floats to integers truncate and saturate, NaN becomes 0, anything non-zero is true.</summary>
/// <typeparam name="T">What is stored.</typeparam>
internal interface IElement<T> where T : unmanaged
{
    static abstract double ToDouble(T v);
    static abstract long ToLong(T v);
    static abstract T FromDouble(double v);
    static abstract T FromLong(long v);
}

internal readonly struct Float32Element : IElement<float>
{
    public static double ToDouble(float v) => v;
    public static long ToLong(float v) => Saturate.Truncate(v);
    public static float FromDouble(double v) => (float)v;
    public static float FromLong(long v) => v;
}

internal readonly struct Float64Element : IElement<double>
{
    public static double ToDouble(double v) => v;
    public static long ToLong(double v) => Saturate.Truncate(v);
    public static double FromDouble(double v) => v;
    public static double FromLong(long v) => v;
}

// ILGPU has its own Half and no BFloat16; both are converted from their bits here, rounding to nearest even.
internal readonly struct Float16Element : IElement<ushort>
{
    public static double ToDouble(ushort v)
    {
        var exponent = (v >> 10) & 0x1F;
        var mantissa = v & 0x3FF;
        var magnitude = exponent == 0
            ? mantissa * (1.0 / (1 << 24))
            : Bits.IntAsFloat(((ulong)(exponent == 31 ? 2047 : exponent - 15 + 1023) << 52) | ((ulong)mantissa << 42));
        return (v & 0x8000) != 0 ? -magnitude : magnitude;
    }

    public static long ToLong(ushort v) => Saturate.Truncate(ToDouble(v));

    public static ushort FromDouble(double v)
    {
        var bits = Bits.FloatAsInt(v);
        var sign = (int)(bits >> 48) & 0x8000;
        var exponent = (int)((bits >> 52) & 0x7FF) - 1023;
        var mantissa = bits & 0xFFFFFFFFFFFFFUL;
        if (double.IsNaN(v)) return (ushort)(sign | 0x7E00);
        if (exponent > 15) return (ushort)(sign | 0x7C00);
        if (exponent < -25) return (ushort)sign;
        // Subnormal results shift the leading 1 in; the carry of rounding up moves into the exponent by itself.
        var normal = exponent >= -14;
        var shift = normal ? 42 : 28 - exponent;
        var full = normal ? mantissa : mantissa | (1UL << 52);
        var result = (normal ? (ulong)(exponent + 15) << 10 : 0) + (full >> shift);
        var rest = full & ((1UL << shift) - 1);
        var half = 1UL << (shift - 1);
        if (rest > half || (rest == half && (result & 1) != 0)) result++;
        return (ushort)(sign | (int)result);
    }

    public static ushort FromLong(long v) => FromDouble(v);
}

internal readonly struct BFloat16Element : IElement<ushort>
{
    public static double ToDouble(ushort v) => Bits.IntAsFloat((uint)v << 16);
    public static long ToLong(ushort v) => Saturate.Truncate(ToDouble(v));

    public static ushort FromDouble(double v)
    {
        var bits = Bits.FloatAsInt((float)v);
        return double.IsNaN(v) ? (ushort)((bits >> 16) | 0x40) : (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    public static ushort FromLong(long v) => FromDouble(v);
}

internal readonly struct Int64Element : IElement<long>
{
    public static double ToDouble(long v) => v;
    public static long ToLong(long v) => v;
    public static long FromDouble(double v) => Saturate.Truncate(v);
    public static long FromLong(long v) => v;
}

internal readonly struct Int32Element : IElement<int>
{
    public static double ToDouble(int v) => v;
    public static long ToLong(int v) => v;
    public static int FromDouble(double v) => FromLong(Saturate.Truncate(v));
    public static int FromLong(long v) => (int)Saturate.Clamp(v, int.MinValue, int.MaxValue);
}

internal readonly struct Int16Element : IElement<short>
{
    public static double ToDouble(short v) => v;
    public static long ToLong(short v) => v;
    public static short FromDouble(double v) => FromLong(Saturate.Truncate(v));
    public static short FromLong(long v) => (short)Saturate.Clamp(v, short.MinValue, short.MaxValue);
}

internal readonly struct Int8Element : IElement<sbyte>
{
    public static double ToDouble(sbyte v) => v;
    public static long ToLong(sbyte v) => v;
    public static sbyte FromDouble(double v) => FromLong(Saturate.Truncate(v));
    public static sbyte FromLong(long v) => (sbyte)Saturate.Clamp(v, sbyte.MinValue, sbyte.MaxValue);
}

internal readonly struct UInt8Element : IElement<byte>
{
    public static double ToDouble(byte v) => v;
    public static long ToLong(byte v) => v;
    public static byte FromDouble(double v) => FromLong(Saturate.Truncate(v));
    public static byte FromLong(long v) => (byte)Saturate.Clamp(v, 0, 255);
}

internal readonly struct BoolElement : IElement<byte>
{
    public static double ToDouble(byte v) => v != 0 ? 1 : 0;
    public static long ToLong(byte v) => v != 0 ? 1 : 0;
    public static byte FromDouble(double v) => v != 0 ? (byte)1 : (byte)0;
    public static byte FromLong(long v) => v != 0 ? (byte)1 : (byte)0;
}

internal static class Saturate
{
    // 2^63 is exact in float64; the machine conversion of anything outside is not the same on every device.
    public static long Truncate(double v) => double.IsNaN(v) ? 0 : v >= 9223372036854775808.0 ? long.MaxValue : v <= -9223372036854775808.0 ? long.MinValue : (long)v;

    public static long Clamp(long v, long low, long high) => v < low ? low : v > high ? high : v;
}
