using System.Reflection;
using ILGPU;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using LzuCore.Gpu.Kernels;

namespace LzuCore.Gpu.Runtime;

/// <summary>A kernel as PTX.</summary>
/// <param name="Name">The entry's name in the text.</param>
/// <param name="Ptx">PTX assembly, for the driver or ptxas.</param>
/// <param name="Lanes">Threads in a group; 0 for kernels of one thread per index.</param>
internal sealed record CompiledKernel(string Name, string Ptx, int Lanes);

/// <summary>C# kernels to PTX through ILGPU; needs no GPU. ILGPU 1.5.3 writes <c>.target sm_80</c> for every newer architecture, which the driver compiles for the GPU at hand.</summary>
internal sealed class KernelCompiler : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Context _context = Options(b => b.PTXBackend(PTXBackendMode.Enhanced));
    private readonly PTXBackend _backend;

    private readonly PtxCache? _cache;

    /// <summary>A compiler for an architecture.</summary>
    /// <param name="architecture">SM_80, SM_90 …</param>
    /// <param name="folder">Where compiled kernels are kept between processes; null keeps none.</param>
    public KernelCompiler(CudaArchitecture architecture, string? folder = null)
    {
        _backend = new PTXBackend(_context, architecture, CudaInstructionSet.ISA_80, null!);
        _cache = folder is null ? null : new PtxCache(folder, architecture.ToString());
    }

    /// <summary>ILGPU with the options every kernel is compiled with. Below O2 the generated code does not know that views lie in global memory.</summary>
    public static Context Options(Action<Context.Builder> devices)
    {
        var context = Context.Create(b =>
        {
            devices(b);
            b.EnableAlgorithms().Optimize(OptimizationLevel.O2);
        });
        DeviceMath.Redirect();
        return context;
    }

    /// <summary>Compiles a closed kernel type, or finds it compiled.</summary>
    /// <exception cref="NotSupportedException">The kernel uses what a GPU has not; the message names it.</exception>
    public CompiledKernel Compile(Type body)
    {
        var contract = KernelCatalog.GroupContract(body);
        var lanes = contract is null ? 0 : (int)body.GetProperty(nameof(IGroupBody<int, int>.Lanes))!.GetValue(null)!;
        var name = KernelCatalog.EntryName(body);
        return _cache is null ? CompileNow(body, contract, name, lanes) : _cache.Get(name, lanes, () => CompileNow(body, contract, name, lanes));
    }

    private CompiledKernel CompileNow(Type body, Type? contract, string name, int lanes)
    {
        try
        {
            var entry = contract is null ? Entry(nameof(Launcher.Entry), body) : Entry(nameof(Launcher.GroupEntry), [body, .. contract.GetGenericArguments()]);
            var description = contract is null ? EntryPointDescription.FromImplicitlyGroupedKernel(entry) : EntryPointDescription.FromExplicitlyGroupedKernel(entry);
            lock (_lock)
            {
                var kernel = (PTXCompiledKernel)_backend.Compile(description, lanes == 0 ? new KernelSpecialization() : new KernelSpecialization(lanes, null));
                // ILGPU calls every kernel of ours the same; profilers and ptxas show this name.
                return new CompiledKernel(name, kernel.PTXAssembly.Replace($".entry {kernel.Name}(", $".entry {name}(", StringComparison.Ordinal), lanes);
            }
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw new NotSupportedException($"kernel {KernelCatalog.Name(body)} does not compile for a GPU: {(e is TargetInvocationException { InnerException: { } inner } ? inner : e).Message}", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _backend.Dispose();
        _context.Dispose();
    }

    private static MethodInfo Entry(string name, params Type[] arguments) =>
        typeof(Launcher).GetMethod(name, BindingFlags.Static | BindingFlags.NonPublic)!.MakeGenericMethod(arguments);
}
