using System.Numerics;
using LzuCore.Memory;

namespace LzuCore.Gpu.Runtime;

/// <summary>Size-classed device memory, kept for reuse: cuMemAlloc and cuMemFree synchronise the device, so a frame must not call them.</summary>
/// <remarks>Classes are a quarter of a power of two apart. All work runs in the order of one stream, so a returned block may be handed out at once.
/// When the device is full, the pool is emptied, forgotten tensors are collected, and the request is tried once more. What is rented while a graph is captured belongs to
/// the graph, whose kernels have the addresses in them, until the graph is gone.</remarks>
internal sealed class CachingAllocator(IDeviceMemory memory, string device)
{
    private readonly BlockPool _shared = new();
    private readonly Lock _lock = new();
    private BlockPool? _captured;
    private List<DeviceBlock>? _capturedBlocks;
    private long _live, _pooled, _peak, _rentals;

    /// <summary>What is live, pooled, and was at most live. Blocks of captured graphs count as live.</summary>
    public PoolStatistics Statistics
    {
        get { lock (_lock) return new PoolStatistics(_live, _pooled, _peak, _rentals); }
    }

    /// <summary>A block of at least <paramref name="byteLength"/> bytes, uninitialised.</summary>
    /// <exception cref="OutOfDeviceMemoryException">The device has no such block, even after collecting.</exception>
    public DeviceBlock Rent(long byteLength)
    {
        Check.That(byteLength >= 0, $"allocate: bytes must be 0 or more, got {byteLength}.");
        var size = ClassOf(byteLength);
        lock (_lock)
        {
            if (_captured is not null && _captured.TryTake(size, out var own)) return own!;
            if (_shared.TryTake(size, out var block))
            {
                _pooled -= size;
                return Count(block!);
            }
        }
        var fresh = memory.Allocate(size);
        if (fresh is null)
        {
            Trim();
            GC.Collect();
            GC.WaitForPendingFinalizers();
            Trim();
            fresh = memory.Allocate(size) ?? throw new OutOfDeviceMemoryException(
                $"{device}: out of memory: asked {Text(size)}, {Text(Statistics.LiveBytes)} of {Text(memory.Size)} live. Use a smaller batch or image.");
        }
        lock (_lock) return Count(fresh);
    }

    /// <summary>Takes a block back.</summary>
    public void Return(DeviceBlock block)
    {
        lock (_lock)
        {
            block.Home!.Put(block);
            if (block.Home != _shared) return;
            _live -= block.Length;
            _pooled += block.Length;
        }
    }

    /// <summary>From here on, what is rented belongs to a graph.</summary>
    public void BeginCapture()
    {
        lock (_lock) (_captured, _capturedBlocks) = (new BlockPool(), []);
    }

    /// <summary>Ends the capture and gives the graph's blocks.</summary>
    public IReadOnlyList<DeviceBlock> EndCapture()
    {
        lock (_lock)
        {
            var blocks = _capturedBlocks!;
            (_captured, _capturedBlocks) = (null, null);
            return blocks;
        }
    }

    /// <summary>A graph is gone: its blocks go back, those that are still in a tensor's hands when they are returned.</summary>
    public void Adopt(IReadOnlyList<DeviceBlock> blocks)
    {
        lock (_lock)
            foreach (var pool in blocks.Select(b => b.Home!).Distinct().ToList())
            {
                foreach (var block in blocks) block.Home = _shared;
                foreach (var block in pool.Empty())
                {
                    _shared.Put(block);
                    _live -= block.Length;
                    _pooled += block.Length;
                }
            }
    }

    /// <summary>Frees everything that is pooled and not in use, after the device has finished with it.</summary>
    public void Trim()
    {
        memory.Synchronize();
        lock (_lock)
        {
            foreach (var block in _shared.Empty()) memory.Free(block);
            _pooled = 0;
        }
    }

    private DeviceBlock Count(DeviceBlock block)
    {
        block.Home = _captured ?? _shared;
        _capturedBlocks?.Add(block);
        _live += block.Length;
        _rentals++;
        _peak = Math.Max(_peak, _live);
        return block;
    }

    private static long ClassOf(long bytes)
    {
        if (bytes <= 256) return 256;
        var step = 1L << (61 - BitOperations.LeadingZeroCount((ulong)(bytes - 1)));
        return (bytes + step - 1) / step * step;
    }

    private static string Text(long bytes) => $"{bytes / (double)(1 << 20):0.#} MiB";
}
