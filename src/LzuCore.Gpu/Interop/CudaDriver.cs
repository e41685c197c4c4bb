using System.Runtime.InteropServices;

namespace LzuCore.Gpu.Interop;

/// <summary>Finds NVIDIA's driver library before ILGPU looks for it, so that its absence is one clear line.</summary>
internal static class CudaDriver
{
    private static int _resolverSet;

    // ILGPU imports "cuda", which the loader turns into libcuda.so: the name of a development package. Machines that only run have libcuda.so.1.
    public static IReadOnlyList<string> Names { get; } = OperatingSystem.IsWindows() ? ["nvcuda.dll"] : ["libcuda.so.1", "libcuda.so"];

    /// <summary>Whether the driver is there. <paramref name="tried"/> lists the names looked for.</summary>
    public static bool TryLoad(out string tried)
    {
        tried = string.Join(", ", Names);
        if (NativeLibraryFinder.Look("NVIDIA driver", "", Names, out var handle).Found is null) return false;
        if (Interlocked.Exchange(ref _resolverSet, 1) != 0) return true;
        try
        {
            NativeLibrary.SetDllImportResolver(typeof(ILGPU.Context).Assembly, (library, _, _) => library == "cuda" ? handle : 0);
        }
        catch (InvalidOperationException)
        {
            // Under WSL ILGPU has set its own resolver, which knows where the driver is.
        }
        return true;
    }
}
