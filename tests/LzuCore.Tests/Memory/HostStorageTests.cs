using LzuCore.Memory;

namespace LzuCore.Tests.Memory;

/// <summary>Bytes that are computed when they are read.</summary>
public sealed unsafe class HostStorageTests
{
    private static HostStorage Counting(BufferPool pool, List<int> fills) => new(Device.Cpu, 4000, pool, storage =>
    {
        fills.Add(fills.Count);
        new Span<byte>(storage.Pointer, 4000).Fill(7);
    });

    [Test]
    public void WhatIsDerived_IsKept_AndTheBytesAreNot()
    {
        var (pool, fills) = (new BufferPool(), new List<int>());
        var storage = Counting(pool, fills);
        Assert.That((fills.Count, pool.Statistics.LiveBytes), Is.EqualTo((0, 0L)));
        Assert.That(storage.Derive("sum", () => $"{storage.Pointer[0] + storage.Pointer[3999]}"), Is.EqualTo("14"));
        Assert.That((fills.Count, pool.Statistics.LiveBytes), Is.EqualTo((1, 0L)));
        Assert.That(storage.Derive("sum", () => "not asked for"), Is.EqualTo("14"));
        Assert.That(storage.Derive("one", () => $"{storage.Pointer[9]}"), Is.EqualTo("7"));
        Assert.That((fills.Count, pool.Statistics.LiveBytes), Is.EqualTo((2, 0L)));
        storage.Release();
        Assert.That(pool.Statistics.LiveBytes, Is.Zero);
    }

    [Test]
    public void WhatIsRead_Stays()
    {
        var (pool, fills) = (new BufferPool(), new List<int>());
        var storage = Counting(pool, fills);
        var first = storage.Pointer;
        storage.Derive("one", () => $"{storage.Pointer[9]}");
        Assert.That((nint)storage.Pointer, Is.EqualTo((nint)first));
        Assert.That((fills.Count, pool.Statistics.LiveBytes > 0), Is.EqualTo((1, true)));
        storage.Release();
        Assert.That(pool.Statistics.LiveBytes, Is.Zero);
    }

    [Test]
    public void WhatIsComputedAhead_GoesBackToTheSystem_WithTheFirstToBorrowIt()
    {
        var (pool, fills) = (new BufferPool(), new List<int>());
        var storage = Counting(pool, fills);
        storage.ComputeAhead();
        Assert.That((fills.Count, pool.Statistics.LiveBytes > 0), Is.EqualTo((1, true)));
        storage.Lend(() =>
        {
            Assert.That(storage.Derive("sum", () => $"{storage.Pointer[0] + storage.Pointer[3999]}"), Is.EqualTo("14"));
            Assert.That(pool.Statistics.LiveBytes, Is.Positive, "an outer borrower still reads");
        });
        Assert.That((fills.Count, pool.Statistics.LiveBytes, pool.Statistics.PooledBytes), Is.EqualTo((1, 0L, 0L)));
        Assert.That(storage.Derive("one", () => $"{storage.Pointer[9]}"), Is.EqualTo("7"));
        Assert.That((fills.Count, pool.Statistics.LiveBytes), Is.EqualTo((2, 0L)));
    }

    [Test]
    public void FillingThatFails_FailsEachTime_AndKeepsNothing()
    {
        var pool = new BufferPool();
        var storage = new HostStorage(Device.Cpu, 4000, pool, _ => throw new FileFormatException("gone"));
        for (var i = 0; i < 2; i++)
        {
            Assert.That(() => storage.ComputeAhead(), Throws.TypeOf<FileFormatException>());
            Assert.That(() => storage.Derive("sum", () => $"{storage.Pointer[0]}"), Throws.TypeOf<FileFormatException>());
            Assert.That(pool.Statistics.LiveBytes, Is.Zero);
        }
    }

    [Test]
    public void SeveralThreads_SeeTheSameBytes()
    {
        var (pool, fills) = (new BufferPool(), new List<int>());
        var storage = Counting(pool, fills);
        var sums = new string[64];
        Parallel.For(0, sums.Length, i => sums[i] = i % 3 == 0 ? $"{storage.Pointer[i]}" : storage.Derive(i % 5, () => $"{storage.Pointer[i]}"));
        Assert.That(sums, Is.All.EqualTo("7"));
        storage.Release();
        Assert.That(pool.Statistics.LiveBytes, Is.Zero);
    }
}
