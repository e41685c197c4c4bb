using System.Runtime.InteropServices;
using LzuCore.Gpu.Interop;
using LzuCore.Gpu.Kernels;
using LzuCore.Gpu.Runtime;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu.Tests.Runtime;

/// <summary>The driver layer against a made-up driver: order of calls, arguments as bytes, memory, staging, graphs, errors. The kernels run from those bytes.</summary>
[NonParallelizable]
public sealed class CudaDeviceTests
{
    private static readonly GpuBackend Backend = GpuBackend.CreateCuda(FakeCuda.Driver(), 0);

    [SetUp]
    public void Reset() => FakeCuda.Reset();

    [TearDown]
    public void NothingWentWrong() => Assert.That(FakeCuda.Faults, Is.Empty, string.Join("\n", FakeCuda.Faults));

    [Test]
    public void Opening_RetainsThePrimaryContext_AndMakesANonBlockingStream()
    {
        var gpu = GpuBackend.CreateCuda(FakeCuda.Driver(), 0);
        Assert.That(FakeCuda.Calls, Does.Contain("cuDevicePrimaryCtxRetain").And.Contain("cuStreamCreate(1)"));
        Assert.That(FakeCuda.Calls.First(), Is.EqualTo("cuInit(0)"));
        Assert.That(gpu.AcceleratorName, Is.EqualTo("Made-up H100"));
    }

    [Test]
    public void AGpuThatIsNotThere_AndADriverThatIsTooOld_AreOneLine()
    {
        Assert.That(() => GpuBackend.CreateCuda(FakeCuda.Driver(), 3), Throws.TypeOf<DeviceException>().With.Message.EqualTo("device cuda:3 is not available: the CUDA driver lists 1 GPU. Use cuda:0."));
        Assert.That(() => FakeCuda.Driver("cuGraphLaunch"), Throws.TypeOf<DeviceException>().With.Message.Contains("has no cuGraphLaunch"));
    }

    [Test]
    public void Bytes_ComeBackAsTheyWent([Values(1, 1001, (4 << 20) + 3, (17 << 20) + 1)] int length)
    {
        var bytes = new byte[length];
        new Random(5).NextBytes(bytes);
        var storage = Backend.Allocate(DType.UInt8, length);
        Backend.Upload(bytes, storage);
        var got = new byte[length];
        Backend.Download(storage, got);
        storage.Release();
        Assert.That(got.AsSpan().SequenceEqual(bytes));
    }

    [Test]
    public void AKernel_IsLoadedOnce_AndGetsItsArguments()
    {
        var x = Make(DType.Float32, 1000);
        Backend.Kernel<ICopyKernel>().Fill(1.5, x);
        var loads = FakeCuda.Calls.Count(c => c == "cuModuleLoadDataEx");
        Backend.Kernel<ICopyKernel>().Fill(2.5, x);
        Assert.That(Values<float>(x), Is.EqualTo(Enumerable.Repeat(2.5f, 1000)));
        Assert.That(FakeCuda.Calls.Count(c => c == "cuModuleLoadDataEx"), Is.EqualTo(loads));
        Assert.That(FakeCuda.Calls, Does.Contain("cuLaunchKernel(CopyKernel.FillBody.UInt32)"));
    }

    [Test]
    public void APtxThatTheDriverRefuses_SaysSoInItsWords()
    {
        var gpu = new CudaDevice(FakeCuda.Driver(), 0, ILGPU.Runtime.CPU.CPUContextExtensions.CreateCPUAccelerator(KernelCompiler.Options(b => ILGPU.Runtime.CPU.CPUContextExtensions.CPU(b)), 0));
        Assert.That(() => gpu.Load(new CompiledKernel("nothing", "no ptx", 0)), Throws.TypeOf<DeviceException>().With.Message.Contains("ptxas error: no entry"));
    }

    [Test]
    public void AFullDevice_IsEmptiedAndAskedOnceMore_ThenSaysHowMuchWasAsked()
    {
        Backend.Allocate(DType.UInt8, 5 << 20).Release();
        FakeCuda.Capacity = FakeCuda.Allocated + (1 << 20);
        var storage = Backend.Allocate(DType.UInt8, 4 << 20);
        Assert.That(FakeCuda.Calls, Does.Contain("cuMemFree"));
        FakeCuda.Capacity = FakeCuda.Allocated;
        Assert.That(() => Backend.Allocate(DType.UInt8, 100 << 20), Throws.TypeOf<OutOfDeviceMemoryException>().With.Message.StartsWith("cuda:0: out of memory: asked 112 MiB").Or.Message.StartsWith("cuda:0: out of memory: asked 100 MiB"));
        storage.Release();
    }

