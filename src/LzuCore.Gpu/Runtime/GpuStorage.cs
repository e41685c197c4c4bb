using ILGPU;
using LzuCore.Memory;

namespace LzuCore.Gpu.Runtime;

/// <summary>A pooled buffer in the memory of a device.</summary>
internal sealed class GpuStorage : Storage
{
    private readonly CachingAllocator _allocator;
    private readonly DeviceBlock _block;

    public GpuStorage(Device device, long byteLength, CachingAllocator allocator)
        : base(device, byteLength)
    {
        _allocator = allocator;
        _block = allocator.Rent(byteLength);
    }

    /// <summary>The bytes, slack included.</summary>
    public ArrayView<byte> Bytes => _block.View;

    /// <summary>The memory.</summary>
    public DeviceBlock Block => _block;

    /// <inheritdoc/>
    protected override void ReturnBuffer()
    {
        // The constructor may have thrown for want of memory; the finalizer still runs.
        if (_block is not null) _allocator.Return(_block);
    }
}

/// <summary>How kernels get at a <see cref="TensorView"/>.</summary>
internal static class GpuViews
{
    /// <summary>The address of the element at the layout's offset, for native libraries. The caller keeps the storage alive until the work is in the stream.</summary>
    internal static nint DeviceAddress(this TensorView view) => view.Storage.DeviceAddress() + checked((nint)(view.Layout.Offset * view.DType.Size()));

    /// <summary>The address of a buffer's first byte.</summary>
    internal static nint DeviceAddress(this Storage storage) => ((GpuStorage)storage).Block.Address;

    /// <summary>The whole buffer as elements of <typeparamref name="T"/>; the layout's offset is not applied.</summary>
    /// <exception cref="DTypeException">The dtype's size is not that of <typeparamref name="T"/>.</exception>
    public static unsafe ArrayView<T> Elements<T>(this TensorView view) where T : unmanaged =>
        sizeof(T) == view.DType.Size()
            ? ((GpuStorage)view.Storage).Bytes.Cast<T>()
            : throw new DTypeException($"a buffer of {view.DType.Name()} was read as {typeof(T).Name}");

    /// <summary>As <see cref="Elements{T}"/>, from the layout's first element on.</summary>
    public static ArrayView<T> Dense<T>(this TensorView view) where T : unmanaged => view.Elements<T>().SubView(view.Layout.Offset, view.Count);
}
