namespace LzuCore.Memory;

/// <summary>A pooled, 64-byte aligned buffer in host memory.</summary>
public sealed unsafe class HostStorage : Storage
{
    private readonly BufferPool.Block _block;

    internal HostStorage(Device device, long byteLength, BufferPool pool)
        : base(device, byteLength)
    {
        Pool = pool;
        _block = pool.Rent(byteLength);
    }

    /// <summary>The first byte. Aligned to 64; at least 64 readable bytes follow the last element, so that a vector load at the end stays inside.</summary>
    public byte* Pointer => _block.Pointer;

    private BufferPool Pool { get; }

    /// <inheritdoc/>
    protected override void ReturnBuffer() => Pool.Return(_block);
}
