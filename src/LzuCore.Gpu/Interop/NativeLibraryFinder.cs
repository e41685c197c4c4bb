using System.Runtime.InteropServices;

namespace LzuCore.Gpu.Interop;

/// <summary>Where a native library was looked for, for <c>lzu doctor</c>.</summary>
/// <param name="Library">What it is.</param>
/// <param name="Purpose">What it would be used for.</param>
/// <param name="Found">The file or name that loaded; null when none did.</param>
/// <param name="Tried">Everything tried before that, in order.</param>
public sealed record LibraryProbe(string Library, string Purpose, string? Found, IReadOnlyList<string> Tried);

/// <summary>Finds the optional native libraries. Nothing here is needed to compute on the CPU.</summary>
public static class NativeLibraryFinder
{
    private static readonly Lock Lock = new();
    private static readonly Dictionary<string, nint> Loaded = [];

    /// <summary>Looks for every library that the GPU assembly knows of.</summary>
    public static IReadOnlyList<LibraryProbe> Probe()
    {
        var driver = Look("NVIDIA driver", "device cuda:N", CudaDriver.Names, out var handle);
        var files = new LibrarySearch(Environment.GetEnvironmentVariable).Choose(DriverVersion(handle) / 1000);
        // Dependencies first, so that a library is not called unloadable for want of a search path.
        foreach (var path in LibrarySearch.LoadOrder(files)) Look("", "", [path], out _);
        return
        [
            driver,
            Look("cudart", "what the other CUDA libraries stand on", files.Cudart, $"libcudart.so.{files.Major}"),
            Look("NVRTC", "compiles cuDNN's fused convolutions at run time", files.Nvrtc, $"libnvrtc.so.{files.Major}"),
            Look("cuBLASLt", "matrix products on cuda:N", files.CublasLt, $"libcublasLt.so.{files.Major}"),
            Look("cuDNN", "convolutions on cuda:N", files.Cudnn, "libcudnn.so.9"),
            Look("NCCL", "sums between several GPUs", files.Nccl, "libnccl.so.2"),
            Look("lzu_native", "native warp kernels, a yardstick for the managed ones", LzuNativeCandidates(), out _),
        ];
    }

    // The file that was found, then the loader's own search.
    private static LibraryProbe Look(string library, string purpose, FileSearch search, string name)
    {
        var probe = Look(library, purpose, search.Found is { } path ? [path, name] : [name], out _);
        return probe with { Tried = [.. search.Tried, .. probe.Tried] };
    }

    // Needs no cuInit. 0 without a driver.
    private static unsafe int DriverVersion(nint driver)
    {
        if (driver == 0 || !NativeLibrary.TryGetExport(driver, "cuDriverGetVersion", out var function)) return 0;
        int version;
        return ((delegate* unmanaged[Cdecl]<int*, int>)function)(&version) == 0 ? version : 0;
    }

    /// <summary>The handle of lzu_native, or 0. Looked for again until it is found.</summary>
    internal static nint LzuNative() => Look("lzu_native", "", LzuNativeCandidates(), out var handle).Found is null ? 0 : handle;

    internal static LibraryProbe Look(string library, string purpose, IEnumerable<string> candidates, out nint handle)
    {
        var tried = new List<string>();
        lock (Lock)
            foreach (var candidate in candidates.Distinct())
            {
                if (!Loaded.TryGetValue(candidate, out handle) && NativeLibrary.TryLoad(candidate, out handle)) Loaded[candidate] = handle;
                if (handle != 0) return new LibraryProbe(library, purpose, candidate, tried);
                tried.Add(candidate);
            }
        handle = 0;
        return new LibraryProbe(library, purpose, null, tried);
    }

    // LZU_NATIVE (a file or a folder), beside the program, then native/build of a checkout that the program lies in.
    private static IEnumerable<string> LzuNativeCandidates()
    {
        var file = OperatingSystem.IsWindows() ? "lzu_native.dll" : OperatingSystem.IsMacOS() ? "liblzu_native.dylib" : "liblzu_native.so";
        if (Environment.GetEnvironmentVariable("LZU_NATIVE") is { Length: > 0 } given)
            yield return Directory.Exists(given) ? Path.Combine(given, file) : given;
        yield return Path.Combine(AppContext.BaseDirectory, file);
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (Directory.Exists(Path.Combine(folder.FullName, "native")))
                yield return Path.Combine(folder.FullName, "native", "build", file);
    }
}
