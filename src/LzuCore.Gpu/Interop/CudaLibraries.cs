using System.Runtime.InteropServices;
using LzuCore.Memory;

namespace LzuCore.Gpu.Interop;

/// <summary>NVIDIA's libraries of one CUDA major, loaded for the life of the process.</summary>
/// <remarks>Loading happens once, dependencies first and by full path. What is found nowhere is asked of the loader by its bare name, which knows
/// ld.so.cache. A library that fails to load, or that turns out to be built for another CUDA, is as good as absent: <see cref="Tried"/> says so.</remarks>
internal sealed class CudaLibraries
{
    private readonly Dictionary<string, nint> _loaded = new(StringComparer.Ordinal);
    private readonly List<string> _tried = [];

    /// <summary>Loads what a search chose.</summary>
    /// <param name="files">The set.</param>
    /// <param name="load">Loads one file or name; 0 when it does not load. Tests pass their own.</param>
    public CudaLibraries(CudaFiles files, Func<string, nint>? load = null)
    {
        Files = files;
        load ??= static path => NativeLibrary.TryLoad(path, out var handle) ? handle : 0;
        foreach (var path in LibrarySearch.LoadOrder(files)) Load(load, path);
        Cudart = Of(load, files.Cudart, $"libcudart.so.{files.Major}");
        Nvrtc = Of(load, files.Nvrtc, $"libnvrtc.so.{files.Major}");
        CublasLt = Of(load, files.CublasLt, $"libcublasLt.so.{files.Major}");
        Cudnn = Of(load, files.Cudnn, "libcudnn.so.9");
    }

    /// <summary>Where they were looked for.</summary>
    public CudaFiles Files { get; }

    /// <summary>Handles; 0 for what is not there.</summary>
    public nint Cudart { get; }

    /// <inheritdoc cref="Cudart"/>
    public nint Nvrtc { get; }

    /// <inheritdoc cref="Cudart"/>
    public nint CublasLt { get; }

    /// <inheritdoc cref="Cudart"/>
    public nint Cudnn { get; }

    /// <summary>What was asked for and did not load, in order.</summary>
    public IReadOnlyList<string> Tried => _tried;

    /// <summary>Loads the newest set that the driver runs.</summary>
    /// <param name="driverVersion">As cuDriverGetVersion says: 13000 for 13.0.</param>
    public static CudaLibraries Load(int driverVersion) => new(new LibrarySearch(Environment.GetEnvironmentVariable).Choose(driverVersion / 1000));

    /// <summary>cuDNN, bound; null when it is absent.</summary>
    /// <exception cref="DeviceException">It is there, but of another version or for another CUDA.</exception>
    public CudnnApi? OpenCudnn() => Cudnn == 0 ? null : Checked(new CudnnApi(NativeExports.Of(Cudnn)), Files.Major);

    /// <summary>cuBLASLt, bound; null when it is absent.</summary>
    public CublasLtApi? OpenCublasLt() => CublasLt == 0 ? null : new CublasLtApi(NativeExports.Of(CublasLt));

    /// <summary>Requires cuDNN 9 for a CUDA major: the file name is the same for CUDA 12 and 13.</summary>
    internal static CudnnApi Checked(CudnnApi api, int major)
    {
        const string Remedy = "Install the package of the same CUDA as cuBLAS and NVRTC, alone in its folder, or point LZU_CUDNN_PATH at it.";
        if (api.Version / 10000 != 9) throw new DeviceException($"cuDNN: must be version 9, got {api.Version}. {Remedy}");
        if (api.CudaMajor != major) throw new DeviceException($"cuDNN: must be built for CUDA {major}, got one for CUDA {api.CudaMajor}. {Remedy}");
        return api;
    }

    private nint Of(Func<string, nint> load, FileSearch search, string name) => search.Found is { } path && _loaded.TryGetValue(path, out var handle) ? handle : Load(load, name);

    private nint Load(Func<string, nint> load, string path)
    {
        var handle = load(path);
        if (handle == 0) _tried.Add(path);
        else _loaded[path] = handle;
        return handle;
    }
}
