using LzuCore.Memory;

namespace LzuCore.Tests.Memory;

public sealed class SegmentHeapTests
{
    // Addresses are numbers here: no byte is read or written.
    private static SegmentHeap Heap(params (long Address, long Bytes)[] segments)
    {
        var heap = new SegmentHeap();
        foreach (var (address, bytes) in segments)
        {
            heap.Add((nint)address, bytes);
            Assert.That(heap.Grow(bytes), Is.EqualTo(bytes));
        }
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

    // What is used of a segment is what was needed: its end grows by what a free piece there lacks.
    [Test]
    public void SegmentsGrow_ByWhatIsMissing()
    {
        const long mib = 1 << 20;
        var heap = new SegmentHeap();
        Assert.That(heap.Grow(64), Is.Zero, "no segment");
        heap.Add(0x10000000, 32 * mib);
        Assert.That(heap.Take(64), Is.Null, "nothing is used before it grows");
        Assert.That(heap.Grow(5 * mib), Is.EqualTo(6 * mib), "whole huge pages");
        var first = heap.Take(5 * mib)!;
        Assert.That(heap.Grow(9 * mib), Is.EqualTo(8 * mib), "1 MiB is free at the end");
        var second = heap.Take(9 * mib)!;
        Assert.That((first.Address, second.Address), Is.EqualTo(((nint)0x10000000, (nint)(0x10000000 + 5 * mib))));
        Assert.That(heap.Grow(19 * mib), Is.Zero, "longer than what is left");
        Assert.That(heap.Grow(17 * mib), Is.EqualTo(18 * mib), "the last step may be a short one");
        heap.Add(0x20000000, 64 * mib);
        Assert.That(heap.Grow(40 * mib), Is.EqualTo(40 * mib), "the first has no room");
        heap.Give(first);
        Assert.That(heap.Give(second).IsWhole, Is.True);
        Assert.That(heap.WholeSegments().Select(p => ((long)p.Address, p.Bytes / mib)), Is.EquivalentTo(new[] { (0x10000000L, 32L), (0x20000000L, 40L) }));
        foreach (var whole in heap.WholeSegments()) heap.Drop(whole);
        Assert.That((heap.Take(64), heap.Grow(64)), Is.EqualTo(((SegmentHeap.Piece?)null, 0L)));
    }

    [Test]
    public void WhateverIsTakenAndGiven_PiecesDoNotOverlapAndNothingIsLost()
    {
        var random = new Random(5);
        const long bytes = 64 << 20;
        var heap = new SegmentHeap();
        heap.Add(0x40000000, bytes);
        heap.Add(0x50000000, bytes);
        var grown = 0L;
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
            var found = heap.Take(wanted);
            if (found is null && heap.Grow(wanted) is > 0 and var more) (grown, found) = (grown + more, heap.Take(wanted)!);
            if (found is not { } piece) refused++;
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
        Assert.That(grown, Is.EqualTo(2 * bytes));
        foreach (var piece in used) heap.Give(piece);
        Assert.That(heap.WholeSegments().Select(p => ((long)p.Address, p.Bytes)), Is.EquivalentTo(new[] { (0x40000000L, bytes), (0x50000000L, bytes) }));
    }
}
