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

    // Groups of 64 threads with barriers between their phases: what the host's run of lanes in turn must equal.
    [Test]
    public void Products() => Same((backend, x) =>
    {
        TensorView a = x.With(Layout.RowMajor([1, 4, 6])), y = Make(backend, [1, 4, 4]);
        backend.Kernel<IGemmKernel>().Forward(new GemmArgs(), a, a.With(new Layout([1, 6, 4], [24, 1, 6])), new Epilogue(Activation: Activation.Relu), y.With(Layout.RowMajor([1, 4, 4])));
        return y;
    });

    [Test]
    public void Convolutions() => Same((backend, x) =>
    {
        var args = new Conv2dArgs(1, 1, 1, 1);
        TensorView weight = Make(backend, [4, 2, 2, 2]), y = Make(backend, [1, 4, 4, 5]), dx = Make(backend, [1, 2, 3, 4]), dw = Make(backend, [4, 2, 2, 2]), bias = Make(backend, [4]);
        backend.Kernel<ICopyKernel>().Fill(0.25, weight);
        backend.Kernel<ICopyKernel>().Fill(-0.5, bias);
        var kernel = backend.Kernel<IConv2dKernel>();
        kernel.Forward(args, x, weight, new Epilogue(bias, Activation: Activation.Relu), y);
        kernel.BackwardInput(args, y, weight, default, dx);
        kernel.BackwardWeight(args, x, y, dw);
        backend.Kernel<IZipKernel>().Forward(default(Add), dx, dw.With(dw.Layout.Narrow(0, 0, 1).Narrow(2, 0, 1).Narrow(3, 0, 1)), dx);
        return dx;
    });

    [Test]
    public void AWarpWithItsTables() => Same((backend, x) =>
    {
        TensorView saliency = Make(backend, [1, 1, 4, 6]), knots = new(backend.Allocate(DType.Float64, 10), Layout.RowMajor([1, 10]), DType.Float64), map = Make(backend, [1, 7]), inverse = Make(backend, [1, 5]);
        backend.Kernel<IMapKernel>().Forward(default(Square), x.With(Layout.Default([1, 1, 4, 6])), saliency);
        var table = new AxisTable(1, 0, 6, 6, 0, 1, 0, -2);
        WarpTable[] tables = [new(0, false, table, map.With(Layout.RowMajor([1, 7]))), new(1, true, table with { Extent = 4, IndexScale = 4 }, inverse.With(Layout.RowMajor([1, 5])))];
        Assert.That(backend.Kernel<IAttractionKernel>().ForwardTables(new AttractionArgs(3, true), saliency, knots, tables, backend.Kernel<IAxisWarpKernel>()));
        var both = Make(backend, [12]);
        backend.Kernel<ICopyKernel>().Copy(map, both.With(both.Layout.Narrow(0, 0, 7)).With(Layout.RowMajor([1, 7])));
        backend.Kernel<ICopyKernel>().Copy(inverse, both.With(new Layout([1, 5], [5, 1], 7)));
        return both;
    });

    [Test]
    public void OrdersAndSums() => Same((backend, x) =>
    {
        var indices = new TensorView(backend.Allocate(DType.Int64, 24), Layout.Default([1, 2, 3, 4]), DType.Int64);
        backend.Kernel<ISortKernel>().Order(3, true, x, indices);
        TensorView sorted = Make(backend, [1, 2, 3, 4]), soft = Make(backend, [1, 2, 3, 4]), sums = Make(backend, [1, 2, 3, 4]);
        backend.Kernel<IGatherKernel>().Gather(3, x, indices, sorted);
        backend.Kernel<ISoftmaxKernel>().Forward(1, false, sorted, soft);
        backend.Kernel<IScanKernel>().CumulativeSum(2, true, soft, sums);
        return sums;
    });

    [Test]
    public void NormsAndPools() => Same((backend, x) =>
    {
        var args = new NormArgs(2, PerImage: false, 1e-5);
        TensorView mean = Make(backend, [2]), variance = Make(backend, [2]), y = Make(backend, [1, 2, 3, 4]), pooled = Make(backend, [1, 2, 2, 2]), dx = Make(backend, [1, 2, 3, 4]);
        var norm = backend.Kernel<INormKernel>();
        norm.Statistics(args, x, mean, variance);
        norm.Forward(args, x, mean, variance, null, null, y);
        var windows = new Pool2dArgs(PoolKind.Max, PoolAxis.Sliding(3, 2, 1, 0, false, false), PoolAxis.Sliding(4, 2, 2, 0, false, false));
        backend.Kernel<IPool2dKernel>().Forward(windows, y, pooled);
        backend.Kernel<IPool2dKernel>().Backward(windows, y, pooled, dx);
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
