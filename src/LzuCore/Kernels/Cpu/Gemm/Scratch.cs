using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// Pooled working memory of a kernel, given back when disposed. Uninitialised, 64-byte aligned.
internal readonly unsafe struct Scratch : IDisposable
{
    private readonly BufferPool.Block _block;

    public Scratch(long bytes) => _block = BufferPool.Shared.Rent(bytes);

    public static Scratch Floats(long count) => new(checked(count * sizeof(float)));

    public float* Pointer => (float*)_block.Pointer;

    public void Dispose() => BufferPool.Shared.Return(_block);
}
