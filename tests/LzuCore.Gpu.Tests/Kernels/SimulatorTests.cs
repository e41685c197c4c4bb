using System.Runtime.InteropServices;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu.Tests.Kernels;

/// <summary>The kernels launched through ILGPU (marshalled arguments, compiled bodies, simulated warps), on toy shapes: the same bits as the bodies called on the host.</summary>
public sealed class SimulatorTests
{
    private static readonly GpuBackend Host = GpuBackend.CreateHost(0);
    private static readonly GpuBackend Simulator = GpuBackend.CreateHost(0, simulate: true);

    [Test]
    public void Elementwise() => Same((backend, x) =>
    {
        var y = Make(backend, [1, 2, 3, 4]);
        backend.Kernel<IMapKernel>().Forward(new Affine(2, -0.5), x, y);
        var z = Make(backend, [1, 2, 3, 4]);
        backend.Kernel<IMapKernel>().Backward(default(Relu), y, y, x, z);
        var sum = Make(backend, [1, 2, 3, 4]);
        backend.Kernel<IZipKernel>().Forward(default(Add), z, y.With(y.Layout.Narrow(3, 1, 1)), sum);
        return sum;
    });

    [Test]
    public void Copies() => Same((backend, x) =>
    {
        var transposed = Make(backend, [4, 3, 2, 1]);
        backend.Kernel<ICopyKernel>().Copy(x.With(x.Layout.Permute([3, 2, 1, 0])), transposed);
        var half = Make(backend, [4, 3, 2, 1], DType.Float16);
        backend.Kernel<ICopyKernel>().Copy(transposed, half);
        var back = Make(backend, [4, 3, 2, 1]);
        backend.Kernel<ICopyKernel>().Copy(half, back);
        backend.Kernel<ICopyKernel>().Fill(3, back.With(back.Layout.Narrow(0, 0, 1)));
        return back;
    });

    [TestCase(ReduceKind.Sum)]
    [TestCase(ReduceKind.Mean)]
    [TestCase(ReduceKind.Max)]
    [TestCase(ReduceKind.Min)]
    public void Reductions(ReduceKind kind) => Same((backend, x) =>
    {
        var y = Make(backend, [1, 2, 1, 1]);
        backend.Kernel<IReduceKernel>().Forward(kind, x, y);
        Assert.That(backend.Kernel<IReduceKernel>().CountNonFinite(x), Is.Zero);
        return y;
    });

    [TestCase(SamplingMode.Bilinear, PaddingMode.Zeros)]
    [TestCase(SamplingMode.Bilinear, PaddingMode.Reflection)]
    [TestCase(SamplingMode.Nearest, PaddingMode.Border)]
    public void Sampling(SamplingMode mode, PaddingMode padding) => Same((backend, x) =>
    {
        var args = new GridSampleArgs(mode, padding, AlignCorners: true);
        var grid = Make(backend, [1, 2, 3, 2]);
        backend.Kernel<IMapKernel>().Forward(new Affine(1.3, 0), x.With(Layout.Default([1, 2, 3, 2])), grid);
        TensorView y = Make(backend, [1, 2, 2, 3]), dx = Make(backend, [1, 2, 3, 4]), dGrid = Make(backend, [1, 2, 3, 2]);
        var kernel = backend.Kernel<IGridSampleKernel>();
        kernel.Forward(args, x, grid, y);
        kernel.Backward(args, x, grid, y, dx, dGrid);
        backend.Kernel<IZipKernel>().Forward(default(Add), dx, dGrid.With(dGrid.Layout.Narrow(1, 0, 1).Narrow(2, 0, 1).Narrow(3, 0, 1)), dx);
        return dx;
    });

    [TestCase(InterpolationMode.Bilinear)]
    [TestCase(InterpolationMode.Nearest)]
    public void Resizing(InterpolationMode mode) => Same((backend, x) =>
    {
        var args = new InterpolateArgs(mode, AlignCorners: false);
        TensorView y = Make(backend, [1, 2, 4, 3]), dx = Make(backend, [1, 2, 3, 4]);
        backend.Kernel<IInterpolateKernel>().Forward(args, x, y);
        backend.Kernel<IInterpolateKernel>().Backward(args, y, dx);
        return dx;
    });

    private static TensorView Make(GpuBackend backend, Shape shape, DType dtype = DType.Float32) => new(backend.Allocate(dtype, shape.Count), Layout.Default(shape), dtype);

    private static void Same(Func<GpuBackend, TensorView, TensorView> run)
    {
        float[] Run(GpuBackend backend)
        {
            var x = Make(backend, [1, 2, 3, 4]);
            var values = Enumerable.Range(0, 24).Select(i => MathF.Sin(i * 1.7f)).ToArray();
            backend.Upload(MemoryMarshal.AsBytes(values.AsSpan()), x.Storage);
            var y = run(backend, x);
            var got = new float[y.Count];
            backend.Download(y.Storage, MemoryMarshal.AsBytes(got.AsSpan()));
            GC.KeepAlive(x.Storage);
            return got;
        }
        Assert.That(Run(Simulator), Is.EqualTo(Run(Host)));
    }
}
