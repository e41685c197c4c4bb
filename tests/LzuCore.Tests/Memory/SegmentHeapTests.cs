using LzuCore.Memory;

namespace LzuCore.Tests.Memory;

public sealed class SegmentHeapTests
{
    // Addresses are numbers here: no byte is read or written.
    private static SegmentHeap Heap(params (long Address, long Bytes)[] segments)
    {
        var heap = new SegmentHeap();
        foreach (var (address, bytes) in segments) heap.Give(new SegmentHeap.Piece((nint)address, bytes));
        return heap;
    }

    [Test]
    public void SmallestThatHolds_AndOfEqualOnesTheLowest()
    {
        var heap = Heap((0x10000000, 64 << 10), (0x30000000, 1 << 20), (0x20000000, 1 << 20), (0x40000000, 8 << 20));
        Assert.That(heap.Take(512 << 10)!.Address, Is.EqualTo((nint)0x20000000));
        Assert.That(heap.Take(600 << 10)!.Address, Is.EqualTo((nint)0x30000000));
        Assert.That(heap.Take(2 << 20)!.Address, Is.EqualTo((nint)0x40000000));
        Assert.That(heap.Take(7 << 20), Is.Null);
    }

    [TestCase(0, 1, 2), TestCase(2, 1, 0), TestCase(0, 2, 1), TestCase(1, 0, 2)]
    public void NeighboursJoin_InAnyOrder(int first, int second, int third)
    {
        var heap = Heap((0x10000000, 3 << 20));
        var pieces = Enumerable.Range(0, 3).Select(_ => heap.Take(1 << 20)!).ToList();
        Assert.That(heap.Take(64 << 10), Is.Null, "full");
        foreach (var i in new[] { first, second }) Assert.That(heap.Give(pieces[i]).IsWhole, Is.False);
        var whole = heap.Give(pieces[third]);
        Assert.That((whole.IsWhole, whole.Address, whole.Bytes), Is.EqualTo((true, (nint)0x10000000, 3L << 20)));
        Assert.That(heap.WholeSegments(), Is.EqualTo(new[] { whole }));
        heap.Drop(whole);
        Assert.That(heap.Take(64), Is.Null);
    }

    [Test]
    public void WhateverIsTakenAndGiven_PiecesDoNotOverlapAndNothingIsLost()
    {
        var random = new Random(5);
        const long bytes = 64 << 20;
        var heap = Heap((0x40000000, bytes), (0x80000000, bytes));
        var used = new List<SegmentHeap.Piece>();
        var refused = 0;
        for (var step = 0; step < 20_000; step++)
        {
            if (used.Count > 0 && random.Next(100) < 49)
            {
                var i = random.Next(used.Count);
                heap.Give(used[i]);
                used.RemoveAt(i);
                continue;
            }
            var wanted = 64 * (1 + (long)(Math.Pow(random.NextDouble(), 4) * (bytes / 64 - 1)));
            if (heap.Take(wanted) is not { } piece) refused++;
            else
            {
                Assert.That(piece.Bytes, Is.GreaterThanOrEqualTo(wanted).And.LessThan(wanted + (16 << 10)));
                Assert.That((long)piece.Address % 64, Is.Zero);
                used.Add(piece);
            }
            if (step % 500 != 0) continue;
            var ordered = used.OrderBy(p => p.Address).ToList();
            Assert.That(ordered.Zip(ordered.Skip(1)), Is.All.Matches<(SegmentHeap.Piece A, SegmentHeap.Piece B)>(p => p.A.Address + (nint)p.A.Bytes <= p.B.Address));
        }
        Assert.That(refused, Is.GreaterThan(10).And.LessThan(9_000));
        foreach (var piece in used) heap.Give(piece);
        Assert.That(heap.WholeSegments().Select(p => ((long)p.Address, p.Bytes)), Is.EquivalentTo(new[] { (0x40000000L, bytes), (0x80000000L, bytes) }));
    }
}
