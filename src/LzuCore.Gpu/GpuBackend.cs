using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;
using LzuCore.Gpu.Interop;
using LzuCore.Gpu.Kernels;
using LzuCore.Gpu.Runtime;
using LzuCore.Kernels;
using LzuCore.Memory;
using Device = LzuCore.Memory.Device;

namespace LzuCore.Gpu;

/// <summary>Kernels compiled by ILGPU: <c>cuda:N</c> on an NVIDIA GPU, <c>ilgpu</c> on the host, which runs the same kernels without one.</summary>
/// <remarks>Not every op has a kernel here; an op without one throws <see cref="KernelNotFoundException"/>. Results are the same
/// bits on every run; they differ from the CPU's by rounding, since a GPU contracts <c>a * b + c</c>.</remarks>
public sealed class GpuBackend : Backend
{
    private readonly Context _context;
    private readonly Launcher _launcher;
    private readonly CachingAllocator _allocator;

    internal GpuBackend(Device device, Context context, Accelerator accelerator, bool onHost)
        : base(device)
    {
        _context = context;
        _launcher = new Launcher(accelerator, onHost);
        _allocator = new CachingAllocator(accelerator, device.ToString());
        Register<IAttractionKernel>(new AttractionKernel(_launcher, this));
        Register<IAxisWarpKernel>(new AxisWarpKernel(_launcher, this));
        Register<ICompareKernel>(new CompareKernel(_launcher));
        Register<IConv2dKernel>(new Conv2dKernel(_launcher, this));
        Register<ICopyKernel>(new CopyKernel(_launcher));
        Register<IDropoutKernel>(new DropoutKernel(_launcher));
        Register<IGatherKernel>(new GatherKernel(_launcher, this));
        Register<IGemmKernel>(new GemmKernel(_launcher));
        Register<IGridSampleKernel>(new GridSampleKernel(_launcher));
        Register<IInterpolateKernel>(new InterpolateKernel(_launcher));
        Register<IKernelDensityKernel>(new KernelDensityKernel(_launcher, this));
        Register<IMapKernel>(new MapKernel(_launcher));
        Register<INormKernel>(new NormKernel(_launcher, this));
        Register<IOptimizerKernel>(new OptimizerKernel(_launcher));
        Register<IPadKernel>(new PadKernel(_launcher));
        Register<IPlaneWarpKernel>(new PlaneWarpKernel(_launcher, this));
        Register<IPool2dKernel>(new Pool2dKernel(_launcher));
        Register<IReduceKernel>(new ReduceKernel(_launcher, this));
        Register<IScanKernel>(new ScanKernel(_launcher, this));
        Register<ISeparableSampleKernel>(new SeparableSampleKernel(_launcher, this));
        Register<ISoftmaxKernel>(new SoftmaxKernel(_launcher));
        Register<ISortKernel>(new SortKernel(_launcher, this));
        Register<IZipKernel>(new ZipKernel(_launcher));
    }

    /// <summary>The accelerator's own name.</summary>
    public string AcceleratorName => _launcher.Accelerator.Name;

    /// <summary>What the device's pool holds.</summary>
    public PoolStatistics Statistics => _allocator.Statistics;

    /// <summary>Makes devices <c>ilgpu</c> and <c>cuda:N</c> known. Called once by a composition root; nothing is loaded before a device is used.</summary>
    public static void Register()
    {
        BackendRegistry.Register("ilgpu", index => CreateHost(index, onHost: true));
        BackendRegistry.Register("cuda", CreateCuda);
    }

    /// <summary>The backend on ILGPU's CPU accelerator; with <paramref name="onHost"/> false kernels go through ILGPU's simulator, for tests on toy shapes.</summary>
    internal static GpuBackend CreateHost(int index, bool onHost)
    {
        if (index != 0) throw new DeviceException($"device ilgpu has index 0 only, got {index}.");
        var context = KernelCompiler.Options(b => b.CPU());
        return new GpuBackend(new Device("ilgpu"), context, context.CreateCPUAccelerator(0, CPUAcceleratorMode.Auto), onHost);
    }

    private static GpuBackend CreateCuda(int index)
    {
        var device = new Device("cuda", index);
        if (!CudaDriver.TryLoad(out var tried))
            throw new DeviceException($"device {device} is not available: no CUDA driver (tried {tried}). Install NVIDIA's driver, or use --device cpu.");
        Context? context = null;
        try
        {
            context = KernelCompiler.Options(b => b.Cuda());
            var count = context.GetCudaDevices().Count;
            if (index >= count)
                throw new DeviceException($"device {device} is not available: the CUDA driver lists {count} GPU{(count == 1 ? "" : "s")}. Use {(count == 0 ? "--device cpu" : $"cuda:0 to cuda:{count - 1}")}.");
            return new GpuBackend(device, context, context.CreateCudaAccelerator(index), onHost: false);
        }
        catch (Exception e) when (e is not DeviceException)
        {
            context?.Dispose();
            throw new DeviceException($"device {device} could not be opened: {e.Message} Use --device cpu.", e);
        }
    }

    /// <inheritdoc/>
    public override Storage Allocate(DType dtype, long count) => new GpuStorage(Device, checked(count * dtype.Size()), _allocator);

    /// <inheritdoc/>
    public override void Upload(ReadOnlySpan<byte> host, Storage storage)
    {
        if (host.Length > 0) Window(storage, host.Length).CopyFromCPU(_launcher.Accelerator.DefaultStream, host);
    }

    /// <inheritdoc/>
    public override void Download(Storage storage, Span<byte> host)
    {
        if (host.Length > 0) Window(storage, host.Length).CopyToCPU(_launcher.Accelerator.DefaultStream, host);
    }

    /// <inheritdoc/>
    public override void Synchronize() => _launcher.Accelerator.Synchronize();

    private static ArrayView<byte> Window(Storage storage, int length)
    {
        Check.That(length <= storage.ByteLength, $"copy: {length} bytes do not fit a buffer of {storage.ByteLength}.");
        return ((GpuStorage)storage).Bytes.SubView(0, length);
    }
}
