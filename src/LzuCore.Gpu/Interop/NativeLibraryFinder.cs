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
    public static IReadOnlyList<LibraryProbe> Probe() =>
    [
        Look("NVIDIA driver", "device cuda:N", CudaDriver.Names, out _),
        Look("cuDNN", "not used yet: convolutions run on the CPU", CudnnCandidates(), out _),
        Look("lzu_native", "native warp kernels, a yardstick for the managed ones", LzuNativeCandidates(), out _),
    ];

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

    // NVIDIA's wheels, conda, toolkits, then the loader's own search.
    private static IEnumerable<string> CudnnCandidates()
    {
        const string file = "libcudnn.so.9";
        foreach (var variable in new[] { "LZU_CUDNN_PATH", "CUDNN_PATH", "CUDA_PATH" })
            if (Environment.GetEnvironmentVariable(variable) is { Length: > 0 } folder)
                foreach (var lib in new[] { "", "lib64", "lib" }) yield return Path.Combine(folder, lib, file);
        if (Environment.GetEnvironmentVariable("CONDA_PREFIX") is { Length: > 0 } conda) yield return Path.Combine(conda, "lib", file);
        if (Environment.GetEnvironmentVariable("VIRTUAL_ENV") is { Length: > 0 } venv && Directory.Exists(Path.Combine(venv, "lib")))
            foreach (var python in Directory.EnumerateDirectories(Path.Combine(venv, "lib"), "python3*").Order(StringComparer.Ordinal))
                yield return Path.Combine(python, "site-packages", "nvidia", "cudnn", "lib", file);
        yield return file;
        yield return Path.Combine("/usr/local/cuda/lib64", file);
    }
}
