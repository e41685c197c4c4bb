using System.Numerics;

namespace LzuCore.Memory;

// Cuts few long stretches of memory (segments) into pieces, and joins neighbours that are free again: what a frame or step needs at different times comes from the same bytes, whatever the sizes.
// A request takes the smallest free piece that holds it (of equal ones the lowest), and gives back what is left over. Free pieces lie in bins by size, four to a power of two.
// A segment is an address range of which no more is used than was ever needed: where no free piece is long enough its end grows, so that fresh bytes join a free piece before them, and what lies behind the end was never
// touched and takes no memory. Not safe for several threads: the pool has the lock.
internal sealed class SegmentHeap
{
    // What is left over of a piece is cut off from this on.
    private const long LeastPiece = 16 << 10;

    // Segments grow by whole huge pages.
    private const long Step = 2 << 20;

    private readonly List<Segment> _all = [];
    private readonly List<Piece>[] _bins = new List<Piece>[256];
    private readonly ulong[] _filled = new ulong[4];

    /// <summary>An address range, the first part of which is used.</summary>
    internal sealed class Segment(nint start, long reserved)
    {
        public nint Start => start;

        public long Used { get; set; }

        public long Left => reserved - Used;

        public Piece? Last { get; set; }

        // How many bytes the end needs to be a free piece of some length.
        public long Missing(long bytes) => bytes - (Last is { Slot: >= 0 } free ? free.Bytes : 0);
    }

    /// <summary>A stretch of a segment, in use or free.</summary>
    public sealed class Piece
    {
        internal Piece(Segment segment, nint address, long bytes) => (Segment, Address, Bytes) = (segment, address, bytes);

        /// <summary>The first byte.</summary>
        public nint Address { get; internal set; }

        /// <summary>Its length.</summary>
        public long Bytes { get; internal set; }

        internal Segment Segment { get; }

        internal Piece? Before { get; set; }

        internal Piece? After { get; set; }

        // Place in its bin; -1 while in use.
        internal int Slot { get; set; } = -1;

        /// <summary>Whether it is all that is used of a segment.</summary>
        public bool IsWhole => Before is null && After is null;
    }

    /// <summary>Adds an address range, of which nothing is used yet.</summary>
    public void Add(nint start, long reserved) => _all.Add(new Segment(start, reserved));

    /// <summary>Lengthens a segment until it ends with a free piece of at least some bytes, which <see cref="Take"/> then finds.</summary>
    /// <returns>By how many bytes; 0 where no segment has room, or the free piece is there.</returns>
    public long Grow(long bytes)
    {
        if (_all.Find(s => s.Missing(bytes) is > 0 and var missing && missing <= s.Left) is not { } segment) return 0;
        var more = Math.Min((segment.Missing(bytes) + Step - 1) / Step * Step, segment.Left);
        var piece = new Piece(segment, segment.Start + (nint)segment.Used, more) { Before = segment.Last };
        if (segment.Last is { } last) last.After = piece;
        segment.Used += more;
        segment.Last = piece;
        Give(piece);
        return more;
    }

    /// <summary>A piece of at least some bytes, in use from now on; null where no free one is that long.</summary>
    /// <param name="bytes">A multiple of 64, so that all pieces stay aligned.</param>
    public Piece? Take(long bytes)
    {
        if (Smallest(bytes) is not { } piece) return null;
        Remove(piece);
        if (piece.Bytes - bytes >= LeastPiece)
        {
            var rest = new Piece(piece.Segment, piece.Address + (nint)bytes, piece.Bytes - bytes) { Before = piece, After = piece.After };
            if (piece.After is { } after) after.Before = rest;
            else piece.Segment.Last = rest;
            (piece.After, piece.Bytes) = (rest, bytes);
            Insert(rest);
        }
        return piece;
    }

    /// <summary>Gives a piece back; it is joined with free neighbours.</summary>
    /// <returns>The free piece that it is now part of.</returns>
    public Piece Give(Piece piece)
    {
        if (piece.Before is { Slot: >= 0 } before)
        {
            Remove(before);
            Join(before, piece);
            piece = before;
        }
        if (piece.After is { Slot: >= 0 } after)
        {
            Remove(after);
            Join(piece, after);
        }
        Insert(piece);
        return piece;
    }

    /// <summary>Forgets a segment that one free piece is all of, so that its range can be returned to the system.</summary>
    public void Drop(Piece piece)
    {
        Remove(piece);
        _all.Remove(piece.Segment);
    }

    /// <summary>The free pieces that are whole segments.</summary>
    public List<Piece> WholeSegments() => [.. _bins.Where(b => b is not null).SelectMany(b => b).Where(p => p.IsWhole)];

    private static void Join(Piece first, Piece second)
    {
        first.Bytes += second.Bytes;
        first.After = second.After;
        if (second.After is { } after) after.Before = first;
        else first.Segment.Last = first;
    }

    private Piece? Smallest(long bytes)
    {
        for (var bin = BinOf(bytes); (bin = NextFilled(bin)) < _bins.Length; bin++)
        {
            Piece? best = null;
            foreach (var piece in _bins[bin])
                if (piece.Bytes >= bytes && (best is null || (piece.Bytes, piece.Address).CompareTo((best.Bytes, best.Address)) < 0)) best = piece;
            if (best is not null) return best;
        }
        return null;
    }

    private int NextFilled(int bin)
    {
        for (; bin < _bins.Length; bin = (bin / 64 + 1) * 64)
            if (_filled[bin / 64] >> (bin % 64) is not 0 and var rest) return bin + BitOperations.TrailingZeroCount(rest);
        return bin;
    }

    private void Insert(Piece piece)
    {
        var bin = BinOf(piece.Bytes);
        var list = _bins[bin] ??= [];
        piece.Slot = list.Count;
        list.Add(piece);
        _filled[bin / 64] |= 1UL << (bin % 64);
    }

    private void Remove(Piece piece)
    {
        var bin = BinOf(piece.Bytes);
        var list = _bins[bin];
        var last = list[^1];
        (list[piece.Slot], last.Slot) = (last, piece.Slot);
        list.RemoveAt(list.Count - 1);
        piece.Slot = -1;
        if (list.Count == 0) _filled[bin / 64] &= ~(1UL << (bin % 64));
    }

    // Four to a power of two: a longer piece is never in an earlier bin.
    private static int BinOf(long bytes)
    {
        var power = 63 - BitOperations.LeadingZeroCount((ulong)Math.Max(4, bytes));
        return 4 * power + (int)((bytes >> (power - 2)) & 3);
    }
}
