namespace LzuCore.Gpu.Cudnn;

/// <summary>What the kernels built on NVIDIA's libraries may do.</summary>
/// <param name="AllowTf32">float32 products may be rounded to TF32 (10 bits of mantissa) for tensor cores; sums stay float32.</param>
/// <param name="WorkspaceLimit">Bytes of scratch an algorithm may ask for. The default holds every implicit GEMM; FFT-like ones may want GiB.</param>
/// <param name="MakeCurrent">Makes the device's context current on the calling thread; runs before every entry into a library. Null when it always is.</param>
internal sealed record LibraryOptions(bool AllowTf32 = false, long WorkspaceLimit = 512L << 20, Action? MakeCurrent = null);
