using System.Runtime.CompilerServices;

namespace LzuCore.Kernels.Cpu;

// What a loop over tiles will read and write next, brought into the caches while it sums: runs of memory, shared out evenly over the loop's last tiles and over the turns of each.
// A processor has room for one or two dozen lines on their way; a burst of more waits in front of the multiplications just as the misses themselves would, and one line every two terms never waits.
// On a core with 117 GFLOP/s, rows of 256 terms from memory: 86 without, 83 with a burst for each tile, 111 so.
internal unsafe struct Ahead
{
    private readonly long _share;
    private AheadRun* _run;
    private int _runs;
    private long _at, _wait;

    /// <summary>Plans for a loop; no runs, or only empty ones, are nothing to do.</summary>
    /// <param name="runs">What to fetch, in this order; must stay while the loop runs.</param>
    /// <param name="count">How many runs.</param>
    /// <param name="tiles">How many tiles will be summed meanwhile.</param>
    /// <param name="least">Bytes that a tile fetches at least: then the first tiles fetch none, and what the last ones do is still there afterwards.</param>
    public Ahead(AheadRun* runs, int count, long tiles, long least = 1)
    {
        _run = runs;
        _runs = count;
        long bytes = 0, longest = 0;
        for (var i = 0; i < count; i++) (bytes, longest) = (bytes + runs[i].Bytes, Math.Max(longest, runs[i].Bytes));
        // Each run but the last may end within a tile's share; but where there is a tile for each, the longest is enough.
        var whole = Math.Max(1, tiles - count + 1);
        _share = bytes == 0 ? 0 : Math.Max(least, count <= tiles ? Math.Min(longest, (bytes + whole - 1) / whole) : (bytes + whole - 1) / whole);
        for (var i = 0; i < count && bytes > 0; i++) _wait += (runs[i].Bytes + _share - 1) / _share;
        _wait = Math.Max(0, tiles - _wait);
    }

    /// <summary>Gives the loop's next tile its share.</summary>
    /// <param name="tile">The tile.</param>
    /// <param name="terms">Terms of its sum.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Next(Tile* tile, nint terms)
    {
        tile->Ahead = null;
        if (_share > 0 && _wait-- <= 0) Take(tile, terms);
    }

    private void Take(Tile* tile, nint terms)
    {
        for (; _runs > 0 && _at >= _run->Bytes; _runs--, _run++) _at = 0;
        if (_runs == 0) return;
        tile->Ahead = _run->First + _at;
        tile->AheadStep = (nint)_share / Math.Max(1, terms / 2);
        _at += _share;
    }
}

/// <summary>Memory that lies in one piece.</summary>
internal unsafe struct AheadRun
{
    public byte* First;
    public long Bytes;

    public AheadRun(void* first, long bytes)
    {
        First = (byte*)first;
        Bytes = bytes;
    }
}
