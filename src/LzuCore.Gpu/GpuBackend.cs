using ILGPU.Runtime.CPU;
using LzuCore.Gpu.Cudnn;
using LzuCore.Gpu.Interop;
using LzuCore.Gpu.Kernels;
using LzuCore.Gpu.Runtime;
using LzuCore.Kernels;
using LzuCore.Memory;
using Device = LzuCore.Memory.Device;

namespace LzuCore.Gpu;

/// <summary>Kernels in C#, compiled by ILGPU: <c>cuda:N</c> on an NVIDIA GPU, <c>ilgpu</c> on the host, which runs the same kernels without one.</summary>
/// <remarks>Results are the same bits on every run; they differ from the CPU's by rounding, since a GPU contracts <c>a * b + c</c>. ILGPU only compiles: memory, copies, launches and graphs
/// of a GPU go through the driver API, in the primary context that NVIDIA's libraries share. See docs/gpu.md.</remarks>
public sealed class GpuBackend : Backend
{
    private readonly Launcher _launcher;
    private readonly IDeviceMemory _memory;
    private readonly CachingAllocator _allocator;

    internal GpuBackend(Device device, Launcher launcher, IDeviceMemory memory)
        : base(device)
    {
        (_launcher, _memory) = (launcher, memory);
        _allocator = new CachingAllocator(memory, device.ToString());
        Register<IAttractionKernel>(new AttractionKernel(_launcher, this));
        Register<IAxisWarpKernel>(new AxisWarpKernel(_launcher, this));
        Register<ICompareKernel>(new CompareKernel(_launcher));
        Register<IConv2dKernel>(OwnConv2d = new Conv2dKernel(_launcher, this));
        Register<ICopyKernel>(new CopyKernel(_launcher));
        Register<IDeformConv2dKernel>(new DeformConv2dKernel(_launcher, this));
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

    /// <summary>The device's own name.</summary>
    public string AcceleratorName => _memory.Name;

    /// <summary>The GPU; null on the host.</summary>
    internal CudaDevice? Gpu => _memory as CudaDevice;

    /// <summary>The convolution in C#, also where a library's serves.</summary>
    internal IConv2dKernel OwnConv2d { get; }

    /// <summary>What the device's pool holds.</summary>
    public PoolStatistics Statistics => _allocator.Statistics;

    /// <summary>NVIDIA's libraries that could not be used, and why; one line each.</summary>
    public IReadOnlyList<string> Notices { get; private set; } = [];

    /// <summary>Makes devices <c>ilgpu</c> and <c>cuda:N</c> known. Called by a composition root before a device is used; nothing is loaded until then.</summary>
    /// <param name="options">What devices may do; null is the default.</param>
    public static void Register(GpuOptions? options = null)
    {
        BackendRegistry.Register("ilgpu", index => CreateHost(index));
        BackendRegistry.Register("cuda", index => CreateCuda(index, options ?? new GpuOptions()));
    }

    /// <summary>The backend on the host; with <paramref name="simulate"/> kernels go through ILGPU's simulator, for tests on toy shapes.</summary>
    internal static GpuBackend CreateHost(int index, bool simulate = false)
    {
        if (index != 0) throw new DeviceException($"device ilgpu has index 0 only, got {index}.");
        // The simulator's groups must hold those of kernels that work in groups.
        var context = KernelCompiler.Options(b => b.CPU(new CPUDevice(32, 2, 1)));
        var launcher = new HostLauncher(context.CreateCPUAccelerator(0, CPUAcceleratorMode.Auto), simulate);
        return new GpuBackend(new Device("ilgpu"), launcher, launcher);
    }

    /// <summary>The backend on a GPU of a driver: the installed one, or a test's.</summary>
    internal static GpuBackend CreateCuda(CudaDriver driver, int index, string kind = "cuda", string? kernelFolder = null)
    {
        // Views need an accelerator to hang on; the host's carries a GPU's addresses as well as its own.
        var views = KernelCompiler.Options(b => b.CPU()).CreateCPUAccelerator(0, CPUAcceleratorMode.Auto);
        var gpu = new CudaDevice(driver, index, views);
        var architecture = gpu.Capability.Major >= 9 ? ILGPU.Runtime.Cuda.CudaArchitecture.SM_90 : ILGPU.Runtime.Cuda.CudaArchitecture.SM_80;
        return new GpuBackend(new Device(kind, index), new CudaLauncher(gpu, new KernelCompiler(architecture, kernelFolder)), gpu);
    }

    private static GpuBackend CreateCuda(int index, GpuOptions options)
    {
        var driver = CudaDriver.Load(out var tried)
            ?? throw new DeviceException($"device cuda:{index} is not available: no CUDA driver (tried {tried}). Install NVIDIA's driver, or use --device cpu.");
        var backend = CreateCuda(driver, index, kernelFolder: options.KernelFolder);
        if (options.UseLibraries) backend.UseLibraries(options);
        return backend;
    }

    // Convolutions by cuDNN and matrix products by cuBLASLt where they are found; our own kernels serve what those do not do, and everything without them.
    private void UseLibraries(GpuOptions options)
    {
        var gpu = (CudaDevice)_memory;
        var libraries = CudaLibraries.Load(gpu.DriverVersion);
        var shared = new LibraryOptions(options.AllowTf32, MakeCurrent: gpu.Bind);
        var notices = new List<string>();
        Try("cuDNN", () =>
        {
            if (libraries.OpenCudnn() is not { } api) return false;
            IConv2dKernel kernel = new CudnnConv2d(this, api, gpu.Stream, Kernel<IConv2dKernel>(), shared);
            // Tensor cores: halves always, float32 where TF32 is allowed.
            var home = new PlanHome(gpu.Name, gpu.Capability.Major * 10 + gpu.Capability.Minor, gpu.Multiprocessors, api.Version);
            Register<IConv2dKernel>(new CudnnGraphConv2d(this, api, gpu.Stream, kernel, shared, options.PlanFolder is { } folder ? new CudnnPlanCache(folder, home) : null, Milliseconds, raceFallback: true));
            return true;
        });
        Try("cuBLASLt", () =>
        {
            if (libraries.OpenCublasLt() is not { } api) return false;
            Register<IGemmKernel>(new CublasLtGemm(this, api, gpu.Stream, Kernel<IGemmKernel>(), shared));
            return true;
        });
        Notices = notices;

        void Try(string library, Func<bool> open)
        {
            try
            {
                if (!open()) notices.Add($"{library} not found. The built-in kernels are used instead; 'lzu doctor' lists where it was looked for.");
            }
            catch (DeviceException e)
            {
                notices.Add($"{library} is not used: {e.Message}");
            }
        }

        double Milliseconds(Action launch)
        {
            const int runs = 10;
            for (var i = 0; i < 3; i++) launch();
            return gpu.Time(() =>
            {
                for (var i = 0; i < runs; i++) launch();
            }) / runs;
        }
    }

    /// <summary>Milliseconds that the device itself needs for what <paramref name="work"/> asks of it, by its own events.</summary>
    /// <exception cref="DeviceException">The device is not a GPU.</exception>
    public double MeasureMs(Action work) => _memory is CudaDevice gpu ? gpu.Time(work) : throw new DeviceException($"device {Device} has no clock of its own. Use --device cuda.");

    /// <summary>Records what <paramref name="work"/> asks of this device, without doing it. Run the work once before: what is compiled or searched for at first use cannot be recorded.</summary>
    /// <remarks>Tensors made by the work belong to the recording; keep the recording as long as you read them.</remarks>
    /// <exception cref="DeviceException">The device is not a GPU, or the work waits for the device or copies from the host.</exception>
    public CapturedGraph Capture(Action work)
    {
        if (_memory is not CudaDevice gpu) throw new DeviceException($"device {Device} records no graphs. Use --device cuda.");
        CapturedGraph graph;
        gpu.BeginCapture();
        _allocator.BeginCapture();
        var executable = (nint)0;
        try
        {
            work();
        }
        finally
        {
            // Also after a fault, or the stream would go on recording.
            var blocks = _allocator.EndCapture();
            try
            {
                executable = gpu.EndCapture();
                graph = new CapturedGraph(gpu, _allocator, executable, blocks);
            }
            finally
            {
                if (executable == 0) _allocator.Adopt(blocks);
            }
        }
        return graph;
    }

    /// <inheritdoc/>
    public override Storage Allocate(DType dtype, long count) => new GpuStorage(Device, checked(count * dtype.Size()), _allocator);

    /// <inheritdoc/>
    public override void Upload(ReadOnlySpan<byte> host, Storage storage)
    {
        if (host.Length > 0) _memory.Upload(host, Address(storage, host.Length));
    }

    /// <inheritdoc/>
    public override void Download(Storage storage, Span<byte> host)
    {
        if (host.Length > 0) _memory.Download(Address(storage, host.Length), host);
    }

    /// <inheritdoc/>
    public override void Synchronize() => _memory.Synchronize();

    private static nint Address(Storage storage, int length)
    {
        Check.That(length <= storage.ByteLength, $"copy: {length} bytes do not fit a buffer of {storage.ByteLength}.");
        return ((GpuStorage)storage).Block.Address;
    }
}
