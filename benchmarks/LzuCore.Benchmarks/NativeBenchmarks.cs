using BenchmarkDotNet.Attributes;
using LzuCore.Gpu.Interop;
using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Testing;

namespace LzuCore.Benchmarks;

/// <summary>lzu_native's host loops beside the managed kernels, one thread each: a zoom of an image and of features, its gradients, and the separable inverse. Set-up checks that both agree.</summary>
public class NativeBenchmarks
{
    private static readonly GridSampleArgs Zoom = new(SamplingMode.Bilinear, PaddingMode.Zeros, AlignCorners: true);
    private static readonly AxisTable Table = new(1, 0, 959, 1, 0, 2, -1, 3);
    private readonly IGridSampleKernel _sample = BackendRegistry.Get(Device.Cpu).Kernel<IGridSampleKernel>();
    private readonly IAxisWarpKernel _axis = BackendRegistry.Get(Device.Cpu).Kernel<IAxisWarpKernel>();
    private Tensor _input = null!, _points = null!, _output = null!, _native = null!, _dInput = null!, _dPoints = null!, _knots = null!, _inverse = null!;
    private TensorView _grid, _dGrid;

    /// <summary>Channels at 600x960 pixels: an image, or features.</summary>
    [Params(3, 64)]
    public int Channels { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        if (!LzuNative.IsAvailable) throw new FileNotFoundException("lzu_native is absent: build it into native/build (native/README.md), or set LZU_NATIVE.");
        ParallelRows.Threads = 1;
        const int height = 600, width = 960;
        _input = Tensor.Uniform([1, Channels, height, width], RandomSource.FromSeed(1), -1, 1);
        // A smooth warp of the identity: neighbouring points read neighbouring pixels, as a zoom does.
        _points = Tensor.Generate([height * width * 2], i =>
        {
            double x = 2.0 * (i / 2 % width) / (width - 1) - 1, y = 2.0 * (i / 2 / width) / (height - 1) - 1;
            return i % 2 == 0 ? x + 0.2 * Math.Sin(Math.PI * x) : y + 0.2 * Math.Sin(Math.PI * y);
        });
        _dPoints = Tensor.Zeros([height * width * 2]);
        var layout = Layout.RowMajor([1, height, width, 2]);
        (_grid, _dGrid) = (_points.View.With(layout), _dPoints.View.With(layout));
        (_output, _native, _dInput) = (Tensor.Empty(_input.Shape, _input), Tensor.Empty(_input.Shape, _input), Tensor.Empty(_input.Shape, _input));
        _knots = Tensor.Generate([1, 51], i => Math.Sin((i - 25) / 25.0 * Math.PI / 2));
        _inverse = Tensor.Empty([1, 960]);
        ManagedForward();
        NativeForward();
        if (AssertClose.Compare(_native, _output) is { } fault) throw new InvalidOperationException($"lzu_native and the managed kernel differ: {fault}");
    }

    [Benchmark(Baseline = true)]
    public void ManagedForward() => _sample.Forward(Zoom, _input.View, _grid, _output.View);

    [Benchmark]
    public void NativeForward() => LzuNative.GridSample(Zoom, _input.View, _grid, _native.View);

    [Benchmark]
    public void ManagedBackward() => _sample.Backward(Zoom, _input.View, _grid, _output.View, _dInput.View, _dGrid);

    [Benchmark]
    public void NativeBackward() => LzuNative.GridSampleBackward(Zoom, _input.View, _grid, _output.View, _dInput.View, _dGrid);

    [Benchmark]
    public void ManagedInverse() => _axis.Invert(Table, _knots.View, _inverse.View);

    [Benchmark]
    public void NativeInverse() => LzuNative.AxisInvert(Table, _knots.View, _inverse.View);
}