    [Test]
    public void ACapturedGraph_IsReplayedOnNewInputs_WithItsOwnMemory()
    {
        TensorView x = Make(DType.Float32, 64), y = default, z = default;
        var doubled = new Affine(2, 1);
        Backend.Kernel<IMapKernel>().Forward(doubled, x, x);
        Set(x, Enumerable.Range(0, 64).Select(i => (float)i));
        FakeCuda.Reset();
        using var graph = Backend.Capture(() =>
        {
            var temporary = Make(DType.Float32, 64);
            Backend.Kernel<IMapKernel>().Forward(doubled, x, temporary);
            y = Make(DType.Float32, 64);
            Backend.Kernel<IMapKernel>().Forward(doubled, temporary, y);
            temporary.Storage.Release();
        });
        Assert.That(FakeCuda.Calls, Does.Contain("cuStreamBeginCapture(1)").And.Contain("cuGraphInstantiate(0)"));
        // What others rent now must not be the graph's temporary.
        z = Make(DType.Float32, 64);
        Backend.Kernel<ICopyKernel>().Fill(-1, z);
        Set(x, Enumerable.Range(0, 64).Select(i => 10f * i));
        graph.Replay();
        Assert.That(Values<float>(y), Is.EqualTo(Enumerable.Range(0, 64).Select(i => 40f * i + 3)));
        Assert.That(Values<float>(z), Is.All.EqualTo(-1));
    }

    [Test]
    public void AGraphThatIsGone_GivesItsMemoryBack()
    {
        var before = Backend.Statistics;
        var graph = Backend.Capture(() =>
        {
            var x = Make(DType.Float32, 1 << 16);
            Backend.Kernel<ICopyKernel>().Fill(1, x);
            x.Storage.Release();
        });
        Assert.That(Backend.Statistics.LiveBytes, Is.GreaterThan(before.LiveBytes));
        graph.Dispose();
        graph.Dispose();
        Assert.That(Backend.Statistics.LiveBytes, Is.EqualTo(before.LiveBytes));
        Assert.That(FakeCuda.Calls.Count(c => c == "cuGraphExecDestroy"), Is.EqualTo(1));
        Assert.That(graph.Replay, Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void WhatAReplayWouldNotRepeat_IsRefused_AndTheDeviceGoesOn()
    {
        var x = Make(DType.Float32, 4);
        Assert.That(() => Backend.Capture(() => Set(x, [1, 2, 3, 4])), Throws.TypeOf<DeviceException>().With.Message.Contains("copied from the host while a graph was captured"));
        Assert.That(() => Backend.Capture(() => Backend.Synchronize()), Throws.TypeOf<DeviceException>());
        Assert.That(() => Backend.Capture(() => throw new ArithmeticException("own")), Throws.TypeOf<ArithmeticException>());
        Set(x, [1, 2, 3, 4]);
        Assert.That(Values<float>(x), Is.EqualTo(new float[] { 1, 2, 3, 4 }));
        Assert.That(() => GpuBackend.CreateHost(0).Capture(() => { }), Throws.TypeOf<DeviceException>().With.Message.Contains("records no graphs"));
    }

    [Test]
    public void AProduct_RunsInGroupsOf64Lanes()
    {
        TensorView a = Make(DType.Float32, 2 * 3), b = Make(DType.Float32, 3 * 2), c = Make(DType.Float32, 4);
        Set(a, [1, 2, 3, 4, 5, 6]);
        Set(b, [1, 0, 0, 1, 1, 1]);
        Backend.Kernel<IGemmKernel>().Forward(new GemmArgs(), a.With(Layout.RowMajor([1, 2, 3])), b.With(Layout.RowMajor([1, 3, 2])), new Epilogue(), c.With(Layout.RowMajor([1, 2, 2])));
        Assert.That(Values<float>(c), Is.EqualTo(new float[] { 4, 5, 10, 11 }));
    }

    private static TensorView Make(DType dtype, int count) => new(Backend.Allocate(dtype, count), Layout.RowMajor([count]), dtype);

    private static void Set(TensorView view, IEnumerable<float> values) => Backend.Upload(MemoryMarshal.AsBytes(values.ToArray().AsSpan()), view.Storage);

    private static T[] Values<T>(TensorView view) where T : unmanaged
    {
        var got = new T[view.Count];
        Backend.Download(view.Storage, MemoryMarshal.AsBytes(got.AsSpan()));
        return got;
    }
}
