using System.Runtime.InteropServices;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Tensors;

public sealed partial class Tensor
{
    /// <summary>An uninitialised tensor in the default layout (channels-last for rank 4).</summary>
    public static Tensor Empty(Shape shape, DType dtype = DType.Float32, Device? device = null) =>
        EmptyWithLayout(Layout.Default(shape), dtype, device ?? Device.Cpu);

    /// <summary>An uninitialised tensor with another's dtype and device.</summary>
    public static Tensor Empty(Shape shape, Tensor like) => EmptyWithLayout(Layout.Default(shape), like.DType, like.Device);

    /// <summary>An uninitialised tensor with a given dense layout, for ops whose kernels want one.</summary>
    internal static Tensor EmptyWithLayout(Layout layout, DType dtype, Device device)
    {
        var storage = BackendRegistry.Get(device).Allocate(dtype, layout.Extent);
        TensorScope.Adopt(storage);
        return new Tensor(storage, layout, dtype);
    }

    /// <summary>An uninitialised tensor in the place of one in host memory, which ends: see <see cref="HostStorage.TakeOver"/>.</summary>
    internal static Tensor InPlaceOf(Tensor other)
    {
        TensorScope.Forget(other.Storage);
        var storage = ((HostStorage)other.Storage).TakeOver();
        TensorScope.Adopt(storage);
        return new Tensor(storage, other.Layout, other.DType);
    }

    /// <summary>A tensor in host memory whose values are computed when they are read, and forgotten once a kernel has packed them: weights that take no memory beside what is packed of them.
    /// Whoever else reads them (an optimiser, <see cref="ToArray{T}"/>) makes them stay.</summary>
    /// <param name="shape">Its shape.</param>
    /// <param name="dtype">Its dtype.</param>
    /// <param name="fill">Writes the values into a view of the default layout (channels-last for rank 4); the same each time, on any thread.</param>
    public static Tensor Computed(Shape shape, DType dtype, Action<TensorView> fill)
    {
        var layout = Layout.Default(shape);
        return new Tensor(new HostStorage(Device.Cpu, checked(layout.Extent * dtype.Size()), BufferPool.Shared, storage => fill(new TensorView(storage, layout, dtype))), layout, dtype);
    }

    /// <summary>Every element equal to <paramref name="value"/>.</summary>
    public static Tensor Full(Shape shape, double value, DType dtype = DType.Float32, Device? device = null)
    {
        var tensor = Empty(shape, dtype, device);
        tensor.Backend.Kernel<ICopyKernel>().Fill(value, tensor.View);
        return tensor;
    }

    /// <summary>Zeros.</summary>
    public static Tensor Zeros(Shape shape, DType dtype = DType.Float32, Device? device = null) => Full(shape, 0, dtype, device);

    /// <summary>Zeros with another's dtype and device.</summary>
    public static Tensor Zeros(Shape shape, Tensor like) => Full(shape, 0, like.DType, like.Device);

    /// <summary>Ones.</summary>
    public static Tensor Ones(Shape shape, DType dtype = DType.Float32, Device? device = null) => Full(shape, 1, dtype, device);

    /// <summary>A scalar.</summary>
    public static Tensor Scalar(double value, DType dtype = DType.Float32, Device? device = null) => Full([], value, dtype, device);

    /// <summary>0, 1, …, count - 1.</summary>
    public static Tensor Arange(int count, DType dtype = DType.Float32) =>
        dtype == DType.Float64
            ? From([.. Enumerable.Range(0, count).Select(i => (double)i)], [count])
            : Convert(From([.. Enumerable.Range(0, count).Select(i => (long)i)], [count]), dtype);

    /// <summary>A copy of host values given in logical (row-major) order. The dtype follows the C# type.</summary>
    /// <exception cref="ShapeException">The number of values is not the shape's.</exception>
    public static Tensor From<T>(ReadOnlySpan<T> values, Shape shape, Device? device = null) where T : unmanaged
    {
        if (values.Length != shape.Count) throw new ShapeException("from", $"shape {shape} needs {shape.Count} values", $"{values.Length}");
        return FromBytes(MemoryMarshal.AsBytes(values), DTypes.Of<T>(), shape, device);
    }

    /// <inheritdoc cref="From{T}(ReadOnlySpan{T}, Shape, Device?)"/>
    public static Tensor From<T>(T[] values, Shape shape, Device? device = null) where T : unmanaged => From((ReadOnlySpan<T>)values, shape, device);

    /// <summary>A copy of little-endian bytes in logical (row-major) order, as checkpoint files hold them.</summary>
    /// <exception cref="ShapeException">The number of bytes is not the shape's.</exception>
    public static Tensor FromBytes(ReadOnlySpan<byte> bytes, DType dtype, Shape shape, Device? device = null)
    {
        if (bytes.Length != shape.Count * dtype.Size()) throw new ShapeException("from_bytes", $"shape {shape} of {dtype.Name()} needs {shape.Count * dtype.Size()} bytes", $"{bytes.Length}");
        var target = device ?? Device.Cpu;
        var plain = EmptyWithLayout(Layout.RowMajor(shape), dtype, target);
        plain.Backend.Upload(bytes, plain.Storage);
        if (plain.Layout.IsDefault) return plain;
        var result = EmptyWithLayout(Layout.Default(shape), dtype, target);
        result.Backend.Kernel<ICopyKernel>().Copy(plain.View, result.View);
        TensorScope.ReleaseNow(plain);
        return result;
    }

    /// <summary>Uniform numbers in [low, high) from a counter-based stream; element i depends on the stream and i only.</summary>
    public static Tensor Uniform(Shape shape, RandomSource random, double low = 0, double high = 1, DType dtype = DType.Float32) =>
        Generate(shape, i => low + (high - low) * random.Uniform((ulong)i), dtype);

    /// <summary>Normal numbers from a counter-based stream.</summary>
    public static Tensor Normal(Shape shape, RandomSource random, double mean = 0, double deviation = 1, DType dtype = DType.Float32) =>
        Generate(shape, i => mean + deviation * random.Normal((ulong)i), dtype);

    /// <summary>Element i (logical order) is <paramref name="value"/>(i), computed in float64 and rounded once.</summary>
    public static Tensor Generate(Shape shape, Func<long, double> value, DType dtype = DType.Float32)
    {
        if (dtype == DType.Float32)
        {
            var single = new float[shape.Count];
            for (long i = 0; i < single.Length; i++) single[i] = (float)value(i);
            return From(single, shape);
        }
        var data = new double[shape.Count];
        for (long i = 0; i < data.Length; i++) data[i] = value(i);
        return Convert(From(data, shape), dtype);
    }

    private static Tensor Convert(Tensor from, DType dtype)
    {
        if (from.DType == dtype) return from;
        var result = Empty(from.Shape, dtype, from.Device);
        from.Backend.Kernel<ICopyKernel>().Copy(from.View, result.View);
        TensorScope.ReleaseNow(from);
        return result;
    }
}
