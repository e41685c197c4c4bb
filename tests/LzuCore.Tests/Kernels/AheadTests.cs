using LzuCore.Kernels.Cpu;

namespace LzuCore.Tests.Kernels;

public sealed unsafe class AheadTests
{
    // Addresses are only looked at, never read.
    private const long Base = 1 << 20;
    private const int Turns = 128;

    [Test]
    public void EveryRun_IsFetchedFromItsFirstByteToItsLast_ByTheLastTiles([Values(5, 7, 48, 576)] int tiles, [Values(1L, 640L, 8192L)] long least, [Values] bool unequal)
    {
        long[] lengths = unequal ? [7040, 64, 0, 73728, 512] : [4096, 4096];
        var runs = stackalloc AheadRun[lengths.Length];
        for (var i = 0; i < lengths.Length; i++) runs[i] = new AheadRun((void*)(Base * (i + 1)), lengths[i]);
        var ahead = new Ahead(runs, lengths.Length, tiles, least);
        var ends = new long[lengths.Length];
        Tile tile = default;
        var begun = false;
        for (var t = 0; t < tiles; t++)
        {
            ahead.Next(&tile, 2 * Turns);
            Assert.That(tile.Ahead is null && (begun || t == tiles - 1), Is.False, "it waits, then fetches to the end");
            if (tile.Ahead is null) continue;
            begun = true;
            var (run, at) = Math.DivRem((long)tile.Ahead, Base);
            // A share is a whole number of bytes a turn, and less than that is left over.
            Assert.That(at - ends[run - 1], Is.InRange(0, Turns - 1), "no gap");
            ends[run - 1] = at + Turns * tile.AheadStep;
        }
        for (var i = 0; i < lengths.Length; i++) Assert.That(ends[i], Is.GreaterThan(lengths[i] - Turns), $"run {i}");
    }

    [Test]
    public void WithoutRuns_NothingIsFetched()
    {
        var ahead = new Ahead(null, 0, 5);
        Tile tile = new() { Ahead = (byte*)1 };
        ahead.Next(&tile, 16);
        Assert.That(tile.Ahead is null);
    }
}
