using System.Runtime.CompilerServices;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Tests.Memory;

[NonParallelizable]
public sealed class BufferPoolTests
{
    [Test]
    public void ForgottenTensors_ComeBackThroughTheirFinalizer()
    {
        var before = BufferPool.Shared.Statistics.LiveBytes;
        Forget();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.That(BufferPool.Shared.Statistics.LiveBytes, Is.LessThanOrEqualTo(before + 1_000_000));

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Forget()
        {
            for (var i = 0; i < 10; i++) _ = Tensor.Ones([1000, 1000]);
        }
    }

    [Test]
    public void OpsUnderAScope_ReuseTheSameBuffers()
    {
        using var off = Grad.Off();
        var x = Tensor.Ones([256, 256]);
        long owned = 0;
        for (var i = 0; i < 50; i++)
        {
            using (new TensorScope()) _ = (x + x).Relu() + x;
            var now = BufferPool.Shared.Statistics;
            if (i == 5) owned = now.PooledBytes + now.LiveBytes;
        }
        var after = BufferPool.Shared.Statistics;
        Assert.That(after.PooledBytes + after.LiveBytes, Is.LessThanOrEqualTo(owned));
    }

    [Test]
    public unsafe void Buffers_AreAlignedForVectors()
    {
        for (var n = 1; n < 100; n += 7)
        {
            var tensor = Tensor.Zeros([n]);
            Assert.That((long)tensor.View.Pointer<float>() % 64, Is.Zero);
            GC.KeepAlive(tensor);
        }
    }

    // What a frame needs one after the other comes from the same bytes, whatever the sizes.
    [Test]
    public void BlocksOfOtherSizes_ShareTheSameBytes()
    {
        var pool = new BufferPool();
        for (var round = 0; round < 3; round++)
            foreach (var mib in new[] { 20, 3, 12, 31, 7, 25 })
            {
                var (a, b) = (pool.Rent((long)mib << 20), pool.Rent(1 << 20));
                pool.Return(a);
                pool.Return(b);
            }
        var after = pool.Statistics;
        Assert.That((after.LiveBytes, after.Rentals), Is.EqualTo((0, 36)));
        Assert.That(after.PooledBytes, Is.LessThanOrEqualTo(34L << 20), "the most that was live is 32 MiB and a little");
        pool.Trim();
        Assert.That(pool.Statistics.PooledBytes, Is.Zero);
    }

    // Weights between activations would keep the free pieces of a segment apart.
    [Test]
    public void LastingBlocks_HaveSegmentsOfTheirOwn()
    {
        var pool = new BufferPool();
        var first = pool.Rent(5_000_000, lasts: true);
        Assert.That(first.Bytes, Is.LessThan(5_000_000 + 256));
        Assert.That((long)first.Address % (2 << 20), Is.Zero, "a segment starts with a huge page");
        pool.Return(first);
        var passing = pool.Rent(5_000_000);
        Assert.That(passing.Address, Is.Not.EqualTo(first.Address));
        Assert.That(pool.Rent(4_999_000, lasts: true).Address, Is.EqualTo(first.Address));
        pool.Return(passing);
        pool.Trim();
        Assert.That(pool.Statistics.PooledBytes, Is.LessThanOrEqualTo(2 << 20), "the segment of what passes is gone; the other's end is kept");
    }

    [Test]
    public void LastingBlocks_GoBackToTheSystem_WhenAllOfASegmentIsFree()
    {
        var pool = new BufferPool();
        var blocks = new[] { pool.Rent(5_000_000, lasts: true), pool.Rent(3_000_000, lasts: true) };
        pool.Return(blocks[0], keeps: false);
        Assert.That(pool.Statistics.PooledBytes, Is.GreaterThan(5_000_000));
        pool.Return(blocks[1], keeps: false);
        Assert.That(pool.Statistics.PooledBytes, Is.Zero);
    }

    // A training makes packed weights every step and leaves the old ones to finalizers, while hardly anything managed is allocated.
    [Test]
    public void ForgottenLastingBlocks_AreCollected_BeforeThePoolGrows()
    {
        const int mib = 16, count = 300;
        var pool = new BufferPool();
        Forget();
        Assert.That(pool.Statistics.PeakBytes, Is.LessThan((256 + 3 * mib) << 20), "of 4800 MiB in all");
        Assert.That(pool.Statistics.Rentals, Is.EqualTo(count));

        [MethodImpl(MethodImplOptions.NoInlining)]
        void Forget()
        {
            for (var i = 0; i < count; i++) _ = new HostStorage(Device.Cpu, (long)mib << 20, pool, lasts: true);
        }
    }

    [Test]
    public unsafe void Blocks_KeepWhatIsWrittenToThem()
    {
        var pool = new BufferPool { RetainLimit = 1 << 20 };
        var random = new Random(3);
        var held = new List<(BufferPool.Block Block, int Length, byte Mark)>();
        for (var step = 0; step < 3_000; step++)
        {
            if (held.Count > 40 || held.Count > 0 && random.Next(2) == 0)
            {
                var i = random.Next(held.Count);
                var (block, length, mark) = held[i];
                Assert.That(new ReadOnlySpan<byte>(block.Pointer, length).IndexOfAnyExcept(mark), Is.EqualTo(-1));
                pool.Return(block);
                held.RemoveAt(i);
                continue;
            }
            var bytes = random.Next(4) switch { 0 => random.Next(3_000), 1 => random.Next(200_000), _ => random.Next(4_000_000) };
            var rented = pool.Rent(bytes, lasts: random.Next(5) == 0);
            Assert.That((rented.Address % 64, rented.Bytes >= bytes + 64), Is.EqualTo(((nint)0, true)));
            new Span<byte>(rented.Pointer, bytes + 64).Fill((byte)step);
            held.Add((rented, bytes + 64, (byte)step));
        }
        foreach (var (block, _, _) in held) pool.Return(block);
        pool.Trim();
        Assert.That(pool.Statistics with { PeakBytes = 0, Rentals = 0 }, Is.EqualTo(default(PoolStatistics)));
    }
}
