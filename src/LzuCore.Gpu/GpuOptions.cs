namespace LzuCore.Gpu;

/// <summary>What GPU devices may do.</summary>
/// <param name="AllowTf32">float32 convolutions and matrix products may round their factors to TF32 (10 bits of mantissa) for tensor cores; sums stay float32.</param>
/// <param name="UseLibraries">Whether cuDNN and cuBLASLt are used where they are found, rather than our own kernels alone.</param>
public sealed record GpuOptions(bool AllowTf32 = false, bool UseLibraries = true)
{
    /// <summary>Where chosen cuDNN plans are kept between processes; null keeps none. By default a folder of the user's local data.</summary>
    public string? PlanFolder { get; init; } = UserFolder("plans");

    /// <summary>Where compiled kernels are kept between processes; null keeps none. By default a folder of the user's local data.</summary>
    public string? KernelFolder { get; init; } = UserFolder("kernels");

    private static string? UserFolder(string name) => Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData) is { Length: > 0 } data ? Path.Combine(data, "lzucore", name) : null;
}
