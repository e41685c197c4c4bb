using LzuCore.Memory;

namespace LzuCore.Nn.Serialization;

// A dtype as files know it. Wider than DType: what no kernel computes with can still be listed, hashed and copied from file to file.
// SwapSize is the unit whose bytes are reversed between byte orders (half of a complex number).
internal sealed record FileDType(string Name, int Size, int SwapSize, DType? Memory)
{
    public static readonly FileDType
        Float32 = Of(DType.Float32), Float64 = Of(DType.Float64), Float16 = Of(DType.Float16), BFloat16 = Of(DType.BFloat16), Int64 = Of(DType.Int64),
        Int32 = Of(DType.Int32), Int16 = Of(DType.Int16), Int8 = Of(DType.Int8), UInt8 = Of(DType.UInt8), Bool = Of(DType.Bool),
        UInt16 = new("uint16", 2, 2, null), UInt32 = new("uint32", 4, 4, null), UInt64 = new("uint64", 8, 8, null),
        Float8E4M3 = new("float8_e4m3fn", 1, 1, null), Float8E5M2 = new("float8_e5m2", 1, 1, null),
        Complex64 = new("complex64", 8, 4, null), Complex128 = new("complex128", 16, 8, null),
        QInt8 = new("qint8", 1, 1, null), QUInt8 = new("quint8", 1, 1, null), QInt32 = new("qint32", 4, 4, null);

    public static FileDType Of(DType dtype) => new(dtype.Name(), dtype.Size(), dtype.Size(), dtype);

    // The number of bytes of a shape; negative sizes, sizes above 2^31-1 and products above 2^62 are refused.
    public static (Shape Shape, long Count) CheckShape(ReadOnlySpan<long> sizes, FileDType dtype, Func<string, Exception> bad)
    {
        if (sizes.Length > 64) throw bad($"has {sizes.Length} axes. At most 64 make sense; the file is refused");
        var dims = new int[sizes.Length];
        Int128 product = dtype.Size;
        for (var i = 0; i < sizes.Length; i++)
        {
            if (sizes[i] is < 0 or > int.MaxValue) throw bad($"has size {sizes[i]} on axis {i}. Sizes must be between 0 and {int.MaxValue}");
            dims[i] = (int)sizes[i];
            product *= Math.Max(1, dims[i]);
            if (product > 1L << 58) throw bad($"has shape [{string.Join(", ", sizes.ToArray())}], more bytes than any file holds. The file is damaged");
        }
        var shape = new Shape(dims);
        return (shape, shape.Count);
    }
}
