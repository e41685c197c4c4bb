using System.Runtime.CompilerServices;

namespace LzuCore.Memory;

/// <summary>What a kernel sees of a tensor: a buffer, a layout, a dtype. The caller keeps the storage alive for the call.</summary>
/// <param name="Storage">The buffer.</param>
/// <param name="Layout">How the shape lies in it.</param>
/// <param name="DType">What its elements are.</param>
public readonly record struct TensorView(Storage Storage, Layout Layout, DType DType)
{
    /// <summary>The logical sizes.</summary>
    public Shape Shape => Layout.Shape;

    /// <summary>Elements in logical order.</summary>
    public long Count => Layout.Shape.Count;

    /// <summary>The first element (offset applied) of a buffer in host memory.</summary>
    /// <exception cref="DTypeException">The dtype does not store <typeparamref name="T"/>.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe T* Pointer<T>() where T : unmanaged
    {
        if (sizeof(T) != DType.Size()) throw new DTypeException($"a buffer of {DType.Name()} was read as {typeof(T).Name}");
        return (T*)((HostStorage)Storage).Pointer + Layout.Offset;
    }

    /// <summary>The same buffer under another layout.</summary>
    public TensorView With(Layout layout) => new(Storage, layout, DType);
}
