using System.Runtime.CompilerServices;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Testing;

namespace LzuCore.Gpu.Tests.Runtime;

/// <summary>Memory of device <c>ilgpu</c>: transfers, reuse, release; and what is said when a device is absent.</summary>
public sealed class GpuBackendTests
{
    private static readonly Device Gpu = new("ilgpu");

    private static GpuBackend Backend => (GpuBackend)BackendRegistry.Get(Gpu);

    [Test]
    public void UploadAndDownload_ReturnTheSameBytes()
    {
        using var backend = new Isolated();
        var bytes = new byte[1001];
        new Random(3).NextBytes(bytes);
        var storage = backend.Device.Allocate(DType.UInt8, bytes.Length);
        backend.Device.Upload(bytes, storage);
        var got = new byte[bytes.Length];
        backend.Device.Download(storage, got);
        Assert.That(got, Is.EqualTo(bytes));
        Assert.That(() => backend.Device.Upload(new byte[2000], storage), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("2000 bytes do not fit a buffer of 1001"));
        storage.Release();
    }

    [Test]
    public void ReleasedBlocks_AreReused()
    {
        using var backend = new Isolated();
        backend.Device.Allocate(DType.Float32, 1000).Release();
        var before = backend.Device.Statistics;
        var second = backend.Device.Allocate(DType.Float32, 999);
        var after = backend.Device.Statistics;
        Assert.That(before.LiveBytes, Is.Zero);
        Assert.That(before.PooledBytes, Is.GreaterThanOrEqualTo(4000));
        Assert.That(after.PooledBytes, Is.Zero, "the pooled block was not taken");
        Assert.That(after.LiveBytes, Is.EqualTo(before.PooledBytes));
        second.Release();
        second.Release();
        Assert.That(backend.Device.Statistics.LiveBytes, Is.Zero);
    }

    [Test]
    public void ForgottenTensors_ReturnTheirBlocks_AndTheBlocksStayUsable()
    {
        using var backend = new Isolated();
        Forget(backend.Device);
        for (var i = 0; i < 10 && backend.Device.Statistics.LiveBytes > 0; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        Assert.That(backend.Device.Statistics.LiveBytes, Is.Zero);
        // ILGPU finalizes buffers too: a block that came back by this way must not have been freed.
        var bytes = Enumerable.Range(0, 64).Select(i => (byte)i).ToArray();
        var storage = backend.Device.Allocate(DType.UInt8, 64);
        backend.Device.Upload(bytes, storage);
        var got = new byte[64];
        backend.Device.Download(storage, got);
        Assert.That(got, Is.EqualTo(bytes));
        storage.Release();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Forget(GpuBackend backend)
    {
        for (var i = 0; i < 20; i++) backend.Allocate(DType.UInt8, 64);
    }

    [Test]
    public void ScopeClosing_ReleasesDeviceTemporaries()
    {
        var x = Tensor.Ones([100, 100], device: Gpu);
        var live = Backend.Statistics.LiveBytes;
        using (new TensorScope()) _ = (x + x).Relu();
        Assert.That(Backend.Statistics.LiveBytes, Is.LessThanOrEqualTo(live));
        GC.KeepAlive(x);
    }

    [TestCase(DType.Float64)]
    [TestCase(DType.Float16)]
    [TestCase(DType.BFloat16)]
    [TestCase(DType.Int64)]
    [TestCase(DType.Int32)]
    [TestCase(DType.Int16)]
    [TestCase(DType.Int8)]
    [TestCase(DType.UInt8)]
    [TestCase(DType.Bool)]
    public void Conversions_AreTheCpus(DType dtype)
    {
        double[] values =
        [
            0, -0.0, 1, -1, 0.5, 1.5, 2.5, -2.5, 127, 128, 200, 255.9, 256, -129, 32767, 40000, -40000, 3e9, -3e9, 1e19, -1e19, 65504, 65519, 65520, 6e-8, 2.9802322e-8, 2.98023225e-8, 1e-9,
            6.1e-5, 6.0e-5, 1.0009765625, 1.00048828125, 1.00146484375, Math.PI, -Math.E, 1e30, double.PositiveInfinity, double.NegativeInfinity, double.NaN,
        ];
        foreach (var from in new[] { DType.Float32, DType.Float64, DType.Float16, DType.BFloat16, DType.Int64, DType.Int32, DType.Int16, DType.Int8, DType.UInt8, DType.Bool })
        {
            var source = Tensor.From(values, [values.Length]).To(from);
            var expected = source.To(dtype).To(DType.Float64).ToArray<double>();
            var got = source.To(Gpu).To(dtype).To(Device.Cpu).To(DType.Float64).ToArray<double>();
            Assert.That(got, Is.EqualTo(expected), $"from {from}");
        }
    }

    [TestCase(DType.Float32, 1.5)]
    [TestCase(DType.Float64, 1.0 / 3)]
    [TestCase(DType.Float16, 0.1)]
    [TestCase(DType.BFloat16, 0.1)]
    [TestCase(DType.Int64, -7)]
    [TestCase(DType.Int32, 1e12)]
    [TestCase(DType.UInt8, 300)]
    [TestCase(DType.Bool, 2)]
    public void Fill_IsTheCpus(DType dtype, double value) =>
        Assert.That(Tensor.Full([2, 3], value, dtype, Gpu).To(Device.Cpu).To(DType.Float64).ToArray<double>(),
            Is.EqualTo(Tensor.Full([2, 3], value, dtype).To(DType.Float64).ToArray<double>()));

    [Test]
    public void ATensorOfSevenAxes_ThatCannotMerge_IsRefusedInWords()
    {
        var x = Tensor.Ones([2, 2, 2, 2, 2, 2, 2], device: Gpu).Permute(6, 5, 4, 3, 2, 1, 0);
        Assert.That(() => x.Contiguous(), Throws.TypeOf<ShapeException>().With.Message.Contains("at most 6 axes"));
    }

    [Test]
    public void ADeviceThatIsAbsent_IsOneLine()
    {
        if (BackendRegistry.Kinds.Contains("cuda") && HasCuda()) Assert.Ignore("this machine has a CUDA GPU");
        var error = Assert.Catch<DeviceException>(() => BackendRegistry.Get(new Device("cuda")));
        Assert.That(error!.Message, Does.StartWith("device cuda:0 ").And.Contain("--device cpu").And.Not.Contain("\n"));
        Assert.That(() => BackendRegistry.Get(new Device("ilgpu", 1)), Throws.TypeOf<DeviceException>());
    }

    private static bool HasCuda()
    {
        try
        {
            return BackendRegistry.Get(new Device("cuda")) is not null;
        }
        catch (DeviceException)
        {
            return false;
        }
    }

    // A backend of its own, so that counts are not disturbed by other tests.
    private sealed class Isolated : IDisposable
    {
        public GpuBackend Device { get; } = GpuBackend.CreateHost(0);

        public void Dispose() => Device.Synchronize();
    }
}
