using ILGPU;
using LzuCore.Memory;

namespace LzuCore.Gpu.Runtime;

/// <summary>Device memory for the length of a kernel call. Work runs in the order of one stream, so it may go back right after the last launch.</summary>
internal readonly struct Scratch(Backend backend, DType dtype, long count) : IDisposable
{
    private readonly TensorView _view = new(backend.Allocate(dtype, count), Layout.RowMajor([checked((int)count)]), dtype);

    /// <summary>The buffer, as a view of rank 1.</summary>
    public TensorView View => _view;

    /// <summary>The buffer's elements.</summary>
    public ArrayView<T> Elements<T>() where T : unmanaged => _view.Elements<T>();

    /// <summary>Gives the memory back.</summary>
    public void Dispose() => _view.Storage.Release();
}

/// <summary>How a long axis is cut so that a sum over it takes two passes of about the square root of its length each; the cut depends on the length alone.</summary>
internal readonly record struct Chunks(int Length, int Number)
{
    private const int Unsplit = 1024;

    /// <summary>The cut of <paramref name="count"/> elements; one empty chunk when there are none.</summary>
    public static Chunks Of(long count)
    {
        Check.That(count <= int.MaxValue, $"at most 2^31 - 1 elements may be reduced into one, got {count}.");
        var length = count <= Unsplit ? (int)Math.Max(1, count) : (int)Math.Ceiling(Math.Sqrt(count));
        return new Chunks(length, (int)Math.Max(1, (count + length - 1) / length));
    }
}
