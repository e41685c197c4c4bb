using System.Runtime.InteropServices;
using LzuCore.Gpu.Interop;
using LzuCore.Gpu.Tests.Runtime;
using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Testing;

namespace LzuCore.Gpu.Tests.Distributed;

/// <summary>Sums between GPUs against a made-up NCCL and a made-up driver: which calls, in which order, on which streams, on which buffers. No two GPUs have run this yet.</summary>
[NonParallelizable]
public sealed class NcclProcessGroupTests
{
    private static readonly GpuBackend Backend = GpuBackend.CreateCuda(FakeCuda.Driver(), 0);

    [SetUp]
    public void Reset()
    {
        FakeCuda.Reset();
        (FakeNccl.AsyncError, FakeNccl.Version) = (0, 22703);
    }

    // Rank 0 of two, whose peer is played along.
    private static T AsFirstOfTwo<T>(Func<NcclProcessGroup, T> program) => ThreadedProcesses.Run(2, host =>
    {
        if (host.Rank == 1)
        {
            host.Broadcast(new byte[NcclUniqueId.Size].AsSpan());
            return default!;
        }
        return program(new NcclProcessGroup(host, Backend.Gpu!, FakeNccl.Api()));
    })[0];

    private static TensorView Values(DType dtype, int count, int offset = 0)
    {
        var storage = Backend.Allocate(dtype, count + offset);
        Backend.Upload(dtype == DType.Float32 ? MemoryMarshal.AsBytes<float>([.. Enumerable.Repeat(1.5f, count + offset)]) : MemoryMarshal.AsBytes<double>([.. Enumerable.Repeat(1.5, count + offset)]), storage);
        return new TensorView(storage, Layout.RowMajor([count]).WithOffset(offset), dtype);
    }

    [Test]
    public void AllJoinWithTheIdOfTheFirst()
    {
        ThreadedProcesses.Run(2, host => new NcclProcessGroup(host, Backend.Gpu!, FakeNccl.Api()).World);
        Assert.That(FakeCuda.Calls.Where(c => c.StartsWith("nccl", StringComparison.Ordinal)), Is.EquivalentTo(new[] { "ncclGetUniqueId", "ncclCommInitRank(0 of 2, id 200..73)", "ncclCommInitRank(1 of 2, id 200..73)" }));
    }

    [Test]
    public void Sums_RunBesideTheKernels_AndTheirUsersWait()
    {
        var calls = AsFirstOfTwo(group =>
        {
            TensorView first = Values(DType.Float32, 5), second = Values(DType.Float64, 3, offset: 2);
            FakeCuda.Reset();
            PendingSum one = group.StartSum(first), two = group.StartSum(second);
            FakeCuda.Calls.Enqueue("the walk goes on");
            one.Wait();
            two.Wait();
            two.Wait();
            var calls = FakeCuda.Calls.ToArray();
            var floats = new float[5];
            var doubles = new double[5];
            Backend.Download(first.Storage, MemoryMarshal.AsBytes(floats.AsSpan()));
            Backend.Download(second.Storage, MemoryMarshal.AsBytes(doubles.AsSpan()));
            Assert.That(floats, Is.All.EqualTo(3f));
            Assert.That(doubles, Is.EqualTo(new[] { 1.5, 1.5, 3, 3, 3 }), "what lies before the view is not touched");
            return calls;
        });
        Assert.That(calls, Is.EqualTo(new[]
        {
            "cuEventRecord(main)", "cuStreamWaitEvent(side)", "ncclAllReduce(5, 7, side)",
            "cuEventRecord(main)", "cuStreamWaitEvent(side)", "ncclAllReduce(3, 8, side)",
            "the walk goes on",
            "cuEventRecord(side)", "cuStreamWaitEvent(main)", "cuEventRecord(side)", "cuStreamWaitEvent(main)",
        }));
    }

    [Test]
    public void TheSideStream_GoesFirst()
    {
        AsFirstOfTwo(_ => 0);
        Assert.That(FakeCuda.Calls, Does.Contain("cuStreamCreateWithPriority(1, -1)"));
    }

    [Test]
    public void WhatIsNotOnTheGpu_GoesTheOtherWay() => ThreadedProcesses.Run(2, host =>
    {
        var group = new NcclProcessGroup(host, Backend.Gpu!, FakeNccl.Api());
        Assert.That(group.Sum(host.Rank + 1.0), Is.EqualTo(3));
        Assert.That(group.Gather([(byte)host.Rank]).Select(b => b[0]), Is.EqualTo(new byte[] { 0, 1 }));
        var onHost = BackendRegistry.Get(Device.Cpu).Allocate(DType.Float32, 4);
        group.StartSum(new TensorView(onHost, Layout.RowMajor([4]), DType.Float32)).Wait();
        Assert.That(host.Calls, Does.Contain("start 4").And.Contain("wait 4"));
        return 0;
    });

    [Test]
    public void AnErrorOnTheWay_IsSaidAtTheWait() => AsFirstOfTwo(group =>
    {
        var sum = group.StartSum(Values(DType.Float32, 1));
        FakeNccl.AsyncError = 6;
        Assert.That(sum.Wait, Throws.InstanceOf<LzuException>().With.Message.Contains("ncclAllReduce must succeed, got status 6 (made-up error)").And.Message.Contains("NCCL_DEBUG"));
        return 0;
    });

    [Test]
    public void Leaving_WaitsAndDestroys()
    {
        AsFirstOfTwo(group =>
        {
            FakeCuda.Reset();
            group.Dispose();
            return 0;
        });
        Assert.That(FakeCuda.Calls, Is.EqualTo(new[] { "cuEventRecord(side)", "cuStreamWaitEvent(main)", "cuStreamSynchronize", "ncclCommDestroy" }));
    }

    [Test]
    public void WhatIsWrong_IsOneLine()
    {
        Assert.That(() => FakeNccl.Api("ncclAllReduce", "ncclCommDestroy"), Throws.TypeOf<DeviceException>().With.Message.Contains("NCCL: must export ncclCommDestroy, ncclAllReduce"));
        FakeNccl.Version = 1300;
        Assert.That(() => FakeNccl.Api(), Throws.TypeOf<DeviceException>().With.Message.Contains("must be version 2, got 1300"));
        Assert.That(() => NcclProcessGroup.Over(ProcessGroup.Alone, GpuBackend.CreateHost(0)), Throws.TypeOf<DeviceException>().With.Message.Contains("got ilgpu"));
        FakeNccl.Version = 22703;
        Assert.That(() => AsFirstOfTwo(group => group.StartSum(new TensorView(Backend.Allocate(DType.Int64, 1), Layout.RowMajor([1]), DType.Int64))), Throws.TypeOf<DTypeException>().With.Message.Contains("int64"));
    }

    // Where the library is not installed, which is nearly everywhere.
    [Test]
    public void AbsentNccl_IsOneLineThatSaysWhatHappensInstead()
    {
        if (NativeLibrary.TryLoad("libnccl.so.2", out _)) Assert.Ignore("NCCL is installed here");
        Assert.That(() => NcclProcessGroup.Over(ProcessGroup.Alone, Backend), Throws.TypeOf<DeviceException>().With.Message.Contains("NCCL: not found (tried ").And.Message.Contains("libnccl.so.2").And.Message.Contains("host memory"));
    }
}
