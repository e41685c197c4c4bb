using System.Collections.Concurrent;

namespace LzuCore.Gpu.Runtime;

/// <summary>Kernels on an NVIDIA GPU: ILGPU compiles them to PTX, the driver API starts them. A kernel is compiled, loaded and its argument's layout worked out at its first launch.</summary>
internal sealed unsafe class CudaLauncher(CudaDevice device, KernelCompiler compiler) : Launcher
{
    private const int WantedThreads = 256;
    private readonly ConcurrentDictionary<Type, object> _kernels = new();

    public override bool OnHost => false;

    public override bool MayWait => !device.IsCapturing;

    /// <summary>The GPU.</summary>
    public CudaDevice Device => device;

    protected override void Start<TBody>(int count, TBody body, int grain)
    {
        var kernel = Load<TBody>();
        var arguments = stackalloc byte[kernel.Size];
        kernel.Pack(body, (nint)arguments);
        var pointers = stackalloc void*[] { &count, arguments };
        device.Launch(kernel.Function, (int)(((long)count + kernel.Threads - 1) / kernel.Threads), kernel.Threads, pointers);
    }

    protected override void StartGroups<TBody, V, TState>(int groups, TBody body)
    {
        var kernel = Load<TBody>();
        var arguments = stackalloc byte[kernel.Size];
        kernel.Pack(body, (nint)arguments);
        var pointers = stackalloc void*[] { arguments };
        device.Launch(kernel.Function, groups, TBody.Lanes, pointers);
    }

    private LoadedKernel<TBody> Load<TBody>() where TBody : struct => (LoadedKernel<TBody>)_kernels.GetOrAdd(typeof(TBody), static (_, self) =>
    {
        var function = self.Device.Load(self.Compile(typeof(TBody)));
        // A multiple of the warp, no more than the registers allow.
        var threads = Math.Clamp(self.Device.MaxThreads(function) / 32 * 32, 32, WantedThreads);
        return new LoadedKernel<TBody>(function, threads, ArgumentLayout.Of(typeof(TBody)).Size, ArgumentLayout.Packer<TBody>());
    }, this);

    private CompiledKernel Compile(Type body) => compiler.Compile(body);

    private sealed record LoadedKernel<TBody>(nint Function, int Threads, int Size, Action<TBody, nint> Pack);
}
