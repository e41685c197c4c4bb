using System.Numerics;
using System.Runtime.InteropServices;
using LzuCore.Memory.Interop;

namespace LzuCore.Memory;

/// <summary>64-byte aligned host memory. Rented by storages, returned by scopes (early) or finalizers (late).</summary>
/// <remarks>Small blocks come in sizes a quarter of a power of two apart, large ones are cut from segments that grow and whose free neighbours join again, so that a step or frame needs little more than what is live at once; what is
/// made of weights and lives as long as they do has blocks of its own, which are reused for the same length. Returned blocks are kept for the next frame or step while all that is live or kept is at most what was once
/// live at the same time, or <see cref="RetainLimit"/>: a training that needs more every step does not take it from the system every step. The GC is told of every byte taken from the system, so that forgotten tensors
/// bring a collection before memory runs out, while reuse inside the pool costs it nothing.</remarks>
public sealed unsafe class BufferPool
{
    private const long Alignment = 64;

    // From here on blocks are cut from segments: ranges of this many addresses, shorter ones where the system refuses so many. Only what is used of them takes memory and is told of.
    private const long Large = 64 << 10, Segment = 256L << 20, ShortSegment = 32L << 20;

    // What is made of weights is left to finalizers when a training writes new ones. Nothing tells the GC that it has work while blocks are reused, so it is told after this much.
    private const long CollectAfter = 512L << 20;

    private readonly Dictionary<long, Stack<nint>> _small = [], _lasting = [];
    private readonly SegmentHeap _segments = new();
    private readonly Lock _lock = new();
    private long _live, _owned, _peak, _rented, _lastingSinceCollection;

    /// <summary>The pool that the CPU backend uses.</summary>
    public static BufferPool Shared { get; } = new();

    /// <summary>Bytes kept for reuse at most, unless more were live at once.</summary>
    public long RetainLimit { get; init; } = 2L << 30;

    /// <summary>What is live, pooled, and was at most live.</summary>
    public PoolStatistics Statistics
    {
        get { lock (_lock) return new PoolStatistics(_live, _owned - _live, _peak, _rented); }
    }

    // A rented piece of memory: its first byte (aligned to 64), its size, and where it goes back to.
    internal readonly record struct Block(nint Address, long Bytes, SegmentHeap.Piece? Piece, bool Lasts)
    {
        public byte* Pointer => (byte*)Address;
    }

    /// <summary>Memory of at least a length, with 64 readable bytes behind it. Not cleared.</summary>
    /// <param name="byteLength">How much.</param>
    /// <param name="lasts">Whether it is made of weights and lives as long: it would keep the pieces of a segment apart.</param>
    internal Block Rent(long byteLength, bool lasts = false)
    {
        if (byteLength < 0) throw new ArgumentValueException($"allocate: bytes must be 0 or more, got {byteLength}.");
        var size = byteLength > long.MaxValue - 4 * Alignment ? long.MaxValue : (byteLength + 2 * Alignment - 1) / Alignment * Alignment;
        if (lasts && Interlocked.Add(ref _lastingSinceCollection, size) > CollectAfter)
        {
            Interlocked.Exchange(ref _lastingSinceCollection, 0);
            GC.Collect();
        }
        if (TryRent(size, lasts) is { } block) return block;
        // Not under the lock, which finalizers take.
        Trim();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Trim();
        return TryRent(size, lasts) ?? throw new OutOfDeviceMemoryException($"cpu: out of memory: asked {Text(size)}, {Text(Statistics.LiveBytes)} live. Use a smaller batch or image.");
    }

    /// <summary>Takes a block back.</summary>
    /// <param name="block">What was rented.</param>
    /// <param name="keeps">Whether another block of its size is likely to be wanted; otherwise its memory goes to the system, where it is not part of a segment.</param>
    internal void Return(Block block, bool keeps = true)
    {
        lock (_lock)
        {
            _live -= block.Bytes;
            // Segments that are not full make a step's peak a little more.
            keeps &= _owned - _live <= RetainLimit || _owned <= _peak + _peak / 8;
            if (block.Piece is { } piece)
            {
                piece = _segments.Give(piece);
                if (!keeps && piece.IsWhole) Drop(piece);
            }
            else if (keeps) Stack(block.Lasts ? _lasting : _small, block.Bytes).Push(block.Address);
            else Free(block.Address, block.Bytes);
        }
    }

    /// <summary>Frees what is pooled and not in use, but for what lies in a segment with something that is.</summary>
    public void Trim()
    {
        lock (_lock)
        {
            foreach (var blocks in new[] { _small, _lasting })
            {
                foreach (var (size, stack) in blocks)
                    while (stack.TryPop(out var address)) Free(address, size);
                blocks.Clear();
            }
            foreach (var piece in _segments.WholeSegments()) Drop(piece);
        }
    }

    private Block? TryRent(long size, bool lasts)
    {
        lock (_lock)
        {
            if ((Reused(size, lasts) ?? Fresh(size, lasts)) is not { } block) return null;
            _live += block.Bytes;
            _rented++;
            _peak = Math.Max(_peak, _live);
            return block;
        }
    }

    private Block? Reused(long size, bool lasts)
    {
        if (!lasts && size >= Large) return _segments.Take(size) is { } piece ? new Block(piece.Address, piece.Bytes, piece, false) : null;
        var bytes = lasts ? size : ClassOf(size);
        return (lasts ? _lasting : _small).TryGetValue(bytes, out var stack) && stack.TryPop(out var address) ? new Block(address, bytes, null, lasts) : null;
    }

    private Block? Fresh(long size, bool lasts)
    {
        if (lasts || size < Large)
        {
            var bytes = lasts ? size : ClassOf(size);
            if (Reserve(bytes) is not (not 0 and var address)) return null;
            Own(bytes);
            return new Block(address, bytes, null, lasts);
        }
        if (_segments.Grow(size) is not 0 and var more)
        {
            Own(more);
            return Reused(size, false);
        }
        foreach (var range in new[] { Segment, ShortSegment, size })
        {
            if (range < size || Reserve(range) is not (not 0 and var start)) continue;
            _segments.Add(start, range);
            Own(_segments.Grow(size));
            return Reused(size, false);
        }
        return null;
    }

    private void Drop(SegmentHeap.Piece piece)
    {
        _segments.Drop(piece);
        Free(piece.Address, piece.Bytes);
    }

    // Addresses of memory that the system gives when they are written to.
    private static nint Reserve(long size)
    {
        try
        {
            var address = (nint)NativeMemory.AlignedAlloc((nuint)size, (nuint)Alignment);
            HugePages.Want(address, size);
            return address;
        }
        catch (OutOfMemoryException)
        {
            return 0;
        }
    }

    private void Own(long size)
    {
        GC.AddMemoryPressure(size);
        _owned += size;
    }

    private void Free(nint address, long size)
    {
        NativeMemory.AlignedFree((void*)address);
        GC.RemoveMemoryPressure(size);
        _owned -= size;
    }

    private static Stack<nint> Stack(Dictionary<long, Stack<nint>> blocks, long size)
    {
        if (!blocks.TryGetValue(size, out var stack)) blocks[size] = stack = new Stack<nint>();
        return stack;
    }

    private static long ClassOf(long bytes)
    {
        if (bytes <= 256) return 256;
        var step = 1L << (62 - BitOperations.LeadingZeroCount((ulong)(bytes - 1)) - 1);
        return (bytes + step - 1) / step * step;
    }

    private static string Text(long bytes) => $"{bytes / (double)(1 << 20):0.#} MiB";
}
