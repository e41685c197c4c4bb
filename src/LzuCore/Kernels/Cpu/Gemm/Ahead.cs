namespace LzuCore.Kernels.Cpu;

// What a loop over tiles will read and write next, brought into the caches while it sums: up to two runs of memory, shared out evenly over the loop's tiles and over the turns of each.
// A processor has room for one or two dozen lines on their way; a burst of more waits in front of the multiplications just as the misses themselves would, and one line every two terms never waits.
// On a core with 117 GFLOP/s, rows of 256 terms from memory: 86 without, 83 with a burst for each tile, 111 so.
internal unsafe struct Ahead
{
    private readonly byte* _first, _second;
    private readonly long _firstBytes, _share;
    private long _at;

    /// <summary>Plans for a loop; two empty runs are nothing to do.</summary>
    /// <param name="first">The run that is fetched first.</param>
    /// <param name="firstBytes">Its length.</param>
    /// <param name="second">The other.</param>
    /// <param name="secondBytes">Its length.</param>
    /// <param name="tiles">How many tiles will be summed meanwhile.</param>
    public Ahead(void* first, long firstBytes, void* second, long secondBytes, long tiles)
    {
        _first = (byte*)first;
        _second = (byte*)second;
        _firstBytes = firstBytes;
        _share = (firstBytes + secondBytes + tiles - 1) / tiles;
    }

    /// <summary>Gives the loop's next tile its share.</summary>
    /// <param name="tile">The tile.</param>
    /// <param name="terms">Terms of its sum.</param>
    public void Next(Tile* tile, nint terms)
    {
        tile->Ahead = _share == 0 ? null : _at < _firstBytes ? _first + _at : _second + (_at - _firstBytes);
        tile->AheadStep = (nint)_share / Math.Max(1, terms / 2);
        _at += _share;
    }
}
