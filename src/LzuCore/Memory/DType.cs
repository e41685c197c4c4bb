namespace LzuCore.Memory;

/// <summary>The type of a tensor's elements. Arithmetic runs in <see cref="Float32"/> (and <see cref="Float64"/> for gradient checks);
/// <see cref="Float16"/> and <see cref="BFloat16"/> are storage, converted before use.</summary>
public enum DType
{
    /// <summary>IEEE single precision.</summary>
    Float32,
    /// <summary>IEEE double precision.</summary>
    Float64,
    /// <summary>IEEE half precision, storage only.</summary>
    Float16,
    /// <summary>Upper half of a float32, storage only.</summary>
    BFloat16,
    /// <summary>64-bit signed integer: indices.</summary>
    Int64,
    /// <summary>32-bit signed integer.</summary>
    Int32,
    /// <summary>16-bit signed integer, storage only.</summary>
    Int16,
    /// <summary>8-bit signed integer, storage only.</summary>
    Int8,
    /// <summary>8-bit unsigned integer: pixels.</summary>
    UInt8,
    /// <summary>One byte, 0 or 1.</summary>
    Bool,
}

/// <summary>Facts about a <see cref="DType"/>.</summary>
public static class DTypes
{
    /// <summary>Bytes of one element.</summary>
    public static int Size(this DType dtype) => dtype switch
    {
        DType.Float64 or DType.Int64 => 8,
        DType.Float32 or DType.Int32 => 4,
        DType.Float16 or DType.BFloat16 or DType.Int16 => 2,
        _ => 1,
    };

    /// <summary>The outside world's spelling: <c>float32</c>, <c>bfloat16</c>, <c>int64</c>, <c>bool</c>.</summary>
    public static string Name(this DType dtype) => dtype.ToString().ToLowerInvariant();

    /// <summary>Whether the dtype is one of the four floating ones.</summary>
    public static bool IsFloating(this DType dtype) => dtype is DType.Float32 or DType.Float64 or DType.Float16 or DType.BFloat16;

    /// <summary>Whether values are stored in 16 bits and computed in float32.</summary>
    public static bool IsHalf(this DType dtype) => dtype is DType.Float16 or DType.BFloat16;

    /// <summary>The dtype that stores a C# element type (<c>float</c>, <c>double</c>, <see cref="Half"/>, <c>long</c>, <c>int</c>, <c>short</c>, <c>sbyte</c>, <c>byte</c>, <c>bool</c>).</summary>
    /// <exception cref="DTypeException">No dtype stores <typeparamref name="T"/>.</exception>
    public static DType Of<T>() where T : unmanaged =>
        typeof(T) == typeof(float) ? DType.Float32 :
        typeof(T) == typeof(double) ? DType.Float64 :
        typeof(T) == typeof(Half) ? DType.Float16 :
        typeof(T) == typeof(long) ? DType.Int64 :
        typeof(T) == typeof(int) ? DType.Int32 :
        typeof(T) == typeof(short) ? DType.Int16 :
        typeof(T) == typeof(sbyte) ? DType.Int8 :
        typeof(T) == typeof(byte) ? DType.UInt8 :
        typeof(T) == typeof(bool) ? DType.Bool :
        throw new DTypeException($"no dtype stores the C# type {typeof(T).Name}. Use float, double, Half, long, int, short, sbyte, byte or bool.");
}
