using System.Runtime.InteropServices;
using LzuCore.Gpu.Kernels;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu.Tests.Kernels;

public sealed class DeviceTanhTests
{
    [Test]
    public void DeviceTanh_IsTanh()
    {
        foreach (var x in Enumerable.Range(-4000, 8001).Select(i => i / 300f).Concat([0.6249999f, 0.625f, 1e-20f, -1e-6f, 90, -90, float.MaxValue, float.PositiveInfinity, float.NegativeInfinity]))
            Assert.That(default(DeviceTanh).Invoke(x), Is.EqualTo(Math.Tanh(x)).Within(3e-7), $"at {x:R}");
        Assert.That(default(DeviceTanh).Invoke(float.NaN), Is.NaN);
    }

    [Test]
    public void CompiledTanh_IsTheDevices()
    {
        var backend = GpuBackend.CreateHost(0, onHost: false);
        float[] values = [-2, -0.5f, 0.1f, 3], got = new float[4];
        TensorView x = new(backend.Allocate(DType.Float32, 4), Layout.RowMajor([4]), DType.Float32), y = new(backend.Allocate(DType.Float32, 4), Layout.RowMajor([4]), DType.Float32);
        backend.Upload(MemoryMarshal.AsBytes(values.AsSpan()), x.Storage);
        backend.Kernel<IMapKernel>().Forward(default(Tanh), x, y);
        backend.Download(y.Storage, MemoryMarshal.AsBytes(got.AsSpan()));
        Assert.That(got, Is.EqualTo(values.Select(v => default(DeviceTanh).Invoke(v))));
    }
}
