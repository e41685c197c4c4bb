using System.Numerics;
using System.Runtime.InteropServices;

namespace LzuCore.Memory;

/// <summary>Size-classed, 64-byte aligned host memory. Rented by storages, returned by scopes (early) or finalizers (late).</summary>
/// <remarks>Classes are a quarter of a power of two apart, so at most a fifth of a block is slack. Returned blocks are kept for the next frame or step while all that is live or
/// kept is at most what was once live at the same time, or <see cref="RetainLimit"/>: a training that needs more every step does not take it from the system every
/// step. The GC is told of every byte taken from the system, so that forgotten tensors bring a collection before memory runs out, while reuse inside the pool costs it nothing.</remarks>
public sealed unsafe class BufferPool
{
    private const long Alignment = 64;
    private readonly Dictionary<long, Stack<nint>> _free = [];
    private readonly Lock _lock = new();
    private long _live, _pooled, _peak, _rented;

    /// <summary>The pool that the CPU backend uses.</summary>
    public static BufferPool Shared { get; } = new();

    /// <summary>Bytes kept for reuse at most, unless more were live at once.</summary>
    public long RetainLimit { get; init; } = 2L << 30;

    /// <summary>What is live, pooled, and was at most live.</summary>
    public PoolStatistics Statistics
    {
        get { lock (_lock) return new PoolStatistics(_live, _pooled, _peak, _rented); }
    }

    // A rented piece of memory: its first byte (aligned to 64) and its class size.
    internal readonly record struct Block(nint Address, long Bytes)
    {
        public byte* Pointer => (byte*)Address;
    }

    internal Block Rent(long byteLength)
    {
        if (byteLength < 0) throw new ArgumentValueException($"allocate: bytes must be 0 or more, got {byteLength}.");
        var size = ClassOf(byteLength + Alignment);
        lock (_lock)
        {
            _live += size;
            _rented++;
            _peak = Math.Max(_peak, _live);
            if (_free.TryGetValue(size, out var stack) && stack.TryPop(out var address))
            {
                _pooled -= size;
                return new Block(address, size);
            }
        }
        var fresh = TryAllocate(size);
        if (fresh == 0)
        {
            Trim();
            GC.Collect();
            GC.WaitForPendingFinalizers();
            Trim();
            fresh = TryAllocate(size);
        }
        if (fresh == 0)
        {
            lock (_lock) _live -= size;
            throw new OutOfDeviceMemoryException($"cpu: out of memory: asked {Text(size)}, {Text(Statistics.LiveBytes)} live. Use a smaller batch or image.");
        }
        return new Block(fresh, size);
    }

    internal void Return(Block block)
    {
        lock (_lock)
        {
            _live -= block.Bytes;
            if (_pooled + block.Bytes <= RetainLimit || _live + _pooled + block.Bytes <= _peak)
            {
                if (!_free.TryGetValue(block.Bytes, out var stack)) _free[block.Bytes] = stack = new Stack<nint>();
                stack.Push(block.Address);
                _pooled += block.Bytes;
                return;
            }
        }
        Free(block.Address, block.Bytes);
    }

    /// <summary>Frees everything that is pooled and not in use.</summary>
    public void Trim()
    {
        lock (_lock)
        {
            foreach (var (size, stack) in _free)
                while (stack.TryPop(out var address)) Free(address, size);
            _free.Clear();
            _pooled = 0;
        }
    }

    private static nint TryAllocate(long size)
    {
        try
        {
            var address = (nint)NativeMemory.AlignedAlloc((nuint)size, (nuint)Alignment);
            GC.AddMemoryPressure(size);
            return address;
        }
        catch (OutOfMemoryException)
        {
            return 0;
        }
    }

    private static void Free(nint address, long size)
    {
        NativeMemory.AlignedFree((void*)address);
        GC.RemoveMemoryPressure(size);
    }

    private static long ClassOf(long bytes)
    {
        if (bytes <= 256) return 256;
        var step = 1L << (62 - BitOperations.LeadingZeroCount((ulong)(bytes - 1)) - 1);
        return (bytes + step - 1) / step * step;
    }

    private static string Text(long bytes) => $"{bytes / (double)(1 << 20):0.#} MiB";
}
