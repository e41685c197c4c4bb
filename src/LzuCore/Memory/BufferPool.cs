using System.Numerics;
using System.Runtime.InteropServices;
using LzuCore.Memory.Interop;

namespace LzuCore.Memory;

/// <summary>64-byte aligned host memory. Rented by storages, returned by scopes (early) or finalizers (late).</summary>
/// <remarks>Small blocks come in sizes a quarter of a power of two apart, large ones are cut from segments that grow and whose free neighbours join again, so that a step or frame needs little more than what is live at once; what is
/// made of weights and lives as long as they do has segments of its own. Returned blocks are kept for the next frame or step while all that is live or kept is at most what was once
/// live at the same time, or <see cref="RetainLimit"/>: a training that needs more every step does not take it from the system every step. The GC is told of every byte taken from the system, so that forgotten tensors
/// bring a collection before memory runs out, while reuse inside the pool costs it nothing; before it takes much more for what is made of weights, the pool has the old collected.</remarks>
public sealed unsafe class BufferPool
{
    // Segments start with a huge page, so that they have no small ones.
    private const long Alignment = 64, SegmentAlignment = 2 << 20;

    // From here on blocks are cut from segments: ranges of this many addresses, shorter ones where the system refuses so many. Only what is used of them takes memory and is told of.
    private const long Large = 64 << 10, Segment = 256L << 20, ShortSegment = 32L << 20;

    // What is made of weights is left to finalizers when a training writes new ones. Before more than so much of it is taken from the system, the old is collected: a step then finds what the step before took. Otherwise the pool would
    // grow for as long as finalizers come late, and nothing tells the GC that it has work while blocks are reused.
    private const long CollectAfter = 256L << 20;

    private readonly Dictionary<long, Stack<nint>> _small = [];
    private readonly SegmentHeap _passing = new(), _lasting = new();
    private readonly Lock _lock = new();
    private long _live, _liveLasting, _lastingSinceCollection, _collectAfter = CollectAfter, _owned, _peak, _rented;

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
        if (TryRent(size, lasts, grows: !(lasts && IsCollectionDue())) is { } block) return block;
        if (lasts) Collect();
        if (TryRent(size, lasts) is { } another) return another;
        Trim();
        Collect();
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
            if (block.Lasts) _liveLasting -= block.Bytes;
            // Segments that are not full make a step's peak a little more.
            keeps &= _owned - _live <= RetainLimit || _owned <= _peak + _peak / 8;
            if (block.Piece is { } piece)
            {
                var heap = Heap(block.Lasts);
                piece = heap.Give(piece);
                if (!keeps && piece.IsWhole) Drop(heap, piece);
            }
            else if (keeps) Stack(block.Bytes).Push(block.Address);
            else Free(block.Address, block.Bytes);
        }
    }

    /// <summary>Frees what is pooled and not in use, but for what lies in a segment with something that is.</summary>
    public void Trim()
    {
        lock (_lock)
        {
            foreach (var (size, stack) in _small)
                while (stack.TryPop(out var address)) Free(address, size);
            _small.Clear();
            foreach (var heap in new[] { _passing, _lasting })
                foreach (var piece in heap.WholeSegments()) Drop(heap, piece);
        }
    }

    private bool IsCollectionDue()
    {
        lock (_lock) return _lastingSinceCollection > _collectAfter;
    }

    // Not under the lock, which finalizers take. Where most is still in use, as in a first step, the next collection waits until there is half as much again.
    private void Collect()
    {
        long before, since;
        lock (_lock) (before, since, _lastingSinceCollection) = (_liveLasting, _lastingSinceCollection, 0);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        lock (_lock) _collectAfter = before - _liveLasting > since / 2 ? CollectAfter : Math.Max(CollectAfter, _liveLasting / 2);
    }

    private Block? TryRent(long size, bool lasts, bool grows = true)
    {
        lock (_lock)
        {
            if ((Reused(size, lasts) ?? (grows ? Fresh(size, lasts) : null)) is not { } block) return null;
            _live += block.Bytes;
            if (lasts)
            {
                _liveLasting += block.Bytes;
                _lastingSinceCollection += block.Bytes;
            }
            _rented++;
            _peak = Math.Max(_peak, _live);
            return block;
        }
    }

    private SegmentHeap Heap(bool lasts) => lasts ? _lasting : _passing;

    private Block? Reused(long size, bool lasts)
    {
        if (size >= Large) return Heap(lasts).Take(size) is { } piece ? new Block(piece.Address, piece.Bytes, piece, lasts) : null;
        return _small.TryGetValue(ClassOf(size), out var stack) && stack.TryPop(out var address) ? new Block(address, ClassOf(size), null, lasts) : null;
    }

    private Block? Fresh(long size, bool lasts)
    {
        if (size < Large)
        {
            var bytes = ClassOf(size);
            if (Reserve(bytes, Alignment) is not (not 0 and var address)) return null;
            Own(bytes);
            return new Block(address, bytes, null, lasts);
        }
        var heap = Heap(lasts);
        if (heap.Grow(size) is not 0 and var more)
        {
            Own(more);
            return Reused(size, lasts);
        }
        foreach (var range in new[] { Segment, ShortSegment, size })
        {
            if (range < size || Reserve(range, SegmentAlignment) is not (not 0 and var start)) continue;
            heap.Add(start, range);
            Own(heap.Grow(size));
            return Reused(size, lasts);
        }
        return null;
    }

    private void Drop(SegmentHeap heap, SegmentHeap.Piece piece)
    {
        heap.Drop(piece);
        Free(piece.Address, piece.Bytes);
    }

    // Addresses of memory that the system gives when they are written to.
    private static nint Reserve(long size, long alignment)
    {
        try
        {
            var address = (nint)NativeMemory.AlignedAlloc((nuint)size, (nuint)alignment);
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

    private Stack<nint> Stack(long size)
    {
        if (!_small.TryGetValue(size, out var stack)) _small[size] = stack = new Stack<nint>();
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
