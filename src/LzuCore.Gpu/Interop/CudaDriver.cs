using System.Runtime.InteropServices;

namespace LzuCore.Gpu.Interop;

/// <summary>Finds NVIDIA's driver library before ILGPU looks for it, so that its absence is one clear line.</summary>
internal static class CudaDriver
{
    // ILGPU imports "cuda", which the loader turns into libcuda.so: the name of a development package. Machines that only run have libcuda.so.1.
    private static readonly string[] Names = OperatingSystem.IsWindows() ? ["nvcuda.dll"] : ["libcuda.so.1", "libcuda.so"];
    private static readonly Lazy<nint> Handle = new(Load);

    /// <summary>Whether the driver is there. <paramref name="tried"/> lists the names looked for.</summary>
    public static bool TryLoad(out string tried)
    {
        tried = string.Join(", ", Names);
        return Handle.Value != 0;
    }

    private static nint Load()
    {
        foreach (var name in Names)
        {
            if (!NativeLibrary.TryLoad(name, out var handle)) continue;
            try
            {
                NativeLibrary.SetDllImportResolver(typeof(ILGPU.Context).Assembly, (library, _, _) => library == "cuda" ? handle : 0);
            }
            catch (InvalidOperationException)
            {
                // Under WSL ILGPU has set its own resolver, which knows where the driver is.
            }
            return handle;
        }
        return 0;
    }
}
