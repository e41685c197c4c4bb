using System.Numerics;
using ILGPU;
using ILGPU.Runtime;
using LzuCore.Memory;

namespace LzuCore.Gpu.Runtime;

/// <summary>Size-classed device memory, kept for reuse: cuMemAlloc and cuMemFree synchronise the device, so a frame must not call them.</summary>
/// <remarks>Classes are a quarter of a power of two apart. All work runs in the order of one stream, so a returned block may be handed out at once.
/// When the device is full, the pool is emptied, forgotten tensors are collected, and the request is tried once more.</remarks>
internal sealed class CachingAllocator(Accelerator accelerator, string device)
{
    private readonly Dictionary<long, Stack<MemoryBuffer1D<byte, Stride1D.Dense>>> _free = [];

    // Every block, so that none becomes unreachable together with its storage: ILGPU's finalizer would free it while the storage's returns it here.
    private readonly HashSet<MemoryBuffer1D<byte, Stride1D.Dense>> _blocks = new(ReferenceEqualityComparer.Instance);
    private readonly Lock _lock = new();
    private long _live, _pooled, _peak, _rentals;

    /// <summary>What is live, pooled, and was at most live.</summary>
    public PoolStatistics Statistics
    {
        get { lock (_lock) return new PoolStatistics(_live, _pooled, _peak, _rentals); }
    }

    /// <summary>A block of at least <paramref name="byteLength"/> bytes, uninitialised.</summary>
    /// <exception cref="OutOfDeviceMemoryException">The device has no such block, even after collecting.</exception>
    public MemoryBuffer1D<byte, Stride1D.Dense> Rent(long byteLength)
    {
        Check.That(byteLength >= 0, $"allocate: bytes must be 0 or more, got {byteLength}.");
        var size = ClassOf(byteLength);
        lock (_lock)
        {
            if (_free.TryGetValue(size, out var stack) && stack.TryPop(out var block))
            {
                _pooled -= size;
                Count(size);
                return block;
            }
        }
        var fresh = TryAllocate(size, out _);
        if (fresh is null)
        {
            Trim();
            GC.Collect();
            GC.WaitForPendingFinalizers();
            Trim();
            fresh = TryAllocate(size, out var error) ?? throw new OutOfDeviceMemoryException(
                $"{device}: out of memory: asked {Text(size)}, {Text(Statistics.LiveBytes)} of {Text(accelerator.MemorySize)} live. Use a smaller batch or image.", error);
        }
        lock (_lock)
        {
            _blocks.Add(fresh);
            Count(size);
        }
        return fresh;
    }

    /// <summary>Takes a block back.</summary>
    public void Return(MemoryBuffer1D<byte, Stride1D.Dense> block)
    {
        lock (_lock)
        {
            _live -= block.Length;
            _pooled += block.Length;
            if (!_free.TryGetValue(block.Length, out var stack)) _free[block.Length] = stack = new();
            stack.Push(block);
        }
    }

    /// <summary>Frees everything that is pooled and not in use, after the device has finished with it.</summary>
    public void Trim()
    {
        accelerator.Synchronize();
        lock (_lock)
        {
            foreach (var stack in _free.Values)
                while (stack.TryPop(out var block))
                {
                    _blocks.Remove(block);
                    block.Dispose();
                }
            _free.Clear();
            _pooled = 0;
        }
    }

    private void Count(long size)
    {
        _live += size;
        _rentals++;
        _peak = Math.Max(_peak, _live);
    }

    private MemoryBuffer1D<byte, Stride1D.Dense>? TryAllocate(long size, out Exception? error)
    {
        error = null;
        try
        {
            return accelerator.Allocate1D<byte>(size);
        }
        catch (Exception e) when (e is AcceleratorException or OutOfMemoryException)
        {
            error = e;
            return null;
        }
    }

    private static long ClassOf(long bytes)
    {
        if (bytes <= 256) return 256;
        var step = 1L << (61 - BitOperations.LeadingZeroCount((ulong)(bytes - 1)));
        return (bytes + step - 1) / step * step;
    }

    private static string Text(long bytes) => $"{bytes / (double)(1 << 20):0.#} MiB";
}
